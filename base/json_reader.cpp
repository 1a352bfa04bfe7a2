// SPDX-License-Identifier: Apache-2.0
// ObjectReader: the words in which a person learns which field of which object is wrong.
#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/json.hpp"

namespace holdfast::base {
namespace {

std::string_view type_words(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object: return "an object";
    case Json::value_t::array: return "a list";
    case Json::value_t::string: return "a string";
    case Json::value_t::boolean: return "a boolean";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float: return "a number";
    case Json::value_t::null: return "null";
    case Json::value_t::binary:
    case Json::value_t::discarded: break;
  }
  return "not JSON";
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// A member name from outside, bounded and without control characters.
std::string in_quotes(std::string_view name) {
  constexpr std::size_t kShownMax = 64;
  std::string out = "\"";
  for (const char c : name.substr(0, kShownMax))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  while (!is_utf8(out)) out.pop_back();
  return out + (name.size() > kShownMax ? "…\"" : "\"");
}

/// "spec" and "env" make "spec.env"; a name that is no plain word makes `spec["a.b/c"]`.
std::string member_path(std::string_view where, std::string_view name) {
  std::string path(where);
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_plain))
    return path + "[" + in_quotes(name) + "]";
  if (!path.empty()) path += '.';
  return path.append(name);
}

std::string element_path(const std::string& where, std::size_t index) {
  return where + "[" + std::to_string(index) + "]";
}

/// "spec.env: what", or only "what" for the root.
Error error_in(std::string_view where, std::string what) {
  if (!where.empty()) what.insert(0, ": ").insert(0, where);
  return {Code::kInvalid, std::move(what)};
}

constexpr std::string_view kWholeNumber = "a whole number";

std::string_view wrong_words(std::string_view expected, const Json& value) {
  if (expected != kWholeNumber || !value.is_number()) return type_words(value);
  return value.is_number_float() ? "a fraction" : "one beyond 64 bits";
}

Error wrong_type(std::string_view where, std::string_view expected, const Json& value) {
  std::string what = "must be ";
  what.append(expected).append(", not ").append(wrong_words(expected, value));
  if (expected == "a string" && (value.is_number() || value.is_boolean())) what += "; put it in quotes";
  return error_in(where, std::move(what));
}

/// Levenshtein's distance, for names short enough that it costs nothing.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j] + 1, row[j + 1] + 1, replaced}));
    }
  }
  return row.back();
}

/// The known name that `name` was most likely meant to be; empty where none is near.
std::string nearest(const std::string& name, const std::vector<std::string>& known) {
  constexpr std::size_t kNameMax = 64;
  if (name.size() > kNameMax) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const auto& candidate : known) {
    const std::size_t d = distance(name, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::string unknown_field(const std::string& name, const std::vector<std::string>& known) {
  std::string what = "unknown field " + in_quotes(name);
  const std::string near = nearest(name, known);
  if (!near.empty()) what += "; did you mean \"" + near + "\"?";
  return what;
}

/// Exact as 64 bits, whichever way nlohmann keeps it.
std::optional<std::int64_t> as_integer(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return std::nullopt;
}

Result<std::string> string_at(const Json& value, const std::string& where) {
  if (!value.is_string()) return fail(wrong_type(where, "a string", value));
  return value.get_ref<const std::string&>();
}

Result<std::vector<std::string>> strings_at(const Json& value, const std::string& where) {
  if (!value.is_array()) return fail(wrong_type(where, "a list of strings", value));
  std::vector<std::string> out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    HF_TRY(auto text, string_at(value[i], element_path(where, i)));
    out.push_back(std::move(text));
  }
  return out;
}

Result<std::map<std::string, std::string>> string_map_at(const Json& value, const std::string& where) {
  if (!value.is_object()) return fail(wrong_type(where, "an object of strings", value));
  std::map<std::string, std::string> out;
  for (const auto& [name, text] : value.items()) {
    HF_TRY(out[name], string_at(text, member_path(where, name)));
  }
  return out;
}

}  // namespace

ObjectReader::ObjectReader(const Json& value, std::string where) : value_(value), where_(std::move(where)) {
  if (!value_.is_object()) keep(wrong_type(where_, "an object", value_));
}

const Json* ObjectReader::find(std::string_view name) {
  seen_.emplace_back(name);
  if (!value_.is_object()) return nullptr;
  const auto member = value_.find(std::string(name));
  // As in Kubernetes, a member that is null is one that is not there ("labels:" with nothing under it).
  return member == value_.end() || member->is_null() ? nullptr : &*member;
}

void ObjectReader::miss(std::string_view name) {
  if (error_) return;
  missing_ = name;
  keep(error_in(member_path(where_, name), "this field is required and missing"));
}

void ObjectReader::wrong(std::string_view name, std::string_view expected) {
  const auto member = value_.find(std::string(name));
  if (member != value_.end()) keep(wrong_type(member_path(where_, name), expected, *member));
}

void ObjectReader::keep(Error error) {
  if (!error_) error_ = std::move(error);
}

