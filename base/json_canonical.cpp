// SPDX-License-Identifier: Apache-2.0
// canonical_json: RFC 8785, the JSON Canonicalization Scheme. Two sides that hold equal values get equal
// bytes, so a digest of those bytes means the value.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace holdfast::base {
namespace {

/// RFC 8785 §3.2.2.2: the short escapes, \u00xx in lower case for the other controls, all else as it is.
void write_string(std::string_view text, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\f': out += "\\f"; break;
      case '\r': out += "\\r"; break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20) {
          out += c;
        } else {
          out.append("\\u00").append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 0x0fU]);
        }
      }
    }
  }
  out += '"';
}

/// Lays out decimal digits d1…dk with value 0.d1…dk × 10^n as Number::toString of ECMA-262 does.
void write_digits(std::string_view digits, int n, std::string& out) {
  const int k = static_cast<int>(digits.size());
  if (k <= n && n <= 21) {
    out.append(digits).append(static_cast<std::size_t>(n - k), '0');
  } else if (0 < n && n <= 21) {
    const auto point = static_cast<std::size_t>(n);
    out.append(digits.substr(0, point)).append(1, '.').append(digits.substr(point));
  } else if (-6 < n && n <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-n), '0').append(digits);
  } else {
    const int exponent = n - 1;
    out.append(digits.substr(0, 1));
    if (k > 1) out.append(1, '.').append(digits.substr(1));
    out.append(exponent < 0 ? "e-" : "e+").append(std::to_string(std::abs(exponent)));
  }
}

void write_double(double value, std::string& out) {
  if (!std::isfinite(value)) {  // parse_json never makes one; JSON has no other word for it
    out += "null";
    return;
  }
  if (value == 0) {  // -0 too
    out += '0';
    return;
  }
  if (value < 0) out += '-';
  // The shortest digits that read back as the same double: "d.ddde±xx".
  std::array<char, 32> buffer{};
  const auto [end, problem] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value),
                                            std::chars_format::scientific);
  (void)problem;  // 32 bytes hold every double
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const auto e = text.find('e');
  std::string digits(text.substr(0, e));
  std::erase(digits, '.');
  int exponent = 0;
  const std::size_t sign = text[e + 1] == '+' ? 1 : 0;  // from_chars takes "-" only
  std::from_chars(text.data() + e + 1 + sign, end, exponent);
  write_digits(digits, exponent + 1, out);
}

/// The order of UTF-16 code units from UTF-8 bytes. They differ only where U+E000…U+FFFF (lead bytes EE, EF)
/// meets what lies above U+FFFF (F0…F4), which UTF-16 writes with surrogates, D800…DFFF.
unsigned rank(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0xF0) return byte - 2U;
  if (byte >= 0xEE) return byte + 5U;
  return byte;
}

bool before_in_utf16(const std::string& a, const std::string& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return rank(x) < rank(y); });
}

void write(const Json& value, std::string& out);

void write_object(const Json& object, std::string& out) {
  std::vector<Json::const_iterator> members;
  members.reserve(object.size());
  for (auto member = object.begin(); member != object.end(); ++member) members.push_back(member);
  const auto before = [](const auto& a, const auto& b) { return before_in_utf16(a.key(), b.key()); };
  if (!std::is_sorted(members.begin(), members.end(), before))
    std::sort(members.begin(), members.end(), before);
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    write_string(members[i].key(), out);
    out += ':';
    write(members[i].value(), out);
  }
  out += '}';
}

void write_array(const Json& array, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i > 0) out += ',';
    write(array[i], out);
  }
  out += ']';
}

void write(const Json& value, std::string& out) {
  switch (value.type()) {
    case Json::value_t::object: write_object(value, out); break;
    case Json::value_t::array: write_array(value, out); break;
    case Json::value_t::string: write_string(value.get_ref<const std::string&>(), out); break;
    case Json::value_t::boolean: out += value.get<bool>() ? "true" : "false"; break;
    case Json::value_t::number_integer: out += std::to_string(value.get<std::int64_t>()); break;
    case Json::value_t::number_unsigned: out += std::to_string(value.get<std::uint64_t>()); break;
    case Json::value_t::number_float: write_double(value.get<double>(), out); break;
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded: out += "null"; break;
  }
}

}  // namespace

std::string canonical_json(const Json& value) {
  std::string out;
  write(value, out);
  return out;
}

}  // namespace holdfast::base
