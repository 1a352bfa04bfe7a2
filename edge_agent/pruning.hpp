// SPDX-License-Identifier: Apache-2.0
// Pruning: deletes from the host what the inventory says this agent made, because a person said so on this machine. In
// the order of a prune (deletes before what they depend on); what was only taken over, what is marked to be kept and what
// is not ours any more stays.
// Threads: one; waits for processes to end.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "edge_agent/drivers.hpp"
#include "edge_agent/state_store.hpp"

namespace holdfast::edge_agent {

struct Pruned {
  std::size_t deleted = 0;
  std::vector<std::string> left;    ///< and why
  std::vector<std::string> failed;  ///< and why: still there, and still in the inventory
};

/// `wait` lets time pass until the host may have changed; false: there is no more of it.
Pruned prune_all(StateStore& store, Drivers& drivers, const std::function<bool()>& wait);

}  // namespace holdfast::edge_agent
