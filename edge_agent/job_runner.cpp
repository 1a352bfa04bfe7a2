// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/job_runner.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "edge_agent/owned_pods.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {

using base::ContainerPhase;
using base::Result;
using Is = JobPod::Is;
using Progress = Driver::Progress;

PodWanted pod_of_try(const PodWanted& pod, const base::Digest& run, std::uint32_t number) {
  PodWanted out = pod;
  out.labels[job_labels::kRun] = run.hex();
  out.labels[job_labels::kTry] = std::to_string(number);
  out.digest = base::Digest::of(pod.digest.hex() + run.hex() + std::to_string(number));
  return out;
}

std::uint32_t JobRunner::try_of(const PodId& id) const {
  const auto number = base::from_decimal(label_of_pod(seams_.pods, id, job_labels::kTry));
  return number && *number <= UINT32_MAX ? static_cast<std::uint32_t>(*number) : 0;
}

std::optional<base::Digest> JobRunner::run_of(const PodId& id) const {
  const auto run = base::Digest::from_hex(label_of_pod(seams_.pods, id, job_labels::kRun));
  if (!run) return std::nullopt;
  return *run;
}

void JobRunner::learn(const PodWanted& pod) {
  const auto known = kept_.find(pod.id);
  if (known != kept_.end()) {
    const auto run = run_of(pod.id);
    const std::string digest = label_of_pod(seams_.pods, pod.id, pod_labels::kDigest);
    const bool runs_by_it = run && pod_of_try(known->second, *run, try_of(pod.id)).digest.hex() == digest;
    const bool would_run = run && pod_of_try(pod, *run, try_of(pod.id)).digest.hex() == digest;
    if (runs_by_it && !would_run) return;
  }
  PodWanted shed = pod;
  shed.shed();
  kept_.insert_or_assign(pod.id, std::move(shed));
}

/// One that this agent has no template of: it is left to run, and what it comes to is read off its containers.
JobPod JobRunner::raw(const PodId& id) const {
  bool runs = false;
  bool has_ended = false;
  std::int64_t code = 0;
  std::string message;
  for (const auto* state : seams_.pods.cache().of_pod(id)) {
    if (role_of(*state) != ContainerRole::kMain) continue;
    runs = runs || state->phase == ContainerPhase::kRunning || state->phase == ContainerPhase::kPaused ||
           state->phase == ContainerPhase::kRestarting;
    if (state->phase != ContainerPhase::kExited) continue;
    has_ended = true;
    if (state->exit_code == 0 || code != 0) continue;
    code = state->exit_code;
    message = how_it_ended(label(*state, pod_labels::kContainer), *state);
  }
  if (runs) return {.is = Is::kActive, .number = try_of(id)};
  if (!has_ended) return {.is = Is::kOther};
  return {.is = code == 0 ? Is::kSucceeded : Is::kFailed, .number = try_of(id), .message = message};
}

Stamp JobRunner::now() const {
  const auto wall = seams_.clock.wall();
  return {seams_.boot_id, seams_.clock.monotonic(), wall < seams_.not_before ? base::WallTime{} : wall};
}

