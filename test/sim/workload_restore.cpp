// SPDX-License-Identifier: Apache-2.0
// A copy of the hub, made now and put back later, as after the loss of its machine.
#include "test/sim/workload.hpp"

namespace holdfast::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

void Workload::back_up() {
  if (world_.hub->back_up()) copied_words_ = world_.oracle.words();
}

/// Nothing is under way to the node, and nothing is left to be done there.
bool Workload::holds_for_good(const std::string& node, const sync::Claim& claim) const {
  for (const auto& box : world_.nodes) {
    if (box->name() != node) continue;
    const auto& rules = box->rules();
    return world_.hub->desired_of(box->uid()) == rules.stored().generation() &&
           rules.stored().has_settled() && rules.stored().is_held(claim);
  }
  return false;
}

void Workload::restore() {
  auto& hub = *world_.hub;
  if (!hub.has_backup() || !hub.is_up()) return;
  std::set<std::string> beyond;
  for (const auto& node : world_.nodes) {
    if (hub.has_made_since_copy(node->uid())) beyond.insert(node->name());
  }
  world_.oracle.restored(copied_words_, beyond,
                         [this](const auto& node, const auto& claim) { return holds_for_good(node, claim); });
  labels_ = world_.oracle.words().labels;
  // What took the hub's machine may have taken the way to Git, too.
  if (chance(40))
    hub.git.set_unreachable(std::string(kRepository),
                            base::Error(base::Code::kUnavailable, "no route to host"));
  hub.restore(chance(70) ? HubBox::Mirrors::kLost : HubBox::Mirrors::kKept,
              chance(80) ? milliseconds(below(20'000)) : milliseconds(seconds(below(3'600))));
}

/// The copy is of the moment at which something was being taken from a node, which was given back to it since.
void Workload::restore_what_was_taken_back() {
  auto& node = any_node();
  if (!world_.hub->is_up()) return;
  relabel(node);
  world_.pass(milliseconds(below(3'000)));
  back_up();
  if (world_.hub->is_up()) relabel(node);
  world_.pass(seconds(5 + static_cast<std::int64_t>(below(60))));
  restore();
}

void Workload::approve() {
  for (const auto& node : world_.hub->waiting_for_approval()) {
    world_.oracle.approved(node);
    if (!world_.hub->approve(node)) world_.oracle.unclear_node(node);
  }
}

}  // namespace holdfast::sim
