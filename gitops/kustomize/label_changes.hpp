// SPDX-License-Identifier: Apache-2.0
// labels, commonLabels and commonAnnotations: metadata of all resources, of the pods they make, and selectors.
// Threads: pure functions.
#pragma once

#include "gitops/kustomize/built_resource.hpp"
#include "gitops/kustomize/kustomization.hpp"

namespace holdfast::gitops {

void add_labels(const Kustomization& kustomization, ResourceMap& all);
void add_annotations(const Kustomization& kustomization, ResourceMap& all);

}  // namespace holdfast::gitops
