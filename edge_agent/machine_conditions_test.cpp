// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_conditions.hpp"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "base/limits/node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
namespace limits = base::limits;

Readings disk(std::uint64_t percent) { return {.disk = DiskSpace{1'000'000'000, percent * 10'000'000}}; }
Readings memory(std::uint64_t percent) { return {.memory = MemoryInfo{1'000'000'000, percent * 10'000'000}}; }
Readings clock(bool is_synced) { return {.clock_synced = is_synced}; }
Readings heat(std::int64_t millicelsius) {
  return {.temperatures = {{"tj-thermal", millicelsius, 104'500}, {"board", 70'000, std::nullopt}}};
}
Readings throttled(bool is_throttled) { return {.throttled = {{ThrottleCause::kTemperature, is_throttled}}}; }
const Readings kNothing{};

/// "True DiskLow"; empty: not known.
std::string state_of(const MachineConditions& conditions, const std::string& type) {
  for (const auto& condition : conditions.conditions()) {
    if (condition.type == type) return condition.status + " " + condition.reason;
  }
  return {};
}

struct Step {
  std::chrono::milliseconds later;
  Readings seen;
  std::string state;
};
struct Row {
  std::string name;
  std::string type;
  std::vector<Step> steps;
};

void walk(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    MachineConditions conditions;
    base::MonotonicTime now{1h};
    for (std::size_t i = 0; i < row.steps.size(); ++i) {
      const auto& step = row.steps[i];
      now += step.later;
      conditions.see(step.seen, now);
      EXPECT_EQ(state_of(conditions, row.type), step.state) << row.name << ", step " << i;
    }
  }
}

TEST(MachineConditions, FollowTheirTable) {
  const std::string kType = "DiskPressure";
  const std::string kLow = "True DiskLow";
  const std::string kEnough = "False DiskSufficient";
  walk({
      {"NotKnownNotSeen", kType, {{0s, kNothing, ""}, {1h, kNothing, ""}}},
      {"NotKnownBad", kType, {{0s, disk(9), kLow}}},
      {"NotKnownBetween", kType, {{0s, disk(12), kEnough}}},
      {"NotKnownWell", kType, {{0s, disk(50), kEnough}}},
      {"FalseBadForLong", kType, {{0s, disk(50), kEnough}, {30s, disk(9), kEnough}, {30s, disk(9), kLow}}},
      {"FalseBadOnce",
       kType,
       {{0s, disk(50), kEnough}, {30s, disk(9), kEnough}, {30s, disk(10), kEnough}, {30s, disk(9), kEnough}}},
      {"FalseBadUnseenBad",
       kType,
       {{0s, disk(50), kEnough}, {30s, disk(9), kEnough}, {30s, kNothing, kEnough}, {30s, disk(9), kEnough}}},
      {"FalseBadNotLongEnough",
       kType,
       {{0s, disk(50), kEnough},
        {30s, disk(9), kEnough},
        {limits::kDiskPressureHold - 1ms, disk(9), kEnough},
        {1ms, disk(9), kLow}}},
      {"TrueBetweenForEver", kType, {{0s, disk(9), kLow}, {30s, disk(10), kLow}, {24h, disk(15), kLow}}},
      {"TrueWellForLong", kType, {{0s, disk(9), kLow}, {30s, disk(16), kLow}, {30s, disk(16), kEnough}}},
      {"TrueWellOnce",
       kType,
       {{0s, disk(9), kLow}, {30s, disk(16), kLow}, {30s, disk(15), kLow}, {30s, disk(16), kLow}}},
      {"TrueNotSeen", kType, {{0s, disk(9), kLow}, {24h, kNothing, kLow}}},
  });
}

TEST(MachineConditions, EachHasItsRange) {
  const std::string memory_low = "True MemoryLow";
  const std::string memory_enough = "False MemorySufficient";
  const std::string hot = "True TooHot";
  const std::string normal = "False TemperatureNormal";
  walk({
      {"Memory",
       "MemoryPressure",
       {{0s, memory(50), memory_enough},
        {30s, memory(4), memory_enough},
        {30s, memory(4), memory_enough},
        {30s, memory(4), memory_low},
        {30s, memory(10), memory_low},
        {30s, memory(11), memory_low},
        {limits::kMemoryPressureEndHold, memory(11), memory_enough}}},
      {"MemoryAtItsEdges", "MemoryPressure", {{0s, memory(5), memory_enough}}},
      {"Heat",
       "Overheating",
       {{0s, heat(60'000), normal},
        {30s, heat(99'500), normal},
        {30s, heat(99'500), hot},
        {30s, heat(94'500), hot},
        {30s, heat(94'499), hot},
        {limits::kOverheatingEndHold, heat(94'499), normal}}},
      {"HeatJustBelow", "Overheating", {{0s, heat(99'499), normal}}},
      {"HeatWithoutALimit", "Overheating", {{0s, {.temperatures = {{"board", 200'000, std::nullopt}}}, ""}}},
      {"Throttling",
       "Overheating",
       {{0s, throttled(false), normal},
        {30s, throttled(true), normal},
        {30s, throttled(true), "True Throttled"},
        {30s, throttled(false), "True Throttled"},
        {limits::kOverheatingEndHold, throttled(false), normal}}},
      {"ThrottledByWantOfVoltage",
       "Overheating",
       {{0s, {.throttled = {{ThrottleCause::kVoltage, true}}}, ""}}},
      {"ClockAfterABoot",
       "ClockUnsynced",
       {{0s, clock(false), ""}, {5min, clock(false), ""}, {1min, clock(true), "False ClockSynced"}}},
      {"ClockThatNobodyKeeps",
       "ClockUnsynced",
       {{0s, clock(false), ""},
        {limits::kClockUnsyncedHold, clock(false), "True NotSynced"},
        {30s, clock(true), "True NotSynced"},
        {30s, clock(true), "False ClockSynced"}}},
  });
}

TEST(MachineConditions, OfWhatIsSeenOnTheEdgeAllDayDoNotFlap) {
  MachineConditions conditions;
  int changes = 0;
  std::vector<sync::Condition> before;
  for (int i = 0; i < 2'880; ++i) {
    const bool is_odd = i % 2 != 0;
    Readings seen = disk(is_odd ? 9 : 11);
    seen.memory = memory(is_odd ? 4 : 6).memory;
    seen.temperatures = heat(is_odd ? 99'600 : 99'400).temperatures;
    seen.clock_synced = !is_odd;
    conditions.see(seen, base::MonotonicTime{30s * i});
    if (conditions.conditions() != before) ++changes;
    before = conditions.conditions();
  }
  EXPECT_EQ(changes, 1) << "the first look";
}

TEST(MachineConditions, AreThereByTypeAndSayWhatWasSeenWhenTheyChanged) {
  MachineConditions conditions;
  EXPECT_TRUE(conditions.conditions().empty());
  Readings seen = disk(4);
  seen.memory = memory(3).memory;
  seen.temperatures = heat(101'250).temperatures;
  seen.clock_synced = true;
  conditions.see(seen, base::MonotonicTime{0s});
  const std::vector<sync::Condition> expected{
      {"ClockUnsynced", "False", "ClockSynced", ""},
      {"DiskPressure", "True", "DiskLow", "of the data folder's file system 4 % (38 of 953 MiB) was free"},
      {"MemoryPressure", "True", "MemoryLow", "of the memory 3 % (28 of 953 MiB) was available"},
      {"Overheating", "True", "TooHot", "tj-thermal was at 101.2 °C; its limit is 104.5 °C"}};
  EXPECT_EQ(conditions.conditions(), expected);
  seen.disk = disk(3).disk;
  conditions.see(seen, base::MonotonicTime{10min});
  EXPECT_EQ(conditions.conditions(), expected) << "what goes on is no news";
}

TEST(MachineConditions, NameTheSensorThatIsNearestToItsLimit) {
  MachineConditions conditions;
  conditions.see({.temperatures = {{"a", 100'000, 110'000}, {"b", 96'000, 97'000}, {"c", 109'000, 120'000}}},
                 base::MonotonicTime{0s});
  ASSERT_EQ(conditions.conditions().size(), 1U);
  EXPECT_EQ(conditions.conditions()[0].message, "b was at 96.0 °C; its limit is 97.0 °C");
}

TEST(MachineConditions, TellOneReasonForAsLongAsItLasts) {
  MachineConditions conditions;
  conditions.see(throttled(true), base::MonotonicTime{0s});
  EXPECT_EQ(state_of(conditions, "Overheating"), "True Throttled");
  conditions.see(heat(104'000), base::MonotonicTime{30s});
  conditions.see(heat(104'000), base::MonotonicTime{60s});
  EXPECT_EQ(state_of(conditions, "Overheating"), "True Throttled");
}

}  // namespace
}  // namespace holdfast::edge_agent
