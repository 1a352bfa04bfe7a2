// SPDX-License-Identifier: Apache-2.0
// All checks across the resources of one rendering, in one call.
// Threads: pure functions.
#pragma once

#include <vector>

#include "gitops/manifest_finding.hpp"

namespace holdfast::gitops {

/// At most limits::kFindingsMax.
Findings check_resources(const std::vector<PlacedResource>& resources);

/// Keeps at most limits::kFindingsMax; the rest shows when those are mended.
void add_bounded(Findings& findings, Findings more);

}  // namespace holdfast::gitops
