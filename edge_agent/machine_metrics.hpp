// SPDX-License-Identifier: Apache-2.0
// MachineMetrics: readings as Prometheus reads them, in base units. Each family is there on every machine; one of which the machine
// tells nothing has no samples.
// Threads: pure function.
#pragma once

#include <vector>

#include "base/metric.hpp"
#include "edge_agent/machine_readings.hpp"

namespace holdfast::edge_agent {

std::vector<base::Metric> machine_metrics(const Readings& readings, const Details& details);

}  // namespace holdfast::edge_agent
