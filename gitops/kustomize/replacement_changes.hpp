// SPDX-License-Identifier: Apache-2.0
// replacements: a value of one resource put into fields of others.
//
//     source: {kind: ConfigMap, name: settings, fieldPath: data.host}
//     targets: [{select: {kind: Deployment}, fieldPaths: ["spec.template.spec.containers.[name=web].env.[name=HOST].value"]}]
//
// Threads: pure functions.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "gitops/kustomize/build_room.hpp"
#include "gitops/kustomize/built_resource.hpp"
#include "gitops/kustomize/kustomization.hpp"

namespace holdfast::gitops {

/// "a.b\.c.[name=x.y].0.*" → its parts. Errors: a bracket that does not end, an empty part.
base::Result<std::vector<std::string>> split_field_path(const std::string& path);

/// `where`: of the entry; errors begin with its field. `warn`: of a target that selects nothing.
base::Status apply_replacement(const KustomizeReplacement& replacement, const std::string& where,
                               BuildRoom& room, ResourceMap& all,
                               const std::function<void(std::string)>& warn);

}  // namespace holdfast::gitops
