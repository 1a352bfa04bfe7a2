// SPDX-License-Identifier: Apache-2.0
// parse_json. The grammar is nlohmann's lexer and parser; what is kept is decided here, through its SAX
// interface, so that depth, number of values and duplicates are refused while reading and not afterwards.
#include "base/json.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <exception>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits/documents.hpp"

namespace holdfast::base {
namespace {

constexpr std::int64_t kExactMax = std::int64_t{1} << 53;  // beyond it a double skips integers
constexpr double kExponentFrom = 1e21;                     // ECMAScript prints an exponent from here on

/// Tells the handler how far the lexer has read, which its events do not say.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** read) : at_(at), read_(read) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *read_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** read_;
};

Error error_at(std::size_t offset, Code code, std::string_view what) {
  return {code, "JSON, byte " + std::to_string(offset) + ": " + std::string(what)};
}

/// Names come from outside: enough to find the place, nothing that disturbs a terminal.
std::string shown(std::string_view name) {
  constexpr std::size_t kShownMax = 64;
  std::string out;
  for (const char c : name.substr(0, kShownMax))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  while (!is_utf8(out)) out.pop_back();  // cut in the middle of a character
  if (name.size() > kShownMax) out += "…";
  return out;
}

/// Builds the value. A handler that answers false ends the parse; `error` then says why.
class Builder {
 public:
  Builder(JsonLimits limits, const char* begin, const char* const* read)
      : limits_(limits), begin_(begin), read_(read) {}

  Json take() { return std::move(root_); }
  std::optional<Error>& error() { return error_; }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) {
    return value < -kExactMax ? inexact(static_cast<double>(value)) : add(value);
  }
  bool number_unsigned(std::uint64_t value) {
    return value > static_cast<std::uint64_t>(kExactMax) ? inexact(static_cast<double>(value)) : add(value);
  }
  bool number_float(double value, const std::string& text) {
    if (limits_.integers == JsonIntegers::kRounded) return add(value);
    // The lexer hands over an integer too large for 64 bits as a float.
    if (text.find_first_of(".eE") == std::string::npos) return refuse_number();
    const double size = std::fabs(value);
    if (size > static_cast<double>(kExactMax)) {
      // The canonical form would be an integer that no reader of ours takes back.
      return size < kExponentFrom ? refuse_number() : add(value);
    }
    // 1.0 and 1 have one canonical form, so they are one value before it, too.
    if (std::trunc(value) == value) return add(static_cast<std::int64_t>(value));
    return add(value);
  }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(Json::binary_t&) { return refuse(Code::kInvalid, "binary values are not JSON"); }

