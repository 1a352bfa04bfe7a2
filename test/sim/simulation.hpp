// SPDX-License-Identifier: Apache-2.0
// Simulation: one seed from beginning to verdict: workload and faults, then faults off, a last good commit, exact
// equality with the oracle, an hour of quiet. Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "test/sim/judge.hpp"

namespace holdfast::sim {

enum class Workloads { kInAThird, kInAll, kInNone };

struct SimulationOptions {
  std::uint64_t seed = 1;
  bool verbose = false;
  /// How often among some 200 acts a revision that is known bad comes again. More where a mistake is planted: it must be noticed.
  int fails_again = 3;
  /// Which seeds have pods, Deployments and units.
  Workloads workloads = Workloads::kInAThird;
};

struct SimulationResult {
  std::optional<Verdict> verdict;
  std::uint64_t digest = 0;  ///< of the whole trace
  std::uint64_t lines = 0;
  std::deque<std::string> last;
};

/// For a run in which this mistake is planted; empty: as it is without one.
SimulationOptions options_for(std::string_view mistake);
SimulationResult simulate(const SimulationOptions& options);

}  // namespace holdfast::sim
