// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/live.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::edge_agent {

void Parts::heard(const sync::ApplicationUid& application, bool is_change) {
  auto& of = live[application];
  const auto now = clock.monotonic();
  auto* const pods = drivers.pods();
  const bool is_engine_back =
      of.awaits == Awaits::kEngine && pods != nullptr && pods->cache().trouble() == nullptr;
  const bool is_answer = of.awaits == Awaits::kAnswer;
  const bool is_awaited = is_engine_back || is_answer;
  if (is_awaited) of.awaits = Awaits::kChange;
  if (is_engine_back) of.retry_at = now;
  if (is_awaited || is_change) look_at(application, is_answer ? now : std::max(now, of.retry_at));
}

void Parts::show(TargetItem& item, sync::SyncStatus sync, ResourceHealth health) {
  const bool is_same = item.sync == sync && item.health.health == health.health &&
                       item.health.reason == health.reason && item.health.message == health.message;
  item.sync = sync;
  item.health = std::move(health);
  if (!is_same) changed = true;
}

}  // namespace holdfast::edge_agent
