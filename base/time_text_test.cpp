// SPDX-License-Identifier: Apache-2.0
// Times and durations: what is taken, what is refused, and that what is shown reads back.
#include "base/time_text.hpp"

#include <gtest/gtest.h>

#include "base/limits/documents.hpp"

namespace holdfast::base {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

WallTime at(std::int64_t ms) { return WallTime(milliseconds(ms)); }

struct TimeRow {
  const char* name;
  const char* text;
  std::int64_t ms;  ///< since 1970
  const char* shown;
};

class GoodTime : public testing::TestWithParam<TimeRow> {};

TEST_P(GoodTime, IsReadAndShownInUtc) {
  const auto time = parse_rfc3339(GetParam().text);
  ASSERT_TRUE(time) << time.error().message();
  EXPECT_EQ(time->time_since_epoch().count(), GetParam().ms);
  EXPECT_EQ(to_rfc3339(*time), GetParam().shown);
  EXPECT_EQ(parse_rfc3339(GetParam().shown).value(), *time);
}

INSTANTIATE_TEST_SUITE_P(
    Table, GoodTime,
    testing::Values(
        TimeRow{"Epoch", "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"},
        TimeRow{"BeforeEpoch", "1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"},
        TimeRow{"Milliseconds", "2026-01-31T08:05:09.042Z", 1769846709042, "2026-01-31T08:05:09.042Z"},
        TimeRow{"ShortFraction", "2026-01-31T08:05:09.5Z", 1769846709500, "2026-01-31T08:05:09.500Z"},
        TimeRow{"NanosecondsAreCut", "2026-01-31T08:05:09.042999999Z", 1769846709042,
                "2026-01-31T08:05:09.042Z"},
        TimeRow{"East", "2026-01-31T10:05:09+02:00", 1769846709000, "2026-01-31T08:05:09.000Z"},
        TimeRow{"West", "2026-01-30T23:35:09-08:30", 1769846709000, "2026-01-31T08:05:09.000Z"},
        TimeRow{"LowerCase", "2026-01-31t08:05:09z", 1769846709000, "2026-01-31T08:05:09.000Z"},
        TimeRow{"LeapDay", "2024-02-29T00:00:00Z", 1709164800000, "2024-02-29T00:00:00.000Z"},
        TimeRow{"LeapSecond", "2016-12-31T23:59:60Z", 1483228800000, "2017-01-01T00:00:00.000Z"},
        TimeRow{"FirstYear", "0000-01-01T00:00:00Z", -62167219200000, "0000-01-01T00:00:00.000Z"},
        TimeRow{"LastYear", "9999-12-31T23:59:59.999Z", 253402300799999, "9999-12-31T23:59:59.999Z"}),
    [](const auto& row) { return row.param.name; });

TEST(Time, IsShownInSecondsForKubernetes) {
  EXPECT_EQ(to_rfc3339_seconds(at(1769846709042)), "2026-01-31T08:05:09Z");
  EXPECT_EQ(to_rfc3339_seconds(at(-1)), "1969-12-31T23:59:59Z");
}

TEST(Time, BeyondFourDigitsIsShownAsTheNearest) {
  EXPECT_EQ(to_rfc3339(WallTime::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(WallTime::min()), "0000-01-01T00:00:00.000Z");
}

TEST(Time, RefusesEverythingElse) {
  for (const char* text :
       {"", "now", "2026-01-31", "2026-01-31T08:05:09", "2026-01-31 08:05:09Z", "2026-1-31T08:05:09Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2025-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-01-31T24:00:00Z", "2026-01-31T23:60:00Z", "2026-01-31T23:59:61Z", "2026-01-31T08:05:09.Z",
        "2026-01-31T08:05:09+24:00", "2026-01-31T08:05:09+0200", "2026-01-31T08:05:09ZZ",
        "-026-01-31T08:05:09Z"}) {
    const auto time = parse_rfc3339(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code(), Code::kInvalid) << text;
  }
  EXPECT_EQ(parse_rfc3339("tomorrow").error().message(),
            "\"tomorrow\" is not a time; write it as 2026-01-31T08:05:09Z (RFC 3339)");
}

struct DurationRow {
  const char* name;
  const char* text;
  milliseconds value;
  const char* shown;
};

class GoodDuration : public testing::TestWithParam<DurationRow> {};

TEST_P(GoodDuration, IsReadAndShown) {
  const auto duration = parse_duration(GetParam().text);
  ASSERT_TRUE(duration) << duration.error().message();
  EXPECT_EQ(*duration, GetParam().value);
  EXPECT_EQ(format_duration(*duration), GetParam().shown);
  EXPECT_EQ(parse_duration(GetParam().shown).value(), *duration);
}

INSTANTIATE_TEST_SUITE_P(
    Table, GoodDuration,
    testing::Values(
        DurationRow{"Zero", "0", 0ms, "0s"}, DurationRow{"ZeroSeconds", "0s", 0ms, "0s"},
        DurationRow{"Seconds", "5s", 5s, "5s"}, DurationRow{"Milliseconds", "250ms", 250ms, "250ms"},
        DurationRow{"HoursAndMinutes", "1h30m", 90min, "1h30m"},
        DurationRow{"AsGoPrints", "1h30m0s", 90min, "1h30m"}, DurationRow{"Decimals", "1.5h", 90min, "1h30m"},
        DurationRow{"NoWholePart", ".5s", 500ms, "500ms"}, DurationRow{"NoFraction", "5.s", 5s, "5s"},
        DurationRow{"TrailingZeros", "1.5000000000000s", 1500ms, "1s500ms"},
        DurationRow{"AllUnits", "1h2m3s4ms", 3723004ms, "1h2m3s4ms"},
        DurationRow{"AnyOrder", "3s1h", 3603s, "1h3s"}, DurationRow{"LargeUnit", "90m", 90min, "1h30m"},
        DurationRow{"Longest", "876600h", limits::kDurationTextMax, "876600h"}),
    [](const auto& row) { return row.param.name; });

struct BadDurationRow {
  const char* name;
  const char* text;
  Code code;
  const char* why;
};

class BadDuration : public testing::TestWithParam<BadDurationRow> {};

TEST_P(BadDuration, SaysWhatIsWrongAndHowToWriteIt) {
  const auto duration = parse_duration(GetParam().text);
  ASSERT_FALSE(duration);
  EXPECT_EQ(duration.error().code(), GetParam().code);
  EXPECT_EQ(duration.error().message(), std::string("\"") + GetParam().text + "\" is not a duration: " +
                                            GetParam().why + "; write it as 1h30m, 5s or 250ms");
}

constexpr const char* kUnit = "the unit must be h, m, s or ms";

INSTANTIATE_TEST_SUITE_P(
    Table, BadDuration,
    testing::Values(BadDurationRow{"Empty", "", Code::kInvalid, "it is empty"},
                    BadDurationRow{"NoUnit", "5", Code::kInvalid, kUnit},
                    BadDurationRow{"Days", "1d", Code::kInvalid, kUnit},
                    BadDurationRow{"Space", "5 s", Code::kInvalid, kUnit},
                    BadDurationRow{"LastWithoutUnit", "1h30", Code::kInvalid, kUnit},
                    BadDurationRow{"Negative", "-5s", Code::kInvalid, "it must not be negative"},
                    BadDurationRow{"NoNumber", "s", Code::kInvalid, "a number is missing"},
                    BadDurationRow{"OnlyAPoint", ".s", Code::kInvalid, "a number is missing"},
                    BadDurationRow{"Sign", "+5s", Code::kInvalid, "a number is missing"},
                    BadDurationRow{"TooFine", "1.5ms", Code::kInvalid, "it is finer than a millisecond"},
                    BadDurationRow{"FarTooFine", "1.00000000001h", Code::kInvalid,
                                   "it is finer than a millisecond"},
                    BadDurationRow{"TooLong", "876601h", Code::kLimit, "it is longer than 100 years"},
                    BadDurationRow{"TooLongInSum", "876600h1ms", Code::kLimit, "it is longer than 100 years"},
                    BadDurationRow{"BeyondAnyNumber", "99999999999999999999s", Code::kLimit,
                                   "it is longer than 100 years"}),
    [](const auto& row) { return row.param.name; });

TEST(Duration, BelowZeroIsShownWithASign) {
  EXPECT_EQ(format_duration(-1500ms), "-1s500ms");
  EXPECT_EQ(format_duration(milliseconds::min()), "-2562047788015h12m55s808ms");
}

}  // namespace
}  // namespace holdfast::base
