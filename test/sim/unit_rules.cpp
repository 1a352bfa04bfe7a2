// SPDX-License-Identifier: Apache-2.0
#include "test/sim/unit_rules.hpp"

namespace holdfast::sim {

using base::UnitCall;

UnitRules::UnitRules(const std::string& node, base::FakeUnitManager& units, const StoredRecords& stored,
                     TouchRules& touch, Trace& trace, Judge& judge)
    : node_(node), units_(units), stored_(stored), touch_(touch), trace_(trace), judge_(judge) {
  units_.before_change([this](const std::string& what) { changing(what); });
}

void UnitRules::violated(const std::string& invariant, const std::string& detail) {
  judge_.violated(invariant, node_ + ": " + detail);
}

// ---- what is asked for ----

/// It is stopped, or no more started with the machine.
void UnitRules::before_end(const std::string& unit, const std::string& what) {
  const auto claim = unit_claim(unit);
  if (!stored_.is_wanted(claim) && !touch_.may_go(claim))
    violated("delete-only-what-was-said", what + ": no commit and no person said so");
  const auto text = units_.started_with(unit);
  if (units_.is_active(unit) && !is_idle_unit(text) && stored_.is_kept_as(claim, text))
    violated("no-needless-stop", what + ": its spec did not change");
}

void UnitRules::before(UnitCall call, const std::string& unit) {
  if (!units_.answers() || call == UnitCall::kLoad || call == UnitCall::kReload) return;
  const auto claim = unit_claim(unit);
  const std::string what = "change of " + unit;
  touch_.expect_wanted(claim, what);
  touch_.expect_intent(claim, what);
  if (call == UnitCall::kStop || call == UnitCall::kDisable || call == UnitCall::kMask)
    before_end(unit, what);
  if (call == UnitCall::kRestart && units_.is_active(unit) && !touch_.was_left(claim) &&
      stored_.is_kept_as(claim, units_.started_with(unit)))
    violated("no-needless-restart", unit + " is restarted, and its spec did not change");
}

// ---- what is carried out ----

void UnitRules::changing(const std::string& what) {
  trace_.add(node_, "unit " + what);
  const auto blank = what.find(' ');
  if (steady_.empty() || blank == std::string::npos || what.substr(blank + 1) != steady_) return;
  const std::string verb = what.substr(0, blank);
  const bool is_again = verb == "start" && !units_.is_active(steady_) && ++starts_ > 1 + ends_;
  if (is_again || verb == "restart") violated("no-needless-restart", what + ": nobody had ended it");
  if (verb == "stop" || verb == "disable" || verb == "mask")
    violated("no-needless-stop", what + ": its spec never changed");
}

}  // namespace holdfast::sim
