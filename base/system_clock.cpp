// SPDX-License-Identifier: Apache-2.0
#include "base/system_clock.hpp"

#include <ctime>

namespace holdfast::base {
namespace {

std::chrono::milliseconds since(const timespec& time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::seconds(time.tv_sec) +
                                                               std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

WallTime SystemClock::wall() const {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return WallTime(since(now));
}

MonotonicTime SystemClock::monotonic() const {
  timespec now{};
  if (::clock_gettime(CLOCK_BOOTTIME, &now) != 0) ::clock_gettime(CLOCK_MONOTONIC, &now);
  return MonotonicTime(since(now));
}

}  // namespace holdfast::base
