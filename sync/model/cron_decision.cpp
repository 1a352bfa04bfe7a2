// SPDX-License-Identifier: Apache-2.0
#include "sync/model/cron_decision.hpp"

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

using base::WallTime;
using Act = CronDecision::Act;
namespace limits = base::limits;

/// Starts after `after` and before `until`, counted as far as a person needs to know.
std::size_t count_between(const CronJob& job, const TimeZone& zone, WallTime after, WallTime until) {
  std::size_t count = 0;
  auto start = job.schedule.next(after, zone);
  while (start && *start < until && count <= limits::kCronMissedMax) {
    ++count;
    start = job.schedule.next(*start, zone);
  }
  return count;
}

/// From when on a start still counts: the later of what is dealt with and the deadline.
WallTime earliest_of(const CronJob& job, WallTime dealt_with, WallTime now) {
  if (!job.starting_deadline) return dealt_with;
  return std::max(dealt_with, now - *job.starting_deadline);
}

Act act_for(const CronJob& job, std::size_t running) {
  if (running == 0 || job.concurrency == ConcurrencyPolicy::kAllow) return Act::kStart;
  return job.concurrency == ConcurrencyPolicy::kForbid ? Act::kHeldBack : Act::kReplace;
}

/// For a clock that is set and has not gone back.
void decide_due(const CronJob& job, const TimeZone& zone, const CronState& state, WallTime now,
                CronDecision& out) {
  const auto due = job.schedule.last(state.dealt_with, now, zone);
  if (!due) return;
  out.scheduled = due;
  out.missed = count_between(job, zone, state.dealt_with, *due);
  out.act = *due > earliest_of(job, state.dealt_with, now) ? act_for(job, state.running) : Act::kTooLate;
  if (out.act != Act::kHeldBack) out.dealt_with = *due;
}

}  // namespace

bool CronDecision::missed_too_many() const { return missed > limits::kCronMissedMax; }

CronDecision decide(const CronJob& job, const TimeZone& zone, const CronState& state, WallTime now,
                    WallTime not_before) {
  CronDecision out;
  out.dealt_with = state.dealt_with;
  if (now < not_before) {
    out.clock_is_unset = true;
    return out;
  }
  if (state.dealt_with > now + limits::kCronClockBackMax) {
    out.clock_went_back = true;
    out.dealt_with = now;
  } else if (!job.suspend) {
    decide_due(job, zone, state, now, out);
  }
  out.next = job.schedule.next(std::max(now, out.dealt_with), zone);
  return out;
}

}  // namespace holdfast::sync
