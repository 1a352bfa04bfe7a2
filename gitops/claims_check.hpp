// SPDX-License-Identifier: Apache-2.0
// What two resources of one rendering must not share: a key, a claim, or a path that is a file to one and a
// folder to the other. Both are named.
// Threads: pure functions.
#pragma once

#include <vector>

#include "gitops/manifest_finding.hpp"

namespace holdfast::gitops {

void check_keys(const std::vector<PlacedResource>& resources, FindingList& findings);
void check_claims(const std::vector<PlacedResource>& resources, FindingList& findings);

}  // namespace holdfast::gitops
