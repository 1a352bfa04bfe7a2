// SPDX-License-Identifier: Apache-2.0
#include "hub/rollout.hpp"

namespace holdfast::hub {

std::vector<sync::NodeUid> next_nodes(const std::vector<RolloutNode>& nodes) {
  std::vector<sync::NodeUid> out;
  for (const auto& node : nodes) {
    if (!node.has_revision) out.push_back(node.node);
  }
  return out;
}

}  // namespace holdfast::hub
