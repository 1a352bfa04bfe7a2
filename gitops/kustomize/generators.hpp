// SPDX-License-Identifier: Apache-2.0
// configMapGenerator and secretGenerator: ConfigMaps and Secrets of literals, files and lines of env files; and how one is put in the place of
// another (behavior: merge, replace).
// Threads: pure functions.
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"
#include "gitops/kustomize/built_resource.hpp"
#include "gitops/kustomize/kustomization.hpp"

namespace holdfast::gitops {

/// A file by its path relative to the kustomization.
using ReadBeside = std::function<base::Result<std::string>(const std::string& path)>;

/// Errors begin with the field of the kustomization.
base::Result<BuiltResource> generate(const KustomizeGenerator& generator, const ReadBeside& read);
base::Status take_in(const KustomizeGenerator& generator, BuiltResource made, ResourceMap& all);
/// The hash at the end of the names of those that get one. REQUIRES: all else is done but the references.
void add_name_hashes(ResourceMap& all);

}  // namespace holdfast::gitops
