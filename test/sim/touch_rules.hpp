// SPDX-License-Identifier: Apache-2.0
// TouchRules: what holds of every change of a node, of whatever kind the thing is: some commit wanted it, the inventory
// knew of it before, its stage had come; and who may take it away. Threads: one.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "test/sim/hook_rules.hpp"
#include "test/sim/judge.hpp"
#include "test/sim/oracle.hpp"
#include "test/sim/stored_records.hpp"

namespace holdfast::sim {

class TouchRules {
 public:
  /// All outlive it.
  TouchRules(const std::string& node, const StoredRecords& stored, const Oracle& oracle, HookRules& hooks,
             Judge& judge)
      : node_(node), stored_(stored), oracle_(oracle), hooks_(hooks), judge_(judge) {}

  void expect_wanted(const sync::Claim& claim, const std::string& what);
  void expect_intent(const sync::Claim& claim, const std::string& what);
  /// `what`: content of a file, the argument that tells specs apart.
  void expect_stage(const sync::Claim& claim, const std::string& what);
  /// Whether a commit, a person or the section that made it and failed takes it away.
  bool may_go(const sync::Claim& claim) const;
  /// It was left here by an application that went: who takes it up again does not know with what it began.
  bool was_left(const sync::Claim& claim) const { return oracle_.was_released(claim); }

 private:
  std::optional<sync::Section> maker_of(const sync::InventoryEntry& entry) const;

  const std::string& node_;
  const StoredRecords& stored_;
  const Oracle& oracle_;
  HookRules& hooks_;
  Judge& judge_;
  /// Under which something was touched here: so a maker is known though the node has dropped its section. Of what has none all the same
  /// (nothing was touched under it: it only adopted what was there) nobody can say whether it is kept going or made too early.
  std::map<base::Digest, sync::Section> seen_;
};

}  // namespace holdfast::sim
