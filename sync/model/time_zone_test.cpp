// SPDX-License-Identifier: Apache-2.0
// Time zones: their rules, and their files good and damaged.
#include "sync/model/time_zone.hpp"

#include <gtest/gtest.h>

#include "base/limits/model.hpp"
#include "sync/model/tzif_text.hpp"

namespace holdfast::sync {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

sys_seconds at(int y, unsigned m, unsigned d, int h = 0, int min = 0) {
  return sys_days(year(y) / static_cast<int>(m) / static_cast<int>(d)) + hours(h) + minutes(min);
}

TimeZone zone(std::string_view rule, const std::vector<ZoneChange>& changes = {}) {
  const auto read = TimeZone::parse(tzif(minutes(-18), changes, rule));
  EXPECT_TRUE(read) << read.error().message();
  return *read;
}

struct Change {
  const char* name;
  std::string_view rule;
  int year;
  std::vector<ZoneChange> changes;
};
class PosixZoneRule : public testing::TestWithParam<Change> {};

TEST_P(PosixZoneRule, GivesTheChangesOfAYear) {
  const auto rule = PosixZone::parse(GetParam().rule);
  ASSERT_TRUE(rule) << rule.error().message();
  EXPECT_EQ(rule->changes_in(year(GetParam().year)), GetParam().changes);
}

INSTANTIATE_TEST_SUITE_P(
    Zones, PosixZoneRule,
    testing::Values(
        Change{
            "Berlin", kBerlinRule, 2026, {{at(2026, 3, 29, 1), hours(2)}, {at(2026, 10, 25, 1), hours(1)}}},
        Change{
            "NewYork", kNewYorkRule, 2026, {{at(2026, 3, 8, 7), hours(-4)}, {at(2026, 11, 1, 6), hours(-5)}}},
        Change{"SouthOfTheEquator",
               "AEST-10AEDT,M10.1.0,M4.1.0/3",
               2026,
               {{at(2026, 4, 4, 16), hours(10)}, {at(2026, 10, 3, 16), hours(11)}}},
        Change{"HalfAnHour",
               "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
               2026,
               {{at(2026, 4, 4, 15), minutes(630)}, {at(2026, 10, 3, 15, 30), hours(11)}}},
        Change{"BeforeMidnight",
               "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
               2026,
               {{at(2026, 3, 29, 1), hours(-1)}, {at(2026, 10, 25, 1), hours(-2)}}},
        Change{"DaysOfTheYear",
               "AAA0BBB,J60/0,364/0",
               2024,
               {{at(2024, 3, 1), hours(1)}, {at(2024, 12, 29, 23), hours(0)}}},
        Change{"WinterIsTheException",
               "IST-1GMT0,M10.5.0,M3.5.0/1",
               2026,
               {{at(2026, 3, 29, 1), hours(1)}, {at(2026, 10, 25, 1), hours(0)}}},
        Change{"None", "<+0545>-5:45", 2026, {}}),
    [](const auto& row) { return row.param.name; });

TEST(PosixZone, IsRefusedWhereItIsNone) {
  for (const char* text :
       {"", "C", "CET", "CET-1CEST,", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0/3,",
        "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J1", "CET-1CEST,366,1", "CET-168", "CET-1:60", "<CET-1", "CET-1CEST", "CET-1 ",
        "CET--1", "CET99999999999999999999"}) {
    EXPECT_FALSE(PosixZone::parse(text)) << text;
  }
}

TEST(TimeZone, UtcNeverChanges) {
  const auto span = TimeZone::utc().span_at(at(2026, 7, 1));
  EXPECT_EQ(span.offset, seconds(0));
  EXPECT_LT(span.begin, at(1970, 1, 1));
  EXPECT_GT(span.end, at(9999, 12, 31));
}

TEST(TimeZone, FollowsItsChangesAndThenItsRule) {
  const TimeZone berlin = zone(kBerlinRule, {{at(2020, 1, 1), hours(3)}, {at(2021, 1, 1), hours(1)}});
  EXPECT_EQ(berlin.span_at(at(2019, 6, 1)).offset, minutes(-18));
  EXPECT_EQ(berlin.span_at(at(2020, 6, 1)).offset, hours(3));
  EXPECT_EQ(berlin.span_at(at(2020, 6, 1)).end, at(2021, 1, 1));
  const auto winter = berlin.span_at(at(2021, 1, 1));
  EXPECT_EQ(winter.offset, hours(1));
  EXPECT_EQ(winter.begin, at(2021, 1, 1));
  EXPECT_EQ(winter.end, at(2021, 3, 28, 1));
  const auto summer = berlin.span_at(at(2500, 7, 1));
  EXPECT_EQ(summer.offset, hours(2));
  EXPECT_EQ(summer.begin, at(2500, 3, 28, 1));
  EXPECT_EQ(summer.end, at(2500, 10, 31, 1));
}

TEST(TimeZone, SpansMeetWithoutAGap) {
  for (const std::string_view rule :
       {kBerlinRule, kNewYorkRule, std::string_view("AEST-10AEDT,M10.1.0,M4.1.0/3")}) {
    const TimeZone read = zone(rule, {{at(2020, 1, 1), hours(3)}});
    sys_seconds now = at(2019, 1, 1);
    while (now < at(2030, 1, 1)) {
      const auto span = read.span_at(now);
      ASSERT_LE(span.begin, now) << rule;
      ASSERT_GT(span.end, now) << rule;
      EXPECT_EQ(read.span_at(span.end - seconds(1)).offset, span.offset) << rule;
      EXPECT_EQ(read.span_at(span.end - seconds(1)).begin, span.begin) << rule;
      now = span.end;
    }
  }
}

TEST(TimeZone, WithoutARuleTheLastChangeHolds) {
  const TimeZone fixed = zone("", {{at(2020, 1, 1), hours(3)}});
  EXPECT_EQ(fixed.span_at(at(2100, 1, 1)).offset, hours(3));
  EXPECT_GT(fixed.span_at(at(2100, 1, 1)).end, at(9999, 1, 1));
}

TEST(TimeZone, DamagedFilesAreRefused) {
  const std::string whole =
      tzif(hours(0), {{at(2020, 1, 1), hours(3)}, {at(2021, 1, 1), hours(1)}}, kBerlinRule);
  ASSERT_TRUE(TimeZone::parse(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(TimeZone::parse(std::string_view(whole).substr(0, length))) << length;
  }
  EXPECT_EQ(TimeZone::parse("#!/bin/sh").error().message(),
            "the file of the time zone is damaged: it does not begin with TZif");
  const std::string unordered = tzif(hours(0), {{at(2021, 1, 1), hours(3)}, {at(2020, 1, 1), hours(1)}}, "");
  EXPECT_EQ(TimeZone::parse(unordered).error().message(),
            "the file of the time zone is damaged: its changes are out of order");
  std::string many = whole;  // that claims more than it holds
  many[32] = '\xff';
  EXPECT_FALSE(TimeZone::parse(many));
  EXPECT_EQ(TimeZone::parse(std::string(base::limits::kTimeZoneBytesMax + 1, 'T')).error().code(),
            base::Code::kLimit);
}

TEST(TimeZone, NamesAreChecked) {
  for (const char* name :
       {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "EST5EDT"}) {
    EXPECT_TRUE(parse_zone_name(name)) << name;
  }
  for (const char* name : {"", "/etc/passwd", "../secret", "Europe/../x", "Europe//Berlin", "Europe/", "a b",
                           "Local", "Europe/Berl\xc3\xadn", "a.b", "-x"}) {
    EXPECT_FALSE(parse_zone_name(name)) << name;
  }
  EXPECT_TRUE(parse_zone_name(std::string(base::limits::kTimeZoneNameLengthMax, 'a')));
  EXPECT_FALSE(parse_zone_name(std::string(base::limits::kTimeZoneNameLengthMax + 1, 'a')));
}

TEST(TimeZone, OneThatTheNodeLacksSaysWhatToDo) {
  EXPECT_EQ(
      missing_zone("Europe/Berlin").message(),
      "this node has no time zone \"Europe/Berlin\" (/usr/share/zoneinfo/Europe/Berlin); install the package "
      "tzdata there, or write a name that it has");
}

}  // namespace
}  // namespace holdfast::sync
