// SPDX-License-Identifier: Apache-2.0
// Output: reads what the workload writes and frames it into the lines of a log segment
// ("<ms> <tag> <text>", tags at base/run_format.hpp). Always reads, whatever the disk does, so that the
// workload never waits for its log.
// Threads: the shim has one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits/agent.hpp"
#include "base/shim/segments.hpp"

namespace holdfast::base::shim {

class Output {
 public:
  /// `fd` is not blocking and stays the caller's.
  Output(int fd, const char* log_folder) : fd_(fd), segments_(log_folder) {}

  /// One round of reading; true if there may be more right now.
  bool read_some();
  /// Reads what is left and ends the last line.
  void finish();

 private:
  static constexpr std::size_t kReadBytes = 16U << 10U;
  static constexpr std::size_t kFramedBytes = 2 * limits::kLogLineBytesMax;

  void frame(const char* bytes, std::size_t size, std::int64_t now_ms);
  void emit(char tag, std::int64_t now_ms);
  void flush();

  int fd_;
  Segments segments_;
  std::size_t line_size_ = 0;
  std::size_t framed_size_ = 0;
  char read_[kReadBytes];
  char line_[limits::kLogLineBytesMax];
  char framed_[kFramedBytes];
};

}  // namespace holdfast::base::shim
