// SPDX-License-Identifier: Apache-2.0
// What the resources of one rendering say of each other: keys of ConfigMaps and Secrets, and depends-on, must exist, and what
// depends must be possible: no circle, and nothing on a later wave.
// Threads: pure functions.
#pragma once

#include <vector>

#include "gitops/manifest_finding.hpp"

namespace holdfast::gitops {

void check_key_uses(const std::vector<PlacedResource>& resources, FindingList& findings);
/// Of many circles one is named: the others may be gone with it.
void check_dependencies(const std::vector<PlacedResource>& resources, FindingList& findings);

}  // namespace holdfast::gitops
