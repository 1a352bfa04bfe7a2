// SPDX-License-Identifier: Apache-2.0
// Reading objects that a person wrote, and putting them to the hub.
// Threads: pure functions but where they take a hub.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "hub/cli/api_client.hpp"
#include "hub/cli/object_types.hpp"

namespace holdfast::cli {

struct WrittenObject {
  const ObjectType* type = nullptr;
  std::string name;
  std::string json;
  std::string where;  ///< "cameras.yaml:12"
};

/// All documents of a YAML or JSON text; elements of a List each for itself. Errors name `file` and line.
base::Result<std::vector<WrittenObject>> read_objects(std::string_view text, const std::string& file);

/// What `present` becomes when `wanted` is applied to it: labels and annotations are added to those there
/// are, status and whatever else the hub keeps in metadata stays, all else is as wanted.
base::Json applied_to(const base::Json& present, const base::Json& wanted);

enum class Written { kCreated, kConfigured, kUnchanged };
/// Creates or changes; tried again when somebody else changed it meanwhile.
base::Result<Written> write_object(ApiClient& hub, const WrittenObject& object);

}  // namespace holdfast::cli
