// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/supervisor.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/limits/agent.hpp"
#include "base/time_text.hpp"

namespace holdfast::edge_agent {

using base::ProcessPhase;
using base::ProcessStatus;
using base::Result;
using sync::Health;
using sync::ProbeUse;
using Tended = Driver::Tended;

namespace {

constexpr std::string_view kLiveness = "#liveness";
constexpr std::string_view kReadiness = "#readiness";

bool is_running(const ProcessStatus& status) {
  return status.phase == ProcessPhase::kRunning || (status.phase == ProcessPhase::kLost && status.identity);
}

bool has_succeeded(const ProcessStatus& status) {
  return status.phase == ProcessPhase::kExited && status.exit_code == 0 && status.exit_signal == 0;
}

std::string how_it_ended(const ProcessStatus& status) {
  std::string text;
  if (status.phase == ProcessPhase::kLost) {
    text = "ended unseen (power cut, or its shim was killed)";
  } else if (status.exit_signal != 0) {
    text = "was ended by signal " + std::to_string(status.exit_signal);
  } else {
    text = "exited with code " + std::to_string(status.exit_code);
  }
  return status.detail.empty() ? text : text + ": " + status.detail;
}

base::ProbeStart probe_start(const ProcessEffective& wanted, const sync::Probe& probe, std::string id) {
  base::ProbeStart start;
  start.id = std::move(id);
  start.timeout = probe.timeout;
  if (const auto* exec = std::get_if<sync::ExecAction>(&probe.action)) {
    start.exec = base::ExecProbe{.argv = exec->command,
                                 .env = wanted.start.env,
                                 .user = wanted.start.user,
                                 .working_dir = wanted.start.working_dir};
  } else if (const auto* http = std::get_if<sync::HttpGetAction>(&probe.action)) {
    start.http =
        base::HttpProbe{.host = http->host, .port = http->port, .path = http->path, .headers = http->headers};
  } else if (const auto* tcp = std::get_if<sync::TcpSocketAction>(&probe.action)) {
    start.tcp = base::TcpProbe{.host = tcp->host, .port = tcp->port};
  }
  return start;
}

std::optional<base::MonotonicTime> earlier(std::optional<base::MonotonicTime> a,
                                           std::optional<base::MonotonicTime> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

std::string Supervisor::probe_id(const sync::Claim& claim, ProbeUse use) {
  return claim.text() + std::string(use == ProbeUse::kLiveness ? kLiveness : kReadiness);
}

std::optional<sync::Claim> Supervisor::claim_of_probe(const std::string& id) {
  const auto hash = id.rfind('#');
  if (hash == std::string::npos) return std::nullopt;
  auto claim = sync::Claim::parse(std::string_view(id).substr(0, hash));
  if (!claim) return std::nullopt;
  return *std::move(claim);
}

void Supervisor::probe_ended(const base::HostEvent& event) { probes_ended_.push_back(event); }

void Supervisor::cancel_probes(const sync::Claim& claim) {
  host_.cancel_probe(probe_id(claim, ProbeUse::kLiveness));
  host_.cancel_probe(probe_id(claim, ProbeUse::kReadiness));
  probes_ended_.clear();
  liveness_.state.cancelled();
  readiness_.state.cancelled();
}

void Supervisor::forget() {
  pace_.forget();
  known_.reset();
  is_killing_ = false;
  start_failure_.clear();
}

void Supervisor::take_results(const ProcessEffective& wanted, base::MonotonicTime now) {
  for (auto& event : probes_ended_) {
    const auto take = [&](Probed& probed, const std::optional<sync::Probe>& probe) {
      // One that is not on its way was called off.
      if (probe && !probed.state.due()) probed.state.result(*probe, event.ok, std::move(event.detail), now);
    };
    if (event.name.ends_with(kLiveness)) take(liveness_, wanted.liveness);
    if (event.name.ends_with(kReadiness)) take(readiness_, wanted.readiness);
  }
  probes_ended_.clear();
  // One that is not wanted any more may be wanted again.
  if (!wanted.liveness) liveness_.state.cancelled();
  if (!wanted.readiness) readiness_.state.cancelled();
}

void Supervisor::begin(Probed& probed, const std::optional<sync::Probe>& probe) {
  probed.of = probe;
  probed.state = ProbeState{};
  if (probe) probed.state.begin(*probe, started_at_);
}

void Supervisor::follow_probes(const ProcessEffective& wanted) {
  const auto& claim = wanted.claims.front();
  if (liveness_.of != wanted.liveness) {
    host_.cancel_probe(probe_id(claim, ProbeUse::kLiveness));
    begin(liveness_, wanted.liveness);
  }
  if (readiness_.of != wanted.readiness) {
    host_.cancel_probe(probe_id(claim, ProbeUse::kReadiness));
    begin(readiness_, wanted.readiness);
  }
}

void Supervisor::meet(const ProcessEffective& wanted, base::MonotonicTime now, base::WallTime wall) {
  known_ = status_.identity;
  pace_.started();
  is_killing_ = false;
  start_failure_.clear();
  // How long it runs already; a clock that was set meanwhile must not make that negative.
  const auto age = std::max(wall - status_.started, std::chrono::milliseconds{0});
  const auto started = now - age;
  settled_at_ = started + base::limits::kProcessSettle;
  started_at_ = started;
  ready_since_.reset();
  is_available_ = false;
  cancel_probes(wanted.claims.front());
  begin(liveness_, wanted.liveness);
  begin(readiness_, wanted.readiness);
}

Result<Tended> Supervisor::tend(const ProcessEffective& wanted, const ProcessStatus& status,
                                const std::string& mark, base::MonotonicTime now, base::WallTime wall) {
  status_ = status;
  if (!is_running(status_)) return tend_ended(wanted, mark, now, wall);
  if (known_ != status_.identity) meet(wanted, now, wall);
  follow_probes(wanted);
  take_results(wanted, now);
  return tend_running(wanted, now);
}

std::optional<base::MonotonicTime> Supervisor::run_probe(const ProcessEffective& wanted, ProbeUse use,
                                                         base::MonotonicTime now) {
  const auto& probe = use == ProbeUse::kLiveness ? wanted.liveness : wanted.readiness;
  ProbeState& state = use == ProbeUse::kLiveness ? liveness_.state : readiness_.state;
  if (!probe) return std::nullopt;
  const auto due = state.due();
  if (!due || *due > now) return due;
  const auto started = host_.start_probe(probe_start(wanted, *probe, probe_id(wanted.claims.front(), use)));
  if (started || started.error().code() == base::Code::kConflict) {
    state.sent();  // kConflict: the one that is on its way answers for this one
  } else if (started.error().disposition() == base::Disposition::kRetry) {
    // Too many at once, nothing left to fork with: this machine's trouble and no verdict on the process.
    state.missed(*probe, started.error().message(), now);
  } else {
    state.result(*probe, false, started.error().message(), now);
  }
  return state.due();
}

/// Ready for how long, as far as this agent has seen it; when that is long enough.
std::optional<base::MonotonicTime> Supervisor::look_at_readiness(const ProcessEffective& wanted,
                                                                 base::MonotonicTime now) {
  const bool is_ready = wanted.readiness ? readiness_.state.verdict() == ProbeVerdict::kPassing : is_settled_;
  if (!is_ready) {
    ready_since_.reset();
    return std::nullopt;
  }
  // Without a probe it is ready from its start, which a new agent knows, too.
  if (!ready_since_) ready_since_ = wanted.readiness ? now : started_at_;
  const auto available_at = *ready_since_ + wanted.min_ready;
  is_available_ = now >= available_at;
  return is_available_ ? std::nullopt : std::optional(available_at);
}

Result<Tended> Supervisor::tend_running(const ProcessEffective& wanted, base::MonotonicTime now) {
  is_settled_ = now >= settled_at_;
  if (is_killing_) return Tended{};
  if (wanted.liveness && liveness_.state.verdict() == ProbeVerdict::kFailing) {
    HF_CHECK(host_.stop_process(wanted.start.id, wanted.grace));
    is_killing_ = true;
    return Tended{};
  }
  auto again = run_probe(wanted, ProbeUse::kLiveness, now);
  again = earlier(again, run_probe(wanted, ProbeUse::kReadiness, now));
  if (!is_settled_) again = earlier(again, settled_at_);
  again = earlier(again, look_at_readiness(wanted, now));
  return Tended{.again_at = again};
}

bool Supervisor::should_restart(const ProcessEffective& wanted) const {
  // A stop of ours is no success, however orderly it ended, also where an earlier agent ordered it.
  const bool is_bad = is_killing_ || status_.stopped_by_us || !has_succeeded(status_);
  return restarts(wanted.restart_policy, is_bad ? ProgramEnd::kBadly : ProgramEnd::kWell);
}

Result<Tended> Supervisor::tend_ended(const ProcessEffective& wanted, const std::string& mark,
                                      base::MonotonicTime now, base::WallTime wall) {
  is_settled_ = false;
  if (!should_restart(wanted)) return Tended{};
  if (pace_.count_end(now)) cancel_probes(wanted.claims.front());
  if (!pace_.is_due(now)) return Tended{.again_at = pace_.due()};
  base::ProcessStart start = wanted.start;
  start.mark = mark;
  const std::string why =
      is_killing_ ? "its liveness probe failed: " + liveness_.state.detail() : how_it_ended(status_);
  auto started = host_.start_process(start);
  if (!started) {
    start_failure_ = started.error().message();
    pace_.count_failure(now);
    return Tended{.again_at = pace_.due()};
  }
  status_ = *std::move(started);
  // At once, for what the probes said of the one before says nothing of this one.
  meet(wanted, now, wall);
  return Tended{.restarted = why, .again_at = now + base::limits::kProcessSettle};
}

ResourceHealth Supervisor::running_health(const ProcessEffective& wanted) const {
  if (is_killing_)
    return {Health::kDegraded, "Unhealthy", "liveness probe failed: " + liveness_.state.detail()};
  if (wanted.readiness && readiness_.state.verdict() != ProbeVerdict::kPassing) {
    const bool was_ready = readiness_.state.has_passed();
    return {was_ready ? Health::kDegraded : Health::kProgressing, "NotReady",
            probe_text("readiness", readiness_.state)};
  }
  if (!wanted.readiness && !is_settled_) return {Health::kProgressing, "Starting", ""};
  if (!is_available_) {
    return {Health::kProgressing, "MinReady",
            "is ready, but not yet for " + base::format_duration(wanted.min_ready) + " (minReadySeconds)"};
  }
  if (status_.phase == ProcessPhase::kLost) {
    return {Health::kHealthy, "ShimLost",
            "runs without its shim: its output is not kept, and its exit code will not be known"};
  }
  if (!status_.limits_unenforced.empty())
    return {Health::kHealthy, "LimitsNotEnforced", status_.limits_unenforced};
  return {Health::kHealthy, "", ""};
}

ResourceHealth Supervisor::ended_health(const ProcessEffective& wanted, std::uint64_t restarts) const {
  if (!start_failure_.empty()) return {Health::kDegraded, "StartFailed", start_failure_};
  if (should_restart(wanted)) {
    return {Health::kDegraded, "CrashLoopBackOff",
            how_it_ended(status_) + "; restarted " + std::to_string(restarts) + " times so far"};
  }
  if (has_succeeded(status_)) return {Health::kHealthy, "Completed", "", false, true};
  return {Health::kDegraded, "Failed", how_it_ended(status_) + "; restartPolicy is Never", true};
}

ResourceHealth Supervisor::health(const ProcessEffective& wanted, std::uint64_t restarts) const {
  if (status_.phase == ProcessPhase::kAbsent) return {Health::kMissing, "Missing", "is not running"};
  return is_running(status_) ? running_health(wanted) : ended_health(wanted, restarts);
}

}  // namespace holdfast::edge_agent
