// SPDX-License-Identifier: Apache-2.0
// Drivers: the driver of each kind, and of each kind of claim.
// Threads: one, the engine's.
#pragma once

#include "edge_agent/config_map_driver.hpp"
#include "edge_agent/cron_job_driver.hpp"
#include "edge_agent/file_driver.hpp"
#include "edge_agent/job_driver.hpp"
#include "edge_agent/pod_driver.hpp"
#include "edge_agent/process_driver.hpp"
#include "edge_agent/replica_driver.hpp"
#include "edge_agent/unit_driver.hpp"

namespace holdfast::edge_agent {

class Drivers {
 public:
  struct Seams {
    base::Host& host;
    base::Clock& clock;
    const Marks& marks;
    RestartBook& restarts;
    const SecretOpener& secrets;
    DueListener on_due;
    DueAtListener on_due_at{};
    base::Engine* containers = nullptr;  ///< none: this node does no containers
    std::string node_name{};
    PodPlaces pod_places{};
    base::UnitManager* units = nullptr;  ///< none: no systemd here
    UnitBook* unit_book = nullptr;       ///< REQUIRES: there is one where there are units
    ImagePuller* puller = nullptr;       ///< none: images are not pulled
    JobBook* jobs = nullptr;             ///< none: what is known of Jobs ends with this
    base::WallTime not_before{};         ///< a clock that shows an earlier time is not set
    PodMachine machine{};
  };
  explicit Drivers(Seams seams);

  /// nullptr: this agent cannot do that kind.
  Driver* of(const sync::ResourceKey& key);
  Driver* of(const sync::Claim& claim);
  /// Of what nobody may desire any more: that of its kind, else of its claim.
  Driver* of(const sync::InventoryEntry& entry);
  /// Hands the event to every driver; the claims to look at.
  std::vector<sync::Claim> on_event(const base::HostEvent& event);
  /// nullptr: this node does no containers.
  Pods* pods() { return pods_.get(); }

 private:
  ConfigMapDriver config_maps_;  // and Secrets
  FileDriver files_;
  ProcessDriver processes_;
  std::unique_ptr<Pods> pods_;
  PodDriver pod_driver_;
  JobBook own_jobs_;
  std::unique_ptr<JobRunner> job_runner_;
  ReplicaDriver replicas_;  // Deployments and DaemonSets
  JobDriver jobs_;
  CronJobDriver cron_jobs_;
  UnitDriver units_;  // writes through files_
};

}  // namespace holdfast::edge_agent
