// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/prune.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/planted.hpp"
#include "edge_agent/driver.hpp"
#include "sync/model/kinds.hpp"

namespace holdfast::edge_agent {
namespace {

using sync::InventoryEntry;
using Entries = std::vector<const InventoryEntry*>;

/// Inventory of this application whose claim nobody desires; the last applied comes first.
Entries leftovers(const PlanInput& input, const ClaimTable& claims, const SectionInput& section) {
  Entries found;
  for (const auto& [claim, entry] : input.inventory) {
    const bool is_free = !claims.is_desired(claim) || base::planted("prune-without-claim-check");
    if (entry.application == section.application && is_free) found.push_back(&entry);
  }
  std::ranges::sort(found, [](const auto* a, const auto* b) {
    const DeleteTurn turn_a = delete_turn(*a);
    const DeleteTurn turn_b = delete_turn(*b);
    return std::tie(turn_b, b->key, b->claim) < std::tie(turn_a, a->key, a->claim);
  });
  return found;
}

std::size_t inventory_size(const PlanInput& input, const sync::ApplicationUid& application) {
  return static_cast<std::size_t>(std::ranges::count_if(
      input.inventory, [&](const auto& pair) { return pair.second.application == application; }));
}

Action forget(const InventoryEntry& entry, std::string reason) {
  return {ActionKind::kForget, entry.application, entry.key, entry.claim, entry.effective, 0,
          std::move(reason)};
}

Withheld withhold(const InventoryEntry& entry, WithheldReason reason, std::string message) {
  return {reason, entry.application, entry.key, entry.claim, std::move(message)};
}

std::string name_of(const InventoryEntry& entry) {
  return entry.key.brief() + " (" + entry.claim.text() + ")";
}

/// What a rollback leaves as it is; it was not the failed section that put it there.
std::optional<Withheld> left_by_rollback(const SectionInput& section, const InventoryEntry& entry) {
  if (section.mode != SectionMode::kRollback) return std::nullopt;
  const bool has_failed = entry.made_by == section.failed ||
                          std::ranges::find(section.given_up, entry.made_by) != section.given_up.end();
  if (!has_failed) {
    return withhold(entry, WithheldReason::kRolledBack,
                    name_of(entry) + " stays: the way back deletes only what the failed revision made");
  }
  if (!entry.adopted) return std::nullopt;
  return withhold(entry, WithheldReason::kRolledBack,
                  name_of(entry) +
                      " stays: it was there before the failed revision took it over; if that changed it, "
                      "what it was before cannot be brought back");
}

constexpr const char* kAttemptOver = "the attempt that it was run for is over";

/// What comes now would meet its effects. One that was told to end is seen to its end.
bool still_runs(const InventoryEntry& entry, const Observed& seen) {
  return seen.present && (seen.end == Observed::End::kRuns || entry.phase == sync::InventoryPhase::kDeleting);
}

/// A hook of an attempt that nobody wants any more.
bool is_dropped(const SectionInput& section, const InventoryEntry& entry) {
  const bool is_walked = section.mode == SectionMode::kHold || section.mode == SectionMode::kRollback;
  return is_walked && entry.hook;
}

/// And that runs.
bool is_dropped_hook(const SectionInput& section, const InventoryEntry& entry, const Observed* seen) {
  return is_dropped(section, entry) && seen != nullptr && still_runs(entry, *seen);
}

/// `seen` is null where it could not be looked at; `may_run`: what it is comes to light in a moment.
std::optional<Withheld> reason_to_keep(const SectionInput& section, const InventoryEntry& entry,
                                       const Observed* seen, bool may_run) {
  const std::string what = name_of(entry);
  if (std::ranges::find(section.withhold, entry.claim) != section.withhold.end()) {
    return withhold(entry, WithheldReason::kTakenOver, what + " stays: another application takes it over");
  }
  if (entry.prune_disabled) {
    return withhold(entry, WithheldReason::kPruneDisabled,
                    what +
                        " stays: it carries holdfast.dev/prune: disabled, or came from an application that a "
                        "hub lost");
  }
  // Not for leaving Git goes a hook that runs on: its attempt is over.
  const bool stops = may_run || is_dropped_hook(section, entry, seen);
  if (!section.prune && section.mode == SectionMode::kHold && !stops) {
    return withhold(entry, WithheldReason::kPruneDisabled,
                    what + " stays: the application does not prune (syncPolicy.automated.prune)");
  }
  if (section.permission == DeletePermission::kNone) {
    return withhold(entry, WithheldReason::kNoProof,
                    what + " stays: no newer desired state from the hub says that it may go");
  }
  if (seen != nullptr && !seen->ours && !base::planted("prune-what-is-not-ours")) {
    return withhold(entry, WithheldReason::kNotOurs,
                    what + " stays: what is there now was not made by this agent");
  }
  return std::nullopt;
}

bool ends_with_its_application(WithheldReason reason) {
  return reason == WithheldReason::kPruneDisabled || reason == WithheldReason::kNotOurs;
}

const Observed* seen_at(const PlanInput& input, const sync::Claim& claim) {
  const auto found = input.actual.find(claim);
  return found == input.actual.end() ? nullptr : &found->second;
}

enum class Leaves {
  kNo,       ///< forgotten, withheld for a reason, or not looked at
  kYes,      ///< if the limit allows
  kNotSeen,  ///< it would, if it could be looked at
};

/// Decides about one leftover.
Leaves decide(const PlanInput& input, const SectionInput& section, const InventoryEntry& entry, Plan& plan) {
  if (section.mode == SectionMode::kRelease) {
    plan.actions.push_back(forget(entry, "released: stays on the host"));
    return Leaves::kNo;
  }
  const Observed* seen = seen_at(input, entry.claim);
  const auto trouble = input.unobservable.find(entry.claim);
  if (seen == nullptr && trouble == input.unobservable.end()) return Leaves::kNo;
  if (seen != nullptr && !seen->present) {
    plan.actions.push_back(forget(entry, kIsGone));
    return Leaves::kNo;
  }
  // An intent that was never carried out, and what is there is another's.
  if (entry.phase == sync::InventoryPhase::kIntent && seen != nullptr && !seen->ours) {
    plan.actions.push_back(forget(entry, "was never made"));
    return Leaves::kNo;
  }
  auto keep = left_by_rollback(section, entry);
  const bool may_run = seen == nullptr && is_dropped(section, entry) && is_not_known_yet(trouble->second);
  if (!keep) keep = reason_to_keep(section, entry, seen, may_run);
  if (keep) {
    // Nobody will ever decide again about what a removed application leaves: it stays, and is no longer ours.
    if (section.mode == SectionMode::kPrune && ends_with_its_application(keep->reason)) {
      plan.actions.push_back(forget(entry, keep->message));
    } else {
      plan.withheld.push_back(*std::move(keep));
    }
    return Leaves::kNo;
  }
  if (entry.adopted && !base::planted("prune-what-was-there")) {
    plan.actions.push_back(forget(entry, "was there before this agent took it over: stays on the host"));
    return Leaves::kNo;
  }
  if (seen != nullptr) return Leaves::kYes;
  plan.withheld.push_back(
      withhold(entry, WithheldReason::kUnobservable,
               name_of(entry) + " should go, but cannot be looked at: " + trouble->second.message()));
  plan.withheld.back().is_not_known_yet = is_not_known_yet(trouble->second);
  plan.withheld.back().goes_first = may_run;
  return Leaves::kNotSeen;
}

std::string over_limit(const SectionInput& section, std::size_t count, std::size_t of, std::size_t allowed) {
  return "would delete " + std::to_string(count) + " of " + std::to_string(of) + " objects; maxPrune " +
         section.prune_limit.text() + " allows " + std::to_string(allowed) +
         " at once. Allow it with: holdfast sync " + section.name + " --confirm-prune";
}

std::string delete_reason(const SectionInput& section) {
  switch (section.mode) {
    case SectionMode::kRollback: return "was made by the revision that failed";
    case SectionMode::kPrune: return "application " + section.name + " was removed";
    default: return "removed from Git";
  }
}

/// Of an earlier attempt than the one that is on its way.
bool is_of_earlier(const DesiredItem& item, const InventoryEntry& entry) {
  return !item.rests && entry.hook && entry.effective != item.effective;
}

/// Why a hook goes; nullptr: it stays until its next run, or for good.
const char* why_hook_goes(const DesiredItem& item, const InventoryEntry& entry, const Observed& seen) {
  if (!item.rests) return is_of_earlier(item, entry) && still_runs(entry, seen) ? kAttemptOver : nullptr;
  const sync::Hook& hook = *item.hook;
  switch (seen.end) {
    case Observed::End::kNone: return nullptr;
    case Observed::End::kRuns: return "its hook is over, and it still runs";
    case Observed::End::kWell:
      if (hook.delete_succeeded) return "has ended well (hook-delete-policy HookSucceeded)";
      break;
    case Observed::End::kBadly:
      if (hook.delete_failed) return "has failed (hook-delete-policy HookFailed)";
      break;
  }
  return entry.phase == sync::InventoryPhase::kDeleting ? "its hook is over" : nullptr;
}

void plan_hook_delete(const PlanInput& input, const DesiredItem& item, const InventoryEntry& entry,
                      Plan& plan) {
  const Observed* seen = seen_at(input, entry.claim);
  const auto trouble = input.unobservable.find(entry.claim);
  const bool is_unknown = trouble != input.unobservable.end() &&
                          (is_not_known_yet(trouble->second) || is_engine_down(trouble->second));
  if ((item.rests || is_of_earlier(item, entry)) && is_unknown) {
    plan.withheld.push_back(withhold(entry, WithheldReason::kUnobservable,
                                     name_of(entry) + " is over; what has become of it is not known yet"));
    plan.withheld.back().is_not_known_yet = true;
    plan.withheld.back().goes_first = !item.rests;
  }
  if (seen == nullptr) return;
  if (!seen->present) {
    if (item.rests) plan.actions.push_back(forget(entry, kIsGone));
    return;
  }
  const char* why = why_hook_goes(item, entry, *seen);
  if (why == nullptr || !seen->ours || entry.prune_disabled || entry.adopted) return;
  plan.actions.push_back(
      {ActionKind::kDelete, entry.application, entry.key, entry.claim, entry.effective, entry.wave, why});
  plan.actions.back().goes_first = entry.hook && still_runs(entry, *seen);
}

}  // namespace

void plan_hook_deletes(const PlanInput& input, const ClaimTable& claims, const SectionInput& section,
                       Plan& plan) {
  if (!section.clears_hooks) return;
  for (const auto& item : section.items) {
    if (!item.hook) continue;
    for (const auto& claim : item.claims) {
      const auto entry = input.inventory.find(claim);
      const bool is_its = entry != input.inventory.end() &&
                          entry->second.application == section.application && entry->second.key == item.key;
      const ClaimTable::Contender self{&section, &item};
      if (is_its && claims.holder(claim) == self) plan_hook_delete(input, item, entry->second, plan);
    }
  }
}

DeleteTurn delete_turn(const InventoryEntry& entry) {
  const auto* kind = sync::find_kind(entry.key.group, entry.key.kind);
  return {entry.wave, entry.depth, kind == nullptr ? 0 : kind->apply_order};
}

void plan_deletes(const PlanInput& input, const ClaimTable& claims, const SectionInput& section, Plan& plan) {
  Entries may_go;
  std::size_t fresh = 0;
  for (const auto* entry : leftovers(input, claims, section)) {
    const Leaves leaves = decide(input, section, *entry, plan);
    if (leaves == Leaves::kNo) continue;
    if (is_dropped_hook(section, *entry, seen_at(input, entry->claim))) {
      plan.actions.push_back({ActionKind::kDelete, entry->application, entry->key, entry->claim,
                              entry->effective, entry->wave, kAttemptOver});
      plan.actions.back().goes_first = true;
      continue;
    }
    // A delete that was decided before, and did not get through, was within the limit then. What cannot be
    // seen now counts: else the rest would go today, and it tomorrow.
    if (entry->phase != sync::InventoryPhase::kDeleting) ++fresh;
    if (leaves == Leaves::kYes) may_go.push_back(entry);
  }
  const std::size_t size = inventory_size(input, section.application);
  const std::size_t allowed = section.prune_limit.allowed(size);
  const bool is_limited =
      section.permission == DeletePermission::kLimited && section.mode != SectionMode::kRollback;
  const bool is_over = is_limited && fresh > allowed && !base::planted("prune-over-the-limit");
  for (const auto* entry : may_go) {
    if (is_over && entry->phase != sync::InventoryPhase::kDeleting) {
      plan.withheld.push_back(
          withhold(*entry, WithheldReason::kPruneLimit, over_limit(section, fresh, size, allowed)));
      continue;
    }
    plan.actions.push_back({ActionKind::kDelete, entry->application, entry->key, entry->claim,
                            entry->effective, entry->wave, delete_reason(section)});
  }
}

}  // namespace holdfast::edge_agent
