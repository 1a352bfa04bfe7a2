// SPDX-License-Identifier: Apache-2.0
#include "hub/rollup.hpp"

namespace holdfast::hub {

using sync::Health;
using sync::SyncStatus;

namespace {

bool is_ready(const NodeShare& node) {
  return node.online && node.updated && !node.failed && node.sync == SyncStatus::kSynced &&
         node.health == Health::kHealthy;
}

/// A node that is there and has not taken over what is in force is on its way there.
Health health_of(const NodeShare& node) {
  if (node.failed)
    return sync::worse(Health::kDegraded, node.health == Health::kUnknown ? Health::kDegraded : node.health);
  if (!node.updated || node.health == Health::kUnknown) return Health::kProgressing;
  return node.health;
}

}  // namespace

ApplicationRollup roll_up(Comparison comparison, const std::vector<NodeShare>& nodes) {
  ApplicationRollup out;
  Health health = Health::kHealthy;
  bool synced = true;
  std::uint64_t present = 0;
  for (const auto& node : nodes) {
    if (node.leaving) continue;
    ++out.nodes.total;
    if (node.updated) ++out.nodes.updated;
    if (is_ready(node)) ++out.nodes.ready;
    if (!node.online && !node.updated)
      ++out.nodes.deferred;
    else if (node.failed)
      ++out.nodes.failed;
    if (!node.online) continue;
    ++present;
    health = sync::worse(health, health_of(node));
    synced = synced && node.updated && node.sync == SyncStatus::kSynced;
  }
  // Of nodes that are all away nobody knows how they are.
  out.health = present == 0 && out.nodes.total > 0 ? Health::kUnknown : health;
  if (comparison == Comparison::kUnknown)
    out.sync = SyncStatus::kUnknown;
  else
    out.sync = synced && comparison == Comparison::kNewest ? SyncStatus::kSynced : SyncStatus::kOutOfSync;
  return out;
}

}  // namespace holdfast::hub
