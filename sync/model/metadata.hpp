// SPDX-License-Identifier: Apache-2.0
// Metadata: what a manifest may say of itself: name, namespace, labels, annotations. What only a server can
// know (uid, resourceVersion, …) is an error that says so.
// Threads: plain values.
#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/labels.hpp"

namespace holdfast::sync {

struct Metadata {
  std::string name;
  std::string ns = "default";
  StringMap labels;
  StringMap annotations;
  bool operator==(const Metadata&) const = default;
};

/// `where` is "metadata". REQUIRES: no member is null (parse_resource drops those, so the
/// `creationTimestamp: null` that Kubernetes' own tools leave behind passes).
base::Result<Metadata> parse_metadata(const base::Json& value, const std::string& where);
/// The one form of equal meaning: the namespace always written, empty maps never.
base::Json to_json(const Metadata& metadata);

}  // namespace holdfast::sync
