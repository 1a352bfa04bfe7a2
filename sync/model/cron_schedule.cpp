// SPDX-License-Identifier: Apache-2.0
#include "sync/model/cron_schedule.hpp"

#include <algorithm>
#include <array>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

using base::WallTime;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::months;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using std::chrono::year_month_day;
using Span = TimeZone::Span;

constexpr int kMinutesOfDay = 24 * 60;
constexpr auto kSearch = std::chrono::years(base::limits::kCronSearchYearsMax) + days(1);
/// Beyond these no calendar is asked: a clock that says so is not set.
constexpr WallTime kEarliest = std::chrono::sys_days(std::chrono::year(1970) / 1 / 1);
constexpr WallTime kLatest = std::chrono::sys_days(std::chrono::year(9900) / 1 / 1);

bool has_bit(std::uint64_t bits, unsigned bit) { return (bits >> bit & 1U) != 0; }

local_seconds local(sys_seconds at, const Span& span) {
  return local_seconds(at.time_since_epoch() + span.offset);
}
sys_seconds instant(local_seconds at, const Span& span) {
  return sys_seconds(at.time_since_epoch() - span.offset);
}

local_days first_of_next_month(local_days day) {
  const year_month_day date(day);
  return local_days((date.year() / date.month() + months(1)) / 1);
}

local_days last_of_previous_month(local_days day) {
  const year_month_day date(day);
  return local_days(date.year() / date.month() / 1) - days(1);
}

}  // namespace

bool CronSchedule::is_month(std::chrono::month month) const {
  return has_bit(months_, static_cast<unsigned>(month));
}

bool CronSchedule::is_day(local_days day) const {
  const year_month_day date(day);
  const bool fits_day = has_bit(days_, static_cast<unsigned>(date.day()));
  const bool fits_weekday = has_bit(weekdays_, std::chrono::weekday(day).c_encoding());
  return any_day_ || any_weekday_ ? fits_day && fits_weekday : fits_day || fits_weekday;
}

bool CronSchedule::is_minute(int minute_of_day) const {
  return has_bit(hours_, static_cast<unsigned>(minute_of_day / 60)) &&
         has_bit(minutes_, static_cast<unsigned>(minute_of_day % 60));
}

bool CronSchedule::ever_comes() const {
  if (!any_weekday_ || any_day_) return true;  // every month has every day of the week
  constexpr std::array<unsigned, 12> kDays{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month <= kDays.size(); ++month) {
    for (unsigned day = 1; day <= kDays[month - 1]; ++day) {
      if (has_bit(months_, month) && has_bit(days_, day)) return true;
    }
  }
  return false;
}

std::optional<local_seconds> CronSchedule::first_in(local_seconds from, local_seconds end) const {
  const auto first = std::chrono::ceil<minutes>(from);
  local_days day = floor<days>(first);
  int minute = static_cast<int>((first - day).count());
  while (day < end) {
    if (!is_month(year_month_day(day).month())) {
      day = first_of_next_month(day);
      minute = 0;
      continue;
    }
    for (; is_day(day) && minute < kMinutesOfDay; ++minute) {
      if (!is_minute(minute)) continue;
      const local_seconds found = day + minutes(minute);
      return found < end ? std::optional(found) : std::nullopt;
    }
    day += days(1);
    minute = 0;
  }
  return std::nullopt;
}

std::optional<local_seconds> CronSchedule::last_in(local_seconds from, local_seconds end) const {
  const auto last = std::chrono::ceil<minutes>(end) - minutes(1);  // the last whole one before `end`
  local_days day = floor<days>(last);
  int minute = static_cast<int>((last - day).count());
  while (day + days(1) > from) {
    if (!is_month(year_month_day(day).month())) {
      day = last_of_previous_month(day);
      minute = kMinutesOfDay - 1;
      continue;
    }
    for (; is_day(day) && minute >= 0; --minute) {
      if (!is_minute(minute)) continue;
      const local_seconds found = day + minutes(minute);
      return found >= from ? std::optional(found) : std::nullopt;
    }
    day -= days(1);
    minute = kMinutesOfDay - 1;
  }
  return std::nullopt;
}

std::optional<WallTime> CronSchedule::next(WallTime after, const TimeZone& zone) const {
  if (after >= kLatest) return std::nullopt;
  sys_seconds from = floor<seconds>(std::max(after, kEarliest - std::chrono::milliseconds(1))) + seconds(1);
  const sys_seconds end = from + floor<seconds>(kSearch);
  while (from < end) {
    const Span span = zone.span_at(from);
    const sys_seconds until = std::min(span.end, end);
    if (const auto found = first_in(local(from, span), local(until, span)))
      return WallTime(instant(*found, span));
    from = until;
  }
  return std::nullopt;
}

std::optional<WallTime> CronSchedule::last(WallTime after, WallTime until, const TimeZone& zone) const {
  if (until < kEarliest || until >= kLatest) return std::nullopt;
  sys_seconds end = floor<seconds>(until) + seconds(1);
  // Strictly after `after`, and not further back than one would look.
  const sys_seconds begin =
      std::max(floor<seconds>(std::max(after, kEarliest - std::chrono::milliseconds(1))) + seconds(1),
               end - floor<seconds>(kSearch));
  while (end > begin) {
    const Span span = zone.span_at(end - seconds(1));
    const sys_seconds from = std::max(span.begin, begin);
    if (const auto found = last_in(local(from, span), local(end, span)))
      return WallTime(instant(*found, span));
    end = from;
  }
  return std::nullopt;
}

}  // namespace holdfast::sync
