// SPDX-License-Identifier: Apache-2.0
// JobDriver: kind Job: one pod at a time until it is complete or has failed. It is in place once this node has noted that it is to run; from then on it goes by job_step, and
// its health is what a section waits for.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "edge_agent/driver.hpp"
#include "edge_agent/job_book.hpp"
#include "edge_agent/job_effective.hpp"
#include "edge_agent/job_runner.hpp"
#include "edge_agent/pod_driver.hpp"

namespace holdfast::edge_agent {

class JobDriver final : public Driver {
 public:
  struct Seams {
    Pods* pods = nullptr;  ///< none: this node has no container engine, and every Job is refused
    JobRunner* runner = nullptr;
    PodDriver& of_claims;
    PodContext context;
    base::Clock& clock;
    JobBook& book;
  };
  explicit JobDriver(Seams seams) : seams_(std::move(seams)) {}

  base::Result<std::unique_ptr<Effective>> resolve(const sync::Resource& resource,
                                                   References& references) override;
  base::Result<Observed> observe(const sync::Claim& claim, const Effective* wanted,
                                 const sync::InventoryEntry* entry) override;
  base::Result<Progress> apply(const Effective& wanted, const Action& action) override;
  base::Result<Progress> remove(const sync::InventoryEntry& entry) override;
  base::Result<Tended> tend(const Effective& wanted) override;
  base::Result<Tended> tend_ended(const Effective& wanted) override;
  ResourceHealth health(const Effective& wanted) override;
  base::Status watch(const Effective& wanted) override;
  void unwatch(const sync::Claim& claim) override;
  std::vector<sync::Claim> on_event(const base::HostEvent& /*event*/) override { return {}; }

 private:
  base::Result<Tended> turn(const JobEffective& wanted, bool is_whole);

  Seams seams_;
  bool is_wanted(const sync::ResourceKey& key) const;
  bool is_wanted_at(const sync::ResourceKey& key, const sync::Claim& claim) const;
  Observed::End end_of(const sync::ResourceKey& key) const;
  std::map<sync::Claim, sync::ResourceKey> wanted_;  ///< by each claim of theirs
  std::map<sync::ResourceKey, std::string> untold_;  ///< restarts that apply() saw
  std::map<sync::Claim, JobPod> seen_;               ///< as of the last tend()
};

/// What is said of one Job by its record and its pod.
ResourceHealth job_health(const sync::JobSpec& spec, const JobRecord& record,
                          const ResourceHealth& complaint);

}  // namespace holdfast::edge_agent
