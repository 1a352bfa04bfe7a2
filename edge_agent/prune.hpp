// SPDX-License-Identifier: Apache-2.0
// The half of plan() that decides about leftovers: inventory that nobody desires any more. Deleting needs
// proof; whatever lacks it is withheld with its reason.
// Threads: pure function of values.
#pragma once

#include <compare>
#include <cstdint>

#include "edge_agent/claim_table.hpp"
#include "edge_agent/plan.hpp"

namespace holdfast::edge_agent {

/// When an object's turn to be deleted is: the greater goes first, and is gone before a smaller one is touched.
struct DeleteTurn {
  std::int64_t wave = 0;
  std::uint32_t depth = 0;
  int kind_order = 0;
  auto operator<=>(const DeleteTurn&) const = default;
};
/// The reason of a forget where nothing is at the claim any more.
inline constexpr const char* kIsGone = "is gone";
DeleteTurn delete_turn(const sync::InventoryEntry& entry);

/// Appends what becomes of hooks that are over: deleted as their delete policy says, and where they did not end in time.
void plan_hook_deletes(const PlanInput& input, const ClaimTable& claims, const SectionInput& section,
                       Plan& plan);

/// Appends the section's forgets and deletes, in reverse apply order, and what is withheld and why.
void plan_deletes(const PlanInput& input, const ClaimTable& claims, const SectionInput& section, Plan& plan);

}  // namespace holdfast::edge_agent