  bool start_object(std::size_t) { return open(Json::object()); }
  bool key(std::string& name) {
    Json& object = *open_.back();
    if (object.contains(name)) {
      return refuse(Code::kInvalid, "the member \"" + shown(name) + "\" is there twice; remove one");
    }
    member_ = &object[std::move(name)];
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_array() { return close(); }

  template <class Exception>
  bool parse_error(std::size_t, const std::string&, const Exception& exception) {
    return refuse(Code::kInvalid, reason(exception.what()));
  }

 private:
  /// Only the reason: what nlohmann quotes of the text may be a secret or a megabyte.
  static std::string reason(std::string_view what) {
    if (const auto start = what.find("syntax error"); start != std::string_view::npos)
      what.remove_prefix(start);
    else if (const auto number = what.find("number overflow"); number != std::string_view::npos) {
      return "the number is too large; write it as a string";
    }
    return std::string(what.substr(0, what.find("; last read")));
  }

  bool refuse(Code code, std::string_view what) {
    if (!error_) error_ = error_at(static_cast<std::size_t>(*read_ - begin_), code, what);
    return false;
  }
  bool inexact(double value) {
    return limits_.integers == JsonIntegers::kRounded ? add(value) : refuse_number();
  }
  bool refuse_number() {
    return refuse(Code::kInvalid, "an integer beyond 2^53 is not exact in JSON; write it as a string");
  }

  /// Puts `value` where the next value belongs: a member, the end of an array, or the root.
  Json* place(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_object()) return &(*member_ = std::move(value));
    open_.back()->push_back(std::move(value));
    return &open_.back()->back();
  }
  bool count() {
    if (++values_ <= limits_.values_max) return true;
    return refuse(Code::kLimit,
                  "more than " + std::to_string(limits_.values_max) + " values; split the document");
  }
  bool add(Json value) {
    if (!count()) return false;
    place(std::move(value));
    return true;
  }
  bool open(Json container) {
    if (!count()) return false;
    if (open_.size() >= limits_.depth_max) {
      return refuse(Code::kLimit,
                    "nested deeper than " + std::to_string(limits_.depth_max) + "; make it flatter");
    }
    open_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  JsonLimits limits_;
  const char* begin_;
  const char* const* read_;
  Json root_;
  std::vector<Json*> open_;  // stable: a parent takes no new value while its child is open
  Json* member_ = nullptr;
  std::size_t values_ = 0;
  std::optional<Error> error_;
};

/// What nlohmann's lexer lets pass: it skips a byte order mark and takes a NUL for the end of the text.
Status check_raw(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") {
    return fail(error_at(0, Code::kInvalid, "a byte order mark; save the text without one"));
  }
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    return fail(error_at(nul, Code::kInvalid, "a NUL byte; this is not JSON text"));
  }
  return {};
}

}  // namespace

JsonLimits default_json_limits() {
  return {limits::kJsonBytesMax, limits::kJsonDepthMax, limits::kJsonValuesMax};
}

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.bytes_max) {
    return fail(Code::kLimit, "JSON of " + std::to_string(text.size()) + " bytes is over the limit of " +
                                  std::to_string(limits.bytes_max) + "; split the document");
  }
  HF_CHECK(check_raw(text));
  const char* const begin = text.data();
  const char* read = begin;
  Builder builder(limits, begin, &read);
  try {
    const CountingIterator first(begin, &read);
    const CountingIterator last(begin + text.size(), &read);
    if (Json::sax_parse(first, last, &builder)) return builder.take();
  } catch (const std::exception& exception) {  // memory; nothing else is known to get here
    return fail(Code::kInternal, std::string("JSON: ") + exception.what());
  }
  return fail(builder.error().value_or(Error(Code::kInternal, "JSON: the parser gave no reason")));
}

std::string to_decimal(std::uint64_t value) { return std::to_string(value); }

Result<std::uint64_t> from_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (problem == std::errc::result_out_of_range) {
    return fail(Code::kInvalid, "the number is beyond 64 bits");
  }
  const bool leading_zero = text.size() > 1 && text.front() == '0';  // one text for each number
  if (problem != std::errc{} || stop != end || leading_zero) {
    return fail(Code::kInvalid, "not a decimal number: it must be digits without sign or leading zero");
  }
  return value;
}

namespace {

struct Utf8Lead {
  std::size_t length;
  unsigned char second_min;  // keeps out overlong forms, surrogates and what lies beyond U+10FFFF
  unsigned char second_max;
};

/// Table 3-7 of the Unicode Standard; length 0: no character starts so.
Utf8Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

bool is_between(char c, unsigned char low, unsigned char high) {
  const auto byte = static_cast<unsigned char>(c);
  return low <= byte && byte <= high;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Utf8Lead lead = lead_of(static_cast<unsigned char>(bytes.front()));
    if (lead.length == 0 || lead.length > bytes.size()) return false;
    if (lead.length > 1 && !is_between(bytes[1], lead.second_min, lead.second_max)) return false;
    for (std::size_t i = 2; i < lead.length; ++i) {
      if (!is_between(bytes[i], 0x80, 0xBF)) return false;
    }
    bytes.remove_prefix(lead.length);
  }
  return true;
}

}  // namespace holdfast::base
