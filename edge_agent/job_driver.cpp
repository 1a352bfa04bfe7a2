// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/job_driver.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/agent.hpp"
#include "edge_agent/owned_pods.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::Health;

namespace {

const JobEffective& as_job(const Effective& effective) { return static_cast<const JobEffective&>(effective); }

std::string failures_text(const JobRecord& record) {
  return std::to_string(record.failed) + (record.failed == 1 ? " try has failed" : " tries have failed") +
         (record.message.empty() ? "" : ", the last: " + record.message);
}

}  // namespace

ResourceHealth job_health(const sync::JobSpec& spec, const JobRecord& record,
                          const ResourceHealth& complaint) {
  if (record.outcome == JobOutcome::kComplete)
    return {.health = Health::kHealthy, .reason = "Completed", .has_ended = true};
  if (record.outcome == JobOutcome::kFailed)
    return {
        .health = Health::kDegraded, .reason = record.reason, .message = record.message, .is_final = true};
  if (spec.suspend)
    return {.health = Health::kSuspended, .reason = "Suspended", .message = "spec.suspend is true"};
  if (complaint.health > Health::kProgressing || complaint.waits_for_node)
    return {.health = Health::kProgressing,
            .reason = complaint.reason,
            .message = complaint.message,
            .waits_for_node = complaint.waits_for_node,
            .is_told = complaint.is_told};
  std::string message =
      std::to_string(record.succeeded) + " of " + std::to_string(spec.completions) + " done";
  if (record.failed > 0) message += "; " + failures_text(record);
  return {.health = Health::kProgressing, .reason = "Running", .message = message};
}

Result<std::unique_ptr<Effective>> JobDriver::resolve(const sync::Resource& resource,
                                                      References& references) {
  if (seams_.pods == nullptr) return fail(no_engine());
  HF_TRY(std::unique_ptr<Effective> job, resolve_job(resource, references, seams_.context));
  return job;
}

/// Whether this run is known, not whether it is over: what becomes of it is no drift.
Result<Observed> JobDriver::observe(const sync::Claim& claim, const Effective* wanted,
                                    const sync::InventoryEntry* entry) {
  if (seams_.pods == nullptr) return fail(no_engine());
  HF_CHECK(seams_.pods->cache().known(claim));
  if (wanted == nullptr) {
    HF_TRY(auto observed, seams_.of_claims.observe(claim, nullptr, entry));
    if (entry == nullptr) return observed;
    const bool is_its = is_wanted_at(entry->key, claim) || !is_wanted(entry->key);
    const bool is_known = is_its && seams_.book.find(entry->key) != nullptr;
    observed.ours = observed.ours || (is_known && !observed.present);
    observed.present = observed.present || is_known;
    if (is_known) observed.end = end_of(entry->key);
    return observed;
  }
  const auto& job = as_job(*wanted);
  const CronRecord* record = seams_.book.find(job.key);
  const auto run = seams_.runner->run_of(job.pods.front().id);
  Observed observed{.present = record != nullptr || run.has_value(), .ours = true};
  observed.matches = record != nullptr ? record->jobs.front().job.run == job.run : run == job.run;
  if (observed.present && !observed.matches) observed.difference = "is another run of it";
  if (!observed.present) observed.difference = "was not run";
  if (!observed.matches) HF_CHECK(seams_.pods->gpus().are_given(job.pods.front(), claim));
  observed.end = end_of(job.key);
  return observed;
}

/// By what is known of it: it is on its way between two tries, too. And one that has failed may run on until it is stopped.
Observed::End JobDriver::end_of(const sync::ResourceKey& key) const {
  const CronRecord* record = seams_.book.find(key);
  const auto end = how_far(*seams_.pods, {key.ns, key.name});
  if (record == nullptr || record->jobs.empty() || end == Observed::End::kRuns) return end;
  switch (record->jobs.front().job.outcome) {
    case JobOutcome::kComplete: return Observed::End::kWell;
    case JobOutcome::kFailed: return Observed::End::kBadly;
    case JobOutcome::kNone: break;
  }
  return Observed::End::kRuns;
}

Result<Driver::Progress> JobDriver::apply(const Effective& wanted, const Action& action) {
  const auto& job = as_job(wanted);
  const CronRecord* known = seams_.book.find(job.key);
  CronRecord record = known != nullptr ? *known : CronRecord{};
  if (record.jobs.empty()) record.jobs.push_back({});
  auto& one = record.jobs.front().job;
  if (one.run != job.run) one = next_run(one, job.run);
  seams_.book.put(job.key, std::move(record), seams_.clock.monotonic());
  // What is adopted came shed: nothing is made of it, tend() asks for a whole one.
  if (action.kind == ActionKind::kAdopt) return Progress::kDone;
  HF_TRY(const auto tended, turn(job, true));
  add_text(untold_[job.key], tended.restarted);
  return Progress::kDone;
}

