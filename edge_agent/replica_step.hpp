// SPDX-License-Identifier: Apache-2.0
// The pods of a Deployment or a DaemonSet, as a function: those that are, and how many are wanted -> which to create and which to stop. By maxSurge and
// maxUnavailable, as Kubernetes' controller does it, with one addition: a pod that is on its way out counts until it is gone, for it holds memory and a name.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
// Threads: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "sync/model/workload_spec.hpp"

namespace holdfast::edge_agent {

/// How many pods are wanted, and by which way a change goes.
struct ReplicaRules {
  std::uint32_t replicas = 1;
  sync::RollingBounds bounds;  ///< of kRecreate: all unavailable, no surge
  sync::UpdateStrategy strategy = sync::UpdateStrategy::kRollingUpdate;
  std::chrono::milliseconds min_ready{0};
};
ReplicaRules replica_rules(const sync::Deployment& deployment);
ReplicaRules replica_rules(const sync::DaemonSet& set);

/// A pod that is there in any form, also one that failed.
struct ReplicaPod {
  std::uint32_t index = 0;                             ///< of its name; no two have the same
  bool is_current = false;                             ///< made of the template that is wanted
  bool is_leaving = false;                             ///< told to go, and not gone
  std::optional<std::chrono::milliseconds> ready_for;  ///< without a break; none: it is not ready
};

/// What a person wants to know of them; those that leave are in `leaving` alone.
struct ReplicaCounts {
  std::uint32_t current = 0;    ///< of the wanted template
  std::uint32_t former = 0;     ///< of an earlier one
  std::uint32_t available = 0;  ///< of either, ready for min_ready
  std::uint32_t current_ready = 0;
  std::uint32_t current_available = 0;
  std::uint32_t leaving = 0;
  bool operator==(const ReplicaCounts&) const = default;
};

struct ReplicaStep {
  std::vector<std::uint32_t> create;
  std::vector<std::uint32_t> stop;
  /// When the next ready pod has been so for min_ready: look again then.
  std::optional<std::chrono::milliseconds> again_in;
  ReplicaCounts counts;      ///< as they are now
  bool is_complete = false;  ///< all of the wanted template, all available, and nothing else is there
  bool is_at_rest() const { return create.empty() && stop.empty(); }
};

ReplicaStep replica_step(const ReplicaRules& rules, const std::vector<ReplicaPod>& pods);

/// Whether a change goes on: Kubernetes' Progressing condition. It lives with the agent; a new agent gives a change its whole time again.
class RolloutProgress {
 public:
  /// Another template or number is wanted: its time begins with the next look. A pod that takes its grace to end is no stop.
  void begin(base::MonotonicTime now);
  /// Nothing can go on until whoever is waited for is back (an engine, a registry): its time begins anew with the next look after that.
  void hold(base::MonotonicTime now);
  void look(const ReplicaStep& step, base::MonotonicTime now);
  /// When it counts as stuck; none: it is complete.
  std::optional<base::MonotonicTime> deadline(std::chrono::milliseconds allowed) const;
  /// It was complete, and lost pods since: no change is on its way, so nothing is too slow.
  bool was_complete() const { return was_complete_; }

 private:
  std::optional<ReplicaCounts> best_;
  base::MonotonicTime moved_at_{};
  bool is_complete_ = false;
  bool was_complete_ = false;
};

}  // namespace holdfast::edge_agent
