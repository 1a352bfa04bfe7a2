// SPDX-License-Identifier: Apache-2.0
// The second half of PodKeeper: that what is there runs.
#include <algorithm>
#include <utility>

#include "base/limits/agent.hpp"
#include "edge_agent/pod_keeper.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::ContainerState;
using base::fail;
using base::MonotonicTime;
using base::Result;
using base::Status;
using sync::Health;
using Tended = Driver::Tended;

namespace {

void sooner(std::optional<MonotonicTime>& at, MonotonicTime other) { at = at ? std::min(*at, other) : other; }

/// The others are stopped when the pod is over, whatever they say to it.
bool decides(const PodContainer& container) {
  return container.role == ContainerRole::kMain || container.role == ContainerRole::kInit;
}

bool is_of_init(const PodContainer& container) {
  return container.role == ContainerRole::kInit || container.role == ContainerRole::kSidecar;
}

}  // namespace

const ContainerState* PodKeeper::state_of(const PodContainer& container) const {
  return seams_.cache.find(container.spec.name);
}

const KeptContainer* PodKeeper::known(const PodContainer& container) const {
  const auto found = kept_.find(container.spec.name.str());
  return found == kept_.end() ? nullptr : found->second.get();
}

/// Its network went with a run of its owner that is over. What this agent saw and did decides; else the engine's times, and of one that
/// runs they are not believed where its owner never ended: a clock that was set back must not stop it.
bool PodKeeper::is_past(const PodWanted& wanted, const PodContainer& container,
                        const ContainerState& state) const {
  if (!wanted.has_network_owner() || container.role == ContainerRole::kNetwork || !state.started)
    return false;
  const auto* owner = state_of(wanted.containers.front());
  if (owner == nullptr || !owner->started) return false;
  const auto* one = known(container);
  if (one != nullptr && one->past_run == state.started) return true;
  if (one != nullptr && one->ran_in == owner->started) return false;
  const bool can_be = owner->finished || is_of(state.phase) != ContainerIs::kRunning;
  return can_be && *state.started < *owner->started;
}

void PodKeeper::note_past(const PodWanted& wanted) {
  const auto* owner = wanted.has_network_owner() ? state_of(wanted.containers.front()) : nullptr;
  if (owner == nullptr || is_of(owner->phase) != ContainerIs::kEnded) return;
  for (const auto& container : wanted.containers) {
    const auto* state = state_of(container);
    if (state != nullptr && state->started) kept(container.spec.name.str()).past_run = state->started;
  }
}

std::string PodKeeper::address_of(const PodWanted& wanted, const ContainerState& state) const {
  if (wanted.containers.front().spec.network == base::ContainerNetwork::kHost) return "127.0.0.1";
  const auto* owner = wanted.has_network_owner() ? state_of(wanted.containers.front()) : &state;
  return owner == nullptr || owner->addresses.empty() ? "" : owner->addresses.front();
}

std::vector<SeenContainer> PodKeeper::seen_containers(const PodWanted& wanted) const {
  std::vector<SeenContainer> out;
  for (const auto& container : wanted.containers) {
    const auto* state = state_of(container);
    const auto* one = known(container);
    SeenContainer seen{.role = container.role};
    if (state != nullptr) {
      seen.is = is_of(state->phase);
      const bool was_killed = one != nullptr && one->is_killing;
      seen.ended_well = state->exit_code == 0 && !state->out_of_memory && !was_killed;
      seen.has_started = !container.startup || (one != nullptr && one->id == state->id && one->probes &&
                                                one->probes->has_started(container));
      seen.is_past = is_past(wanted, container, *state);
    }
    out.push_back(seen);
  }
  return out;
}

