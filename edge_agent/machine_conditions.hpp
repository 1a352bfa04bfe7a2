// SPDX-License-Identifier: Apache-2.0
// MachineConditions: what readings say about the machine as a node's conditions: ClockUnsynced, DiskPressure, MemoryPressure,
// Overheating. Each change of one travels to the hub and is an event, so between bad and well there is a range in which nothing
// changes, and what is seen has to last. Pure: fed with readings and a time.
//
//   condition is | seen bad                | seen between | seen well                   | not seen
//   -------------|-------------------------|--------------|-----------------------------|---------
//   not known    | True, at once (1)       | False        | False                       | not known
//   False        | True when it has lasted | False        | False                       | False (2)
//   True         | True                    | True         | False when that has lasted  | True (2)
//
//   (1) ClockUnsynced: when it has lasted, for no clock is right in the first minutes after a boot.
//   (2) What was on its way to last begins anew; so it does when something else is seen.
//
// How long is in base/limits/node.hpp. A message tells what was seen when its condition changed, and stays.
// Threads: plain values.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "edge_agent/machine_readings.hpp"
#include "sync/model/snapshot.hpp"

namespace holdfast::edge_agent {

class MachineConditions {
 public:
  void see(const Readings& readings, base::MonotonicTime now);
  /// Those that are known, by type.
  std::vector<sync::Condition> conditions() const;

 private:
  struct Entry {
    std::optional<bool> is_true;
    std::optional<base::MonotonicTime> other_since;  ///< since when what is seen says the other
    std::string reason;
    std::string message;
  };
  static constexpr std::size_t kCount = 4;
  std::array<Entry, kCount> entries_;
};

}  // namespace holdfast::edge_agent
