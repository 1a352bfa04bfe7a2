// SPDX-License-Identifier: Apache-2.0
// FakeClock: the Clock seam moved by hand. advance() is time passing; jump_wall() is somebody setting the
// clock, which a monotonic time never notices.
// Threads: one caller at a time.
#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace holdfast::base {

class FakeClock final : public Clock {
 public:
  /// Starts at 2026-01-01T00:00:00Z, one hour after boot, so that no test passes because a time is zero.
  FakeClock() = default;
  FakeClock(WallTime wall, MonotonicTime monotonic) : wall_(wall), monotonic_(monotonic) {}

  WallTime wall() const override { return wall_; }
  MonotonicTime monotonic() const override { return monotonic_; }

  void advance(std::chrono::milliseconds by) {
    wall_ += by;
    monotonic_ += by;
  }
  void jump_wall(std::chrono::milliseconds by) { wall_ += by; }
  void set_wall(WallTime wall) { wall_ = wall; }
  /// A reboot: monotonic time starts over.
  void reboot() { monotonic_ = MonotonicTime{}; }

 private:
  WallTime wall_{std::chrono::milliseconds{1'767'225'600'000}};
  MonotonicTime monotonic_{std::chrono::hours{1}};
};

}  // namespace holdfast::base