void PodKeeper::start(const PodWanted& wanted, const PodContainer& container, const ContainerState& state) {
  KeptContainer& one = kept(container.spec.name.str());
  const auto* owner = wanted.has_network_owner() ? state_of(wanted.containers.front()) : nullptr;
  // Until the engine tells of another run, the one that is known is none in this network.
  if (is_past(wanted, container, state)) one.past_run = state.started;
  one.ran_in = owner == nullptr ? std::nullopt : owner->started;
  // Where that fails the engine says what is missing.
  static_cast<void>(seams_.folders.restore(wanted));
  one.call = seams_.engine.start(
      state.id, [this, name = container.spec.name.str(), id = state.id](const Status& status) {
        KeptContainer& started = kept(name);
        const auto* now = seams_.cache.find(base::ContainerName(name));
        if (status) {
          started.start_failure.clear();
          started.awaits_word = true;
          if (now == nullptr || is_of(now->phase) != ContainerIs::kRunning) seams_.cache.look_at(id);
        } else {
          const auto at = seams_.clock.monotonic();
          if (!started.pace.count_end(at)) started.pace.count_failure(at);
          started.start_failure = status.error().message();
          seams_.cache.look_at(id);
        }
        started.call = 0;
        wake();
      });
}

void PodKeeper::tend_running(const PodWanted& wanted, const PodContainer& container,
                             const ContainerState& state, Tended& tended) {
  KeptContainer& one = kept(container.spec.name.str());
  const auto now = seams_.clock.monotonic();
  if (one.is_killing) return stop(state, wanted.grace, StopFor::kRestart);
  if (!one.is_settled(now)) sooner(tended.again_at, one.settled_at);
  if (!container.has_probes()) return one.probes.reset();
  const auto started = one.settled_at - base::limits::kProcessSettle;
  if (one.probes) {
    one.probes->follow(container, started);
  } else {
    one.probes = std::make_unique<ContainerProbes>(
        ContainerProbes::Seams{seams_.engine, seams_.host, seams_.clock, [this] { wake(); },
                               [this] { seams_.cache.check_engine(); }},
        container.spec.name.str());
    one.probes->begin(container, started);
  }
  for (const auto& event : std::exchange(one.probes_ended, {})) one.probes->ended(container, event);
  if (auto why = one.probes->failure(container); !why.empty()) {
    one.kill_reason = std::move(why);
    return stop(state, wanted.grace, StopFor::kRestart);
  }
  const auto again = one.probes->run(container, state, address_of(wanted, state));
  if (again) sooner(tended.again_at, *again);
}

/// What a step means now; when to look again, if an event does not tell.
void PodKeeper::step(const PodWanted& wanted, const PodContainer& container, RunStep step, Tended& tended) {
  const auto* state = state_of(container);
  KeptContainer& one = kept(container.spec.name.str());
  if (state == nullptr || one.is_busy() || seams_.cache.is_being_looked_at(state->id)) return;
  if (awaits_word(one, *state)) return;
  const auto now = seams_.clock.monotonic();
  if (one.meet(*state, now, seams_.clock.wall())) one.probes.reset();
  const bool runs = is_of(state->phase) == ContainerIs::kRunning;
  if (!runs) one.probes.reset();
  std::string why = one.kill_reason.empty() ? how_it_ended(container.name, *state)
                                            : "container " + container.name + ": " + one.kill_reason;
  if (container.role == ContainerRole::kNetwork) why += ", so all of the pod is started again";
  switch (step) {
    case RunStep::kNothing:
    case RunStep::kWait:
      if (runs) tend_running(wanted, container, *state, tended);
      return;
    case RunStep::kCycle:
      one.kill_reason = "the network of its pod is gone";
      return stop(*state, wanted.grace, StopFor::kRestart);
    case RunStep::kStop: return stop(*state, wanted.grace, StopFor::kOver);
    case RunStep::kRestart: one.pace.count_end(now); break;
    case RunStep::kStart:
      if (one.start_failure.empty()) return start(wanted, container, *state);
      break;
  }
  if (!one.pace.is_due(now)) return sooner(tended.again_at, one.pace.due());
  // Another try of one that could not be started is not another restart.
  if (step == RunStep::kRestart && one.start_failure.empty()) {
    tended.restarted += (tended.restarted.empty() ? "" : "; ") + why;
    seams_.restarts.add(container.claim);
  }
  start(wanted, container, *state);
}

