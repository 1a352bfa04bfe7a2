// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/cron_step.hpp"

#include <algorithm>

#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"
#include "base/time_text.hpp"

namespace holdfast::edge_agent {
namespace {

using Act = sync::CronDecision::Act;
namespace limits = base::limits;

bool runs(const CronEntry& entry) { return !entry.is_leaving && entry.job.outcome == JobOutcome::kNone; }

std::size_t running(const CronRecord& record) {
  return static_cast<std::size_t>(std::ranges::count_if(record.jobs, runs));
}

/// Those that run, and those that do not go: what is to be replaced and cannot be ended is no reason to start ever more.
std::size_t busy(const CronRecord& record) {
  return static_cast<std::size_t>(std::ranges::count_if(record.jobs, [](const auto& entry) {
    return entry.is_leaving || entry.job.outcome == JobOutcome::kNone;
  }));
}

/// By place in `jobs`, the newest first. Starts of a clock that was ahead come after all others: they go first, and are known
/// until then, so that their minute does not start a second time.
std::vector<std::size_t> newest_first(const CronRecord& record, base::WallTime now) {
  std::vector<std::size_t> out;
  for (const bool is_ahead : {false, true}) {
    for (std::size_t at = record.jobs.size(); at-- > 0;) {
      if ((record.jobs[at].scheduled > now) == is_ahead) out.push_back(at);
    }
  }
  return out;
}

/// The oldest of that outcome, beyond as many as are kept.
void forget_beyond(CronRecord& record, JobOutcome outcome, std::size_t kept, base::WallTime now) {
  std::size_t count = 0;
  for (const std::size_t at : newest_first(record, now)) {
    auto& entry = record.jobs[at];
    if (entry.is_leaving || entry.job.outcome != outcome) continue;
    if (++count > kept) entry.is_leaving = true;
  }
}

/// As in Kubernetes the Job itself goes then, not its pod alone.
void forget_by_time(const sync::JobSpec& spec, CronStep& step, const Stamp& now) {
  if (!spec.ttl_after_finished) return;
  for (auto& entry : step.record.jobs) {
    if (entry.is_leaving || !entry.job.finished) continue;
    const auto left = *spec.ttl_after_finished - time_since(*entry.job.finished, now);
    if (left <= std::chrono::milliseconds{0}) {
      entry.is_leaving = true;
    } else {
      step.again_in = step.again_in ? std::min(*step.again_in, left) : left;
    }
  }
}

void add_job(CronRecord& record, base::WallTime scheduled, const base::Digest& run) {
  // A clock that went back may bring the same minute again; its Job is there.
  const auto at = std::ranges::lower_bound(record.jobs, scheduled, {}, &CronEntry::scheduled);
  if (at != record.jobs.end() && at->scheduled == scheduled) return;
  record.jobs.insert(at, CronEntry{.scheduled = scheduled, .job = {.run = run}});
}

std::string text_of(const sync::CronDecision& decision) {
  const std::string missed = decision.missed_too_many()
                                 ? "more than " + std::to_string(limits::kCronMissedMax)
                                 : std::to_string(decision.missed);
  if (decision.act == Act::kTooLate) {
    return "the start of " + base::to_rfc3339_seconds(*decision.scheduled) +
           " is left out: startingDeadlineSeconds is over";
  }
  if (decision.missed == 0) return "";
  return missed + (decision.missed == 1 ? " start" : " starts") + " before that of " +
         base::to_rfc3339_seconds(*decision.scheduled) + " were missed, and are left out";
}

}  // namespace

CronStep cron_step(const sync::CronJob& spec, const sync::TimeZone& zone, const CronRecord& record,
                   const base::Digest& run, const Stamp& now, base::WallTime not_before) {
  CronStep step{.record = record};
  // Met for the first time: what was due before is not caught up with, also where the clock was not set then.
  const bool is_new = record.dealt_with == base::WallTime{};
  const base::WallTime dealt_with = is_new && now.wall >= not_before ? now.wall : record.dealt_with;
  const std::size_t active = running(record);
  const auto decision = sync::decide(spec, zone, {dealt_with, active}, now.wall, not_before);
  step.again_at = decision.next;
  step.clock_is_unset = decision.clock_is_unset;
  const bool is_full = busy(record) >= limits::kCronJobsRunningMax || record.jobs.size() >= kCronEntriesMax;
  const bool starts = decision.act == Act::kStart || decision.act == Act::kReplace;
  step.is_held_back = decision.act == Act::kHeldBack || (starts && is_full);
  step.record.dealt_with = dealt_with;
  if (!step.is_held_back) {
    step.record.dealt_with = decision.dealt_with;
    if (decision.scheduled) step.warning = text_of(decision);
  }
  if (decision.act == Act::kReplace && !step.is_held_back) {
    for (auto& entry : step.record.jobs) entry.is_leaving = entry.is_leaving || runs(entry);
  }
  if (starts && !step.is_held_back) add_job(step.record, *decision.scheduled, run);
  forget_beyond(step.record, JobOutcome::kComplete, spec.successful_kept, now.wall);
  forget_beyond(step.record, JobOutcome::kFailed, spec.failed_kept, now.wall);
  forget_by_time(spec.job, step, now);
  return step;
}

const CronEntry* last_ended(const CronRecord& record, base::WallTime now) {
  for (const std::size_t at : newest_first(record, now)) {
    if (record.jobs[at].job.outcome != JobOutcome::kNone) return &record.jobs[at];
  }
  return nullptr;
}

std::string cron_job_name(const std::string& cron_job, base::WallTime scheduled) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(scheduled).time_since_epoch().count();
  return cron_job + "-" + std::to_string(minutes);
}

}  // namespace holdfast::edge_agent
