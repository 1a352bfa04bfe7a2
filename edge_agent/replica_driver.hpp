// SPDX-License-Identifier: Apache-2.0
// ReplicaDriver: kinds Deployment and DaemonSet: as many pods of one template as are wanted, each kept by its keeper; which are made and which end decides replica_step.
// A change is one apply() that stays pending until all pods are of it; those of the revision before are kept going meanwhile.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "edge_agent/driver.hpp"
#include "edge_agent/pod_driver.hpp"
#include "edge_agent/pods.hpp"
#include "edge_agent/replica_effective.hpp"

namespace holdfast::edge_agent {

class ReplicaDriver final : public Driver {
 public:
  struct Seams {
    Pods* pods = nullptr;  ///< none: this node has no container engine, and every one is refused
    PodDriver& of_claims;  ///< for claims of single containers and ports that nobody asks for any more
    PodContext context;
    base::Clock& clock;
    RestartBook& restarts;
    DueAtListener on_due_at;
  };
  explicit ReplicaDriver(Seams seams) : seams_(std::move(seams)) {}

  base::Result<std::unique_ptr<Effective>> resolve(const sync::Resource& resource,
                                                   References& references) override;
  base::Result<Observed> observe(const sync::Claim& claim, const Effective* wanted,
                                 const sync::InventoryEntry* entry) override;
  bool prepares() const override { return true; }
  base::Result<Progress> prepare(const Effective& wanted) override;
  base::Result<Progress> apply(const Effective& wanted, const Action& action) override;
  std::optional<ResourceHealth> pending(const Effective& wanted) override;
  base::Result<Progress> remove(const sync::InventoryEntry& entry) override;
  base::Result<Tended> tend(const Effective& wanted) override;
  ResourceHealth health(const Effective& wanted) override;
  base::Status watch(const Effective& wanted) override;
  void unwatch(const sync::Claim& claim) override;
  std::vector<sync::Claim> on_event(const base::HostEvent& /*event*/) override { return {}; }

 private:
  struct Revision {
    base::Digest digest;  ///< of the resource; none: there is none
    ReplicaPods pods;     ///< shed
  };
  /// What may be lost at any time: a new agent finds out by looking.
  struct Group {
    Revision current;                    ///< that is watched
    std::vector<Revision> former;        ///< newest first
    std::map<PodId, PodWanted> unknown;  ///< of a revision that this agent never saw, by their labels
    std::set<PodId> leaving;
    RolloutProgress progress;  ///< of the current one
    ReplicaStep step;          ///< as of the last look
    ResourceHealth pending;
    std::string untold;  ///< restarts that apply() saw
  };
  /// One pod that is there.
  struct There {
    PodId id;
    std::uint32_t index = 0;
    bool is_current = false;
    bool is_whole = false;              ///< of a current one: all its containers are there
    const PodWanted* wanted = nullptr;  ///< by what it is kept
    bool is_known = false;              ///< of a former one: this agent kept it before
  };
  Group& group(const ReplicaEffective& wanted) { return groups_[wanted.claims.front()]; }
  static bool is_current(const ReplicaEffective& wanted, const Group& group);
  static void note_former(Group& group, Revision revision);
  base::Result<std::vector<There>> there(const ReplicaEffective& wanted, Group& group);
  base::Result<std::vector<ReplicaPod>> keep(const ReplicaEffective& wanted, Group& group,
                                             const std::vector<There>& there, Tended& tended);
  const PodWanted& by_labels(Group& group, const PodId& id);
  ReplicaPod seen(const There& pod, const Group& group);
  bool is_ours(const PodId& id) const;
  base::Status end_leaving(const sync::Claim& claim, Group& group);
  base::Result<bool> images_there(const ReplicaEffective& wanted, Group& group,
                                  const std::vector<There>& there);
  base::Result<bool> can_go_on(const ReplicaEffective& wanted, Group& group, const std::vector<There>& there);
  base::Status carry_out(const ReplicaEffective& wanted, Group& group, const std::vector<There>& there);
  base::Status check_progress(const ReplicaEffective& wanted, Group& group);
  void look_again(const ReplicaEffective& wanted, const Group& group, Tended& tended) const;
  ResourceHealth worst_of(const ReplicaEffective& wanted);

  Seams seams_;
  std::map<sync::Claim, Group> groups_;  ///< by first claim
};

}  // namespace holdfast::edge_agent
