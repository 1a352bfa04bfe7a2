// SPDX-License-Identifier: Apache-2.0
#include "test/sim/container_rules.hpp"

#include <algorithm>

namespace holdfast::sim {

using base::ContainerPhase;

std::string argument_of(const base::ContainerSpec* spec) {
  const bool has_one = spec != nullptr && spec->entrypoint && spec->entrypoint->size() > 1;
  return has_one ? (*spec->entrypoint)[1] : "";
}

ContainerRules::ContainerRules(const std::string& node, base::FakeEngine& engine, const StoredRecords& stored,
                               TouchRules& touch, Trace& trace, Judge& judge)
    : node_(node), engine_(engine), stored_(stored), touch_(touch), trace_(trace), judge_(judge) {
  engine_.before_change([this](const std::string& what) { changing(what); });
}

void ContainerRules::violated(const std::string& invariant, const std::string& detail) {
  judge_.violated(invariant, node_ + ": " + detail);
}

// ---- what is asked for ----

void ContainerRules::before_create(const base::ContainerSpec& spec) {
  const auto owner = owner_of_container(spec.name.str());
  const std::string what = "create " + spec.name.str();
  touch_.expect_stage(owner.claim, argument_of(&spec));
  touch_.expect_wanted(owner.claim, what);
  touch_.expect_intent(owner.claim, what);
}

/// Fewer replicas of the same: one that is beyond them may go.
bool ContainerRules::is_one_too_many(const ContainerOwner& owner, const std::string& argument) const {
  const auto wanted = stored_.replicas_of(owner.claim);
  if (!wanted) return false;
  const auto names = engine_.names();
  const auto count = std::ranges::count_if(names, [&](const auto& name) {
    return owner_of_container(name.str()).name == owner.name &&
           argument_of(engine_.spec_of(name)) == argument;
  });
  return static_cast<std::uint64_t>(count) > *wanted;
}

/// nullopt: nothing will come of it.
std::optional<ContainerRules::Ending> ContainerRules::ending(const base::ContainerId& id,
                                                             const std::string& what) {
  const auto* state = engine_.container(id);
  if (state == nullptr || !engine_.answers()) return std::nullopt;
  const std::string name = state->name.str();
  Ending out{.state = state, .owner = owner_of_container(name)};
  if (is_foreign(id)) violated("foreign-untouched", what + " " + name + ": the agent did not make it");
  if (!stored_.entry(out.owner.claim))
    violated("delete-from-inventory", what + " " + name + ": it is not in the inventory");
  const std::string argument = argument_of(engine_.spec_of(state->name));
  if (!stored_.is_wanted(out.owner.claim) && !touch_.may_go(out.owner.claim))
    violated("delete-only-what-was-said", what + " " + name + ": no commit and no person said so");
  out.is_kept = stored_.is_kept_as(out.owner.claim, argument) && !is_one_too_many(out.owner, argument);
  return out;
}

void ContainerRules::before_stop(const base::ContainerId& id) {
  const auto found = ending(id, "stop");
  if (!found || found->state->phase != ContainerPhase::kRunning) return;
  if (found->is_kept && !asked_to_end_.contains(id))
    violated("no-needless-stop", found->state->name.str() + ": its spec did not change");
  asked_to_end_.insert(id);
}

/// One that the agent had to stop, and that is wanted again since, is made anew; one that ended otherwise is started again.
void ContainerRules::before_remove(const base::ContainerId& id) {
  const auto found = ending(id, "remove");
  if (!found || !found->is_kept || asked_to_end_.contains(id)) return;
  violated("no-needless-restart", found->state->name.str() + " is removed, and its spec did not change");
}

// ---- what is carried out ----

void ContainerRules::changing(const std::string& what) {
  trace_.add(node_, what);
  const auto blank = what.find(' ');
  const std::string verb = what.substr(0, blank);
  const std::string workload = owner_of_container(what.substr(blank + 1)).name;
  const auto steady = steady_.find(workload);
  if (steady == steady_.end()) return;
  auto& counts = counts_[workload];
  const bool is_new = verb == "create" && ++counts.creates > steady->second + counts.removals;
  const bool is_again = verb == "start" && ++counts.starts > steady->second + counts.ends;
  if (is_new || is_again) violated("no-needless-restart", what + ": nobody had ended it");
  if (verb == "stop" || verb == "kill" || verb == "remove")
    violated("no-needless-stop", what + ": its spec never changed");
}

// ---- others ----

void ContainerRules::ended_by_hand(const std::string& container) {
  ++counts_[owner_of_container(container).name].ends;
}

void ContainerRules::removed_by_hand(const std::string& container) {
  auto& counts = counts_[owner_of_container(container).name];
  ++counts.removals;
  ++counts.ends;
}

bool ContainerRules::is_any_foreign_gone() const {
  return std::ranges::any_of(kept_foreign_, [&](const auto& id) { return engine_.container(id) == nullptr; });
}

void ContainerRules::all_end() {
  for (const auto& name : engine_.running()) ended_by_hand(name);
}

}  // namespace holdfast::sim
