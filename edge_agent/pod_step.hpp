// SPDX-License-Identifier: Apache-2.0
// What is to be done next for a pod, as tables of what is and what is wanted (docs/decisions/0019-containers.md).
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/container.hpp"
#include "edge_agent/pod_wanted.hpp"
#include "sync/model/process_spec.hpp"

namespace holdfast::edge_agent {

// ---- that it is there ----

enum class ContainerIs {
  kAbsent,
  kCreated,  ///< never started
  kRunning,
  kEnded,
  kGoing,  ///< being removed
};
ContainerIs is_of(base::ContainerPhase phase);

/// Whose it is and what of.
enum class Fit {
  kRight,    ///< has the digest that is wanted, whoever made it
  kOther,    ///< ours, of another digest or not wanted any more
  kForeign,  ///< not ours, and another one
};
enum class Goal { kThere, kGone };

enum class MakeStep {
  kNothing,
  kCreate,
  kStop,  ///< with the grace
  kRemove,
  kWait,    ///< an event tells
  kRefuse,  ///< it is somebody else's
};
MakeStep make_step(ContainerIs is, Fit fit, Goal goal);

// ---- that it runs ----

/// One of the pod's containers that are wanted, all of which are there.
struct SeenContainer {
  ContainerRole role = ContainerRole::kMain;
  ContainerIs is = ContainerIs::kCreated;
  bool ended_well = false;   ///< of kEnded: with 0, and not because we stopped it
  bool has_started = false;  ///< of kRunning: its startup probe, where it has one, has passed
  bool is_past = false;  ///< its last run was in a network that is gone: the owner of that has ended since
};

enum class RunStep {
  kNothing,
  kStart,    ///< for the first time, or what the others need
  kRestart,  ///< it ended; when, says its backoff
  kWait,     ///< for another one of the pod
  kStop,     ///< the pod is over
  kCycle,    ///< to be stopped, for all of the pod is started again
};

struct RunPlan {
  std::vector<RunStep> steps;  ///< one for each container
  PodPhase phase = PodPhase::kPending;
  bool is_ending = false;      ///< its main containers are over, a sidecar is not yet
  std::size_t inits = 0;       ///< init containers, sidecars among them
  std::size_t inits_done = 0;  ///< of these, in order: ended well, or a sidecar that has started
};
/// When the owner of the network has ended, all of the pod begins anew, as in Kubernetes: what still runs is stopped, then owner, init
/// containers and the rest are started as for the first time. REQUIRES: in order of their start.
RunPlan run_plan(const std::vector<SeenContainer>& containers, sync::RestartPolicy policy);

}  // namespace holdfast::edge_agent
