// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/cron_job_driver.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"
#include "base/time_text.hpp"
#include "edge_agent/job_driver.hpp"
#include "edge_agent/owned_pods.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::Health;

namespace {

const JobEffective& as_job(const Effective& effective) { return static_cast<const JobEffective&>(effective); }

}  // namespace

struct CronJobDriver::Turn {
  CronRecord record;
  CronStep step;
  std::map<base::WallTime, JobRunner::Decision> jobs;  ///< by their start
  Tended tended;
  std::string trouble;  ///< of a Job that cannot be made or ended
};

PodId CronJobDriver::pod_id(const JobEffective& wanted, const CronEntry& entry) const {
  return {wanted.key.ns, cron_job_name(wanted.key.name, entry.scheduled)};
}

/// With the pods of the Jobs that there are now: each has a name of its own in its environment.
Result<std::unique_ptr<Effective>> CronJobDriver::resolve(const sync::Resource& resource,
                                                          References& references) {
  if (seams_.pods == nullptr) return fail(no_engine());
  const auto* record = seams_.book.find(resource.key);
  std::vector<std::string> jobs;
  for (const auto& entry : record != nullptr ? record->jobs : std::vector<CronEntry>{}) {
    const bool may_run = !entry.is_leaving && entry.job.outcome == JobOutcome::kNone;
    if (may_run) jobs.push_back(cron_job_name(resource.key.name, entry.scheduled));
  }
  HF_TRY(std::unique_ptr<Effective> job, resolve_cron_job(resource, references, seams_.context, jobs));
  return job;
}

Result<Observed> CronJobDriver::observe(const sync::Claim& claim, const Effective* wanted,
                                        const sync::InventoryEntry* entry) {
  if (seams_.pods == nullptr) return fail(no_engine());
  if (wanted == nullptr && !is_of_all_pods(claim)) return seams_.of_claims.observe(claim, nullptr, entry);
  HF_CHECK(seams_.pods->cache().known(claim));
  if (wanted == nullptr && entry == nullptr) return Observed{};
  const auto& key = wanted != nullptr ? wanted->key : entry->key;
  // What it is stands in its manifest alone; on the node there are its Jobs, and what is remembered of them.
  const bool is_there = seams_.book.find(key) != nullptr || !pods_begun_of(*seams_.pods, key).empty();
  return Observed{.present = is_there,
                  .matches = is_there,
                  .ours = is_there,
                  .difference = is_there ? "" : "is not scheduled"};
}

/// Read when it is applied, and by a new agent once: nothing is read because time has passed.
Result<const sync::TimeZone*> CronJobDriver::zone_of(const JobEffective& wanted) {
  const auto& cron = *wanted.cron;
  const auto known = zones_.find(wanted.key);
  if (known != zones_.end() && known->second.first == cron.time_zone) return &known->second.second;
  HF_TRY(auto zone, read_zone(cron));
  return &(zones_[wanted.key] = {cron.time_zone, std::move(zone)}).second;
}

Result<sync::TimeZone> CronJobDriver::read_zone(const sync::CronJob& cron) const {
  if (cron.time_zone == "UTC") return sync::TimeZone::utc();
  const auto path = sync::zone_file(cron.time_zone);
  const auto bytes = seams_.machine.file ? seams_.machine.file(path, base::limits::kTimeZoneBytesMax)
                                         : seams_.host.read_file(path, base::limits::kTimeZoneBytesMax);
  if (!bytes) return fail(sync::missing_zone(cron.time_zone));
  return sync::TimeZone::parse(*bytes);
}

Result<Driver::Progress> CronJobDriver::apply(const Effective& wanted, const Action& action) {
  const auto& cron = as_job(wanted);
  zones_.erase(cron.key);
  HF_CHECK(zone_of(cron));
  if (seams_.book.find(cron.key) == nullptr) seams_.book.put(cron.key, {}, seams_.clock.monotonic());
  // What is adopted came shed: nothing is made of it, tend() asks for a whole one.
  if (action.kind == ActionKind::kAdopt) return Progress::kDone;
  HF_TRY(const auto tended, turn(cron, true));
  Tended& untold = untold_[cron.key];
  add_text(untold.restarted, tended.restarted);
  add_text(untold.missed, tended.missed);
  return Progress::kDone;
}

