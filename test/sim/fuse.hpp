// SPDX-License-Identifier: Apache-2.0
// Fuse: when a program dies. Armed with a number of points, it burns one at every point where a death matters
// (before and after each commit, change of the host and publish); at the last one the program is dead.
// Crash is thrown by the fakes' wrappers and caught by the box that holds the program; product code never sees it
// but as an unwinding stack, which is more than kill -9 would leave. Threads: one.
#pragma once

#include <cstdint>

namespace holdfast::sim {

struct Crash {};

class Fuse {
 public:
  void arm(std::uint32_t points) { left_ = points; }
  void disarm() { left_ = 0; }
  bool armed() const { return left_ > 0; }
  /// Whether this is the point.
  bool burns() { return left_ > 0 && --left_ == 0; }
  void point() {
    if (burns()) throw Crash{};
  }

 private:
  std::uint32_t left_ = 0;
};

}  // namespace holdfast::sim