Result<Tended> PodKeeper::tend(const PodWanted& wanted, const sync::Claim& asker) {
  HF_CHECK(begin(asker));
  if (auto trouble = take_trouble(wanted.digest)) return fail(*std::move(trouble));
  ending_since_.reset();
  note_past(wanted);
  const auto plan = run_plan(seen_containers(wanted), wanted.restart_policy);
  Tended tended;
  for (std::size_t i = 0; i < plan.steps.size(); ++i)
    step(wanted, wanted.containers[i], plan.steps[i], tended);
  const bool is_ready = seen(wanted).is_ready;
  if (!is_ready) ready_since_.reset();
  if (is_ready && !ready_since_) ready_since_ = seams_.clock.monotonic();
  return tended;
}

// ---- what is said of it ----

bool PodKeeper::is_up(const PodContainer& container) const {
  const auto* state = state_of(container);
  const auto* one = known(container);
  const bool runs = state != nullptr && one != nullptr && is_of(state->phase) == ContainerIs::kRunning &&
                    one->id == state->id && one->started == state->started && !one->is_killing;
  if (!runs) return false;
  if (container.has_probes() && !one->probes) return false;
  if (container.readiness) return one->probes->is_ready(container);
  return one->is_settled(seams_.clock.monotonic()) && (!one->probes || one->probes->has_started(container));
}

PodSeen PodKeeper::seen(const PodWanted& wanted) const {
  PodSeen out;
  const auto containers = seen_containers(wanted);
  const bool any_there = std::ranges::any_of(
      wanted.containers, [&](const auto& container) { return state_of(container) != nullptr; });
  if (!any_there) return out;
  out.phase = run_plan(containers, wanted.restart_policy).phase;
  out.ready_since = ready_since_;
  out.is_ready = out.phase == PodPhase::kRunning;
  for (const auto& container : wanted.containers) {
    const bool counts = container.role == ContainerRole::kMain || container.role == ContainerRole::kSidecar;
    if (counts && !is_up(container)) out.is_ready = false;
    const auto* state = state_of(container);
    const bool has_failed =
        decides(container) && out.phase == PodPhase::kFailed && state != nullptr && state->exit_code != 0;
    if (has_failed && out.exit_code == 0) out.exit_code = state->exit_code;
  }
  return out;
}

ResourceHealth PodKeeper::pending(const PodWanted& /*wanted*/) const { return pending_; }

/// The first of its containers that has something to say against it.
std::optional<ResourceHealth> PodKeeper::complaint(const PodWanted& wanted, const PodContainer& container,
                                                   RunStep step) const {
  const auto* state = state_of(container);
  const auto* one = known(container);
  if (state == nullptr) return ResourceHealth{Health::kMissing, "Missing", "is not there"};
  const std::string name = "container " + container.name;
  if (one != nullptr && !one->start_failure.empty())
    return ResourceHealth{Health::kDegraded, "StartFailed", name + ": " + one->start_failure};
  if (step == RunStep::kRestart) {
    return ResourceHealth{Health::kDegraded, "CrashLoopBackOff",
                          how_it_ended(container.name, *state) + "; restarted " +
                              std::to_string(seams_.restarts.count(container.claim)) + " times so far"};
  }
  if (state->phase == base::ContainerPhase::kPaused)
    return ResourceHealth{Health::kDegraded, "Paused", name + " was paused by hand"};
  const bool is_over = is_of(state->phase) == ContainerIs::kEnded && step == RunStep::kNothing;
  if (is_over && wanted.restart_policy == sync::RestartPolicy::kNever && state->exit_code == 0)
    return std::nullopt;
  // How far they are says init_health().
  if (container.role == ContainerRole::kInit) return std::nullopt;
  if (one != nullptr && one->is_killing)
    return ResourceHealth{Health::kDegraded, "Unhealthy", name + ": " + one->kill_reason};
  if (step == RunStep::kWait || is_over || is_up(container)) return std::nullopt;
  const auto restarts = seams_.restarts.count(container.claim);
  const std::string so_far = restarts == 0 ? "" : "; restarted " + std::to_string(restarts) + " times so far";
  const auto* const probes = one == nullptr ? nullptr : one->probes.get();
  if (probes != nullptr && !probes->has_started(container))
    return ResourceHealth{Health::kProgressing, "Starting", name + ": " + probes->startup_text() + so_far};
  if (probes == nullptr || !container.readiness)
    return ResourceHealth{Health::kProgressing, "Starting", restarts == 0 ? "" : name + so_far};
  return ResourceHealth{probes->was_ready() ? Health::kDegraded : Health::kProgressing, "NotReady",
                        name + ": " + probes->readiness_text() + so_far};
}

