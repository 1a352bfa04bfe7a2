// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/plan.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "edge_agent/apply_order.hpp"
#include "edge_agent/claim_table.hpp"
#include "edge_agent/prune.hpp"

namespace holdfast::edge_agent {
namespace {

const Observed* observed_at(const PlanInput& input, const sync::Claim& claim) {
  const auto found = input.actual.find(claim);
  return found == input.actual.end() ? nullptr : &found->second;
}

bool holds(const sync::InventoryEntry& entry, const SectionInput& section, const DesiredItem& item) {
  return entry.application == section.application && entry.key == item.key;
}

bool is_settled(const sync::InventoryEntry& entry, const DesiredItem& item) {
  return entry.phase == sync::InventoryPhase::kApplied && entry.effective == item.effective &&
         entry.prune_disabled == item.prune_disabled;
}

std::string adopt_reason(const sync::InventoryEntry* entry, const SectionInput& section,
                         const DesiredItem& item) {
  if (entry == nullptr) return "was there already";
  if (entry->application != section.application) return "moved here from another application";
  if (entry->key != item.key) return "renamed from " + entry->key.brief();
  if (is_settled(*entry, item)) return "has lost its ownership mark";
  return "is as it should be";
}

/// What is to be done for one claim of an item that may hold it; nullopt: nothing.
std::optional<std::pair<ActionKind, std::string>> decide(const SectionInput& section, const DesiredItem& item,
                                                         const Observed& seen,
                                                         const sync::InventoryEntry* entry) {
  const bool is_owner = entry != nullptr && holds(*entry, section, item);
  if (!seen.present) {
    const bool was_there = is_owner && entry->phase == sync::InventoryPhase::kApplied;
    return std::pair{ActionKind::kCreate, std::string(was_there ? "is missing" : "is new")};
  }
  if (seen.matches) {
    if (is_owner && is_settled(*entry, item) && seen.ours) return std::nullopt;
    return std::pair{ActionKind::kAdopt, adopt_reason(entry, section, item)};
  }
  if (is_owner) return std::pair{ActionKind::kUpdate, seen.difference};
  return std::pair{ActionKind::kTakeOver,
                   adopt_reason(entry, section, item) + ", and differs: " + seen.difference};
}

/// What was there and is gone is made here now.
bool was_there(const Observed& seen, const sync::InventoryEntry* entry) {
  if (entry != nullptr) return entry->adopted && seen.present;
  return seen.present && (!seen.ours || seen.was_there);
}

void plan_applies(const PlanInput& input, const ClaimTable& claims, const SectionInput& section, Plan& plan) {
  for (const auto& placed : apply_order(section.items)) {
    const auto& item = section.items[placed.item];
    if (item.rests) continue;
    const ClaimTable::Contender self{&section, &item};
    const sync::Claim* lost = nullptr;
    if (!claims.gets_all(self, &lost)) {
      plan.withheld.push_back({WithheldReason::kClaimConflict, section.application, item.key, *lost,
                               claims.conflict(self, *lost)});
      continue;
    }
    for (const auto& claim : item.claims) {
      const Observed* seen = observed_at(input, claim);
      if (seen == nullptr) continue;
      const auto entry = input.inventory.find(claim);
      const auto* known = entry == input.inventory.end() ? nullptr : &entry->second;
      auto decision = decide(section, item, *seen, known);
      if (!decision) continue;
      plan.actions.push_back({decision->first, section.application, item.key, claim, item.effective,
                              placed.wave, std::move(decision->second), was_there(*seen, known)});
    }
  }
}

}  // namespace

Plan plan(const PlanInput& input) {
  const ClaimTable claims(input);
  Plan plan;
  for (const auto& section : input.sections) {
    plan_applies(input, claims, section, plan);
    plan_deletes(input, claims, section, plan);
    plan_hook_deletes(input, claims, section, plan);
  }
  return plan;
}

std::string_view to_string(ActionKind kind) {
  switch (kind) {
    case ActionKind::kCreate: return "Create";
    case ActionKind::kUpdate: return "Update";
    case ActionKind::kAdopt: return "Adopt";
    case ActionKind::kTakeOver: return "TakeOver";
    case ActionKind::kForget: return "Forget";
    case ActionKind::kDelete: return "Delete";
  }
  return "Unknown";
}

std::string_view to_string(WithheldReason reason) {
  switch (reason) {
    case WithheldReason::kClaimConflict: return "ClaimConflict";
    case WithheldReason::kPruneLimit: return "PruneLimit";
    case WithheldReason::kPruneDisabled: return "PruneDisabled";
    case WithheldReason::kNoProof: return "NoProof";
    case WithheldReason::kTakenOver: return "TakenOver";
    case WithheldReason::kNotOurs: return "NotOurs";
    case WithheldReason::kUnobservable: return "Unobservable";
    case WithheldReason::kDeleteFailed: return "DeleteFailed";
    case WithheldReason::kWaiting: return "Waiting";
    case WithheldReason::kRolledBack: return "KeptByRollback";
  }
  return "Unknown";
}

}  // namespace holdfast::edge_agent
