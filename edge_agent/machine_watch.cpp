// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_watch.hpp"

#include "base/build_time.hpp"
#include "edge_agent/machine_calls.hpp"
#include "edge_agent/machine_metrics.hpp"

namespace holdfast::edge_agent {

std::vector<sync::Condition> MachineWatch::look() {
  const auto now = clock_.monotonic();
  last_ = sensors_.look(now);
  last_.disk = disk_space(data_);
  last_.clock_synced = clock_synced();
  // Whatever the kernel says: no right clock shows a time before this program was built.
  if (clock_.wall() < base::build_time()) last_.clock_synced = false;
  conditions_.see(last_, now);
  return conditions_.conditions();
}

std::vector<base::Metric> MachineWatch::metrics() const { return machine_metrics(last_, sensors_.details()); }

}  // namespace holdfast::edge_agent
