// SPDX-License-Identifier: Apache-2.0
// The order in which a section's resources are applied: stage, wave, dependencies, kind, name. A resource never
// comes in an earlier wave than what it depends on: its wave is lifted, for a wave ends only when all of it
// is healthy and the two would wait for each other for ever.
// Threads: pure functions of values.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "edge_agent/plan.hpp"

namespace holdfast::edge_agent {

/// Whose turn it is: all of one is healthy before the next one is touched.
struct Turn {
  sync::HookStage stage = sync::HookStage::kSync;
  std::int64_t wave = 0;
  auto operator<=>(const Turn&) const = default;
};

struct Placed {
  std::size_t item = 0;
  std::int64_t wave = 0;                ///< lifted
  std::vector<std::size_t> depends_on;  ///< items; those that would close a circle are dropped
  std::uint32_t depth = 0;              ///< of the longest chain that it depends on; 0: on nothing
  sync::HookStage stage = sync::HookStage::kSync;
  Turn turn() const { return {stage, wave}; }
};

/// Every item once, in apply order.
std::vector<Placed> apply_order(const std::vector<DesiredItem>& items);

struct DependencyError {
  std::size_t item = 0;
  std::string message;
};
/// A dependency that the section does not have, one of a later stage, or a circle: nothing that waiting could mend.
std::vector<DependencyError> dependency_errors(const std::vector<DesiredItem>& items);

}  // namespace holdfast::edge_agent
