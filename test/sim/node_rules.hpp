// SPDX-License-Identifier: Apache-2.0
// NodeRules: what an agent must never do, checked at every change of its host, every message it sends and after
// every run. It looks at the store's records and at the oracle, never at what the agent thinks.
// Threads: one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/fake_host.hpp"
#include "edge_agent/engine.hpp"
#include "sync/store/fake_store.hpp"
#include "test/sim/hook_rules.hpp"
#include "test/sim/judge.hpp"
#include "test/sim/oracle.hpp"
#include "test/sim/seams.hpp"
#include "test/sim/touch_rules.hpp"

namespace holdfast::sim {

class NodeRules final : public HostWatcher {
 public:
  NodeRules(std::string node, base::FakeHost& host, sync::FakeStore& store, Oracle& oracle, Trace& trace,
            Judge& judge);

  // ---- the host ----
  void before_write(const base::FileWrite& write) override;
  void before_mark(const std::string& path) override;
  void before_attributes(const std::string& path) override;
  void before_remove(const std::string& path) override;
  void before_start(const base::ProcessStart& start) override;
  void before_stop(const base::ProcessId& id) override;
  void before_forget(const base::ProcessId& id) override;
  void after(const std::string& what) override;

  // ---- the link, the engine ----
  void sent(const std::string& payload);
  /// A record that is about to be stored.
  void storing(sync::Table table, std::string_view key, std::string_view value);
  void booted(const edge_agent::Engine& engine) { looked(engine); }
  void looked(const edge_agent::Engine& engine);

  // ---- foreign hands ----
  void replaced_by_hand(const std::string& path) { made_.erase(path); }
  void removed_by_hand(const std::string& path) { made_.erase(path); }
  void disturbed() { is_disturbed_ = true; }
  void power_was_cut();
  void retry_asked() { bad_.clear(); }
  /// From now on what is there by its own process must stay as it is.
  void expect_process(const std::string& name) { steady_ = name; }
  void process_ended_by_hand(const std::string& name) { ++ends_[name]; }

  const std::string& node() const { return node_; }
  const StoredRecords& stored() const { return stored_; }
  TouchRules& touch() { return touch_; }
  bool made(const std::string& path) const { return made_.contains(path); }
  /// Somebody's file stood there when the agent took it over: it may be changed and is never removed.
  bool was_there(const std::string& path) const { return was_there_.contains(path); }
  bool has_sent(const base::Digest& snapshot) const { return snapshots_.contains(snapshot); }
  const base::Digest& last_snapshot() const { return last_snapshot_; }
  std::uint64_t messages_but_hello() const { return messages_; }

 private:
  std::string process_name(const std::string& instance);
  void count_delete(const sync::Claim& claim);
  void look_what_stands_at(const std::string& path);
  void took(const std::string& path);
  void check_applied(const sync::Frame& frame);
  void check_sections(const sync::Snapshot& snapshot);
  void violated(const std::string& invariant, const std::string& detail);

  std::string node_;
  base::FakeHost& host_;
  StoredRecords stored_;
  Oracle& oracle_;
  Trace& trace_;
  Judge& judge_;
  std::set<std::string> made_;                ///< paths whose file is the agent's
  std::set<std::string> was_there_;           ///< of those, whose file was somebody's before
  bool stands_somebodys_ = false;             ///< where the agent writes next
  std::map<std::string, std::string> names_;  ///< instance → process
  sync::Generation accepted_max_;
  struct Deletes {
    std::size_t of = 0;  ///< objects in the inventory before the first
    Claims claims;
  };
  std::map<std::pair<sync::Generation, sync::ApplicationUid>, Deletes> deletes_;
  std::map<std::string, std::string> reports_;  ///< what a delta may be on, by name
  std::set<base::Digest> snapshots_;
  base::Digest last_snapshot_;
  std::uint64_t messages_ = 0;
  bool is_disturbed_ = false;
  std::string steady_;
  std::map<std::string, std::uint32_t> starts_;
  std::map<std::string, std::uint32_t> ends_;  ///< by hand or with the power
  std::map<sync::ApplicationUid, std::set<base::Digest>> bad_;
  base::Digest looked_at_;
  HookRules hooks_;
  TouchRules touch_;
};

}  // namespace holdfast::sim
