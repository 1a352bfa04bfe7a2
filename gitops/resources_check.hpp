// SPDX-License-Identifier: Apache-2.0
// All checks across the resources of one rendering, in one call.
// Threads: pure functions.
#pragma once

#include <vector>

#include "gitops/manifest_finding.hpp"

namespace holdfast::gitops {

void check_resources(const std::vector<PlacedResource>& resources, FindingList& findings);

}  // namespace holdfast::gitops