ResourceHealth PodKeeper::failed_health(const PodWanted& wanted) const {
  for (const auto& container : wanted.containers) {
    const auto* state = state_of(container);
    const bool has_failed = decides(container) && state != nullptr &&
                            is_of(state->phase) == ContainerIs::kEnded &&
                            (state->exit_code != 0 || state->out_of_memory);
    if (has_failed)
      return {Health::kDegraded, "Failed",
              (container.role == ContainerRole::kInit ? "Init:Error: " : "") +
                  how_it_ended(container.name, *state) + "; it is not started again by its restartPolicy",
              true};
  }
  return {Health::kDegraded, "Failed", "it ended", true};
}

ResourceHealth PodKeeper::health(const PodWanted& wanted) const {
  const auto plan = run_plan(seen_containers(wanted), wanted.restart_policy);
  if (plan.phase == PodPhase::kSucceeded) return {Health::kHealthy, "Completed", ""};
  if (plan.phase == PodPhase::kFailed) return failed_health(wanted);
  ResourceHealth worst{Health::kHealthy, "", ""};
  const PodContainer* by = nullptr;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto said = complaint(wanted, wanted.containers[i], plan.steps[i]);
    if (!said || said->health <= worst.health) continue;
    worst = *said;
    by = &wanted.containers[i];
  }
  if (plan.is_ending && worst.health <= Health::kProgressing)
    return {Health::kProgressing, "Completing", "its containers have ended, a sidecar has not yet"};
  if (plan.phase != PodPhase::kPending) return worst;
  // Between two of its containers nothing runs that could complain.
  const bool is_on_its_way = worst.health <= Health::kProgressing && plan.inits_done < plan.inits;
  if (is_on_its_way || worst.health == Health::kHealthy) return init_health(wanted, plan);
  if (is_of_init(*by)) worst.message = "Init:" + worst.reason + ": " + worst.message;
  return worst;
}

/// "Init:1/3: init container migrate runs", as kubectl counts.
ResourceHealth PodKeeper::init_health(const PodWanted& wanted, const RunPlan& plan) const {
  ResourceHealth out{Health::kProgressing, "PodInitializing", ""};
  if (plan.inits_done == plan.inits) return out;
  out.message = "Init:" + std::to_string(plan.inits_done) + "/" + std::to_string(plan.inits);
  std::size_t count = 0;
  for (const auto& container : wanted.containers) {
    if (!is_of_init(container) || count++ < plan.inits_done) continue;
    const auto* state = state_of(container);
    const bool runs = state != nullptr && is_of(state->phase) == ContainerIs::kRunning;
    out.message += container.role == ContainerRole::kInit ? ": init container " : ": sidecar ";
    out.message += container.name + (!runs                                    ? " is to be started"
                                     : container.role == ContainerRole::kInit ? " runs"
                                                                              : " has not started yet");
    break;
  }
  return out;
}

void PodKeeper::cancel_probes() {
  for (const auto& [name, one] : kept_) one->probes.reset();
}

sync::Claim PodKeeper::probe_ended(const std::string& container, const base::HostEvent& event) {
  kept(container).probes_ended.push_back(event);
  return asker_;
}

}  // namespace holdfast::edge_agent
