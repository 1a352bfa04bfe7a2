// SPDX-License-Identifier: Apache-2.0
// Whether a CronJob starts a Job now: a function of its schedule, its zone, what it started last and the time, so that a clock that leaps is a row of a table
// (docs/decisions/0020-time-zones-and-leaping-clocks.md). Follows Kubernetes' controller:
// https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#cron-job-limitations
// Threads: pure function.
#pragma once

#include <cstddef>
#include <optional>

#include "base/clock.hpp"
#include "sync/model/job_spec.hpp"
#include "sync/model/time_zone.hpp"

namespace holdfast::sync {

/// What the node remembers of a CronJob.
struct CronState {
  /// Up to here every start is dealt with. At first the time at which the node got to know the CronJob: what was due before is not caught up with.
  base::WallTime dealt_with;
  std::size_t running = 0;  ///< Jobs of it
};

struct CronDecision {
  enum class Act {
    kWait,     ///< nothing is due
    kStart,    ///< start a Job for `scheduled`
    kReplace,  ///< stop the Jobs that run, then start one for `scheduled`
    kHeldBack,  ///< `scheduled` is due, but a Job runs and the policy is Forbid: decide again when it has ended
    kTooLate,  ///< `scheduled` was due, but startingDeadlineSeconds is over: it is left out
  };
  Act act = Act::kWait;
  std::optional<base::WallTime> scheduled;  ///< not of kWait
  std::optional<base::WallTime> next;       ///< decide again then; none: never, or when the clock is set
  /// To be stored as CronState::dealt_with, in one transaction with the Job that is to run, before anything is started.
  base::WallTime dealt_with;
  std::size_t missed = 0;  ///< starts left out before `scheduled`; counted to one more than kCronMissedMax
  bool clock_is_unset = false;   ///< it is before `not_before`, so nothing is decided
  bool clock_went_back = false;  ///< by more than kCronClockBackMax: begun anew from now

  /// Kubernetes' "too many missed start times": a person should look at the clock, or give a deadline.
  bool missed_too_many() const;
};

/// `not_before`: a time that has certainly passed, such as that of this build; before it the clock is not set.
CronDecision decide(const CronJob& job, const TimeZone& zone, const CronState& state, base::WallTime now,
                    base::WallTime not_before);

}  // namespace holdfast::sync
