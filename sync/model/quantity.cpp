// SPDX-License-Identifier: Apache-2.0
// Kubernetes quantities, exactly: whole-number arithmetic, no floating point, rounded away from zero.
// Threads: pure function.
#include "sync/model/quantity.hpp"

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "base/limits/model.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using): `using` takes no __extension__
constexpr Wide kMax = static_cast<Wide>(std::numeric_limits<std::int64_t>::max());
constexpr std::size_t kDigitsMax = 19;  // below 2^64, so that a mantissa shifted by 60 fits into Wide

/// mantissa × 10^decimal × 2^binary
struct Scaled {
  Wide mantissa = 0;
  int decimal = 0;
  int binary = 0;
};

struct Suffix {
  std::string_view text;
  int decimal;
  int binary;
};
constexpr std::array kSuffixes{
    Suffix{"", 0, 0},    Suffix{"Ki", 0, 10}, Suffix{"Mi", 0, 20}, Suffix{"Gi", 0, 30},
    Suffix{"Ti", 0, 40}, Suffix{"Pi", 0, 50}, Suffix{"Ei", 0, 60}, Suffix{"n", -9, 0},
    Suffix{"u", -6, 0},  Suffix{"m", -3, 0},  Suffix{"k", 3, 0},   Suffix{"M", 6, 0},
    Suffix{"G", 9, 0},   Suffix{"T", 12, 0},  Suffix{"P", 15, 0},  Suffix{"E", 18, 0}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads digits with at most one point; leaves the suffix in `text`. False where there is no digit or too
/// many that count.
bool read_mantissa(std::string_view& text, Scaled& out) {
  std::size_t digits = 0;
  std::size_t significant = 0;
  bool fraction = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (!is_digit(c)) break;
    ++digits;
    if (out.mantissa != 0 || c != '0') ++significant;
    if (significant > kDigitsMax) return false;
    out.mantissa = out.mantissa * 10 + static_cast<Wide>(c - '0');
    if (fraction) --out.decimal;
  }
  return digits > 0;
}

/// "e3", "E-2"; false where it is none.
bool read_exponent(std::string_view text, Scaled& out) {
  if (text.size() < 2 || (text.front() != 'e' && text.front() != 'E')) return false;
  text.remove_prefix(1);
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  if (text.empty() || text.size() > 3) return false;
  int exponent = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    exponent = exponent * 10 + (c - '0');
  }
  out.decimal += negative ? -exponent : exponent;
  return true;
}

bool read_suffix(std::string_view text, Scaled& out) {
  for (const auto& suffix : kSuffixes) {
    if (suffix.text != text) continue;
    out.decimal += suffix.decimal;
    out.binary = suffix.binary;
    return true;
  }
  return read_exponent(text, out);
}

/// In thousandths; over kMax when it does not fit.
Wide thousandths(const Scaled& scaled) {
  if (scaled.mantissa == 0) return 0;
  Wide value = scaled.mantissa << static_cast<unsigned>(scaled.binary);
  int decimal = scaled.decimal + 3;
  bool rest = false;
  for (; decimal < 0 && value != 0; ++decimal) {
    rest = rest || value % 10 != 0;
    value /= 10;
  }
  if (rest) ++value;
  for (; decimal > 0 && value <= kMax; --decimal) value *= 10;
  return value;
}

Result<std::int64_t> not_a_quantity(std::string_view text) {
  return fail(Code::kInvalid, in_quotes(text) + " is not a quantity such as \"500m\", \"2\" or \"128Mi\"");
}

}  // namespace

Result<std::int64_t> parse_quantity_milli(std::string_view text) {
  if (text.size() > base::limits::kQuantityLengthMax) return not_a_quantity(text);
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  Scaled scaled;
  if (!read_mantissa(rest, scaled) || !read_suffix(rest, scaled)) return not_a_quantity(text);
  const Wide value = thousandths(scaled);
  if (value > kMax) return fail(Code::kLimit, in_quotes(text) + " is too large");
  const auto magnitude = static_cast<std::int64_t>(value);
  return negative ? -magnitude : magnitude;
}

Result<std::int64_t> quantity_milli_of(const Json& value) {
  if (value.is_number()) return parse_quantity_milli(base::canonical_json(value));
  HF_TRY(const std::string text, string_of(value));
  return parse_quantity_milli(text);
}

FieldRead memory_field(std::optional<std::uint64_t>& out, std::uint64_t min) {
  return [&out, min](const Json& value, const std::string&) -> Status {
    HF_TRY(const std::int64_t thousandths, quantity_milli_of(value));
    const std::int64_t bytes = thousandths / 1'000;
    if (bytes < 0 || static_cast<std::uint64_t>(bytes) < min) {
      return fail(Code::kInvalid, "less than " + std::to_string(min >> 20U) +
                                      "Mi of memory; a mebibyte is written Mi (\"m\" is a thousandth)");
    }
    out = static_cast<std::uint64_t>(bytes);
    return {};
  };
}

FieldRead cpu_field(std::optional<std::uint32_t>& out) {
  return [&out](const Json& value, const std::string&) -> Status {
    HF_TRY(const std::int64_t thousandths, quantity_milli_of(value));
    if (thousandths < 1 || thousandths > std::int64_t{std::numeric_limits<std::uint32_t>::max()}) {
      return fail(Code::kInvalid,
                  "must be at least 1m and a number of CPUs that can be, such as \"500m\" or \"2\"");
    }
    out = static_cast<std::uint32_t>(thousandths);
    return {};
  };
}

}  // namespace holdfast::sync
