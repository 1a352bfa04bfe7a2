// SPDX-License-Identifier: Apache-2.0
// PodDriver: kind Pod, on the pod's keeper; and for every workload the containers and ports that the inventory still has and nobody
// asks for any more.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <string>

#include "edge_agent/driver.hpp"
#include "edge_agent/pod_effective.hpp"
#include "edge_agent/pods.hpp"

namespace holdfast::edge_agent {

class PodDriver final : public Driver {
 public:
  /// `pods`: nullptr, this node has no container engine: every Pod is refused.
  PodDriver(Pods* pods, PodContext context, RestartBook& restarts)
      : pods_(pods), context_(std::move(context)), restarts_(restarts) {}

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
  std::vector<sync::Claim> on_event(const base::HostEvent& event) override;

 private:
  PodKeeper& keeper(const PodEffective& pod) { return pods_->keeper(pod.pod.id); }
  base::Result<Observed> observe_left(const sync::Claim& claim, const sync::InventoryEntry* entry);
  bool is_desired(const PodId& pod) const;
  bool is_lost(const PodEffective& pod) const;
  Observed::End end_of(const PodEffective& pod) const;
  void forget(const sync::Claim& claim, const sync::InventoryEntry* entry);
  /// The container of that name is being made, or something is done to it.
  bool is_busy_with(const sync::Claim& claim) const;
  /// The one that is watched, and not that of before, which is kept until the walk has come to it.
  bool is_current(const PodEffective& pod) const;

  Pods* pods_;
  PodContext context_;
  RestartBook& restarts_;
  std::map<sync::Claim, PodId> desired_;           ///< what is watched
  std::map<sync::Claim, base::Digest> digest_of_;  ///< of that, by its first claim
  std::map<sync::Claim, PodId> pods_of_;           ///< whose it is, also after that
};

}  // namespace holdfast::edge_agent
