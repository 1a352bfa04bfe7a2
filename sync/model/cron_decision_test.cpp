// SPDX-License-Identifier: Apache-2.0
// A CronJob's decisions, as a table: what is due, what a leap of the clock does, and what the policies do.
#include "sync/model/cron_decision.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/limits/model.hpp"
#include "sync/model/tzif_text.hpp"

namespace holdfast::sync {
namespace {

using base::WallTime;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using Act = CronDecision::Act;
using namespace std::chrono_literals;

const WallTime kNoon = sys_days(std::chrono::year(2026) / 6 / 15) + 12h;
const WallTime kBuilt = sys_days(std::chrono::year(2026) / 1 / 1);
constexpr auto kYear = 365 * 24h;

CronJob job(const char* schedule, ConcurrencyPolicy policy = ConcurrencyPolicy::kAllow) {
  CronJob out;
  out.schedule = *CronSchedule::parse(schedule);
  out.concurrency = policy;
  return out;
}

CronJob with_deadline(const char* schedule, seconds deadline) {
  CronJob out = job(schedule);
  out.starting_deadline = deadline;
  return out;
}

CronJob suspended(const char* schedule) {
  CronJob out = job(schedule);
  out.suspend = true;
  return out;
}

struct Row {
  const char* name;
  CronJob job;
  WallTime dealt_with;
  WallTime now;
  std::size_t running;
  Act act;
  WallTime scheduled;  ///< not of kWait
  std::size_t missed;
  WallTime stored;  ///< dealt with afterwards
  WallTime next;
};
class CronDecides : public testing::TestWithParam<Row> {};

TEST_P(CronDecides, AsTheTableSays) {
  const Row& row = GetParam();
  const auto out = decide(row.job, TimeZone::utc(), {row.dealt_with, row.running}, row.now, kBuilt);
  EXPECT_EQ(out.act, row.act);
  EXPECT_EQ(out.scheduled.has_value(), row.act != Act::kWait);
  EXPECT_EQ(out.scheduled.value_or(row.scheduled), row.scheduled);
  EXPECT_EQ(out.missed, row.missed);
  EXPECT_EQ(out.dealt_with, row.stored);
  EXPECT_EQ(out.next, row.next);
  EXPECT_FALSE(out.clock_is_unset);
  // Decided again at once, with what was stored, nothing happens twice.
  const auto again = decide(row.job, TimeZone::utc(), {out.dealt_with, row.running}, row.now, kBuilt);
  EXPECT_EQ(again.act, row.act == Act::kHeldBack ? Act::kHeldBack : Act::kWait);
  EXPECT_EQ(again.dealt_with, out.dealt_with);
  EXPECT_EQ(again.next, out.next);
}

constexpr const char* kHourly = "0 * * * *";
const WallTime kOne = kNoon + 1h;

INSTANTIATE_TEST_SUITE_P(
    Time, CronDecides,
    testing::Values(
        Row{"NothingIsDue", job(kHourly), kNoon, kNoon + 59min, 0, Act::kWait, {}, 0, kNoon, kOne},
        Row{"OnTheMinute", job(kHourly), kNoon, kOne, 0, Act::kStart, kOne, 0, kOne, kOne + 1h},
        Row{"ALittleLate", job(kHourly), kNoon, kOne + 7s, 0, Act::kStart, kOne, 0, kOne, kOne + 1h},
        Row{"SomeWereMissedOnlyTheLastStarts", job(kHourly), kNoon, kOne + 5h, 0, Act::kStart, kOne + 5h, 5,
            kOne + 5h, kOne + 6h},
        Row{"NeverCatchesUpWithWhatWasBeforeIt",
            job(kHourly),
            kNoon + 1min,
            kNoon + 2min,
            0,
            Act::kWait,
            {},
            0,
            kNoon + 1min,
            kOne},
        Row{"AHundredMissed", job("* * * * *"), kNoon, kNoon + 101min, 0, Act::kStart, kNoon + 101min, 100,
            kNoon + 101min, kNoon + 102min},
        Row{"MoreAreNotCounted", job("* * * * *"), kNoon, kNoon + 102min, 0, Act::kStart, kNoon + 102min, 101,
            kNoon + 102min, kNoon + 103min},
        Row{"Suspended", suspended(kHourly), kNoon, kOne + 5h, 0, Act::kWait, {}, 0, kNoon, kOne + 6h}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Clock, CronDecides,
    testing::Values(Row{"LeapsAYearAhead", job("* * * * *"), kNoon, kNoon + kYear, 0, Act::kStart,
                        kNoon + kYear, 101, kNoon + kYear, kNoon + kYear + 1min},
                    Row{"LeapsAYearAheadWithADeadline", with_deadline("30 * * * *", 600s), kNoon,
                        kNoon + kYear, 0, Act::kTooLate, kNoon + kYear - 30min, 101, kNoon + kYear - 30min,
                        kNoon + kYear + 30min},
                    Row{"GoesBackALittleStartsNothingTwice",
                        job(kHourly),
                        kOne,
                        kOne - 2s,
                        0,
                        Act::kWait,
                        {},
                        0,
                        kOne,
                        kOne + 1h},
                    Row{"GoesBackWithinTheHourIsWaitedOut",
                        job("* * * * *"),
                        kNoon,
                        kNoon - 1h,
                        0,
                        Act::kWait,
                        {},
                        0,
                        kNoon,
                        kNoon + 1min}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(Deadline, CronDecides,
                         testing::Values(Row{"JustInTime", with_deadline(kHourly, 600s), kNoon, kOne + 599s,
                                             0, Act::kStart, kOne, 0, kOne, kOne + 1h},
                                         Row{"OverIsLeftOutOnce", with_deadline(kHourly, 600s), kNoon,
                                             kOne + 600s, 0, Act::kTooLate, kOne, 0, kOne, kOne + 1h},
                                         Row{"LongerThanTheInterval", with_deadline(kHourly, 7'200s), kNoon,
                                             kOne + 5h + 1min, 0, Act::kStart, kOne + 5h, 5, kOne + 5h,
                                             kOne + 6h}),
                         [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Policy, CronDecides,
    testing::Values(Row{"AllowStartsBesides", job(kHourly), kNoon, kOne, 3, Act::kStart, kOne, 0, kOne,
                        kOne + 1h},
                    Row{"ForbidHoldsBackAndKeepsIt", job(kHourly, ConcurrencyPolicy::kForbid), kNoon, kOne, 1,
                        Act::kHeldBack, kOne, 0, kNoon, kOne + 1h},
                    Row{"ForbidStartsWhenItHasEnded", job(kHourly, ConcurrencyPolicy::kForbid), kNoon,
                        kOne + 20min, 0, Act::kStart, kOne, 0, kOne, kOne + 1h},
                    Row{"ReplaceStopsAndStarts", job(kHourly, ConcurrencyPolicy::kReplace), kNoon, kOne, 1,
                        Act::kReplace, kOne, 0, kOne, kOne + 1h},
                    Row{"ReplaceWithNothingToReplace", job(kHourly, ConcurrencyPolicy::kReplace), kNoon, kOne,
                        0, Act::kStart, kOne, 0, kOne, kOne + 1h}),
    [](const auto& row) { return row.param.name; });

TEST(CronDecision, TooManyMissedIsSaid) {
  const auto few = decide(job("* * * * *"), TimeZone::utc(), {kNoon}, kNoon + 101min, kBuilt);
  EXPECT_FALSE(few.missed_too_many());
  const auto many = decide(job("* * * * *"), TimeZone::utc(), {kNoon}, kNoon + 102min, kBuilt);
  EXPECT_TRUE(many.missed_too_many());
}

TEST(CronDecision, AClockThatWentFarBackBeginsAnew) {
  const WallTime now = kNoon - 1h - 1ms;
  const auto out = decide(job("* * * * *"), TimeZone::utc(), {kNoon}, now, kBuilt);
  EXPECT_TRUE(out.clock_went_back);
  EXPECT_EQ(out.act, Act::kWait);
  EXPECT_EQ(out.dealt_with, now);
  EXPECT_EQ(out.next, kNoon - 1h);
  const auto again = decide(job("* * * * *"), TimeZone::utc(), {out.dealt_with}, *out.next, kBuilt);
  EXPECT_FALSE(again.clock_went_back);
  EXPECT_EQ(again.act, Act::kStart);
}

/// A board without a battery for its clock boots in 1970: what it did last must not be forgotten for that.
TEST(CronDecision, AClockThatIsNotSetDecidesNothing) {
  const auto out = decide(job(kHourly), TimeZone::utc(), {kNoon}, WallTime(42s), kBuilt);
  EXPECT_TRUE(out.clock_is_unset);
  EXPECT_EQ(out.act, Act::kWait);
  EXPECT_EQ(out.dealt_with, kNoon);
  EXPECT_EQ(out.next, std::nullopt);
}

/// Both of the two 02:30 of autumn start, and the one that spring lacks is not caught up with.
TEST(CronDecision, FollowsTheZone) {
  const TimeZone berlin = *TimeZone::parse(tzif(0s, {}, kBerlinRule));
  const CronJob nightly = job("30 2 * * *");
  WallTime now = sys_days(std::chrono::year(2026) / 10 / 24) + 12h;
  CronState state{now};
  std::vector<WallTime> starts;
  while (starts.size() < 3) {
    const auto out = decide(nightly, berlin, state, now, kBuilt);
    if (out.act == Act::kStart) starts.push_back(*out.scheduled);
    state.dealt_with = out.dealt_with;
    now = *out.next;
  }
  const WallTime sunday = sys_days(std::chrono::year(2026) / 10 / 25);
  EXPECT_EQ(starts, (std::vector<WallTime>{sunday + 30min, sunday + 90min, sunday + 25h + 30min}));

  const WallTime spring = sys_days(std::chrono::year(2026) / 3 / 29);
  const auto skipped = decide(nightly, berlin, {spring - 12h}, spring + 6h, kBuilt);
  EXPECT_EQ(skipped.act, Act::kWait);
  EXPECT_EQ(skipped.next, spring + 24h + 30min);
}

}  // namespace
}  // namespace holdfast::sync
