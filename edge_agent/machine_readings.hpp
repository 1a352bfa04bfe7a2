// SPDX-License-Identifier: Apache-2.0
// Readings: what changes on a machine by itself. Never part of a snapshot, because an idle node has to stay silent; conditions are
// made of them (machine_conditions.hpp), and metrics.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edge_agent/memory_info.hpp"

namespace holdfast::edge_agent {

struct Temperature {
  std::string sensor;  ///< "tj-thermal"; no two are the same
  std::int64_t millicelsius = 0;
  std::optional<std::int64_t> limit;  ///< millicelsius: where the machine takes it for hot, or ends itself
  bool operator==(const Temperature&) const = default;
};

/// Why a machine slows itself down.
enum class ThrottleCause { kTemperature, kCurrent, kVoltage };

struct DiskSpace {
  std::uint64_t total = 0;  ///< bytes, as the next
  std::uint64_t available = 0;
  bool operator==(const DiskSpace&) const = default;
};

/// What is looked at every time. What the machine does not tell is missing.
struct Readings {
  std::vector<Temperature> temperatures;
  std::map<ThrottleCause, bool> throttled;
  std::optional<MemoryInfo> memory;
  std::optional<DiskSpace> disk;  ///< of the data folder's file system
  std::optional<bool> clock_synced;
};

struct PowerRail {
  std::string rail;  ///< "VDD_GPU_SOC"; no two are the same
  std::int64_t milliwatts = 0;
  bool operator==(const PowerRail&) const = default;
};

/// What is looked at only when somebody asks for metrics.
struct Details {
  std::vector<PowerRail> rails;
  std::optional<double> gpu_load;  ///< 0 to 1
  std::optional<double> load;      ///< average of one minute
};

}  // namespace holdfast::edge_agent
