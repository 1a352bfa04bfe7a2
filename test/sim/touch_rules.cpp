// SPDX-License-Identifier: Apache-2.0
#include "test/sim/touch_rules.hpp"

namespace holdfast::sim {

void TouchRules::expect_wanted(const sync::Claim& claim, const std::string& what) {
  if (!oracle_.was_wanted(claim))
    judge_.violated("foreign-untouched", node_ + ": " + what + ": no commit ever wanted it");
}

void TouchRules::expect_intent(const sync::Claim& claim, const std::string& what) {
  if (!stored_.entry(claim))
    judge_.violated("intent-before-touch", node_ + ": " + what + ": the inventory does not know of it");
}

void TouchRules::expect_stage(const sync::Claim& claim, const std::string& what) {
  const auto found = stored_.entry(claim);
  const auto record = found ? stored_.record(found->application) : std::nullopt;
  if (!record) return;
  const auto accepted = stored_.section(record->accepted.digest);
  if (accepted) seen_.insert_or_assign(record->accepted.digest, *accepted);
  // What was there before is kept going until its turn has come, also where another attempt made it and never came to its end.
  const auto outgoing = stored_.section(record->applied);
  if (outgoing && is_as_in(*outgoing, claim, what)) return;
  const bool is_of_another =
      found->phase == sync::InventoryPhase::kApplied && found->made_by != record->accepted.digest;
  const auto maker = maker_of(*found);
  if (is_of_another && (!maker || is_as_in(*maker, claim, what))) return;
  if (accepted) hooks_.before_touch(claim, *record, *accepted);
}

std::optional<sync::Section> TouchRules::maker_of(const sync::InventoryEntry& entry) const {
  if (auto stored = stored_.section(entry.made_by)) return stored;
  const auto seen = seen_.find(entry.made_by);
  return seen == seen_.end() ? std::nullopt : std::optional(seen->second);
}

bool TouchRules::may_go(const sync::Claim& claim) const {
  return oracle_.may_delete(node_, claim) || stored_.is_rolling_back(claim);
}

}  // namespace holdfast::sim