/// Their record was lost with the store; what they are stands in their names and labels.
void CronJobDriver::take_in_lost(const JobEffective& wanted, CronRecord& record) {
  for (const auto& id : pods_of(*seams_.pods, wanted.key)) {
    const auto minutes = pod_number(id.name, wanted.key.name);
    if (!minutes || *minutes > UINT32_MAX || record.jobs.size() >= kCronEntriesMax) continue;
    const base::WallTime scheduled{std::chrono::minutes(static_cast<std::int64_t>(*minutes))};
    const auto at = std::ranges::lower_bound(record.jobs, scheduled, {}, &CronEntry::scheduled);
    const bool is_known = at != record.jobs.end() && at->scheduled == scheduled;
    const auto run = seams_.runner->run_of(id);
    if (!is_known && run) record.jobs.insert(at, CronEntry{.scheduled = scheduled, .job = {.run = *run}});
  }
}

Status CronJobDriver::decide(const JobEffective& wanted, Turn& turn) {
  const auto& claim = wanted.claims.front();
  HF_TRY(const auto* const zone, zone_of(wanted));
  take_in_lost(wanted, turn.record);
  for (auto& entry : turn.record.jobs) {
    if (entry.is_leaving) continue;
    const PodId id = pod_id(wanted, entry);
    HF_TRY(auto decision, seams_.runner->decide(id, wanted.job, entry.job, claim));
    entry.job = decision.step.record;
    sooner(turn.tended.again_at, decision.again_at);
    if (!decision.restarted.empty()) add_text(turn.tended.restarted, id.name + ": " + decision.restarted);
    turn.jobs.emplace(entry.scheduled, std::move(decision));
  }
  turn.step =
      cron_step(*wanted.cron, *zone, turn.record, wanted.run, seams_.runner->now(), seams_.not_before);
  turn.record = turn.step.record;
  const auto now = seams_.clock.monotonic();
  if (turn.step.again_at) sooner(turn.tended.again_at, now + (*turn.step.again_at - seams_.clock.wall()));
  if (turn.step.again_in) sooner(turn.tended.again_at, now + *turn.step.again_in);
  turn.tended.missed = turn.step.warning;
  return {};
}

void CronJobDriver::note(const PodId& id, const Status& status) {
  if (status) {
    troubles_.erase(id);
    return;
  }
  troubles_[id] = {seams_.clock.monotonic() + base::limits::kJobStoreRetry, status.error().message()};
}

/// One that cannot be made or ended holds up no other, and is tried again after a while.
void CronJobDriver::carry_out(const JobEffective& wanted, bool is_whole, Turn& turn) {
  const auto& claim = wanted.claims.front();
  std::set<base::WallTime> gone;
  for (const auto& entry : turn.record.jobs) {
    const PodId id = pod_id(wanted, entry);
    const auto trouble = troubles_.find(id);
    if (trouble != troubles_.end() && trouble->second.retry_at > seams_.clock.monotonic()) {
      sooner(turn.tended.again_at, trouble->second.retry_at);
      turn.trouble = id.name + ": " + trouble->second.message;
      continue;
    }
    if (entry.is_leaving) {
      const auto progress = seams_.runner->end(id, claim);
      note(id, progress ? Status() : Status(fail(progress.error())));
      if (progress && *progress == Progress::kDone) gone.insert(entry.scheduled);
    } else if (const auto decision = turn.jobs.find(entry.scheduled); decision != turn.jobs.end()) {
      const auto wants_whole =
          seams_.runner->act(decision->second, id, entry.job, is_whole ? wanted.pod(id) : nullptr, claim);
      note(id, wants_whole ? Status() : Status(fail(wants_whole.error())));
      turn.tended.wants_whole = turn.tended.wants_whole || (wants_whole && *wants_whole && !is_whole);
    }
    const auto now_in_trouble = troubles_.find(id);
    if (now_in_trouble == troubles_.end()) continue;
    sooner(turn.tended.again_at, now_in_trouble->second.retry_at);
    turn.trouble = id.name + ": " + now_in_trouble->second.message;
  }
  if (gone.empty()) return;
  std::erase_if(turn.record.jobs, [&](const auto& entry) { return gone.contains(entry.scheduled); });
  seams_.book.put(wanted.key, turn.record, seams_.clock.monotonic());
}

