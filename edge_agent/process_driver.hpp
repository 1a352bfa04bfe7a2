// SPDX-License-Identifier: Apache-2.0
// ProcessDriver: kind Process. A process that runs with the spec that is wanted is left alone, whoever
// started it and however often the agent was restarted since; another spec is stop, then start. How it goes
// on from there (exits, seen or not, and probes) is the Supervisor's, whether the section self-heals or not.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <string>

#include "base/clock.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/marks.hpp"
#include "edge_agent/process_effective.hpp"
#include "edge_agent/restart_book.hpp"
#include "edge_agent/supervisor.hpp"

namespace holdfast::edge_agent {

class ProcessDriver final : public Driver {
 public:
  ProcessDriver(base::Host& host, base::Clock& clock, const Marks& marks, RestartBook& restarts)
      : host_(host), clock_(clock), marks_(marks), restarts_(restarts) {}

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
  std::vector<sync::Claim> on_event(const base::HostEvent& event) override;

 private:
  base::Result<Progress> start(const ProcessEffective& wanted, const sync::Claim& claim);
  Supervisor& supervisor(const sync::Claim& claim);

  base::Host& host_;
  base::Clock& clock_;
  const Marks& marks_;
  RestartBook& restarts_;
  std::map<sync::Claim, Supervisor> supervisors_;
  std::map<std::string, sync::Claim> claims_;  ///< by instance
  std::map<sync::Claim, std::chrono::milliseconds> graces_;
};

}  // namespace holdfast::edge_agent
