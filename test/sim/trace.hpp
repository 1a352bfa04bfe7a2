// SPDX-License-Identifier: Apache-2.0
// Trace: what happened in a run, line by line: the last lines for a person, a digest of all of them for the
// promise that a seed always does the same. Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace holdfast::sim {

class Trace {
 public:
  explicit Trace(bool verbose) : verbose_(verbose) {}

  void add(std::string_view who, std::string_view what);
  /// Virtual time since the beginning; each line carries it.
  void set_time_ms(std::int64_t time_ms) { time_ms_ = time_ms; }

  std::uint64_t digest() const { return digest_; }
  std::uint64_t lines() const { return lines_; }
  const std::deque<std::string>& last() const { return last_; }

 private:
  bool verbose_;
  std::int64_t time_ms_ = 0;
  std::uint64_t digest_ = 0xcbf29ce484222325U;
  std::uint64_t lines_ = 0;
  std::deque<std::string> last_;
};

}  // namespace holdfast::sim
