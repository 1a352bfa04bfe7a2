// SPDX-License-Identifier: Apache-2.0
#include "sync/model/ids.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/limits/model.hpp"
#include "base/limits/wire.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_id_character(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
}

/// One part between dots: [a-z0-9]([-a-z0-9]*[a-z0-9])?
bool is_name_part(std::string_view part) {
  if (part.empty() || !is_lower_or_digit(part.front()) || !is_lower_or_digit(part.back())) return false;
  return std::all_of(part.begin(), part.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_subdomain(std::string_view name) {
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_name_part(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

base::Status too_long(std::string_view what, std::size_t length, std::size_t length_max) {
  return fail(Code::kLimit, std::string(what) + ": " + std::to_string(length) + " characters; at most " +
                                std::to_string(length_max) + " are allowed");
}

}  // namespace

std::string Generation::text() const { return base::to_decimal(epoch) + "." + base::to_decimal(sequence); }

base::Result<Generation> Generation::parse(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) {
    return fail(Code::kInvalid, in_quotes(text) + " is not a generation such as \"3.17\"");
  }
  HF_TRY(const std::uint64_t epoch, base::from_decimal(text.substr(0, dot)));
  HF_TRY(const std::uint64_t sequence, base::from_decimal(text.substr(dot + 1)));
  return Generation{epoch, sequence};
}

std::uint32_t shard_of(const NodeUid& uid) {
  const base::Digest digest = base::Digest::of(uid.str());
  const auto& bytes = digest.bytes();
  return (std::uint32_t{bytes[0]} << 8U | bytes[1]) % base::limits::kShards;
}

base::Status check_name(std::string_view name, std::string_view what) {
  if (name.size() > base::limits::kNameLengthMax) {
    return too_long(what, name.size(), base::limits::kNameLengthMax);
  }
  if (is_subdomain(name)) return {};
  return fail(Code::kInvalid, std::string(what) + ": " + in_quotes(name) +
                                  " is not a name: lower-case letters, digits, '-' and '.', "
                                  "starting and ending with a letter or digit");
}

base::Status check_namespace(std::string_view name, std::string_view what) {
  if (name.size() > base::limits::kLabelLengthMax) {
    return too_long(what, name.size(), base::limits::kLabelLengthMax);
  }
  if (is_name_part(name)) return {};
  return fail(Code::kInvalid, std::string(what) + ": " + in_quotes(name) +
                                  " is not a namespace: lower-case letters, digits and '-', "
                                  "starting and ending with a letter or digit");
}

base::Status check_short_name(std::string_view name, std::string_view what) {
  if (name.size() > base::limits::kLabelLengthMax) {
    return too_long(what, name.size(), base::limits::kLabelLengthMax);
  }
  if (is_name_part(name)) return {};
  return fail(Code::kInvalid, std::string(what) + ": " + in_quotes(name) +
                                  " is not a name: lower-case letters, digits and '-', "
                                  "starting and ending with a letter or digit");
}

base::Status check_id(std::string_view id, std::string_view what) {
  if (id.size() > base::limits::kIdLengthMax) return too_long(what, id.size(), base::limits::kIdLengthMax);
  if (!id.empty() && std::all_of(id.begin(), id.end(), is_id_character)) return {};
  return fail(Code::kInvalid, std::string(what) + ": " + in_quotes(id) + " is not an id");
}

}  // namespace holdfast::sync
