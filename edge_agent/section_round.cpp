// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/section_round.hpp"

#include <algorithm>

#include "edge_agent/plan_input.hpp"

namespace holdfast::edge_agent {

using base::fail;
using base::Status;
using sync::Health;
using sync::SyncStatus;

Status SectionRound::look() {
  const PlanInput input = edge_agent::look(parts, &application);
  plan = edge_agent::plan(input);
  for (const auto& action : plan.actions) {
    const bool is_apply = action.kind != ActionKind::kDelete && action.kind != ActionKind::kForget;
    if (is_apply && action.application == application) actions[action.key].push_back(&action);
  }
  for (const auto& withheld : plan.withheld) {
    const bool is_conflict = withheld.reason == WithheldReason::kClaimConflict;
    if (is_conflict && withheld.application == application) blocked.insert(withheld.key);
  }
  show_blocked();
  for (const auto& item : target.items) {
    if (item.desired.rests) continue;
    for (const auto& claim : item.desired.claims) {
      const auto unknown = input.unobservable.find(claim);
      if (unknown != input.unobservable.end() && !blocked.contains(item.desired.key)) {
        show_held_up(item);
        return fail(unknown->second);
      }
    }
  }
  return {};
}

void SectionRound::show_blocked() {
  for (const auto& withheld : plan.withheld) {
    if (withheld.application != application || withheld.reason != WithheldReason::kClaimConflict) continue;
    TargetItem* item = target.find(withheld.key);
    if (item == nullptr) continue;
    parts.show(*item, SyncStatus::kOutOfSync,
               {.health = Health::kDegraded, .reason = "ClaimConflict", .message = withheld.message});
  }
  // In apply order, what is depended on comes first, so one pass finds all.
  const Placed* first = nullptr;  // a stage is over only when all of it is there
  const Placed* hook = nullptr;   // and what comes after a hook waits for its end
  for (const auto& placed : target.order) {
    auto& item = target.items[placed.item];
    if (item.desired.rests) continue;
    if (!blocked.contains(item.desired.key)) {
      const Placed* before = hook != nullptr && placed.turn() > hook->turn()   ? hook
                             : first != nullptr && placed.stage > first->stage ? first
                                                                               : nullptr;
      const auto on = std::ranges::find_if(placed.depends_on, [&](std::size_t index) {
        return blocked.contains(target.items[index].desired.key);
      });
      if (before == nullptr && on == placed.depends_on.end()) continue;
      const auto& waited = target.items[on != placed.depends_on.end() ? *on : before->item].desired.key;
      blocked.insert(item.desired.key);
      parts.show(item, SyncStatus::kOutOfSync,
                 {.health = Health::kMissing, .reason = "Waiting", .message = "waits for " + waited.brief()});
    }
    if (first == nullptr) first = &placed;
    if (hook == nullptr && item.desired.hook) hook = &placed;
  }
  is_hook_blocked = hook != nullptr;
}

bool SectionRound::is_finished(std::size_t item) const {
  if (target.items[item].desired.rests) return true;
  // What Git says is to be suspended is where it should be.
  const auto health = target.items[item].health.health;
  return walk.done[item] && (health == Health::kHealthy || health == Health::kSuspended);
}

bool SectionRound::is_ready(const Placed& placed) const {
  const auto& desired = target.items[placed.item].desired;
  if (walk.done[placed.item] || desired.rests || blocked.contains(desired.key)) return false;
  return std::ranges::all_of(placed.depends_on, [&](std::size_t on) { return is_finished(on); });
}

std::optional<Turn> SectionRound::current_turn() const {
  for (const auto& placed : target.order) {
    const bool is_blocked = blocked.contains(target.items[placed.item].desired.key);
    if (!is_blocked && !is_finished(placed.item)) return placed.turn();
  }
  return std::nullopt;
}

std::vector<std::size_t> SectionRound::batch_of(const Turn& turn) const {
  std::vector<std::size_t> batch;
  for (const auto& placed : target.order) {
    if (placed.turn() == turn && is_ready(placed)) batch.push_back(placed.item);
  }
  return batch;
}

const std::vector<const Action*>& SectionRound::actions_of(std::size_t item) const {
  static const std::vector<const Action*> kNone;
  const auto found = actions.find(target.items[item].desired.key);
  return found == actions.end() ? kNone : found->second;
}

bool SectionRound::touches_host(std::size_t item) const {
  return std::ranges::any_of(actions_of(item),
                             [](const Action* action) { return action->kind != ActionKind::kAdopt; });
}

bool SectionRound::waits_for_node(const Turn& turn) const {
  return std::ranges::any_of(target.order, [&](const Placed& placed) {
    return placed.turn() == turn && !is_finished(placed.item) &&
           target.items[placed.item].health.waits_for_node;
  });
}

std::string SectionRound::unfinished(const Turn& turn) const {
  std::string who;
  for (const auto& placed : target.order) {
    const auto& item = target.items[placed.item];
    if (placed.turn() != turn || is_finished(placed.item)) continue;
    who += (who.empty() ? "" : ", ") + item.desired.key.brief();
    const auto cause = cause_text(item.health);
    if (!cause.empty()) who += " (" + cause + ")";
  }
  return who;
}

namespace {

std::string waits_for(const Turn& turn, const Placed& placed) {
  if (placed.stage == turn.stage || turn.stage == sync::HookStage::kSync)
    return "waits for wave " + std::to_string(turn.wave) + " to become healthy";
  return "waits for the " + std::string(sync::to_string(turn.stage)) + " hooks to end well";
}

}  // namespace

void SectionRound::show_waiting(const Turn& turn) {
  for (const auto& placed : target.order) {
    auto& item = target.items[placed.item];
    if (walk.done[placed.item] || blocked.contains(item.desired.key) || placed.turn() < turn ||
        item.desired.rests)
      continue;
    if (pending.contains(placed.item)) continue;
    std::string message = waits_for(turn, placed);
    for (const std::size_t on : placed.depends_on) {
      if (!is_finished(on)) message = "waits for " + target.items[on].desired.key.brief();
    }
    parts.show(item, SyncStatus::kOutOfSync,
               {.health = Health::kMissing, .reason = "Waiting", .message = message});
  }
}

void SectionRound::show_held_up(const TargetItem& cause) {
  for (std::size_t index = 0; index < target.items.size(); ++index) {
    auto& item = target.items[index];
    const bool is_due = !item.desired.rests && !walk.done[index] && actions.contains(item.desired.key);
    if (!is_due || item.desired.key == cause.desired.key) continue;
    parts.show(item, SyncStatus::kOutOfSync,
               {.health = Health::kMissing,
                .reason = "Waiting",
                .message = "waits for " + cause.desired.key.brief() + ", which cannot be applied"});
  }
}

}  // namespace holdfast::edge_agent
