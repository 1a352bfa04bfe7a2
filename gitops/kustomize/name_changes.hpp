// SPDX-License-Identifier: Apache-2.0
// What a kustomization says of all names: namespace, namePrefix and nameSuffix. What each was called before stays known, so that
// references can follow (name_references).
// Threads: pure functions.
#pragma once

#include "gitops/kustomize/built_resource.hpp"
#include "gitops/kustomize/kustomization.hpp"

namespace holdfast::gitops {

/// Of all but kinds without one; kinds that the hub keeps for itself (Application, …) have none.
void set_namespace(const std::string& ns, ResourceMap& all);
/// Prefix and suffix, of all but namespaces and definitions of kinds, whose names mean something elsewhere.
void change_names(const Kustomization& kustomization, ResourceMap& all);

}  // namespace holdfast::gitops
