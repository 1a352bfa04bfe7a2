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
  bool is_stale = false;     ///< of kRunning: in a network that is gone, as its owner was started again since
};

enum class RunStep {
  kNothing,
  kStart,    ///< for the first time, or what the others need
  kRestart,  ///< it ended; when, says its backoff
  kWait,     ///< for another one of the pod
  kStop,     ///< the pod is over
  kCycle,    ///< to be stopped, then started again
};

struct RunPlan {
  std::vector<RunStep> steps;  ///< one for each container
  PodPhase phase = PodPhase::kPending;
};
/// REQUIRES: in order of their start.
RunPlan run_plan(const std::vector<SeenContainer>& containers, sync::RestartPolicy policy);

}  // namespace holdfast::edge_agent
