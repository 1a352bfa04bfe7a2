// SPDX-License-Identifier: Apache-2.0
// Ages read as kubectl's do.
#include "hub/cli/age.hpp"

#include <gtest/gtest.h>

#include "base/fake_clock.hpp"

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

struct Row {
  const char* name;
  std::chrono::milliseconds duration;
  const char* text;
};

class HumanDuration : public testing::TestWithParam<Row> {};

TEST_P(HumanDuration, ReadsAsKubectlWritesIt) {
  EXPECT_EQ(human_duration(GetParam().duration), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Table, HumanDuration,
    testing::Values(Row{"FarInTheFuture", -5s, "<invalid>"}, Row{"ClocksDifferALittle", -1s, "0s"},
                    Row{"Now", 0s, "0s"}, Row{"Seconds", 119s, "119s"},
                    Row{"MinutesAndSeconds", 330s, "5m30s"}, Row{"WholeMinutes", 300s, "5m"},
                    Row{"Minutes", 59min, "59m"}, Row{"ManyMinutes", 179min, "179m"},
                    Row{"HoursAndMinutes", 190min, "3h10m"}, Row{"Hours", 47h, "47h"},
                    Row{"DaysAndHours", 50h, "2d2h"}, Row{"Days", 24h * 100, "100d"},
                    Row{"YearsAndDays", 24h * 761, "2y31d"}, Row{"Years", 24h * 365 * 9, "9y"}),
    [](const auto& row) { return row.param.name; });

TEST(Age, IsTheTimeSinceThen) {
  base::FakeClock clock;  // 2026-01-01T00:00:00Z
  EXPECT_EQ(age("2025-12-31T23:55:00Z", clock.wall()), "5m");
}

TEST(Age, OfNoTimeIsUnknown) {
  base::FakeClock clock;
  EXPECT_EQ(age("", clock.wall()), "<unknown>");
  EXPECT_EQ(age("yesterday", clock.wall()), "<unknown>");
}

}  // namespace
}  // namespace holdfast::cli
