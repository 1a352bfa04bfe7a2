// SPDX-License-Identifier: Apache-2.0
// Schedules: how they are read, and when they start.
#include "sync/model/cron_schedule.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/limits/model.hpp"
#include "sync/model/tzif_text.hpp"

namespace holdfast::sync {
namespace {

using base::WallTime;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;

/// "2026-03-29 02:30" as UTC.
WallTime at(std::string_view text) {
  const auto number = [&](std::size_t begin, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(begin, count)) value = value * 10 + (c - '0');
    return value;
  };
  return sys_days(std::chrono::year(number(0, 4)) / number(5, 2) / number(8, 2)) + hours(number(11, 2)) +
         minutes(number(14, 2));
}

std::string text(std::optional<WallTime> time) {
  if (!time) return "never";
  const auto day = std::chrono::floor<std::chrono::days>(*time);
  const std::chrono::year_month_day date(day);
  const auto two = [](auto number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  const auto minute = std::chrono::floor<minutes>(*time - day).count();
  return std::to_string(int(date.year())) + "-" + two(unsigned(date.month())) + "-" +
         two(unsigned(date.day())) + " " + two(minute / 60) + ":" + two(minute % 60);
}

TimeZone zone(std::string_view rule) {
  if (rule.empty()) return TimeZone::utc();
  return *TimeZone::parse(tzif(seconds(0), {}, rule));
}

CronSchedule schedule(std::string_view of) {
  const auto read = CronSchedule::parse(of);
  EXPECT_TRUE(read) << of << ": " << read.error().message();
  return *read;
}

struct Start {
  const char* name;
  const char* schedule;
  const char* after;
  const char* next;
  std::string_view rule = "";
};
class CronScheduleStarts : public testing::TestWithParam<Start> {};

TEST_P(CronScheduleStarts, NextAfterATime) {
  const auto& row = GetParam();
  EXPECT_EQ(text(schedule(row.schedule).next(at(row.after), zone(row.rule))), row.next);
}

/// What comes next is what was last, seen from there.
TEST_P(CronScheduleStarts, LastBeforeATime) {
  const auto& row = GetParam();
  const auto next = schedule(row.schedule).next(at(row.after), zone(row.rule));
  if (!next) return;
  EXPECT_EQ(text(schedule(row.schedule).last(at(row.after), *next, zone(row.rule))), row.next);
  EXPECT_EQ(text(schedule(row.schedule).last(at(row.after), *next - milliseconds(1), zone(row.rule))),
            "never");
}

INSTANTIATE_TEST_SUITE_P(
    Fields, CronScheduleStarts,
    testing::Values(Start{"EveryMinute", "* * * * *", "2026-01-01 00:00", "2026-01-01 00:01"},
                    Start{"NotItsOwnTime", "0 0 * * *", "2026-01-01 00:00", "2026-01-02 00:00"},
                    Start{"Steps", "*/15 * * * *", "2026-07-09 14:45", "2026-07-09 15:00"},
                    Start{"StepFromAValue", "5/20 * * * *", "2026-07-09 14:46", "2026-07-09 15:05"},
                    Start{"StepInARange", "20-35/15 * * * *", "2026-07-09 15:20", "2026-07-09 15:35"},
                    Start{"List", "0,30 8,20 * * *", "2026-07-09 08:30", "2026-07-09 20:00"},
                    Start{"Names", "0 0 * FEB Mon", "2026-07-09 00:00", "2027-02-01 00:00"},
                    Start{"NamesInARange", "0 9 * jan-mar mon-fri", "2026-03-31 09:00", "2027-01-01 09:00"},
                    Start{"QuestionMark", "0 0 ? * ?", "2026-01-31 10:00", "2026-02-01 00:00"},
                    Start{"YearEnds", "* * * * *", "2026-12-31 23:59", "2027-01-01 00:00"},
                    Start{"Yearly", "@yearly", "2026-01-01 00:00", "2027-01-01 00:00"},
                    Start{"Annually", "@annually", "2026-05-01 00:00", "2027-01-01 00:00"},
                    Start{"Monthly", "@monthly", "2026-05-01 00:00", "2026-06-01 00:00"},
                    Start{"Weekly", "@weekly", "2026-05-01 00:00", "2026-05-03 00:00"},
                    Start{"Daily", "@daily", "2026-05-01 00:00", "2026-05-02 00:00"},
                    Start{"Midnight", "@midnight", "2026-05-01 00:01", "2026-05-02 00:00"},
                    Start{"Hourly", "@hourly", "2026-05-01 00:01", "2026-05-01 01:00"},
                    Start{"LeapDay", "0 0 29 2 *", "2026-03-01 00:00", "2028-02-29 00:00"},
                    Start{"LeapDayAcrossACenturyWithoutOne", "0 0 29 2 *", "2096-02-29 00:00",
                          "2104-02-29 00:00"},
                    Start{"The31stSkipsShortMonths", "0 0 31 * *", "2026-03-31 00:00", "2026-05-31 00:00"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    DayOfMonthAndOfWeek, CronScheduleStarts,
    testing::Values(Start{"EitherIsEnough", "0 0 15 * SUN", "2026-07-06 00:00", "2026-07-12 00:00"},
                    Start{"EitherIsEnoughTheOther", "0 0 15 * SUN", "2026-07-12 00:00", "2026-07-15 00:00"},
                    Start{"AStarDoesNotCount", "0 0 * * SUN", "2026-07-06 00:00", "2026-07-12 00:00"},
                    Start{"NorDoesTheOther", "0 0 15 * *", "2026-07-06 00:00", "2026-07-15 00:00"},
                    Start{"AStepOfAStarCounts", "0 0 */10 * SUN", "2026-07-06 00:00", "2026-07-11 00:00"},
                    Start{"AStepOfOneDoesNot", "0 0 */1 * SUN", "2026-07-06 00:00", "2026-07-12 00:00"},
                    Start{"AListWithAStarDoesNot", "0 0 3,* * SUN", "2026-07-06 00:00", "2026-07-12 00:00"},
                    Start{"AnImpossibleDayLeavesTheOther", "0 0 30 2 MON", "2026-02-02 00:00",
                          "2026-02-09 00:00"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    SummerTime, CronScheduleStarts,
    testing::Values(
        Start{"LocalTime", "30 2 * * *", "2026-01-10 12:00", "2026-01-11 01:30", kBerlinRule},
        Start{"SkippedInSpring", "30 2 * * *", "2026-03-28 01:30", "2026-03-30 00:30", kBerlinRule},
        Start{"JustBeforeTheGap", "59 1 * * *", "2026-03-28 12:00", "2026-03-29 00:59", kBerlinRule},
        Start{"JustAfterTheGap", "0 3 * * *", "2026-03-28 12:00", "2026-03-29 01:00", kBerlinRule},
        Start{"HourlyGoesOnOverTheGap", "0 * * * *", "2026-03-29 00:00", "2026-03-29 01:00", kBerlinRule},
        Start{"FirstOfTwoInAutumn", "30 2 * * *", "2026-10-24 12:00", "2026-10-25 00:30", kBerlinRule},
        Start{"SecondOfTwoInAutumn", "30 2 * * *", "2026-10-25 00:30", "2026-10-25 01:30", kBerlinRule},
        Start{"NotAThird", "30 2 * * *", "2026-10-25 01:30", "2026-10-26 01:30", kBerlinRule},
        Start{"GapInNewYork", "30 2 11 MAR ?", "2012-03-11 05:00", "2013-03-11 06:30", kNewYorkRule},
        Start{"OverlapInNewYork", "30 1 4 NOV ?", "2012-11-04 05:45", "2012-11-04 06:30", kNewYorkRule},
        Start{"MidnightThatIsSkipped", "0 0 * * *", "2026-03-28 12:00", "2026-03-30 01:00",
              "<-02>2<-01>1,M3.5.0/0,M10.5.0/0"},
        Start{"EastOfUtcTheDayBefore", "0 0 1 * *", "2026-01-15 00:00", "2026-01-31 18:15", "<+0545>-5:45"}),
    [](const auto& row) { return row.param.name; });

TEST(CronSchedule, StartsAtTheSecondsOfItsMinute) {
  const auto every = schedule("* * * * *");
  EXPECT_EQ(every.next(at("2026-01-01 00:00") - milliseconds(1), TimeZone::utc()), at("2026-01-01 00:00"));
  EXPECT_EQ(every.next(at("2026-01-01 00:00") + milliseconds(1), TimeZone::utc()), at("2026-01-01 00:01"));
  EXPECT_EQ(every.last(at("2026-01-01 00:00"), at("2026-01-01 00:00"), TimeZone::utc()), std::nullopt);
}

TEST(CronSchedule, LastLooksFarBack) {
  EXPECT_EQ(
      text(schedule("0 0 29 2 *").last(at("1990-01-01 00:00"), at("2026-01-01 00:00"), TimeZone::utc())),
      "2024-02-29 00:00");
  EXPECT_EQ(
      text(schedule("30 2 * * *").last(at("1970-01-01 00:00"), at("2026-03-30 00:00"), zone(kBerlinRule))),
      "2026-03-28 01:30");
}

TEST(CronSchedule, ATimeThatNoClockHasGivesNothing) {
  const auto every = schedule("* * * * *");
  EXPECT_EQ(every.next(WallTime::max(), zone(kBerlinRule)), std::nullopt);
  EXPECT_EQ(every.last(WallTime::min(), WallTime::max(), zone(kBerlinRule)), std::nullopt);
  EXPECT_EQ(text(every.next(WallTime::min(), zone(kBerlinRule))), "1970-01-01 00:00");
  EXPECT_EQ(every.last(WallTime::min(), WallTime::min(), TimeZone::utc()), std::nullopt);
}

struct Bad {
  const char* schedule;
  const char* message;
};
TEST(CronSchedule, IsRefusedWithTheField) {
  const Bad rows[] = {
      {"", "must be five fields (minute, hour, day of month, month, day of week), not 0"},
      {"* * * *", "must be five fields (minute, hour, day of month, month, day of week), not 4"},
      {"0 * * * * *", "must be five fields (minute, hour, day of month, month, day of week), not 6"},
      {"60 * * * *", "the minute \"60\" must be from 0 to 59"},
      {"* 24 * * *", "the hour \"24\" must be from 0 to 23"},
      {"* * 0 * *", "the day of month \"0\" must be from 1 to 31"},
      {"* * * 13 *", "the month \"13\" must be from 1 to 12"},
      {"* * * * 7", "the day of week \"7\" must be from 0 to 6; Sunday is 0 or SUN"},
      {"* * * * FUN", "the day of week \"FUN\" must be from 0 to 6"},
      {"-5 * * * *", "the minute \"\" must be from 0 to 59"},
      {"1-2-3 * * * *", "the minute \"2-3\" must be from 0 to 59"},
      {"1, * * * *", "the minute \"\" must be from 0 to 59"},
      {"99999999999999999999 * * * *", "the minute \"99999999999999999999\" must be from 0 to 59"},
      {"30-10 * * * *", "the minute \"30-10\" ends before it begins; write two ranges, with a comma between"},
      {"*/0 * * * *", "the step \"0\" of the minute must be a whole number from 1"},
      {"*/x * * * *", "the step \"x\" of the minute must be a whole number from 1"},
      {"0 0 30 2 *", "\"0 0 30 2 *\" never comes: none of its months has such a day"},
      {"0 0 31 4,6,9,11 *", "\"0 0 31 4,6,9,11 *\" never comes: none of its months has such a day"},
      {"@every 1h",
       "\"@every 1h\" has no beginning that a restart would keep; write the minutes, such as \"*/30 * * * "
       "*\""},
      {"@reboot",
       "\"@reboot\" must be one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly"},
      {"TZ=Europe/Berlin 0 0 * * *", "a time zone has no place here; write it as timeZone"},
      {"CRON_TZ=UTC 0 0 * * *", "a time zone has no place here; write it as timeZone"},
  };
  for (const auto& row : rows) {
    const auto read = CronSchedule::parse(row.schedule);
    ASSERT_FALSE(read) << row.schedule;
    EXPECT_EQ(read.error().message(), row.message);
  }
}

TEST(CronSchedule, IsBounded) {
  const std::string spaces(base::limits::kCronScheduleLengthMax - 9, ' ');
  EXPECT_TRUE(CronSchedule::parse("* * * * *" + spaces));
  EXPECT_EQ(CronSchedule::parse(" * * * * *" + spaces).error().code(), base::Code::kLimit);
}

TEST(CronSchedule, TabsSeparate) { EXPECT_EQ(schedule(" 0\t0 *  * * "), schedule("@daily")); }

}  // namespace
}  // namespace holdfast::sync