Result<Driver::Tended> JobDriver::turn(const JobEffective& wanted, bool is_whole) {
  const auto& claim = wanted.claims.front();
  const auto& pod = wanted.pods.front();
  HF_CHECK(seams_.pods->cache().known(claim));
  seams_.runner->learn(pod);
  const auto now = seams_.clock.monotonic();
  const CronRecord* known = seams_.book.find(wanted.key);
  CronRecord record = known != nullptr ? *known : CronRecord{};
  if (record.jobs.empty()) record.jobs.push_back({.scheduled = {}, .job = {.run = wanted.run}});
  HF_TRY(const auto decision, seams_.runner->decide(pod.id, wanted.job, record.jobs.front().job, claim));
  seen_.insert_or_assign(claim, decision.pod);
  Tended tended{.restarted = decision.restarted, .again_at = decision.again_at};
  record.jobs.front().job = decision.step.record;
  if (known == nullptr || record != *known) seams_.book.put(wanted.key, record, now);
  if (!seams_.book.is_stored(wanted.key)) {
    sooner(tended.again_at, seams_.book.look_again_at(wanted.key, now));
    return tended;
  }
  HF_TRY(tended.wants_whole,
         seams_.runner->act(decision, pod.id, record.jobs.front().job, is_whole ? &pod : nullptr, claim));
  if (!decision.makes_pod()) seams_.pods->images().forget(claim);
  return tended;
}

Result<Driver::Tended> JobDriver::tend(const Effective& wanted) {
  HF_TRY(auto tended, turn(as_job(wanted), false));
  if (const auto untold = untold_.extract(wanted.key); !untold.empty())
    add_text(tended.restarted, untold.mapped());
  return tended;
}

/// As a hook that is over has none but its time to go by.
Result<Driver::Tended> JobDriver::tend_ended(const Effective& wanted) {
  const auto& job = as_job(wanted);
  const CronRecord* known = seams_.book.find(job.key);
  const bool has_ended =
      known != nullptr && !known->jobs.empty() && known->jobs.front().job.outcome != JobOutcome::kNone;
  if (!has_ended || !job.job.ttl_after_finished) return Tended{};
  return turn(job, false);
}

/// Under another container's name it may be wanted still: what it has come to is kept.
bool JobDriver::is_wanted(const sync::ResourceKey& key) const {
  return std::ranges::any_of(wanted_, [&](const auto& one) { return one.second == key; });
}

bool JobDriver::is_wanted_at(const sync::ResourceKey& key, const sync::Claim& claim) const {
  const auto found = wanted_.find(claim);
  return found != wanted_.end() && found->second == key;
}

Result<Driver::Progress> JobDriver::remove(const sync::InventoryEntry& entry) {
  if (seams_.pods == nullptr) return fail(no_engine());
  HF_TRY(const auto progress, seams_.of_claims.remove(entry));
  if (progress == Progress::kPending) return progress;
  // One that is still claimed goes for being a hook that is over: all of it.
  if (is_wanted(entry.key) && !is_wanted_at(entry.key, entry.claim)) return progress;
  seams_.book.forget(entry.key);
  seams_.runner->forget({entry.key.ns, entry.key.name});
  seen_.erase(entry.claim);
  return progress;
}

ResourceHealth JobDriver::health(const Effective& wanted) {
  const auto& job = as_job(wanted);
  const auto& claim = job.claims.front();
  const CronRecord* known = seams_.book.find(job.key);
  if (known == nullptr || known->jobs.empty()) return {.health = Health::kProgressing, .reason = "Running"};
  const auto& record = known->jobs.front().job;
  return job_health(job.job, record, seams_.runner->complaint(job.pods.front().id, record, seen_[claim]));
}

Status JobDriver::watch(const Effective& wanted) {
  const auto& job = as_job(wanted);
  for (const auto& claim : job.claims) wanted_.insert_or_assign(claim, job.key);
  if (seams_.pods != nullptr) seams_.pods->cache().follow(job.pods.front().id, job.claims.front());
  return {};
}

void JobDriver::unwatch(const sync::Claim& claim) {
  wanted_.erase(claim);
  seams_.of_claims.unwatch(claim);
}

}  // namespace holdfast::edge_agent
