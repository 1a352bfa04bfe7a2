// SPDX-License-Identifier: Apache-2.0
// CronSchedule::parse: the syntax of the five fields.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/limits/model.hpp"
#include "sync/model/cron_schedule.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct CronField {
  std::string_view what;
  unsigned min;
  unsigned max;
  std::span<const std::string_view> names;  ///< of min, min + 1, …
};
constexpr std::array<CronField, 5> kFields{{{"minute", 0, 59, {}},
                                            {"hour", 0, 23, {}},
                                            {"day of month", 1, 31, {}},
                                            {"month", 1, 12, kMonths},
                                            {"day of week", 0, 6, kWeekdays}}};

struct Named {
  std::string_view word;
  std::string_view fields;
};
constexpr std::array<Named, 7> kWords{{{"@yearly", "0 0 1 1 *"},
                                       {"@annually", "0 0 1 1 *"},
                                       {"@monthly", "0 0 1 * *"},
                                       {"@weekly", "0 0 * * 0"},
                                       {"@daily", "0 0 * * *"},
                                       {"@midnight", "0 0 * * *"},
                                       {"@hourly", "0 * * * *"}}};

struct Bits {
  std::uint64_t bits = 0;
  bool is_any = false;
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Status wrong(const CronField& field, std::string_view text) {
  std::string hint;
  if (field.max == 6 && text == "7") hint = "; Sunday is 0 or SUN";
  return fail(Code::kInvalid, "the " + std::string(field.what) + " " + in_quotes(text) + " must be from " +
                                  std::to_string(field.min) + " to " + std::to_string(field.max) + hint);
}

Result<unsigned> read_value(std::string_view text, const CronField& field) {
  const auto name = std::find(field.names.begin(), field.names.end(), lower(text));
  if (name != field.names.end()) return field.min + static_cast<unsigned>(name - field.names.begin());
  const bool digits = !text.empty() && text.size() <= 9 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  unsigned value = 0;
  for (const char c : digits ? text : std::string_view()) value = value * 10 + static_cast<unsigned>(c - '0');
  if (!digits || value < field.min || value > field.max) HF_CHECK(wrong(field, text));
  return value;
}

struct Range {
  unsigned first = 0;
  unsigned last = 0;
  bool is_single = true;
  bool is_any = false;
};

/// "*", "?", "5", "1-5"
Result<Range> read_range(std::string_view text, const CronField& field) {
  if (text == "*" || text == "?") return Range{field.min, field.max, false, true};
  const std::size_t dash = text.find('-');
  HF_TRY(const unsigned first, read_value(text.substr(0, dash), field));
  if (dash == std::string_view::npos) return Range{first, first};
  HF_TRY(const unsigned last, read_value(text.substr(dash + 1), field));
  if (first <= last) return Range{first, last, false};
  return fail(Code::kInvalid, "the " + std::string(field.what) + " " + in_quotes(text) +
                                  " ends before it begins; write two ranges, with a comma between");
}

Result<unsigned> read_step(std::string_view text, const CronField& field) {
  const auto step = base::from_decimal(text);
  if (step && *step >= 1 && *step <= 1'000) return static_cast<unsigned>(*step);
  return fail(Code::kInvalid, "the step " + in_quotes(text) + " of the " + std::string(field.what) +
                                  " must be a whole number from 1");
}

/// One part of a list: a range with or without a step. "5/10" goes on to the end, as in Kubernetes.
Status add_part(std::string_view text, const CronField& field, Bits& out) {
  const std::size_t slash = text.find('/');
  HF_TRY(Range range, read_range(text.substr(0, slash), field));
  unsigned step = 1;
  if (slash != std::string_view::npos) {
    HF_TRY(step, read_step(text.substr(slash + 1), field));
    if (range.is_single) range.last = field.max;
  }
  for (unsigned value = range.first; value <= range.last; value += step)
    out.bits |= std::uint64_t{1} << value;
  out.is_any = out.is_any || (range.is_any && step == 1);
  return {};
}

Result<Bits> read_field(std::string_view text, const CronField& field) {
  Bits out;
  for (const std::string_view part : split(text, ',')) HF_CHECK(add_part(part, field, out));
  return out;
}

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  std::vector<std::string_view> words;
  while (text.find_first_not_of(kSpace) != std::string_view::npos) {
    text.remove_prefix(text.find_first_not_of(kSpace));
    words.push_back(text.substr(0, text.find_first_of(kSpace)));
    text.remove_prefix(words.back().size());
  }
  return words;
}

Result<std::string_view> fields_of(std::string_view text) {
  if (text.find("TZ=") != std::string_view::npos) {
    return fail(Code::kUnsupported, "a time zone has no place here; write it as timeZone");
  }
  if (!text.starts_with('@')) return text;
  for (const auto& [word, fields] : kWords) {
    if (word == text) return fields;
  }
  if (text.starts_with("@every")) {
    return fail(
        Code::kUnsupported,
        in_quotes(text) +
            " has no beginning that a restart would keep; write the minutes, such as \"*/30 * * * *\"");
  }
  return fail(
      Code::kInvalid,
      in_quotes(text) + " must be one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly");
}

}  // namespace

class CronReader {
 public:
  static Result<CronSchedule> read(std::string_view text) {
    const auto words = words_of(text);
    if (words.size() != kFields.size()) {
      return fail(Code::kInvalid,
                  "must be five fields (minute, hour, day of month, month, day of week), not " +
                      std::to_string(words.size()));
    }
    std::array<Bits, kFields.size()> fields;
    for (std::size_t i = 0; i < kFields.size(); ++i) {
      HF_TRY(fields[i], read_field(words[i], kFields[i]));
    }
    CronSchedule out;
    out.minutes_ = fields[0].bits;
    out.hours_ = fields[1].bits;
    out.days_ = fields[2].bits;
    out.months_ = fields[3].bits;
    out.weekdays_ = fields[4].bits;
    out.any_day_ = fields[2].is_any;
    out.any_weekday_ = fields[4].is_any;
    if (out.ever_comes()) return out;
    return fail(Code::kInvalid, in_quotes(text) + " never comes: none of its months has such a day");
  }
};

Result<CronSchedule> CronSchedule::parse(std::string_view text) {
  if (text.size() > base::limits::kCronScheduleLengthMax) {
    return fail(Code::kLimit,
                "more than " + std::to_string(base::limits::kCronScheduleLengthMax) + " characters");
  }
  HF_TRY(const std::string_view fields, fields_of(text));
  return CronReader::read(fields);
}

}  // namespace holdfast::sync
