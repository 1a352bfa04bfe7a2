// SPDX-License-Identifier: Apache-2.0
// CronJobDriver: kind CronJob: Jobs by the clock. When one starts decides cron_step, what becomes of it job_step; this stores what they say and carries it out.
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

class CronJobDriver final : public Driver {
 public:
  struct Seams {
    Pods* pods = nullptr;  ///< none: this node has no container engine, and every CronJob is refused
    JobRunner* runner = nullptr;
    PodDriver& of_claims;
    PodContext context;
    base::Host& host;
    base::Clock& clock;
    JobBook& book;
    base::WallTime not_before;  ///< a clock that shows an earlier time is not set
    PodMachine machine{};
  };
  explicit CronJobDriver(Seams seams) : seams_(std::move(seams)) {}

  base::Result<std::unique_ptr<Effective>> resolve(const sync::Resource& resource,
                                                   References& references) override;
  base::Result<Observed> observe(const sync::Claim& claim, const Effective* wanted,
                                 const sync::InventoryEntry* entry) override;
  base::Result<Progress> apply(const Effective& wanted, const Action& action) override;
  base::Result<Progress> remove(const sync::InventoryEntry& entry) override;
  base::Result<Tended> tend(const Effective& wanted) override;
  ResourceHealth health(const Effective& wanted) override;
  base::Status watch(const Effective& wanted) override;
  void unwatch(const sync::Claim& claim) override;
  std::vector<sync::Claim> on_event(const base::HostEvent& /*event*/) override { return {}; }

 private:
  struct Turn;
  ResourceHealth health_of(const JobEffective& wanted, const Turn& turn) const;
  base::Result<Tended> turn(const JobEffective& wanted, bool is_whole);
  base::Status decide(const JobEffective& wanted, Turn& turn);
  void carry_out(const JobEffective& wanted, bool is_whole, Turn& turn);
  void note(const PodId& id, const base::Status& status);
  base::Result<const sync::TimeZone*> zone_of(const JobEffective& wanted);
  base::Result<sync::TimeZone> read_zone(const sync::CronJob& cron) const;
  void take_in_lost(const JobEffective& wanted, CronRecord& record);
  PodId pod_id(const JobEffective& wanted, const CronEntry& entry) const;

  Seams seams_;
  std::map<sync::ResourceKey, std::pair<std::string, sync::TimeZone>> zones_;  ///< by its name
  std::map<sync::ResourceKey, Tended> untold_;                                 ///< what apply() saw
  struct Trouble {
    base::MonotonicTime retry_at{};
    std::string message;
  };
  std::map<PodId, Trouble> troubles_;             ///< of pods that could not be made or ended
  std::map<sync::Claim, ResourceHealth> health_;  ///< as of the last tend()
};

}  // namespace holdfast::edge_agent
