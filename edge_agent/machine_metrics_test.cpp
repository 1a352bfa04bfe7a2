// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MachineMetrics, AreInBaseUnitsByWhatTheyAreOf) {
  Readings readings;
  readings.temperatures = {{"tj-thermal", 48'562, 104'500}, {"board", -1'500, std::nullopt}};
  readings.throttled = {{ThrottleCause::kTemperature, true}, {ThrottleCause::kVoltage, false}};
  readings.memory = MemoryInfo{4096, 1024};
  readings.disk = DiskSpace{8192, 2048};
  readings.clock_synced = true;
  Details details;
  details.rails = {{"VDD_IN", 5'250}};
  details.gpu_load = 0.125;
  details.load = 0.5;
  const auto text = base::prometheus_text(machine_metrics(readings, details));
  for (const auto* line :
       {"holdfast_agent_temperature_celsius{sensor=\"tj-thermal\"} 48.562\n",
        "holdfast_agent_temperature_celsius{sensor=\"board\"} -1.5\n",
        "holdfast_agent_temperature_limit_celsius{sensor=\"tj-thermal\"} 104.5\n",
        "holdfast_agent_throttled{cause=\"temperature\"} 1\n",
        "holdfast_agent_throttled{cause=\"voltage\"} 0\n",
        "holdfast_agent_power_watts{rail=\"VDD_IN\"} 5.25\n", "holdfast_agent_gpu_load_ratio 0.125\n",
        "holdfast_agent_load1 0.5\n", "holdfast_agent_memory_bytes 4096\n",
        "holdfast_agent_memory_available_bytes 1024\n", "holdfast_agent_disk_bytes 8192\n",
        "holdfast_agent_disk_available_bytes 2048\n", "holdfast_agent_clock_synced 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("limit_celsius{sensor=\"board\"}")));
}

TEST(MachineMetrics, OfWhatIsNotToldHaveNoSamples) {
  for (const auto& metric : machine_metrics({}, {})) EXPECT_TRUE(metric.samples.empty()) << metric.name;
}

}  // namespace
}  // namespace holdfast::edge_agent
