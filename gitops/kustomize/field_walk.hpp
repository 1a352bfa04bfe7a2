// SPDX-License-Identifier: Apache-2.0
// The way to fields that stand at the same place in every resource of a kind: "spec/template/metadata/labels". Lists on the way are
// gone through, element by element.
// Threads: pure functions.
#pragma once

#include <functional>
#include <string_view>

#include "base/json.hpp"

namespace holdfast::gitops {

enum class Missing {
  kLeave,
  kCreate,  ///< maps on the way, and the field itself as null
};

/// Calls `change` with each value that `path` leads to. What stands in the way and is no map or list ends it.
void for_each_field(base::Json& value, std::string_view path, Missing missing,
                    const std::function<void(base::Json&)>& change);

/// Where a kind keeps the template of its pods, and where their spec: "spec/template", "spec/template/spec"; "" where it has none.
/// A Pod is its own: "", "spec".
std::string_view pod_template_of(std::string_view kind);
std::string_view pod_spec_of(std::string_view kind);

}  // namespace holdfast::gitops
