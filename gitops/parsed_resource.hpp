// SPDX-License-Identifier: Apache-2.0
// ParsedResource: a resource with what the checks across resources need, read once.
// Threads: plain values.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "gitops/field_lines.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/file_spec.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::gitops {

/// A key of a ConfigMap that a resource needs, and the field that says so.
struct ConfigMapUse {
  sync::ConfigMapKeyRef ref;
  FieldPath field;
};

struct ParsedResource {
  sync::Resource resource;
  std::vector<sync::Claim> claims;     ///< sorted
  std::vector<std::string> data_keys;  ///< of a ConfigMap, sorted
  std::vector<ConfigMapUse> uses;
};

/// Strict, as sync::parse_resource. Errors name the field.
base::Result<ParsedResource> read_resource(const base::Json& object);

}  // namespace holdfast::gitops
