// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/object_types.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Result;

namespace {

const std::array<ObjectType, 6>& table() {
  static const std::array<ObjectType, 6> kTable{{
      {kApplications, "application", "Application", {"app", "apps"}, false, false},
      {kNodes, "node", "Node", {"no"}, false, false},
      {kResources, "resource", "Resource", {"res"}, true, true},
      {kEvents, "event", "Event", {"ev"}, true, false},
      {kEnrollmentTokens, "enrollmenttoken", "EnrollmentToken", {"token", "tokens"}, false, false},
      {"projects", "project", "Project", {"proj"}, false, false},
  }};
  return kTable;
}

bool is_same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::span<const ObjectType> object_types() { return table(); }

Result<const ObjectType*> find_object_type(std::string_view name) {
  std::string known;
  for (const auto& type : table()) {
    const bool is_short = std::ranges::any_of(
        type.short_names, [&](std::string_view short_name) { return is_same_word(short_name, name); });
    if (is_short || is_same_word(type.plural, name) || is_same_word(type.singular, name)) return &type;
    known += (known.empty() ? "" : ", ") + std::string(type.plural);
  }
  return fail(Code::kInvalid, "there is no type \"" + std::string(name) + "\"; the hub has " + known);
}

const ObjectType* find_object_type_by_kind(std::string_view kind) {
  const auto found = std::ranges::find(table(), kind, &ObjectType::kind);
  return found == table().end() || found->is_report ? nullptr : &*found;
}

std::string object_name(const ObjectType& type, std::string_view name) {
  return std::string(type.singular) + ".holdfast.dev/" + std::string(name);
}

}  // namespace holdfast::cli
