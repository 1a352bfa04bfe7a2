// SPDX-License-Identifier: Apache-2.0
// Job and CronJob: pods that end, read strictly; see docs/kubernetes.md. When a CronJob starts one says cron_decision.hpp.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/cron_schedule.hpp"
#include "sync/model/pod_spec.hpp"

namespace holdfast::sync {

struct JobSpec {
  std::uint32_t completions = 1;
  std::uint32_t backoff_limit = 6;  ///< failed pods after which the Job has failed
  std::optional<std::chrono::seconds> active_deadline;
  std::optional<std::chrono::seconds> ttl_after_finished;
  bool suspend = false;
  PodTemplate pod;
  bool operator==(const JobSpec&) const = default;
};

enum class ConcurrencyPolicy { kAllow, kForbid, kReplace };

struct CronJob {
  CronSchedule schedule;
  std::string time_zone = "UTC";  ///< a name; whether the node knows it is seen there
  ConcurrencyPolicy concurrency = ConcurrencyPolicy::kAllow;
  std::optional<std::chrono::seconds> starting_deadline;
  bool suspend = false;
  std::uint32_t successful_kept = 3;
  std::uint32_t failed_kept = 1;
  StringMap job_labels;
  StringMap job_annotations;
  JobSpec job;
  bool operator==(const CronJob&) const = default;
};

base::Result<JobSpec> parse_job(const base::Json& object);
base::Result<CronJob> parse_cron_job(const base::Json& object);

}  // namespace holdfast::sync
