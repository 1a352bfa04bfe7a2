// SPDX-License-Identifier: Apache-2.0
// Simulation: one seed from beginning to verdict: workload and faults, then faults off, a last good commit, exact
// equality with the oracle, an hour of quiet. Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "test/sim/judge.hpp"

namespace holdfast::sim {

struct SimulationOptions {
  std::uint64_t seed = 1;
  bool verbose = false;
  /// How often among some 200 acts a revision that is known bad comes again. More where a mistake is planted: it must be noticed.
  int fails_again = 3;
};
inline constexpr int kFailsAgainWhenPlanted = 20;

struct SimulationResult {
  std::optional<Verdict> verdict;
  std::uint64_t digest = 0;  ///< of the whole trace
  std::uint64_t lines = 0;
  std::deque<std::string> last;
};

SimulationResult simulate(const SimulationOptions& options);

}  // namespace holdfast::sim
