// SPDX-License-Identifier: Apache-2.0
// HubBox: the hub: the shipped Objects and Controller on a fake store, link and Git. What people ask of it is a call
// here; it may fail, or kill the hub, like any other. Threads: one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "gitops/fake_git_source.hpp"
#include "hub/controller.hpp"
#include "hub/fake_sealer.hpp"
#include "sync/store/fake_store.hpp"
#include "test/sim/box.hpp"
#include "test/sim/event_rules.hpp"
#include "test/sim/fleet_trust.hpp"
#include "test/sim/hub_rules.hpp"
#include "test/sim/model.hpp"
#include "test/sim/oracle.hpp"
#include "test/sim/seams.hpp"

namespace holdfast::sim {

inline constexpr std::string_view kRepository = "git://git.example.com/fleet";

class HubBox final : public Box {
 public:
  HubBox(sync::FakeBroker& broker, hub::ControllerOptions options, Trace& trace, Judge& judge,
         std::uint64_t seed);
  ~HubBox() override { end(); }

  // ---- people; false: it did not work, or nobody knows ----
  bool apply(const ApplicationModel& application);
  bool remove(const ApplicationModel& application);
  bool add_node(const std::string& name, const sync::NodeUid& uid,
                const std::map<std::string, std::string>& labels);
  bool label(const std::string& node, const std::string& key, const std::string& value);
  bool sync(const std::string& application, bool confirm_prune);
  bool rollback(const std::string& application, const std::string& revision);
  bool refresh(const std::string& application);
  bool sync_node(const std::string& node, bool retry);
  /// As `holdfast approve`: the hub may go on above the generation that its status shows.
  bool approve(const std::string& node);
  /// As `holdfast-hub rotate signing-key`, for a hub that does not run: from its next start on it goes by this.
  void go_by(const FleetTrust& trust);
  /// As `holdfast-hub rotate sealing-key`; the same.
  void rotate_sealing_key();
  /// What people seal to.
  const base::SealingPublicKey& sealing_key() const { return sealer_.keys.newest().key.public_key(); }
  /// Of the last thing asked that did not work: whether it may have been done all the same.
  bool was_unclear() const { return was_unclear_; }

  // ---- a copy, and what becomes of it ----
  /// False: not now.
  bool back_up();
  bool has_backup() const { return copy_.has_value(); }
  void forget_backup() { copy_.reset(); }
  /// The copy takes the place of what is there. REQUIRES: has_backup().
  enum class Mirrors { kKept, kLost };
  void restore(Mirrors mirrors, std::chrono::milliseconds later);

  // ---- to look at ----
  /// Nodes that hold more than the hub knows of, and wait for a person's word.
  std::vector<std::string> waiting_for_approval();
  /// Events of a node that the hub had and, restored from an older copy, has no more.
  const EventCounts& forgotten_events(const std::string& node) { return forgotten_[node]; }
  /// What the store holds, for the rules.
  std::optional<sync::Generation> desired_of(const sync::NodeUid& node) { return desired_in(store, node); }
  /// REQUIRES: has_backup().
  bool has_made_since_copy(const sync::NodeUid& node);
  std::optional<base::Digest> snapshot_of(const sync::NodeUid& node);
  /// "Synced Healthy" of status.
  std::string status_of(const std::string& application);
  /// Events that a node told, by what they say, and how often each came; "EventsLost" counts what it said to be lost.
  EventCounts events_of(const std::string& node);
  /// For people: what its conditions and its last operation say.
  std::string story_of(const std::string& application);
  /// The revisions in force as the store has them; none when it cannot be read.
  std::optional<Oracle::Places> in_force();
  const HubRules& rules() const { return rules_; }

  gitops::FakeGitSource git;
  sync::FakeStore store;

 protected:
  bool begin() override;
  void end() override;
  std::optional<base::MonotonicTime> work() override;

 private:
  bool ask(const std::string& what, const std::function<base::Status()>& request);
  static std::optional<sync::Generation> desired_in(sync::FakeStore& store, const sync::NodeUid& node);
  std::map<std::string, EventCounts> events_of_all();
  void note_forgotten();

  sync::FakeBroker& broker_;
  hub::ControllerOptions options_;
  hub::FakeSealer sealer_;
  HubRules rules_;
  std::unique_ptr<SimStore> sim_store_;
  std::unique_ptr<SimLink> link_;
  std::unique_ptr<hub::Objects> objects_;
  std::unique_ptr<hub::Controller> controller_;
  bool was_unclear_ = false;
  std::optional<sync::FakeStore> copy_;
  std::map<std::string, EventCounts> before_restore_;  ///< by node; until the restored hub was started
  std::map<std::string, EventCounts> forgotten_;
};

}  // namespace holdfast::sim
