// SPDX-License-Identifier: Apache-2.0
// The Clock seam. Deciding code never asks what time it is: it gets a time as a value, or this.
// Real: base/system_clock.hpp. Fake: base/fake_clock.hpp (moved by hand; the simulator's).
// Threads: implementations may be called from any thread.
#pragma once

#include <chrono>

namespace holdfast::base {

/// Milliseconds since 1970-01-01 UTC as the host believes them; may jump.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

struct MonotonicTag {
  using rep = std::chrono::milliseconds::rep;
  using period = std::chrono::milliseconds::period;
  using duration = std::chrono::milliseconds;
  static constexpr bool is_steady = true;
};
/// Milliseconds since some point of this boot; counts through suspend (CLOCK_BOOTTIME); never jumps.
using MonotonicTime = std::chrono::time_point<MonotonicTag>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual MonotonicTime monotonic() const = 0;
};

}  // namespace holdfast::base
