// SPDX-License-Identifier: Apache-2.0
// ResourceKey: its two texts, for records (text) and for people (brief).
#include <algorithm>

#include "base/limits/model.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/resource.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;

constexpr std::string_view kDefaultNamespace = "default";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_letter_or_digit(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9'); }

base::Status check_kind(std::string_view kind) {
  const bool plain = !kind.empty() && kind.size() <= base::limits::kLabelLengthMax &&
                     std::all_of(kind.begin(), kind.end(), is_letter_or_digit);
  if (plain) return {};
  return fail(Code::kInvalid, in_quotes(kind) + " is not a kind");
}

}  // namespace

std::string ResourceKey::text() const { return group + "/" + kind + "/" + ns + "/" + name; }

std::string ResourceKey::brief() const {
  return ns == kDefaultNamespace ? kind + "/" + name : kind + "/" + ns + "/" + name;
}

base::Result<ResourceKey> ResourceKey::parse(std::string_view text) {
  const auto parts = split(text, '/');
  if (parts.size() != 4) {
    return fail(Code::kInvalid, in_quotes(text) + " is not a key: it must be group/kind/namespace/name");
  }
  if (!parts[0].empty()) HF_CHECK(check_name(parts[0], "group"));
  HF_CHECK(check_kind(parts[1]));
  HF_CHECK(check_namespace(parts[2], "namespace"));
  HF_CHECK(check_name(parts[3], "name"));
  return ResourceKey{std::string(parts[0]), std::string(parts[1]), std::string(parts[2]),
                     std::string(parts[3])};
}

bool ResourceKey::matches_brief(std::string_view brief) const {
  const auto parts = split(brief, '/');
  if (parts.size() < 2 || parts.size() > 3 || !equal_ignoring_case(parts[0], kind)) return false;
  return parts.size() == 2 ? ns == kDefaultNamespace && parts[1] == name : parts[1] == ns && parts[2] == name;
}

}  // namespace holdfast::sync
