// SPDX-License-Identifier: Apache-2.0
#include "gitops/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "gitops/document_tree.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Result;
using sync::in_quotes;

template <std::size_t N>
bool one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 5> kNulls{"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 3> kTrue{"true", "True", "TRUE"};
constexpr std::array<std::string_view, 3> kFalse{"false", "False", "FALSE"};
constexpr std::array<std::string_view, 6> kNoNumbers{".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};

constexpr std::int64_t kExactMax = std::int64_t{1} << 53;  // beyond it a double, and so JSON, skips integers

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::string_view without_sign(std::string_view text) {
  return text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
}

base::Result<PlainScalar> too_large(std::string_view text) {
  return fail(
      Code::kInvalid,
      in_quotes(text) + " is a number beyond 2^53, which JSON does not hold exactly; put it in quotes");
}

Result<PlainScalar> integer(std::string_view text, std::string_view digits, int base) {
  std::int64_t value = 0;
  const auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (problem != std::errc{} || value > kExactMax) return too_large(text);
  return PlainScalar{ScalarKind::kInt, std::to_string(text.starts_with('-') ? -value : value)};
}

Result<PlainScalar> decimal(std::string_view text) {
  const std::string_view digits = without_sign(text);
  if (digits.size() > 1 && digits.front() == '0') {
    return fail(Code::kInvalid,
                in_quotes(text) +
                    " is octal to some readers of YAML and decimal to others; put it in quotes, or "
                    "write it without the leading zero");
  }
  return integer(text, digits, 10);
}

bool is_radix(std::string_view text, std::string_view prefix, std::string_view digits) {
  return text.starts_with(prefix) && text.size() > prefix.size() &&
         text.find_first_not_of(digits, prefix.size()) == std::string_view::npos;
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  std::string_view rest = without_sign(text);
  const auto take_digits = [&rest] {
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_digit);
    const auto count = static_cast<std::size_t>(end - rest.begin());
    rest.remove_prefix(count);
    return count;
  };
  std::size_t digits = take_digits();
  const bool leading = digits > 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    digits += take_digits();
  }
  if (digits == 0 || (!leading && rest.size() == text.size())) return false;
  if (rest.empty()) return true;
  if (rest.front() != 'e' && rest.front() != 'E') return false;
  return all_digits(without_sign(rest.substr(1)));
}

/// REQUIRES: is_float(text).
Result<PlainScalar> floating(std::string_view text) {
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  double value = 0;
  const auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc{} || std::fabs(value) > static_cast<double>(kExactMax)) return too_large(text);
  if (std::trunc(value) == value) {  // 1.0 and 1 have one canonical form
    return PlainScalar{ScalarKind::kFloat, std::to_string(static_cast<std::int64_t>(value))};
  }
  return PlainScalar{ScalarKind::kFloat, base::canonical_json(base::Json(value))};
}

}  // namespace

Result<PlainScalar> read_plain_scalar(std::string_view text) {
  if (one_of(text, kNulls)) return PlainScalar{ScalarKind::kNull, "null"};
  if (one_of(text, kTrue)) return PlainScalar{ScalarKind::kBool, "true"};
  if (one_of(text, kFalse)) return PlainScalar{ScalarKind::kBool, "false"};
  if (one_of(without_sign(text), kNoNumbers)) {
    return fail(Code::kInvalid, in_quotes(text) + " is no number that JSON can hold; put it in quotes");
  }
  if (all_digits(without_sign(text))) return decimal(text);
  if (is_radix(text, "0x", "0123456789abcdefABCDEF")) return integer(text, text.substr(2), 16);
  if (is_radix(text, "0o", "01234567")) return integer(text, text.substr(2), 8);
  if (is_float(text)) return floating(text);
  return PlainScalar{ScalarKind::kString, json_string(text)};
}

}  // namespace holdfast::gitops
