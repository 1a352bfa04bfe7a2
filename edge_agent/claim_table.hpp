// SPDX-License-Identifier: Apache-2.0
// ClaimTable: who may hold each claim that some section desires. The owner in the inventory keeps it, else
// the smaller application name has it; the others are told by whom and why.
// Threads: a plain value; refers to the PlanInput it was made of, which must outlive it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "edge_agent/plan.hpp"

namespace holdfast::edge_agent {

class ClaimTable {
 public:
  struct Contender {
    const SectionInput* section = nullptr;
    const DesiredItem* item = nullptr;
    bool operator==(const Contender&) const = default;
  };

  explicit ClaimTable(const PlanInput& input);

  bool is_desired(const sync::Claim& claim) const { return holders_.contains(claim); }
  /// REQUIRES: is_desired(claim)
  const Contender& holder(const sync::Claim& claim) const { return holders_.at(claim); }
  /// Whether `item` gets all that it claims; false names the claim it does not get.
  bool gets_all(const Contender& contender, const sync::Claim** lost) const;
  /// "path:/etc/motd is held by File/a of application A; File/b of application B wants it too"
  std::string conflict(const Contender& loser, const sync::Claim& claim) const;

 private:
  void settle_overlaps(const PlanInput& input);

  std::map<sync::Claim, Contender> holders_;
};

}  // namespace holdfast::edge_agent