ResourceHealth CronJobDriver::health_of(const JobEffective& wanted, const Turn& turn) const {
  if (wanted.cron->suspend)
    return {.health = Health::kSuspended, .reason = "Suspended", .message = "spec.suspend is true"};
  if (!turn.trouble.empty())
    return {.health = Health::kDegraded, .reason = "StartFailed", .message = turn.trouble};
  ResourceHealth out{.health = Health::kHealthy};
  const auto* const last = last_ended(turn.record, seams_.clock.wall());
  if (turn.step.clock_is_unset) {
    out.reason = "ClockUnset";
    out.message = "nothing is started before the clock of this node is set";
  } else if (turn.step.is_held_back) {
    out.reason = "HeldBack";
    out.message = "a start waits until a Job before it has ended";
  } else if (last != nullptr && last->job.outcome == JobOutcome::kFailed) {
    out.reason = "LastJobFailed";
    out.message = pod_id(wanted, *last).name + ": " + last->job.message;
  }
  return out;
}

Result<Driver::Tended> CronJobDriver::turn(const JobEffective& wanted, bool is_whole) {
  const auto& claim = wanted.claims.front();
  HF_CHECK(seams_.pods->cache().known(claim));
  for (const auto& pod : wanted.pods) seams_.runner->learn(pod);
  const CronRecord* known = seams_.book.find(wanted.key);
  Turn turn{.record = known != nullptr ? *known : CronRecord{}};
  HF_CHECK(decide(wanted, turn));
  const auto now = seams_.clock.monotonic();
  if (known == nullptr || turn.record != *known) seams_.book.put(wanted.key, turn.record, now);
  if (!seams_.book.is_stored(wanted.key)) {
    sooner(turn.tended.again_at, seams_.book.look_again_at(wanted.key, now));
  } else {
    carry_out(wanted, is_whole, turn);
    const bool makes_any =
        std::ranges::any_of(turn.jobs, [](const auto& job) { return job.second.makes_pod(); });
    if (!makes_any) seams_.pods->images().forget(claim);
  }
  health_[claim] = health_of(wanted, turn);
  return turn.tended;
}

Result<Driver::Tended> CronJobDriver::tend(const Effective& wanted) {
  HF_TRY(auto tended, turn(as_job(wanted), false));
  if (const auto untold = untold_.extract(wanted.key); !untold.empty()) {
    add_text(tended.restarted, untold.mapped().restarted);
    add_text(tended.missed, untold.mapped().missed);
  }
  return tended;
}

Result<Driver::Progress> CronJobDriver::remove(const sync::InventoryEntry& entry) {
  if (seams_.pods == nullptr) return fail(no_engine());
  if (!is_of_all_pods(entry.claim)) return seams_.of_claims.remove(entry);
  // A Job may have waited for an image and have no pod yet.
  seams_.pods->images().forget(entry.claim);
  HF_CHECK(seams_.pods->cache().known(entry.claim));
  bool is_gone = true;
  for (const auto& id : pods_begun_of(*seams_.pods, entry.key)) {
    HF_TRY(const auto progress, seams_.runner->end(id, entry.claim));
    is_gone = is_gone && progress == Progress::kDone;
  }
  if (!is_gone) return Progress::kPending;
  forget_pods_of(*seams_.pods, entry.key);
  seams_.book.forget(entry.key);
  zones_.erase(entry.key);
  untold_.erase(entry.key);
  std::erase_if(troubles_, [&](const auto& one) {
    return one.first.ns == entry.key.ns && pod_number(one.first.name, entry.key.name).has_value();
  });
  health_.erase(entry.claim);
  return Progress::kDone;
}

ResourceHealth CronJobDriver::health(const Effective& wanted) {
  const auto found = health_.find(wanted.claims.front());
  return found == health_.end() ? ResourceHealth{.health = Health::kProgressing, .reason = "Starting"}
                                : found->second;
}

Status CronJobDriver::watch(const Effective& wanted) {
  if (seams_.pods == nullptr) return {};
  for (const auto& pod : as_job(wanted).pods) seams_.pods->cache().follow(pod.id, wanted.claims.front());
  return {};
}

void CronJobDriver::unwatch(const sync::Claim& claim) {
  if (seams_.pods != nullptr) seams_.pods->images().forget(claim);
  health_.erase(claim);
}

}  // namespace holdfast::edge_agent
