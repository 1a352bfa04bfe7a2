// SPDX-License-Identifier: Apache-2.0
// The table of types that the hub's API serves: names, columns of a Table, and the strict check of what a
// person may write. A new type is one row here.
// Threads: constants and pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::hub {

inline constexpr std::string_view kGroup = "holdfast.dev";
inline constexpr std::string_view kVersion = "v1";
inline constexpr std::string_view kApiVersion = "holdfast.dev/v1";

// Plural names, by which everything else refers to a type.
inline constexpr std::string_view kApplications = "applications";
inline constexpr std::string_view kNodes = "nodes";
inline constexpr std::string_view kEnrollmentTokens = "enrollmenttokens";
inline constexpr std::string_view kProjects = "projects";
inline constexpr std::string_view kEvents = "events";

struct Column {
  std::string_view name;  ///< as in kubectl's header: "READY"
  std::string_view type;  ///< OpenAPI: "string", "integer", "date"
  bool wide = false;      ///< shown by -o wide only
  /// Text of the cell; ages as "5m".
  std::string (*cell)(const base::Json& object, base::WallTime now);
};

struct ResourceType {
  std::string_view plural;
  std::string_view singular;
  std::string_view kind;
  std::vector<std::string_view> short_names;
  std::vector<Column> columns;
  bool has_status;       ///< status is written apart from spec
  bool has_generation;   ///< metadata.generation counts changes of spec
  bool keeps_tombstone;  ///< what was deleted is remembered until every node has heard of it
  bool readonly;         ///< written by the hub only
  /// Strict check of everything but metadata and status; errors name the field.
  base::Status (*check)(const base::Json& object);
};

std::span<const ResourceType> all_types();
/// By plural name; nullptr when unknown.
const ResourceType* find_type(std::string_view plural);
/// By what a person types: plural, singular, kind or short name in any case.
const ResourceType* find_type_by_any_name(std::string_view name);
const ResourceType* find_type_by_kind(std::string_view kind);

/// "5s", "3m12s", "2h", "4d": how kubectl shows ages.
std::string human_age(base::WallTime since, base::WallTime now);

}  // namespace holdfast::hub
