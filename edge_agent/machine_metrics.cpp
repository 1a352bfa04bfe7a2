// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_metrics.hpp"

#include <optional>
#include <string>

namespace holdfast::edge_agent {

namespace {

base::Metric family(const char* name, const char* help) {
  return {.name = name, .type = base::MetricType::kGauge, .help = help, .samples = {}};
}

template <typename Number>
base::Metric single(const char* name, const char* help, const std::optional<Number>& value) {
  auto out = family(name, help);
  if (value) out.samples.push_back({{}, static_cast<double>(*value)});
  return out;
}

constexpr double kMilli = 1'000;

void add_temperatures(const Readings& readings, std::vector<base::Metric>& out) {
  auto now = family("holdfast_agent_temperature_celsius", "Temperature by sensor.");
  auto limit = family("holdfast_agent_temperature_limit_celsius",
                      "Where the machine takes that sensor for hot, or ends itself.");
  for (const auto& temperature : readings.temperatures) {
    now.samples.push_back(
        {{{"sensor", temperature.sensor}}, static_cast<double>(temperature.millicelsius) / kMilli});
    if (temperature.limit)
      limit.samples.push_back(
          {{{"sensor", temperature.sensor}}, static_cast<double>(*temperature.limit) / kMilli});
  }
  out.push_back(std::move(now));
  out.push_back(std::move(limit));
}

const char* cause_text(ThrottleCause cause) {
  switch (cause) {
    case ThrottleCause::kTemperature: return "temperature";
    case ThrottleCause::kCurrent: return "current";
    case ThrottleCause::kVoltage: return "voltage";
  }
  return "unknown";
}

}  // namespace

std::vector<base::Metric> machine_metrics(const Readings& readings, const Details& details) {
  std::vector<base::Metric> out;
  add_temperatures(readings, out);
  auto throttled = family("holdfast_agent_throttled", "1 while the machine slows itself down, by cause.");
  for (const auto& [cause, is_throttled] : readings.throttled)
    throttled.samples.push_back({{{"cause", cause_text(cause)}}, is_throttled ? 1.0 : 0.0});
  out.push_back(std::move(throttled));
  auto power = family("holdfast_agent_power_watts", "Power by rail.");
  for (const auto& rail : details.rails)
    power.samples.push_back({{{"rail", rail.rail}}, static_cast<double>(rail.milliwatts) / kMilli});
  out.push_back(std::move(power));
  const auto of = [](const auto& reading, auto member) {
    return reading ? std::optional((*reading).*member) : std::nullopt;
  };
  out.push_back(single("holdfast_agent_gpu_load_ratio", "How busy the GPU is, 0 to 1.", details.gpu_load));
  out.push_back(single("holdfast_agent_load1", "Load average of one minute.", details.load));
  out.push_back(single("holdfast_agent_memory_bytes", "Memory of the machine.",
                       of(readings.memory, &MemoryInfo::total)));
  out.push_back(single("holdfast_agent_memory_available_bytes",
                       "Memory that a new program could have without swapping.",
                       of(readings.memory, &MemoryInfo::available)));
  out.push_back(single("holdfast_agent_disk_bytes", "Size of the data folder's file system.",
                       of(readings.disk, &DiskSpace::total)));
  out.push_back(single("holdfast_agent_disk_available_bytes", "Room on it for a program without privileges.",
                       of(readings.disk, &DiskSpace::available)));
  out.push_back(single("holdfast_agent_clock_synced", "1 while something keeps the machine's clock right.",
                       readings.clock_synced));
  return out;
}

}  // namespace holdfast::edge_agent
