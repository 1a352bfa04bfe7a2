// SPDX-License-Identifier: Apache-2.0
// New keys for the hub, and somebody who would like to speak in its name.
#include <algorithm>
#include <array>

#include "test/sim/workload.hpp"

namespace holdfast::sim {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// A restored hub needs the key by which it signed what nodes hold: docs/operations.md says to keep it until then.
bool Workload::is_hub_behind() const {
  return std::ranges::any_of(world_.nodes, [this](const auto& node) {
    const auto made = world_.hub->desired_of(node->uid()).value_or(sync::Generation{});
    return made < node->rules().stored().generation();
  });
}

/// The hub is stopped for it. Nodes that are away meanwhile find a hub whose key they do not know.
void Workload::rotate() {
  const auto old = chance(40) && !is_hub_behind() ? hub::OldKeys::kDrop : hub::OldKeys::kKeep;
  if (chance(40)) {
    any_node().stop_for(chance(70) ? milliseconds(seconds(below(600))) : milliseconds(hours(below(24))));
  }
  rotate(old);
}

void Workload::rotate(hub::OldKeys old) {
  auto& hub = *world_.hub;
  hub.stop_for(milliseconds(1 + below(5'000)));
  world_.trust->rotate(old, hub.clock.wall(), world_.random);
  hub.go_by(*world_.trust);
  // An older one cannot tell what it signed by a key that is dropped now: such nodes are re-homed (docs/operations.md).
  if (old == hub::OldKeys::kDrop) hub.forget_backup();
  world_.trace.add("hub", "has signing key " + std::to_string(world_.trust->document().version) +
                              (old == hub::OldKeys::kDrop ? ", the old ones are dropped" : ""));
}

void Workload::drop_old_key() {
  if (!chance(20) || is_hub_behind()) return;
  rotate(hub::OldKeys::kDrop);
  world_.pass(minutes(2));
  for (const auto& node : world_.nodes) node->stop_for(milliseconds(1 + below(5'000)));
}

void Workload::attack() {
  auto& node = any_node();
  auto& attacker = *world_.attacker;
  const auto& documents = world_.trust->documents();
  const auto dropped = world_.trust->dropped_by(node.trust());
  const auto kind = below(4);
  world_.trace.add(node.name(), "is attacked, kind " + std::to_string(kind));
  switch (kind) {
    case 0: attacker.send_state(node); break;
    case 1: attacker.send_own_trust(node, *world_.trust); break;
    case 2: attacker.send_trust(node, world_.trust->sealed(below(documents.size()))); break;
    default: break;
  }
  // By a key that others know by now: for whom it counts again after an older document.
  if (kind >= 2 && !dropped.empty()) attacker.send_state(node, dropped[below(dropped.size())]);
}

}  // namespace holdfast::sim
