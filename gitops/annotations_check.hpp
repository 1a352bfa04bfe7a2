// SPDX-License-Identifier: Apache-2.0
// Whether the annotations that steer Holdfast are such as it knows: one that is misspelt protects nothing, and nobody
// would notice before it is too late. Of Argo CD's and Helm's, those that are not honoured are warned of; others' are not looked at.
// Threads: pure functions.
#pragma once

#include <vector>

#include "gitops/manifest_finding.hpp"

namespace holdfast::gitops {

void check_annotations(const std::vector<PlacedResource>& resources, FindingList& findings);

}  // namespace holdfast::gitops
