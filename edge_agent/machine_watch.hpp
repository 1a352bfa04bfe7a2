// SPDX-License-Identifier: Apache-2.0
// MachineWatch: looks at the machine when it is told to, and says what the node's conditions are then. It has no timer of its own:
// the agent looks when it is awake anyway to tidy logs.
// Threads: one; reads files.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/metric.hpp"
#include "edge_agent/machine_conditions.hpp"
#include "edge_agent/machine_sensors.hpp"
#include "sync/model/snapshot.hpp"

namespace holdfast::edge_agent {

class MachineWatch {
 public:
  /// `data`: the folder whose file system counts.
  MachineWatch(const base::Clock& clock, std::string data, MachineTree tree = MachineTree())
      : clock_(clock), data_(std::move(data)), sensors_(std::move(tree)) {}

  std::vector<sync::Condition> look();
  /// Of the last look; power and load as they are now.
  std::vector<base::Metric> metrics() const;

 private:
  const base::Clock& clock_;
  std::string data_;
  MachineSensors sensors_;
  MachineConditions conditions_;
  Readings last_;
};

}  // namespace holdfast::edge_agent
