// SPDX-License-Identifier: Apache-2.0
// MachineSensors: where this machine tells temperatures, throttling, power and load, found once and again every
// limits::kSensorsFindInterval; then a look is one small read a sensor. Which files these are, and from which documentation, is
// in docs/facts.md. Sensors behind which something sleeps (disks, single cores) are left alone.
// Threads: one; reads files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "edge_agent/gpu_device.hpp"
#include "edge_agent/machine_readings.hpp"
#include "edge_agent/machine_tree.hpp"

namespace holdfast::edge_agent {

class MachineSensors {
 public:
  explicit MachineSensors(MachineTree tree) : tree_(std::move(tree)) {}

  /// Temperatures, throttling and memory; `disk` and `clock_synced` are not its. A counter of throttling counts as throttled
  /// when it has grown since the last look.
  Readings look(base::MonotonicTime now);
  /// Of the sensors that the last look knew.
  Details details() const;
  const MachineTree& tree() const { return tree_; }

 private:
  struct TemperatureSensor {
    std::string name;
    std::string file;
    std::optional<std::int64_t> limit;
  };
  struct Rail {
    std::string name;
    std::string millivolts_file;
    std::string milliamperes_file;
  };
  enum class ThrottleForm { kState, kCounter, kRaspberryPi };
  struct ThrottleSource {
    ThrottleForm form;
    ThrottleCause cause;
    std::string file;
  };

  void find();
  void find_zones();
  void find_alerts();
  void find_chips();
  void find_firmware();
  void add_cpu_chip(const std::string& folder, const std::string& chip);
  void add_rails(const std::string& folder);
  void find_rails_of_jetpack_4();
  void add_rail(const std::string& label, const std::string& millivolts_file,
                const std::string& milliamperes_file);
  void add_throttle(ThrottleForm form, ThrottleCause cause, const std::string& file);
  void add_temperature(const std::string& name, const std::string& file, std::optional<std::int64_t> limit);
  void ask(const ThrottleSource& source, Readings& out);

  MachineTree tree_;
  std::optional<base::MonotonicTime> found_at_;
  std::vector<TemperatureSensor> temperatures_;
  std::vector<Rail> rails_;
  std::vector<ThrottleSource> throttles_;
  std::map<std::string, std::int64_t> counted_;  ///< at the last look, by file
  std::optional<GpuDevice> gpu_;
};

}  // namespace holdfast::edge_agent
