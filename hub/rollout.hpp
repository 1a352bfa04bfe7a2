// SPDX-License-Identifier: Apache-2.0
// Rollout: which nodes may take a revision now. A pure step from where the nodes stand; today all at once, as
// Argo CD and Flux do. Waves of nodes, pauses and budgets belong here.
// Threads: pure functions.
#pragma once

#include <vector>

#include "sync/model/ids.hpp"

namespace holdfast::hub {

struct RolloutNode {
  sync::NodeUid node;
  bool has_revision = false;
};

/// Those that may take the new revision now and have not; absent ones too: they catch up when they return.
std::vector<sync::NodeUid> next_nodes(const std::vector<RolloutNode>& nodes);

}  // namespace holdfast::hub
