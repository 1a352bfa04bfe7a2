// SPDX-License-Identifier: Apache-2.0
// One CronJob, as a function: what is remembered of it and the time -> what to remember: which Jobs it has, and which of them go. When a start is due decides
// sync/model/cron_decision; here are the Jobs that come of it, and its history. Each Job then goes by job_step.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"
#include "edge_agent/job_step.hpp"
#include "sync/model/cron_decision.hpp"

namespace holdfast::edge_agent {

struct CronEntry {
  base::WallTime scheduled;
  JobRecord job;
  bool is_leaving = false;  ///< replaced, or history that is kept no longer: its pod goes, then this
  bool operator==(const CronEntry&) const = default;
};

/// Of one CronJob: its history, those that run or are on their way out, and some to spare for those that end at once.
inline constexpr std::size_t kCronEntriesMax =
    2 * static_cast<std::size_t>(base::limits::kJobHistoryMax) + 4 * base::limits::kCronJobsRunningMax;

struct CronRecord {
  base::WallTime dealt_with;    ///< up to here every start is dealt with; 0: none was decided about yet
  std::vector<CronEntry> jobs;  ///< by time of their start
  bool operator==(const CronRecord&) const = default;
};

struct CronStep {
  CronRecord record;                                  ///< to be stored first, where it differs
  std::optional<base::WallTime> again_at;             ///< by the wall clock
  std::optional<std::chrono::milliseconds> again_in;  ///< when a finished Job's time is over
  std::string warning;  ///< for people, where a start was left out; told once, as it is stored with it
  bool clock_is_unset = false;
  bool is_held_back = false;  ///< a start waits for a Job to end
};

/// `not_before`: as in sync::decide(). `run` is what a Job started now is made of.
CronStep cron_step(const sync::CronJob& spec, const sync::TimeZone& zone, const CronRecord& record,
                   const base::Digest& run, const Stamp& now, base::WallTime not_before);

/// The Job that ended last; nullptr: none did. One of a clock that was ahead is not the newest for years.
const CronEntry* last_ended(const CronRecord& record, base::WallTime now);

/// Kubernetes' name of the Job: "report-29384738", minutes since 1970.
std::string cron_job_name(const std::string& cron_job, base::WallTime scheduled);

}  // namespace holdfast::edge_agent