/// One of this run that stays: kept by its template where that is known.
base::Status JobRunner::look(const PodId& id, const JobRecord& record, const sync::Claim& asker,
                             Decision& out) {
  seams_.pods.cache().follow(id, asker);
  out.pod = raw(id);
  const auto known = kept_.find(id);
  if (known == kept_.end()) return {};
  const auto wanted = pod_of_try(known->second, record.run, try_of(id));
  if (label_of_pod(seams_.pods, id, pod_labels::kDigest) != wanted.digest.hex()) return {};
  auto& keeper = seams_.pods.keeper(id);
  HF_TRY(const auto observed, keeper.look(wanted, asker));
  out.is_made = observed.matches;
  // Its files changed in Git, or were in memory when the machine was booted again: it needs them no more, and its log stays.
  const bool has_ended = out.pod.is == Is::kSucceeded || out.pod.is == Is::kFailed;
  if (!out.is_made && record.outcome != JobOutcome::kNone && has_ended) {
    out.is_made = true;
    return {};
  }
  const std::string how_it_ended = out.pod.message;
  out.pod = {.is = Is::kActive, .number = try_of(id)};
  if (!out.is_made) return {};
  HF_TRY(const auto tended, keeper.tend(wanted, asker));
  out.restarted = tended.restarted;
  out.again_at = tended.again_at;
  const auto phase = keeper.seen(wanted).phase;
  if (phase == PodPhase::kSucceeded) out.pod.is = Is::kSucceeded;
  if (phase == PodPhase::kFailed) {
    out.pod.is = Is::kFailed;
    // Of main containers that is known; else an init container failed.
    out.pod.message = how_it_ended.empty() ? keeper.health(wanted).message : how_it_ended;
  }
  return {};
}

Result<JobRunner::Decision> JobRunner::decide(const PodId& id, const sync::JobSpec& spec,
                                              const JobRecord& record, const sync::Claim& asker) {
  Decision out;
  const auto states = seams_.pods.cache().of_pod(id);
  if (states.empty()) {
    leaving_.erase(id);
  } else if (leaving_.contains(id)) {
    out.pod.is = Is::kLeaving;
  } else if (run_of(id) != record.run) {
    out.pod.is = Is::kOther;
  } else {
    HF_CHECK(look(id, record, asker, out));
  }
  for (const auto* state : states)
    out.pod.restarts += seams_.restarts.count({sync::ClaimKind::kContainer, state->name.str()});
  out.step = job_step(spec, record, out.pod, now());
  if (out.step.again_in) sooner(out.again_at, seams_.clock.monotonic() + *out.step.again_in);
  return out;
}

Result<bool> JobRunner::act(const Decision& decision, const PodId& id, const JobRecord& record,
                            const PodWanted* whole, const sync::Claim& asker) {
  if (decision.step.act == JobStep::Act::kRemove || decision.pod.is == Is::kLeaving) {
    leaving_.insert(id);
    HF_CHECK(end(id, asker));
    return false;
  }
  if (!decision.makes_pod()) return false;
  const bool is_start = decision.step.act == JobStep::Act::kStart;
  if (whole == nullptr) return true;
  const std::uint32_t number = is_start ? decision.step.number : decision.pod.number;
  if (is_start) {
    for (const auto& container : whole->containers) seams_.restarts.forget(container.claim);
  }
  HF_CHECK(seams_.pods.keeper(id).bring(pod_of_try(*whole, record.run, number), asker));
  return false;
}

Result<Progress> JobRunner::end(const PodId& id, const sync::Claim& asker) {
  HF_TRY(const auto progress, end_pod(seams_.pods, seams_.restarts, id, asker));
  if (progress == Progress::kDone) forget(id);
  return progress;
}

void JobRunner::forget(const PodId& id) {
  leaving_.erase(id);
  kept_.erase(id);
}

ResourceHealth JobRunner::complaint(const PodId& id, const JobRecord& record, const JobPod& pod) {
  const auto known = kept_.find(id);
  auto* const keeper = seams_.pods.find(id);
  if (known == kept_.end() || keeper == nullptr) return {.health = sync::Health::kHealthy};
  if (pod.is == Is::kActive) return keeper->health(pod_of_try(known->second, record.run, pod.number));
  auto pending = keeper->pending(known->second);
  if (pod.is != Is::kAbsent || pending.reason == "ContainerCreating")
    return {.health = sync::Health::kHealthy};
  return pending;
}

void JobRunner::cancel_probes(const PodId& id) {
  auto* const keeper = seams_.pods.find(id);
  if (keeper != nullptr) keeper->cancel_probes();
}

}  // namespace holdfast::edge_agent
