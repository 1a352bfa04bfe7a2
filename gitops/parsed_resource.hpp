// SPDX-License-Identifier: Apache-2.0
// ParsedResource: a resource with what the checks across resources need, read once.
// Threads: plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "gitops/field_lines.hpp"
#include "gitops/sealed_secret.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/file_spec.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::gitops {

/// A key of a ConfigMap or Secret that a resource needs, and the field that says so.
struct KeyUse {
  std::string_view kind;
  sync::KeyRef ref;
  FieldPath field;
};

/// A resource of the same application that another one names, and the field that does.
struct ResourceUse {
  std::string brief;
  FieldPath field;
};

struct ParsedResource {
  sync::Resource resource;
  std::vector<sync::Claim> claims;     ///< sorted
  std::vector<std::string> data_keys;  ///< of a ConfigMap or Secret, sorted
  std::vector<KeyUse> uses;
  std::vector<ResourceUse> whole_uses;
  std::optional<SealedSecret> sealed;  ///< what a Secret's values come from
};

/// Strict, as sync::parse_resource. A SealedSecret becomes the Secret of a node, redacted: for whom it is sealed is
/// decided later. Errors name the field.
base::Result<ParsedResource> read_resource(const base::Json& object,
                                           PlainSecrets plain = PlainSecrets::kRefuse);

}  // namespace holdfast::gitops
