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

/// Whether one that ran in a network that is gone is not started again in the next one.
bool stays_over(const SeenContainer& one, sync::RestartPolicy policy) {
  if (is_main(one)) return is_over(one, policy);
  return one.role == ContainerRole::kInit && !one.ended_well && is_over(one, policy_of_init(policy));
}

/// What ran in a network that is gone, and does not run any more, has not run in the one that is there.
std::vector<SeenContainer> in_this_network(std::vector<SeenContainer> containers,
                                           sync::RestartPolicy policy) {
  const bool has_owner = !containers.empty() && containers.front().role == ContainerRole::kNetwork;
  const bool has_ended = has_owner && containers.front().is == ContainerIs::kEnded;
  for (auto& one : containers) {
    if (one.role == ContainerRole::kNetwork) continue;
    one.is_past = one.is != ContainerIs::kCreated && (one.is_past || has_ended);
    if (!one.is_past || one.is != ContainerIs::kEnded || stays_over(one, policy)) continue;
    one.is = ContainerIs::kCreated;
    one.is_past = false;
  }
  return containers;
}

/// The walk through the containers in order; `holds` once the next ones have to wait.
struct RunWalk {
  sync::RestartPolicy policy;
  bool mains_begun;
  bool holds = false;

  RunStep network(const SeenContainer& one) {
    if (one.is != ContainerIs::kRunning) holds = true;
    return begin_or(one.is, RunStep::kRestart);
  }
  RunStep init(const SeenContainer& one) {
    if (mains_begun || is_done(one)) return RunStep::kNothing;
    holds = true;
    return begin_or(one.is, RunStep::kRestart);
  }
  RunStep sidecar(const SeenContainer& one) {
    if (!mains_begun && !is_done(one)) holds = true;
    return begin_or(one.is, RunStep::kRestart);
  }
  RunStep main(const SeenContainer& one) const {
    return is_over(one, policy) ? RunStep::kNothing : begin_or(one.is, RunStep::kRestart);
  }
  RunStep step(const SeenContainer& one) {
    if (holds) return RunStep::kWait;
    switch (one.role) {
      case ContainerRole::kNetwork: return network(one);
      case ContainerRole::kInit: return init(one);
      case ContainerRole::kSidecar: return sidecar(one);
      case ContainerRole::kMain: return main(one);
    }
    return RunStep::kNothing;
  }
  static bool is_done(const SeenContainer& one) {
    if (one.role == ContainerRole::kInit) return one.is == ContainerIs::kEnded && one.ended_well;
    return one.is == ContainerIs::kRunning && one.has_started;
  }
};

/// One step for those that end next, of those that `are_to`: first all that use a sidecar, then these one after the other, the last
/// first, then the network. Whether any is left.
template <class Which>
bool end_in_order(const std::vector<SeenContainer>& containers, Which are_to, RunStep with,
                  std::vector<RunStep>& steps) {
  const auto ends = [&](std::size_t i) {
    return containers[i].is == ContainerIs::kRunning && are_to(containers[i]);
  };
  bool any = false;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const bool is_user = is_main(containers[i]) || containers[i].role == ContainerRole::kInit;
    if (!is_user || !ends(i)) continue;
    steps[i] = with;
    any = true;
  }
  for (std::size_t i = containers.size(); i-- > 0 && !any;) {
    if (!ends(i)) continue;
    steps[i] = with;
    any = true;
  }
  return any;
}

/// What is left of a pod that is over ends, too. Until its sidecars have, it is not over for others.
RunPlan over(const std::vector<SeenContainer>& containers, PodPhase phase) {
  RunPlan plan{.steps = std::vector(containers.size(), RunStep::kNothing), .phase = phase};
  const auto all = [](const SeenContainer& /*one*/) { return true; };
  static_cast<void>(end_in_order(containers, all, RunStep::kStop, plan.steps));
  plan.is_ending = std::ranges::any_of(containers, [](const auto& one) {
    return one.role != ContainerRole::kNetwork && one.is == ContainerIs::kRunning;
  });
  if (plan.is_ending) plan.phase = PodPhase::kRunning;
  return plan;
}

void count_inits(const std::vector<SeenContainer>& containers, RunPlan& plan) {
  bool all_done = true;
  for (const auto& one : containers) {
    if (one.role != ContainerRole::kInit && one.role != ContainerRole::kSidecar) continue;
    ++plan.inits;
    all_done = all_done && RunWalk::is_done(one) && !one.is_past;
    if (all_done) ++plan.inits_done;
  }
}

}  // namespace

RunPlan run_plan(const std::vector<SeenContainer>& seen, sync::RestartPolicy policy) {
  const auto containers = in_this_network(seen, policy);
  const bool all_over =
      std::ranges::all_of(containers, [&](const auto& one) { return !is_main(one) || is_over(one, policy); });
  if (all_over) {
    const bool all_well =
        std::ranges::all_of(containers, [](const auto& one) { return !is_main(one) || one.ended_well; });
    return over(containers, all_well ? PodPhase::kSucceeded : PodPhase::kFailed);
  }
  const bool mains_begun = std::ranges::any_of(containers, [](const auto& one) {
    return is_main(one) && one.is != ContainerIs::kCreated && !one.is_past;
  });
  const bool init_failed = std::ranges::any_of(containers, [&](const auto& one) {
    return one.role == ContainerRole::kInit && !one.ended_well && is_over(one, policy_of_init(policy));
  });
  if (init_failed && !mains_begun) return over(containers, PodPhase::kFailed);
  RunPlan plan{.steps = std::vector(containers.size(), RunStep::kWait)};
  plan.phase = mains_begun ? PodPhase::kRunning : PodPhase::kPending;
  count_inits(containers, plan);
  const auto is_past = [](const SeenContainer& one) { return one.is_past; };
  if (end_in_order(containers, is_past, RunStep::kCycle, plan.steps)) return plan;
  RunWalk walk{.policy = policy, .mains_begun = mains_begun};
  for (std::size_t i = 0; i < containers.size(); ++i) plan.steps[i] = walk.step(containers[i]);
  return plan;
}

}  // namespace holdfast::edge_agent