ObjectReader& ObjectReader::required(std::string_view name, std::string& out) {
  const Json* member = find(name);
  if (member == nullptr)
    miss(name);
  else if (!member->is_string())
    wrong(name, "a string");
  else
    out = member->get_ref<const std::string&>();
  return *this;
}

ObjectReader& ObjectReader::required(std::string_view name, std::int64_t& out) {
  const Json* member = find(name);
  if (member == nullptr)
    miss(name);
  else if (const auto number = as_integer(*member))
    out = *number;
  else
    wrong(name, kWholeNumber);
  return *this;
}

ObjectReader& ObjectReader::required(std::string_view name, bool& out) {
  const Json* member = find(name);
  if (member == nullptr)
    miss(name);
  else if (!member->is_boolean())
    wrong(name, "true or false");
  else
    out = member->get<bool>();
  return *this;
}

ObjectReader& ObjectReader::optional(std::string_view name, std::string& out) {
  const Json* member = find(name);
  if (member == nullptr) return *this;
  if (member->is_string())
    out = member->get_ref<const std::string&>();
  else
    wrong(name, "a string");
  return *this;
}

ObjectReader& ObjectReader::optional(std::string_view name, std::optional<std::string>& out) {
  const Json* member = find(name);
  if (member == nullptr) return *this;
  if (member->is_string())
    out = member->get_ref<const std::string&>();
  else
    wrong(name, "a string");
  return *this;
}

ObjectReader& ObjectReader::optional(std::string_view name, std::int64_t& out) {
  const Json* member = find(name);
  if (member == nullptr) return *this;
  if (const auto number = as_integer(*member))
    out = *number;
  else
    wrong(name, kWholeNumber);
  return *this;
}

ObjectReader& ObjectReader::optional(std::string_view name, std::optional<std::int64_t>& out) {
  const Json* member = find(name);
  if (member == nullptr) return *this;
  if (const auto number = as_integer(*member))
    out = *number;
  else
    wrong(name, kWholeNumber);
  return *this;
}

ObjectReader& ObjectReader::optional(std::string_view name, bool& out) {
  const Json* member = find(name);
  if (member == nullptr) return *this;
  if (member->is_boolean())
    out = member->get<bool>();
  else
    wrong(name, "true or false");
  return *this;
}

ObjectReader& ObjectReader::optional(std::string_view name, std::vector<std::string>& out) {
  const Json* member = find(name);
  if (member == nullptr) return *this;
  if (auto strings = strings_at(*member, member_path(where_, name)))
    out = *std::move(strings);
  else
    keep(std::move(strings).error());
  return *this;
}

ObjectReader& ObjectReader::optional(std::string_view name, std::map<std::string, std::string>& out) {
  const Json* member = find(name);
  if (member == nullptr) return *this;
  if (auto strings = string_map_at(*member, member_path(where_, name)))
    out = *std::move(strings);
  else
    keep(std::move(strings).error());
  return *this;
}

ObjectReader& ObjectReader::required(std::string_view name, const Read& read) {
  const Json* member = find(name);
  if (member == nullptr)
    miss(name);
  else
    call(read, *member, member_path(where_, name));
  return *this;
}

ObjectReader& ObjectReader::optional(std::string_view name, const Read& read) {
  if (const Json* member = find(name)) call(read, *member, member_path(where_, name));
  return *this;
}

ObjectReader& ObjectReader::each(std::string_view name, const Read& read) {
  const Json* member = find(name);
  if (member == nullptr) return *this;
  if (!member->is_array()) {
    wrong(name, "a list");
    return *this;
  }
  const std::string where = member_path(where_, name);
  for (std::size_t i = 0; i < member->size() && !error_; ++i)
    call(read, (*member)[i], element_path(where, i));
  return *this;
}

void ObjectReader::call(const Read& read, const Json& value, const std::string& where) {
  if (error_) return;
  auto status = read(value, where);
  if (status) return;
  Error error = std::move(status).error();
  // A nested reader names the place itself; a plain check need not.
  if (!std::string_view(error.message()).starts_with(where)) error = std::move(error).with_context(where);
  keep(std::move(error));
}

ObjectReader& ObjectReader::ignore(std::string_view name) {
  seen_.emplace_back(name);
  return *this;
}

bool ObjectReader::has(std::string_view name) const {
  if (!value_.is_object()) return false;
  const auto member = value_.find(std::string(name));
  return member != value_.end() && !member->is_null();
}

Status ObjectReader::finish() {
  // A misspelt required field is both missing and unknown: the unknown one says more.
  if (error_ && missing_.empty()) return fail(*error_);
  if (value_.is_object()) {
    for (const auto& [name, ignored] : value_.items()) {
      if (std::find(seen_.begin(), seen_.end(), name) != seen_.end()) continue;
      if (!error_) return fail(error_in(where_, unknown_field(name, seen_)));
      if (nearest(name, seen_) == missing_) return fail(error_in(where_, unknown_field(name, seen_)));
    }
  }
  return finish_open();
}

Status ObjectReader::finish_open() {
  if (error_) return fail(*error_);
  return {};
}

}  // namespace holdfast::base
