// SPDX-License-Identifier: Apache-2.0
// UnitDriver: kind Unit. What systemd says is asked for, and comes later: until then what was applied counts as so, and
// nothing else is touched. Files are written by the FileDriver; then systemd reads them, once for all of a pass; then
// it is enabled, and started or restarted. A unit that runs with what is wanted is left alone, whoever started it and
// however often the agent was restarted since.
// Threads: one, the engine's.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/units.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/file_driver.hpp"
#include "edge_agent/unit_book.hpp"
#include "edge_agent/unit_effective.hpp"
#include "edge_agent/unit_return.hpp"
#include "edge_agent/unit_runs.hpp"
#include "edge_agent/unit_step.hpp"
#include "edge_agent/unit_talk.hpp"

namespace holdfast::edge_agent {

class UnitDriver final : public Driver {
 public:
  struct Seams {
    base::UnitManager* units = nullptr;  ///< none: no systemd here
    base::Host& host;
    base::Clock& clock;
    FileDriver& files;
    UnitBook* book = nullptr;
    DueListener on_due;
  };
  explicit UnitDriver(Seams seams);

  base::Result<std::unique_ptr<Effective>> resolve(const sync::Resource& resource,
                                                   References& references) override;
  base::Result<Observed> observe(const sync::Claim& claim, const Effective* wanted,
                                 const sync::InventoryEntry* entry) override;
  base::Result<Progress> apply(const Effective& wanted, const Action& action) override;
  base::Result<Progress> remove(const sync::InventoryEntry& entry) override;
  base::Result<Tended> tend(const Effective& wanted) override;
  ResourceHealth health(const Effective& wanted) override;
  std::optional<ResourceHealth> pending(const Effective& wanted) override;
  void begin_anew(const Effective& wanted) override;
  base::Status watch(const Effective& wanted) override;
  void unwatch(const sync::Claim& claim) override;
  std::vector<sync::Claim> on_event(const base::HostEvent& event) override;

 private:
  base::Result<Observed> observe_path(const sync::Claim& claim, const UnitEffective* wanted,
                                      const sync::InventoryEntry* entry);
  base::Result<Observed> observe_unit(const std::string& unit, const UnitEffective* wanted,
                                      const sync::InventoryEntry* entry);
  UnitStep step_of(const UnitEffective& wanted, const LiveUnit& live) const;
  base::Result<Progress> apply_file(const UnitEffective& wanted, const Action& action);
  base::Result<Progress> apply_unit(const UnitEffective& wanted);
  base::Error refuse(const UnitEffective& wanted, const UnitStep& step);

  Seams seams_;
  UnitTalk talk_;
  UnitRuns runs_;
  UnitReturn return_;
};

}  // namespace holdfast::edge_agent
