// SPDX-License-Identifier: Apache-2.0
// patches, patchesStrategicMerge and patchesJson6902: which of the two a patch is, whom it is for, and what becomes of them.
// Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "gitops/kustomize/build_room.hpp"
#include "gitops/kustomize/built_resource.hpp"
#include "gitops/kustomize/generators.hpp"
#include "gitops/kustomize/kustomization.hpp"

namespace holdfast::gitops {

/// Errors begin with the field of the kustomization, then name the patch's file and line. A patch that changes nothing is one.
base::Status apply_patch(const KustomizePatch& patch, const ReadBeside& read, BuildRoom& room,
                         ResourceMap& all);

}  // namespace holdfast::gitops
