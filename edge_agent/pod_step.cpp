// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pod_step.hpp"

#include <algorithm>

#include "edge_agent/restart_pace.hpp"

namespace holdfast::edge_agent {

using base::ContainerPhase;

ContainerIs is_of(ContainerPhase phase) {
  switch (phase) {
    case ContainerPhase::kCreated: return ContainerIs::kCreated;
    case ContainerPhase::kRunning:
    case ContainerPhase::kPaused:
    case ContainerPhase::kRestarting: return ContainerIs::kRunning;
    case ContainerPhase::kRemoving: return ContainerIs::kGoing;
    case ContainerPhase::kExited:
    case ContainerPhase::kDead: return ContainerIs::kEnded;
  }
  return ContainerIs::kEnded;
}

MakeStep make_step(ContainerIs is, Fit fit, Goal goal) {
  if (is == ContainerIs::kAbsent) return goal == Goal::kThere ? MakeStep::kCreate : MakeStep::kNothing;
  if (is == ContainerIs::kGoing) return MakeStep::kWait;
  if (fit == Fit::kForeign) return MakeStep::kRefuse;
  if (goal == Goal::kThere && fit == Fit::kRight) return MakeStep::kNothing;
  return is == ContainerIs::kRunning ? MakeStep::kStop : MakeStep::kRemove;
}

namespace {

bool is_main(const SeenContainer& one) { return one.role == ContainerRole::kMain; }

ProgramEnd end_of(const SeenContainer& one) {
  return one.ended_well ? ProgramEnd::kWell : ProgramEnd::kBadly;
}

bool is_over(const SeenContainer& one, sync::RestartPolicy policy) {
  return one.is == ContainerIs::kEnded && !restarts(policy, end_of(one));
}

/// An init container of a pod with Always is started again until it ends well, as in Kubernetes.
sync::RestartPolicy policy_of_init(sync::RestartPolicy policy) {
  return policy == sync::RestartPolicy::kNever ? policy : sync::RestartPolicy::kOnFailure;
}

RunStep begin_or(ContainerIs is, RunStep when_ended) {
  if (is == ContainerIs::kCreated) return RunStep::kStart;
  return is == ContainerIs::kEnded ? when_ended : RunStep::kNothing;
}

/// The walk through the containers in order; `holds` once the next ones have to wait.
struct RunWalk {
  sync::RestartPolicy policy;
  bool mains_begun;
  bool holds = false;

  RunStep network(const SeenContainer& one) {
    if (one.is != ContainerIs::kRunning) holds = true;
    return begin_or(one.is, RunStep::kStart);
  }
  RunStep init(const SeenContainer& one) {
    if (mains_begun) return RunStep::kNothing;
    const bool is_done = one.is == ContainerIs::kEnded && one.ended_well;
    if (is_done) return RunStep::kNothing;
    holds = true;
    return begin_or(one.is, RunStep::kRestart);
  }
  RunStep sidecar(const SeenContainer& one) {
    if (!mains_begun && (one.is != ContainerIs::kRunning || !one.has_started)) holds = true;
    return begin_or(one.is, RunStep::kRestart);
  }
  RunStep main(const SeenContainer& one) const {
    return is_over(one, policy) ? RunStep::kNothing : begin_or(one.is, RunStep::kRestart);
  }
  RunStep step(const SeenContainer& one) {
    if (one.is_stale) {
      holds = true;
      return RunStep::kCycle;
    }
    if (holds) return RunStep::kWait;
    switch (one.role) {
      case ContainerRole::kNetwork: return network(one);
      case ContainerRole::kInit: return init(one);
      case ContainerRole::kSidecar: return sidecar(one);
      case ContainerRole::kMain: return main(one);
    }
    return RunStep::kNothing;
  }
};

/// What is left of a pod that is over ends, too: the last first.
RunPlan over(const std::vector<SeenContainer>& containers, PodPhase phase) {
  RunPlan plan{.steps = std::vector(containers.size(), RunStep::kNothing), .phase = phase};
  for (std::size_t i = containers.size(); i-- > 0;) {
    if (containers[i].is != ContainerIs::kRunning) continue;
    plan.steps[i] = RunStep::kStop;
    if (containers[i].role == ContainerRole::kSidecar) break;
  }
  return plan;
}

}  // namespace

RunPlan run_plan(const std::vector<SeenContainer>& containers, sync::RestartPolicy policy) {
  const bool all_over =
      std::ranges::all_of(containers, [&](const auto& one) { return !is_main(one) || is_over(one, policy); });
  if (all_over) {
    const bool all_well =
        std::ranges::all_of(containers, [](const auto& one) { return !is_main(one) || one.ended_well; });
    return over(containers, all_well ? PodPhase::kSucceeded : PodPhase::kFailed);
  }
  const bool mains_begun = std::ranges::any_of(
      containers, [](const auto& one) { return is_main(one) && one.is != ContainerIs::kCreated; });
  const bool init_failed = std::ranges::any_of(containers, [&](const auto& one) {
    return one.role == ContainerRole::kInit && !one.ended_well && is_over(one, policy_of_init(policy));
  });
  if (init_failed && !mains_begun) return over(containers, PodPhase::kFailed);
  RunWalk walk{.policy = policy, .mains_begun = mains_begun};
  RunPlan plan;
  for (const auto& one : containers) plan.steps.push_back(walk.step(one));
  plan.phase = mains_begun ? PodPhase::kRunning : PodPhase::kPending;
  return plan;
}

}  // namespace holdfast::edge_agent
