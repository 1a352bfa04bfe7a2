// SPDX-License-Identifier: Apache-2.0
// ContainerRules: what an agent must never do to the containers of its node. What it asks for is judged when it asks, by
// what the engine really has then; what is carried out is counted. Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/fake_engine.hpp"
#include "test/sim/model.hpp"
#include "test/sim/touch_rules.hpp"
#include "test/sim/trace.hpp"

namespace holdfast::sim {

class ContainerRules {
 public:
  /// All outlive it.
  ContainerRules(const std::string& node, base::FakeEngine& engine, const StoredRecords& stored,
                 TouchRules& touch, Trace& trace, Judge& judge);

  // ---- the agent ----
  void before_create(const base::ContainerSpec& spec);
  /// A stop, or a kill.
  void before_stop(const base::ContainerId& id);
  void before_remove(const base::ContainerId& id);

  // ---- foreign hands, misfortune ----
  void made_by_hand(const base::ContainerId& id) {
    foreign_.insert(id);
    kept_foreign_.insert(id);
  }
  /// Of one that runs.
  void ended_by_hand(const std::string& container);
  void removed_by_hand(const std::string& container);
  /// All that runs ends.
  void all_end();
  /// From now on what is there by its own workload must stay as it is.
  void expect_steady(const std::string& workload, std::uint32_t pods) { steady_[workload] = pods; }
  bool is_steady(const std::string& workload) const { return steady_.contains(workload); }
  bool is_foreign(const base::ContainerId& id) const { return foreign_.contains(id); }
  /// Of what a hand made and no hand took away; gone is gone by the agent.
  bool is_any_foreign_gone() const;
  void taken_by_hand(const base::ContainerId& id) { kept_foreign_.erase(id); }

 private:
  /// One that the agent is about to end, as the engine has it.
  struct Ending {
    const base::ContainerState* state = nullptr;
    ContainerOwner owner;
    bool is_kept = false;  ///< what is wanted has it just as it is
  };
  std::optional<Ending> ending(const base::ContainerId& id, const std::string& what);
  bool is_one_too_many(const ContainerOwner& owner, const std::string& argument) const;
  void changing(const std::string& what);
  void violated(const std::string& invariant, const std::string& detail);

  const std::string& node_;
  base::FakeEngine& engine_;
  const StoredRecords& stored_;
  TouchRules& touch_;
  Trace& trace_;
  Judge& judge_;
  std::set<base::ContainerId> foreign_;
  std::set<base::ContainerId> kept_foreign_;
  std::set<base::ContainerId> asked_to_end_;
  struct Counts {
    std::uint32_t creates = 0;
    std::uint32_t starts = 0;
    std::uint32_t removals = 0;  ///< by hand
    std::uint32_t ends = 0;      ///< by hand or with the power
  };
  std::map<std::string, std::uint32_t> steady_;  ///< workload → its pods
  std::map<std::string, Counts> counts_;         ///< by workload
};

/// By which its spec is told from any other.
std::string argument_of(const base::ContainerSpec* spec);

}  // namespace holdfast::sim
