// SPDX-License-Identifier: Apache-2.0
#include "sync/model/posix_zone.hpp"

#include <algorithm>
#include <string>

#include "sync/model/text.hpp"

namespace holdfast::sync {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using std::chrono::weekday;
using std::chrono::year;

constexpr int kHoursMax = 167;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

/// Reads from the front of the text; false and what is left is of no use where something else stands there.
class PosixZoneReader {
 public:
  explicit PosixZoneReader(std::string_view text) : text_(text) {}

  bool read(PosixZone& out) {
    seconds west{0};
    if (!skip_name() || !read_time(west)) return false;
    out.standard_ = -west;
    if (text_.empty()) return true;
    PosixZone::Summer summer;
    summer.offset = out.standard_ + hours(1);
    if (!skip_name()) return false;
    if (!text_.starts_with(',')) {
      if (!read_time(west)) return false;
      summer.offset = -west;
    }
    if (!read_day(summer.begin) || !read_day(summer.end) || !text_.empty()) return false;
    out.summer_ = summer;
    return true;
  }

 private:
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  /// "CET" or "<+03>"
  bool skip_name() {
    const bool is_quoted = take('<');
    std::size_t length = 0;
    while (length < text_.size() &&
           (is_letter(text_[length]) ||
            (is_quoted && (is_digit(text_[length]) || text_[length] == '+' || text_[length] == '-')))) {
      ++length;
    }
    text_.remove_prefix(length);
    return length >= 3 && (!is_quoted || take('>'));
  }

  bool read_number(int min, int max, int& out) {
    if (text_.empty() || !is_digit(text_.front())) return false;
    out = 0;
    while (!text_.empty() && is_digit(text_.front()) && out <= max) {
      out = out * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return out >= min && out <= max;
  }

  /// "-1", "5:30", "+12:45:00"
  bool read_time(seconds& out) {
    const bool negative = take('-');
    if (!negative) take('+');
    int part = 0;
    if (!read_number(0, kHoursMax, part)) return false;
    out = hours(part);
    if (take(':')) {
      if (!read_number(0, 59, part)) return false;
      out += minutes(part);
      if (take(':')) {
        if (!read_number(0, 59, part)) return false;
        out += seconds(part);
      }
    }
    if (negative) out = -out;
    return true;
  }

  /// ",M3.5.0/2", ",J60", ",0/0"
  bool read_day(PosixZone::Day& out) {
    if (!take(',')) return false;
    bool good = false;
    if (take('M')) {
      out.form = PosixZone::Day::Form::kMonthWeekDay;
      good = read_number(1, 12, out.month) && take('.') && read_number(1, 5, out.week) && take('.') &&
             read_number(0, 6, out.day);
    } else if (take('J')) {
      out.form = PosixZone::Day::Form::kJulian;
      good = read_number(1, 365, out.day);
    } else {
      out.form = PosixZone::Day::Form::kZeroBased;
      good = read_number(0, 365, out.day);
    }
    out.after = hours(2);
    return good && (!take('/') || read_time(out.after));
  }

  std::string_view text_;
};

local_seconds PosixZone::Day::in(year of) const {
  const local_days first(of / std::chrono::January / 1);
  switch (form) {
    case Form::kZeroBased: return first + days(day) + after;
    case Form::kJulian: {
      constexpr int kLastOfFebruary = 59;
      const int leap = of.is_leap() && day > kLastOfFebruary ? 1 : 0;
      return first + days(day - 1 + leap) + after;
    }
    case Form::kMonthWeekDay: break;
  }
  const auto in_month = of / std::chrono::month(static_cast<unsigned>(month));
  const weekday wanted(static_cast<unsigned>(day));
  if (week == 5) return local_days(in_month / wanted[std::chrono::last]) + after;
  return local_days(in_month / wanted[static_cast<unsigned>(week)]) + after;
}

base::Result<PosixZone> PosixZone::parse(std::string_view text) {
  PosixZone zone;
  if (PosixZoneReader(text).read(zone)) return zone;
  return base::fail(base::Code::kCorrupt, in_quotes(text) + " is not a rule of a time zone");
}

std::vector<ZoneChange> PosixZone::changes_in(year of) const {
  if (!summer_) return {};
  const auto instant = [](local_seconds local, seconds offset) {
    return sys_seconds(local.time_since_epoch() - offset);
  };
  std::vector<ZoneChange> changes{{instant(summer_->begin.in(of), standard_), summer_->offset},
                                  {instant(summer_->end.in(of), summer_->offset), standard_}};
  if (changes[1].at < changes[0].at) std::swap(changes[0], changes[1]);
  return changes;
}

}  // namespace holdfast::sync
