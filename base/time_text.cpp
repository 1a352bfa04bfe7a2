// SPDX-License-Identifier: Apache-2.0
#include "base/time_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/limits/documents.hpp"

namespace holdfast::base {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr WallTime kFirst = sys_days(std::chrono::year(0) / 1 / 1);
constexpr WallTime kLast = sys_days(std::chrono::year(10'000) / 1 / 1) - milliseconds(1);

void append_padded(std::string& out, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

/// "2026-01-31T08:05:09"
std::string date_and_time(WallTime time) {
  const auto day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(time - day));
  std::string out;
  append_padded(out, static_cast<int>(date.year()), 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_padded(out, clock.hours().count(), 2);
  out += ':';
  append_padded(out, clock.minutes().count(), 2);
  out += ':';
  append_padded(out, clock.seconds().count(), 2);
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes what it understands from the front of a text; the first mistake makes all the rest fail.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  /// Exactly `width` digits.
  int number(std::size_t width) {
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (rest_.empty() || !is_digit(rest_.front())) {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  /// One character of `any`; RFC 3339 takes "t" and "z", too.
  char one_of(std::string_view any) {
    if (rest_.empty() || any.find(rest_.front()) == std::string_view::npos) {
      failed_ = true;
      return '\0';
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  bool is_next(char c) const { return !rest_.empty() && rest_.front() == c; }
  std::string_view digits() {
    std::size_t length = 0;
    while (length < rest_.size() && is_digit(rest_[length])) ++length;
    const auto out = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return out;
  }
  void fail_unless(bool ok) { failed_ = failed_ || !ok; }
  bool is_done() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

/// ".5" is 500 ms; what is finer is cut.
milliseconds read_fraction(Scanner& in) {
  if (!in.is_next('.')) return {};
  in.one_of(".");
  std::string digits(in.digits());
  in.fail_unless(!digits.empty());
  digits.resize(3, '0');
  return milliseconds(Scanner(digits).number(3));
}

/// "Z" or "+02:00"
minutes read_offset(Scanner& in) {
  const char sign = in.one_of("Zz+-");
  if (sign != '+' && sign != '-') return {};
  const int h = in.number(2);
  in.one_of(":");
  const int m = in.number(2);
  in.fail_unless(h < 24 && m < 60);
  const minutes offset = hours(h) + minutes(m);
  return sign == '-' ? -offset : offset;
}

// ---- durations ----

struct Unit {
  std::string_view name;
  std::int64_t in_ms;
};
constexpr std::array<Unit, 4> kUnits{{{"ms", 1}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}}};

Error bad_duration(std::string_view text, std::string_view why) {
  constexpr std::size_t kShownMax = 40;
  std::string what = "\"" + std::string(text.substr(0, kShownMax)) + "\" is not a duration: ";
  return {Code::kInvalid, what.append(why).append("; write it as 1h30m, 5s or 250ms")};
}

/// value × unit, or nothing where it passes the limit.
std::optional<std::int64_t> times_unit(std::string_view digits, std::int64_t unit_in_ms) {
  constexpr std::int64_t kMost = milliseconds(limits::kDurationTextMax).count();
  std::int64_t value = 0;
  for (const char c : digits) {
    value = value * 10 + (c - '0');
    if (value > kMost) return std::nullopt;
  }
  if (value > kMost / unit_in_ms) return std::nullopt;
  return value * unit_in_ms;
}

/// ".25" of a unit; nothing where it is no whole number of milliseconds.
std::optional<std::int64_t> fraction_of(std::string_view digits, std::int64_t unit_in_ms) {
  while (!digits.empty() && digits.back() == '0') digits.remove_suffix(1);
  constexpr std::size_t kDigitsMax = 9;  // no unit has more places in milliseconds
  if (digits.size() > kDigitsMax) return std::nullopt;
  std::int64_t value = 0;
  std::int64_t scale = 1;
  for (const char c : digits) {
    value = value * 10 + (c - '0');
    scale *= 10;
  }
  if (value * unit_in_ms % scale != 0) return std::nullopt;
  return value * unit_in_ms / scale;
}

const Unit* take_unit(std::string_view& rest) {
  for (const auto& unit : kUnits) {
    if (!rest.starts_with(unit.name)) continue;
    rest.remove_prefix(unit.name.size());
    return &unit;
  }
  return nullptr;
}

std::string_view take_digits(std::string_view& rest) {
  std::size_t length = 0;
  while (length < rest.size() && is_digit(rest[length])) ++length;
  const auto out = rest.substr(0, length);
  rest.remove_prefix(length);
  return out;
}

/// One "1.5h" from the front of `rest`.
Result<std::int64_t> take_part(std::string_view text, std::string_view& rest) {
  const auto whole = take_digits(rest);
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = take_digits(rest);
  }
  if (whole.empty() && fraction.empty()) return fail(bad_duration(text, "a number is missing"));
  const Unit* unit = take_unit(rest);
  if (unit == nullptr) return fail(bad_duration(text, "the unit must be h, m, s or ms"));
  const auto full = times_unit(whole, unit->in_ms);
  if (!full) return fail(Code::kLimit, bad_duration(text, "it is longer than 100 years").message());
  const auto part = fraction_of(fraction, unit->in_ms);
  if (!part) return fail(bad_duration(text, "it is finer than a millisecond"));
  return *full + *part;
}

}  // namespace

std::string to_rfc3339(WallTime time) {
  const WallTime shown = std::clamp(time, kFirst, kLast);
  std::string out = date_and_time(shown);
  out += '.';
  append_padded(out, (shown - std::chrono::floor<seconds>(shown)).count(), 3);
  return out += 'Z';
}

std::string to_rfc3339_seconds(WallTime time) { return date_and_time(std::clamp(time, kFirst, kLast)) + 'Z'; }

Result<WallTime> parse_rfc3339(std::string_view text) {
  Scanner in(text);
  const std::chrono::year year(in.number(4));
  in.one_of("-");
  const std::chrono::month month(static_cast<unsigned>(in.number(2)));
  in.one_of("-");
  const std::chrono::day day(static_cast<unsigned>(in.number(2)));
  in.one_of("Tt");
  const int hour = in.number(2);
  in.one_of(":");
  const int minute = in.number(2);
  in.one_of(":");
  const int second = in.number(2);
  const milliseconds fraction = read_fraction(in);
  const minutes offset = read_offset(in);
  const year_month_day date(year, month, day);
  in.fail_unless(date.ok() && hour < 24 && minute < 60 && second <= 60);
  if (!in.is_done()) {
    constexpr std::size_t kShownMax = 40;
    return fail(Code::kInvalid, "\"" + std::string(text.substr(0, kShownMax)) +
                                    "\" is not a time; write it as 2026-01-31T08:05:09Z (RFC 3339)");
  }
  return WallTime(sys_days(date)) + hours(hour) + minutes(minute) + seconds(second) + fraction - offset;
}

std::string format_duration(milliseconds duration) {
  if (duration == milliseconds::zero()) return "0s";
  // Unsigned, so that the smallest value has a size too.
  auto rest = static_cast<std::uint64_t>(duration.count());
  std::string out;
  if (duration < milliseconds::zero()) {
    out += '-';
    rest = ~rest + 1;
  }
  const auto part = [&](std::uint64_t in_ms, std::string_view unit) {
    if (rest < in_ms) return;
    out.append(std::to_string(rest / in_ms)).append(unit);
    rest %= in_ms;
  };
  part(3'600'000, "h");
  part(60'000, "m");
  part(1'000, "s");
  part(1, "ms");
  return out;
}

Result<milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return milliseconds::zero();
  if (text.empty()) return fail(bad_duration(text, "it is empty"));
  if (text.starts_with('-')) return fail(bad_duration(text, "it must not be negative"));
  milliseconds total{};
  std::string_view rest = text;
  while (!rest.empty()) {
    HF_TRY(const std::int64_t part, take_part(text, rest));
    total += milliseconds(part);
    if (total > limits::kDurationTextMax) {
      return fail(Code::kLimit, bad_duration(text, "it is longer than 100 years").message());
    }
  }
  return total;
}

}  // namespace holdfast::base
