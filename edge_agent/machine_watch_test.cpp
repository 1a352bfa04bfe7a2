// SPDX-License-Identifier: Apache-2.0
// A look at a machine as a whole: files, disk, clock.
#include "edge_agent/machine_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/build_time.hpp"
#include "base/fake_clock.hpp"
#include "base/limits/node.hpp"
#include "edge_agent/fake_boards.hpp"
#include "edge_agent/machine_calls.hpp"

namespace holdfast::edge_agent {
namespace {

using ::testing::HasSubstr;

sync::Condition condition(const std::vector<sync::Condition>& all, const std::string& type) {
  for (const auto& each : all) {
    if (each.type == type) return each;
  }
  return {};
}

TEST(MachineWatch, MakesConditionsAndMetricsOfWhatAMachineTells) {
  const FakeBoard board(testing::TempDir(), raspberry_pi_4());
  board.put("/sys/class/thermal/thermal_zone0/temp", "106000\n");
  base::FakeClock clock;
  MachineWatch watch(clock, board.root(), MachineTree(board.root()));
  const auto seen = watch.look();
  EXPECT_EQ(condition(seen, "Overheating").status, "True");
  EXPECT_EQ(condition(seen, "MemoryPressure").status, "False");
  EXPECT_NE(condition(seen, "DiskPressure").status, "") << "of the disk that the folder is really on";
  const auto text = base::prometheus_text(watch.metrics());
  EXPECT_THAT(text, HasSubstr("holdfast_agent_temperature_celsius{sensor=\"cpu-thermal\"} 106\n"));
  EXPECT_THAT(text, HasSubstr("holdfast_agent_disk_bytes "));
}

TEST(MachineWatch, TakesAClockThatIsBehindItsOwnBuildForUnsynced) {
  const FakeBoard board(testing::TempDir(), {});
  base::FakeClock clock;
  clock.set_wall(base::build_time() - std::chrono::hours(1));
  MachineWatch watch(clock, board.root(), MachineTree(board.root()));
  watch.look();
  clock.advance(base::limits::kClockUnsyncedHold);
  EXPECT_EQ(condition(watch.look(), "ClockUnsynced").status, "True");
}

TEST(DiskSpace, IsOfTheFileSystemBelowAFolder) {
  const auto space = disk_space(testing::TempDir());
  ASSERT_TRUE(space);
  EXPECT_GT(space->total, 0U);
  EXPECT_LE(space->available, space->total);
  EXPECT_FALSE(disk_space("/nowhere/at/all"));
  EXPECT_FALSE(disk_space("/proc")) << "a file system that has no size";
}

TEST(ClockState, IsSyncedWhileTheKernelKnowsHowWrongItMayBe) {
  struct Row {
    const char* name;
    long error_microseconds;
    int status;
    bool is_synced;
  };
  static constexpr Row kRows[] = {
      {"Ntp", 250'000, STA_PLL, true},
      {"NtpThatLeavesTheHardwareClockAlone", 250'000, STA_UNSYNC, true},
      {"NeverAfterBoot", 16'000'000, STA_UNSYNC, false},
      {"LostForHours", 16'000'000, STA_PLL, false},
  };
  for (const auto& row : kRows) {
    timex state{};
    state.maxerror = row.error_microseconds;
    state.status = row.status;
    EXPECT_EQ(is_synced(state), row.is_synced) << row.name;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
