// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/process_driver.hpp"

#include <utility>

#include "base/limits/agent.hpp"
#include "base/planted.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::ProcessPhase;
using base::Result;
using base::Status;

namespace {

const ProcessEffective& as_process(const Effective& effective) {
  return static_cast<const ProcessEffective&>(effective);
}

bool lives(const base::ProcessStatus& status) {
  return status.phase == ProcessPhase::kRunning || (status.phase == ProcessPhase::kLost && status.identity);
}

/// All that is left of a run that was applied: nothing, or an earlier run's record. A start is not synced, so that is
/// how a power cut leaves it, and how a start that failed for want of room does.
bool has_ended_unseen(const base::ProcessStatus& status, const ProcessEffective& wanted,
                      const std::string& boot_id) {
  if (lives(status)) return false;
  if (status.phase == ProcessPhase::kAbsent) return true;
  return status.spec_digest != wanted.start.spec_digest && status.boot_id != boot_id;
}

Observed::End how_far(const base::ProcessStatus& status) {
  if (status.phase == ProcessPhase::kAbsent) return Observed::End::kNone;
  if (lives(status)) return Observed::End::kRuns;
  const bool is_well = status.phase == ProcessPhase::kExited && status.exit_code == 0 &&
                       status.exit_signal == 0 && !status.stopped_by_us;
  return is_well ? Observed::End::kWell : Observed::End::kBadly;
}

/// It was started with just this: what has become of it since is an end, not drift.
bool was_applied(const ProcessEffective& wanted, const sync::InventoryEntry* entry) {
  return entry != nullptr && entry->phase == sync::InventoryPhase::kApplied && entry->key == wanted.key &&
         entry->effective == wanted.digest;
}

}  // namespace

Result<std::unique_ptr<Effective>> ProcessDriver::resolve(const sync::Resource& resource,
                                                          References& references) {
  HF_TRY(std::unique_ptr<Effective> process, resolve_process(resource, references));
  return process;
}

Supervisor& ProcessDriver::supervisor(const sync::Claim& claim) {
  return supervisors_.try_emplace(claim, host_).first->second;
}

/// Only the spec counts here: what has exited and what was lost is the supervisor's, not drift.
Result<Observed> ProcessDriver::observe(const sync::Claim& claim, const Effective* wanted,
                                        const sync::InventoryEntry* entry) {
  const base::ProcessId id = instance_of(claim);
  claims_.insert_or_assign(id.instance, claim);
  HF_TRY(const auto status, host_.process(id));
  if (wanted != nullptr && was_applied(as_process(*wanted), entry) &&
      has_ended_unseen(status, as_process(*wanted), host_.boot_id())) {
    return Observed{.present = true, .matches = true, .ours = true, .end = Observed::End::kBadly};
  }
  Observed observed{.present = status.phase != ProcessPhase::kAbsent};
  if (!observed.present) {
    observed.difference = "is not there";
    return observed;
  }
  observed.ours = marks_.owner(status.mark, claim).has_value();
  if (observed.ours) observed.end = how_far(status);
  if (wanted == nullptr) return observed;
  // A running process cannot be marked again; what the inventory says is enough to keep it, not to remove it.
  observed.ours = observed.ours || entry != nullptr;
  observed.matches = status.spec_digest == as_process(*wanted).start.spec_digest;
  if (base::planted("restart-instead-of-adopt") && !supervisors_.contains(claim)) observed.matches = false;
  if (!observed.matches) observed.difference = "runs with another spec";
  return observed;
}

Result<Driver::Progress> ProcessDriver::start(const ProcessEffective& wanted, const sync::Claim& claim) {
  base::ProcessStart start = wanted.start;
  start.mark = marks_.make(claim, wanted.key);
  const auto started = host_.start_process(start);
  if (!started) {
    // A failed start leaves a record that looks like an exit with this very spec; nothing was applied.
    const Status forgotten = host_.forget_process(start.id, false);
    if (!forgotten) return fail(started.error().with_context(forgotten.error().message()));
    return fail(started.error().with_context(wanted.key.brief()));
  }
  supervisor(claim).forget();
  return Progress::kDone;
}

