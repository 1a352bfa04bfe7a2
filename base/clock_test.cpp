// SPDX-License-Identifier: Apache-2.0
// Both clocks: the fake moves only by hand, the real one only forward.
#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <ctime>

#include "base/fake_clock.hpp"
#include "base/system_clock.hpp"
#include "base/time_text.hpp"

namespace holdfast::base {
namespace {

using namespace std::chrono_literals;

TEST(FakeClock, StandsStillUntilMoved) {
  FakeClock clock;
  EXPECT_EQ(to_rfc3339(clock.wall()), "2026-01-01T00:00:00.000Z");
  const auto wall = clock.wall();
  const auto monotonic = clock.monotonic();
  EXPECT_EQ(clock.wall(), wall);
  clock.advance(5s);
  EXPECT_EQ(clock.wall() - wall, 5s);
  EXPECT_EQ(clock.monotonic() - monotonic, 5s);
}

TEST(FakeClock, AJumpOfTheWallIsNotSeenByMonotonicTime) {
  FakeClock clock;
  const auto monotonic = clock.monotonic();
  clock.jump_wall(-24h);
  EXPECT_EQ(clock.monotonic(), monotonic);
  EXPECT_EQ(to_rfc3339(clock.wall()), "2025-12-31T00:00:00.000Z");
  clock.set_wall(WallTime{});
  EXPECT_EQ(to_rfc3339(clock.wall()), "1970-01-01T00:00:00.000Z");
}

TEST(FakeClock, ARebootStartsMonotonicTimeOver) {
  FakeClock clock;
  clock.reboot();
  EXPECT_EQ(clock.monotonic(), MonotonicTime{});
}

TEST(SystemClock, MonotonicTimeNeverGoesBack) {
  const SystemClock clock;
  auto last = clock.monotonic();
  EXPECT_GT(last, MonotonicTime{});
  for (int i = 0; i < 1000; ++i) {
    const auto now = clock.monotonic();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(SystemClock, TheWallIsTheHostsUtc) {
  const auto library = [] {
    timespec now{};
    EXPECT_EQ(::timespec_get(&now, TIME_UTC), TIME_UTC);
    const auto ms = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    return WallTime(std::chrono::duration_cast<std::chrono::milliseconds>(ms));
  };
  const auto before = library();
  const auto wall = SystemClock().wall();
  EXPECT_LE(before, wall);
  EXPECT_LE(wall, library());
}

}  // namespace
}  // namespace holdfast::base
