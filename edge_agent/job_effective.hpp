// SPDX-License-Identifier: Apache-2.0
// A Job or a CronJob with its references filled in: its rules, and the pods that its Jobs are made of now.
// Threads: plain values; the functions are pure.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "edge_agent/pod_effective.hpp"
#include "sync/model/job_spec.hpp"

namespace holdfast::edge_agent {

struct JobEffective final : Effective {
  JobEffective() = default;
  JobEffective(const JobEffective&) = delete;
  JobEffective& operator=(const JobEffective&) = delete;
  ~JobEffective() override { JobEffective::shed(); }
  void shed() override {
    for (auto& pod : pods) pod.shed();
  }
  /// Another run for each attempt.
  void salt(const base::Digest& attempt) override;
  const PodWanted* pod(const PodId& id) const;

  base::Digest run;                   ///< of what is run: another one is another Job
  sync::JobSpec job;                  ///< without its pod, but for the restart policy
  std::optional<sync::CronJob> cron;  ///< of a CronJob; its job is `job`
  std::vector<PodWanted> pods;        ///< of the Jobs that are, by the names they were asked for
};

base::Result<std::unique_ptr<JobEffective>> resolve_job(const sync::Resource& resource,
                                                        References& references, const PodContext& context);
/// `jobs`: the names of its Jobs, for each of which a pod is resolved.
base::Result<std::unique_ptr<JobEffective>> resolve_cron_job(const sync::Resource& resource,
                                                             References& references,
                                                             const PodContext& context,
                                                             const std::vector<std::string>& jobs);

}  // namespace holdfast::edge_agent
