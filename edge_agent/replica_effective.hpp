// SPDX-License-Identifier: Apache-2.0
// A Deployment or a DaemonSet with its references filled in: each pod that it may need at a time, and how many of them.
// Threads: plain values; resolve_replicas() is pure.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "edge_agent/pod_effective.hpp"
#include "edge_agent/replica_step.hpp"

namespace holdfast::edge_agent {

/// By index. Shared, because what goes on running of an earlier revision is kept by it until it is replaced.
using ReplicaPods = std::shared_ptr<std::vector<PodWanted>>;

struct ReplicaEffective final : Effective {
  ReplicaEffective() = default;
  ReplicaEffective(const ReplicaEffective&) = delete;
  ReplicaEffective& operator=(const ReplicaEffective&) = delete;
  ~ReplicaEffective() override { ReplicaEffective::shed(); }
  void shed() override {
    for (auto& pod : *pods) pod.shed();
  }

  ReplicaRules rules;
  std::chrono::milliseconds progress_deadline{0};
  ReplicaPods pods = std::make_shared<std::vector<PodWanted>>();  ///< surge included
};

base::Result<std::unique_ptr<ReplicaEffective>> resolve_replicas(const sync::Resource& resource,
                                                                 References& references,
                                                                 const PodContext& context);

/// Of a DaemonSet there is one pod, which has its name.
PodId replica_id(const sync::ResourceKey& owner, std::uint32_t index);
/// nullopt: no pod of that resource has such a name.
std::optional<std::uint32_t> replica_index(const sync::ResourceKey& owner, const PodId& id);

}  // namespace holdfast::edge_agent
