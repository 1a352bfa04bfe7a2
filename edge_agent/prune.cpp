// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/prune.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "sync/model/kinds.hpp"

namespace holdfast::edge_agent {
namespace {

using sync::InventoryEntry;
using Entries = std::vector<const InventoryEntry*>;

int kind_order(const InventoryEntry& entry) {
  const auto* kind = sync::find_kind(entry.key.group, entry.key.kind);
  return kind == nullptr ? 0 : kind->apply_order;
}

/// Inventory of this application whose claim nobody desires; the last applied comes first.
Entries leftovers(const PlanInput& input, const ClaimTable& claims, const SectionInput& section) {
  Entries found;
  for (const auto& [claim, entry] : input.inventory) {
    if (entry.application == section.application && !claims.is_desired(claim)) found.push_back(&entry);
  }
  std::ranges::sort(found, [](const auto* a, const auto* b) {
    const int order_a = kind_order(*a);
    const int order_b = kind_order(*b);
    return std::tie(order_b, b->key, b->claim) < std::tie(order_a, a->key, a->claim);
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

std::optional<Withheld> reason_to_keep(const SectionInput& section, const InventoryEntry& entry,
                                       const Observed& seen) {
  const std::string what = entry.key.brief() + " (" + entry.claim.text() + ")";
  if (std::ranges::find(section.withhold, entry.claim) != section.withhold.end()) {
    return withhold(entry, WithheldReason::kTakenOver, what + " stays: another application takes it over");
  }
  if (entry.prune_disabled) {
    return withhold(entry, WithheldReason::kPruneDisabled,
                    what + " stays: it carries holdfast.dev/prune: disabled");
  }
  if (!section.prune && section.mode == SectionMode::kHold) {
    return withhold(entry, WithheldReason::kPruneDisabled,
                    what + " stays: the application does not prune (syncPolicy.automated.prune)");
  }
  if (section.permission == DeletePermission::kNone) {
    return withhold(entry, WithheldReason::kNoProof,
                    what + " stays: no newer desired state from the hub says that it may go");
  }
  if (!seen.ours) {
    return withhold(entry, WithheldReason::kNotOurs,
                    what + " stays: what is there now was not made by this agent");
  }
  return std::nullopt;
}

bool ends_with_its_application(WithheldReason reason) {
  return reason == WithheldReason::kPruneDisabled || reason == WithheldReason::kNotOurs;
}

/// Decides about one leftover; true: it may be deleted if the limit allows.
bool decide(const SectionInput& section, const InventoryEntry& entry, const Observed* seen, Plan& plan) {
  if (section.mode == SectionMode::kRelease) {
    plan.actions.push_back(forget(entry, "released: stays on the host"));
    return false;
  }
  if (seen == nullptr) return false;
  if (!seen->present) {
    plan.actions.push_back(forget(entry, "is gone"));
    return false;
  }
  if (section.mode == SectionMode::kRollback && (entry.made_by != section.failed || entry.adopted))
    return false;
  if (auto keep = reason_to_keep(section, entry, *seen)) {
    // Nobody will ever decide again about what a removed application leaves: it stays, and is no longer ours.
    if (section.mode == SectionMode::kPrune && ends_with_its_application(keep->reason)) {
      plan.actions.push_back(forget(entry, keep->message));
    } else {
      plan.withheld.push_back(*std::move(keep));
    }
    return false;
  }
  return true;
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

}  // namespace

void plan_deletes(const PlanInput& input, const ClaimTable& claims, const SectionInput& section, Plan& plan) {
  Entries may_go;
  std::size_t fresh = 0;
  for (const auto* entry : leftovers(input, claims, section)) {
    const auto seen = input.actual.find(entry->claim);
    if (!decide(section, *entry, seen == input.actual.end() ? nullptr : &seen->second, plan)) continue;
    may_go.push_back(entry);
    // A delete that was decided before, and did not get through, was within the limit then.
    if (entry->phase != sync::InventoryPhase::kDeleting) ++fresh;
  }
  const std::size_t size = inventory_size(input, section.application);
  const std::size_t allowed = section.prune_limit.allowed(size);
  const bool is_limited =
      section.permission == DeletePermission::kLimited && section.mode != SectionMode::kRollback;
  const bool is_over = is_limited && fresh > allowed;
  for (const auto* entry : may_go) {
    if (is_over && entry->phase != sync::InventoryPhase::kDeleting) {
      plan.withheld.push_back(
          withhold(*entry, WithheldReason::kPruneLimit, over_limit(section, fresh, size, allowed)));
      continue;
    }
    plan.actions.push_back({ActionKind::kDelete, entry->application, entry->key, entry->claim,
                            entry->effective, 0, delete_reason(section)});
  }
}

}  // namespace holdfast::edge_agent
