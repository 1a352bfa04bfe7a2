// SPDX-License-Identifier: Apache-2.0
// LogLines: a container's log as an engine sends it with times: each frame is "2026-01-31T08:05:09.042Z text\n", or a piece of a line
// that is longer than the engine takes at once. Keeps the newest, whole, within the bytes that were asked for.
// Threads: one.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "base/engine.hpp"
#include "base/engine/output_frames.hpp"

namespace holdfast::base {

class LogLines {
 public:
  explicit LogLines(const LogOptions& options) : options_(options) {}

  /// A piece of a frame, or, with `ends`, the last one of it.
  void feed(OutputStream stream, std::string_view bytes, bool ends);
  ContainerLog take();

 private:
  void add_frame(OutputStream stream);
  void add(ContainerLine line);

  LogOptions options_;
  std::string frame_;
  std::deque<ContainerLine> lines_;
  std::size_t bytes_ = 0;
  bool is_cut_ = false;
};

}  // namespace holdfast::base
