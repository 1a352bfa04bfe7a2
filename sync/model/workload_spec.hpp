// SPDX-License-Identifier: Apache-2.0
// Deployment and DaemonSet: pods that run until Git says otherwise, read strictly; see docs/kubernetes.md.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/
// Threads: plain values and pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/label_selector.hpp"
#include "sync/model/pod_spec.hpp"

namespace holdfast::sync {

/// A number of pods, or a share of the replicas.
struct PodShare {
  std::uint32_t number = 0;
  bool is_percent = false;
  bool operator==(const PodShare&) const = default;
};

/// How many pods an update may do without, and have in addition, at any time.
struct RollingBounds {
  std::uint32_t unavailable = 0;
  std::uint32_t surge = 0;
  bool operator==(const RollingBounds&) const = default;
};
/// As Kubernetes rounds: surge up, unavailable down, and one unavailable where both come out as 0.
RollingBounds rolling_bounds(std::uint32_t replicas, PodShare unavailable, PodShare surge);

enum class UpdateStrategy { kRollingUpdate, kRecreate };

struct Deployment {
  std::uint32_t replicas = 1;
  UpdateStrategy strategy = UpdateStrategy::kRollingUpdate;
  RollingBounds
      rolling;  ///< without surge where pods hold a port of the node; of kRecreate all of them unavailable
  std::chrono::seconds min_ready{0};
  std::chrono::seconds progress_deadline{600};
  PodTemplate pod;
  bool operator==(const Deployment&) const = default;
};

/// One pod on a node, which stops before its successor starts.
struct DaemonSet {
  std::chrono::seconds min_ready{0};
  PodTemplate pod;
  bool operator==(const DaemonSet&) const = default;
};

base::Result<Deployment> parse_deployment(const base::Json& object);
base::Result<DaemonSet> parse_daemon_set(const base::Json& object);

/// A workload's selector must not be empty and must match its template. `where` is "spec".
base::Status check_selector(const LabelSelector& selector, const StringMap& labels, const std::string& where);

}  // namespace holdfast::sync
