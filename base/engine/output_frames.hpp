// SPDX-License-Identifier: Apache-2.0
// OutputFrames: a container's standard output and error as an engine sends both over one connection: frames of one byte
// that says which (0 input, 1 output, 2 error, 3 the engine's own failure), three of zero, four of length, big-endian,
// and so many bytes. (Docker's API, "Attach to a container: stream format".)
// Threads: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::base {

enum class OutputStream : std::uint8_t { kInput = 0, kOutput = 1, kError = 2, kEngine = 3 };

class OutputFrames {
 public:
  using OnOutput = std::function<void(OutputStream stream, std::string_view bytes)>;
  explicit OutputFrames(OnOutput on_output) : on_output_(std::move(on_output)) {}

  /// A frame may come in any pieces, and is passed on as it comes.
  Status feed(std::string_view bytes);
  /// Not in the middle of a frame.
  bool is_whole() const { return header_size_ == 0 && remaining_ == 0; }

 private:
  static constexpr std::size_t kHeaderSize = 8;
  Status on_header();

  OnOutput on_output_;
  std::array<std::uint8_t, kHeaderSize> header_{};
  std::size_t header_size_ = 0;
  std::uint64_t remaining_ = 0;
  OutputStream stream_ = OutputStream::kOutput;
};

}  // namespace holdfast::base
