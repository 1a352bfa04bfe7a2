// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/claim_table.hpp"

#include <tuple>
#include <utility>
#include <vector>

#include "sync/model/workload_claims.hpp"

namespace holdfast::edge_agent {
namespace {

using Contender = ClaimTable::Contender;

/// 0: holds the claim by the inventory; 1: its application does, under another name; 2: neither.
int distance(const Contender& contender, const sync::InventoryEntry* entry) {
  if (entry == nullptr || entry->application != contender.section->application) return 2;
  return entry->key == contender.item->key ? 0 : 1;
}

bool comes_before(const Contender& a, const Contender& b, const sync::InventoryEntry* entry) {
  const int distance_a = distance(a, entry);
  const int distance_b = distance(b, entry);
  return std::tie(distance_a, a.section->name, a.section->application, a.item->key) <
         std::tie(distance_b, b.section->name, b.section->application, b.item->key);
}

const sync::InventoryEntry* entry_of(const PlanInput& input, const sync::Claim& claim) {
  const auto found = input.inventory.find(claim);
  return found == input.inventory.end() ? nullptr : &found->second;
}

}  // namespace

ClaimTable::ClaimTable(const PlanInput& input) {
  for (const auto& section : input.sections) {
    for (const auto& item : section.items) {
      for (const auto& claim : item.claims) {
        const Contender contender{&section, &item};
        const auto [at, is_first] = holders_.try_emplace(claim, contender);
        if (!is_first && comes_before(contender, at->second, entry_of(input, claim))) at->second = contender;
      }
    }
  }
  settle_overlaps(input);
}

/// Pod web-0 and Deployment web, whose first pod is web-0, too: what loses its claim to another holds neither.
void ClaimTable::settle_overlaps(const PlanInput& input) {
  std::vector<std::pair<sync::Claim, Contender>> lost;
  for (const auto& [claim, contender] : holders_) {
    const auto over = sync::claim_over(claim);
    const auto all = over ? holders_.find(*over) : holders_.end();
    if (all == holders_.end() || all->second == contender) continue;
    const bool was_first = distance(contender, entry_of(input, claim)) == 0;
    const bool all_was_first = distance(all->second, entry_of(input, *over)) == 0;
    const bool wins = was_first != all_was_first ? was_first : comes_before(contender, all->second, nullptr);
    lost.emplace_back(wins ? *over : claim, wins ? contender : all->second);
  }
  for (auto& [claim, winner] : lost) holders_[claim] = winner;
}

bool ClaimTable::gets_all(const Contender& contender, const sync::Claim** lost) const {
  for (const auto& claim : contender.item->claims) {
    if (holder(claim) == contender) continue;
    *lost = &claim;
    return false;
  }
  return true;
}

std::string ClaimTable::conflict(const Contender& loser, const sync::Claim& claim) const {
  const Contender& winner = holder(claim);
  return claim.text() + " is held by " + winner.item->key.brief() + " of application " +
         winner.section->name + "; " + loser.item->key.brief() + " of application " + loser.section->name +
         " wants it too: change one of the two";
}

}  // namespace holdfast::edge_agent
