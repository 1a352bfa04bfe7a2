// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/live.hpp"

#include <utility>

namespace holdfast::edge_agent {

void Parts::show(TargetItem& item, sync::SyncStatus sync, ResourceHealth health) {
  const bool is_same = item.sync == sync && item.health.health == health.health &&
                       item.health.reason == health.reason && item.health.message == health.message;
  item.sync = sync;
  item.health = std::move(health);
  if (!is_same) changed = true;
}

}  // namespace holdfast::edge_agent
