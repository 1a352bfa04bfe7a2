// SPDX-License-Identifier: Apache-2.0
// References that follow names: what a Deployment calls `settings` becomes `prod-settings-5h2k9c`. Which fields name what is one table, of
// Kubernetes' kinds and ours. Done once, when all names of a build are what they will be.
// Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "gitops/kustomize/built_resource.hpp"

namespace holdfast::gitops {

/// Error: a name that two could be meant by; names the resource and the field.
base::Status fix_name_references(ResourceMap& all);

}  // namespace holdfast::gitops
