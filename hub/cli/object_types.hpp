// SPDX-License-Identifier: Apache-2.0
// ObjectType: the types of objects that the hub serves, by every name that a person may type.
// Threads: constants.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::cli {

struct ObjectType {
  std::string_view plural;  ///< as the API's path has it
  std::string_view singular;
  std::string_view kind;
  std::vector<std::string_view> short_names;
  bool is_written_by_hub;  ///< people only read it
  bool is_report;          ///< made from what nodes report: no selectors, no watch
  bool operator==(const ObjectType& other) const { return plural == other.plural; }
};

std::span<const ObjectType> object_types();
/// Plural, singular, kind or short name, in any case. The error lists those there are.
base::Result<const ObjectType*> find_object_type(std::string_view name);
const ObjectType* find_object_type_by_kind(std::string_view kind);

/// "application.holdfast.dev/cameras": -o name, and what commands say they did.
std::string object_name(const ObjectType& type, std::string_view name);

inline constexpr std::string_view kApplications = "applications";
inline constexpr std::string_view kNodes = "nodes";
inline constexpr std::string_view kEvents = "events";
inline constexpr std::string_view kResources = "resources";
inline constexpr std::string_view kEnrollmentTokens = "enrollmenttokens";
inline constexpr std::string_view kApiVersion = "holdfast.dev/v1";

}  // namespace holdfast::cli