Result<Driver::Progress> ProcessDriver::apply(const Effective& wanted, const Action& action) {
  const auto& process = as_process(wanted);
  HF_TRY(const auto status, host_.process(process.start.id));
  const bool is_right =
      status.phase != ProcessPhase::kAbsent && status.spec_digest == process.start.spec_digest;
  // However it stands: exits are the supervisor's. But one that we told to end, and that is wanted again before it did,
  // will end all the same: it is stopped, then started, as for another spec.
  const bool is_forgotten = base::planted("restart-instead-of-adopt") && !supervisors_.contains(action.claim);
  if (is_right && !status.stopped_by_us && !is_forgotten) return Progress::kDone;
  if (lives(status)) {
    HF_CHECK(host_.stop_process(process.start.id, process.grace));
    return Progress::kPending;
  }
  return start(process, action.claim);
}

Result<Driver::Progress> ProcessDriver::remove(const sync::InventoryEntry& entry) {
  const base::ProcessId id = instance_of(entry.claim);
  claims_.insert_or_assign(id.instance, entry.claim);
  HF_TRY(const auto status, host_.process(id));
  if (status.phase != ProcessPhase::kAbsent && !marks_.owner(status.mark, entry.claim)) {
    return fail(Code::kConflict,
                entry.claim.text() + ": what runs there now was not started by this agent and stays");
  }
  if (lives(status)) {
    const auto known = graces_.find(entry.claim);
    const auto grace = known == graces_.end() ? base::limits::kTerminationGraceDefault : known->second;
    HF_CHECK(host_.stop_process(id, grace));
    return Progress::kPending;
  }
  if (status.phase != ProcessPhase::kAbsent) HF_CHECK(host_.forget_process(id, true));
  supervisors_.erase(entry.claim);
  graces_.erase(entry.claim);
  claims_.erase(id.instance);
  restarts_.forget(entry.claim);
  return Progress::kDone;
}

Result<Driver::Tended> ProcessDriver::tend(const Effective& wanted) {
  const auto& process = as_process(wanted);
  const sync::Claim& claim = process.claims.front();
  HF_TRY(auto status, host_.process(process.start.id));
  if (has_ended_unseen(status, process, host_.boot_id())) {
    status = {.id = process.start.id, .phase = ProcessPhase::kLost};
  }
  HF_TRY(auto tended, supervisor(claim).tend(process, status, marks_.make(claim, process.key),
                                             clock_.monotonic(), clock_.wall()));
  if (!tended.restarted.empty()) restarts_.add(claim);
  return tended;
}

ResourceHealth ProcessDriver::health(const Effective& wanted) {
  const sync::Claim& claim = wanted.claims.front();
  return supervisor(claim).health(as_process(wanted), restarts_.count(claim));
}

Status ProcessDriver::watch(const Effective& wanted) {
  const sync::Claim& claim = wanted.claims.front();
  claims_.insert_or_assign(as_process(wanted).start.id.instance, claim);
  graces_.insert_or_assign(claim, as_process(wanted).grace);
  return {};
}

/// Its exit is still of interest until it is removed; only the probes end.
void ProcessDriver::unwatch(const sync::Claim& claim) {
  const auto known = supervisors_.find(claim);
  if (known != supervisors_.end()) known->second.cancel_probes(claim);
}

std::vector<sync::Claim> ProcessDriver::on_event(const base::HostEvent& event) {
  if (event.kind == base::HostEventKind::kProbe) {
    auto claim = Supervisor::claim_of_probe(event.name);
    if (!claim || !supervisors_.contains(*claim)) return {};
    supervisor(*claim).probe_ended(event);
    return {*std::move(claim)};
  }
  if (event.kind != base::HostEventKind::kProcess) return {};
  const auto known = claims_.find(event.name);
  if (known == claims_.end()) return {};
  return {known->second};
}

}  // namespace holdfast::edge_agent
