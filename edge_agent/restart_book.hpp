// SPDX-License-Identifier: Apache-2.0
// RestartBook: how often each process was started again, over restarts of the agent. What changed waits here
// for the next transaction.
// Threads: one, the engine's.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "sync/model/claim.hpp"

namespace holdfast::edge_agent {

class RestartBook {
 public:
  using Counts = std::map<sync::Claim, std::uint64_t>;
  void load(Counts counts) { counts_ = std::move(counts); }
  std::uint64_t count(const sync::Claim& claim) const {
    const auto found = counts_.find(claim);
    return found == counts_.end() ? 0 : found->second;
  }
  void add(const sync::Claim& claim) {
    ++counts_[claim];
    changed_.insert(claim);
  }
  /// The process was removed, or is another one now.
  void forget(const sync::Claim& claim) {
    if (counts_.erase(claim) > 0) changed_.insert(claim);
  }

  /// Claims whose count is not stored yet.
  const std::set<sync::Claim>& changed() const { return changed_; }
  void stored() { changed_.clear(); }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto& [claim, count] : counts_) sum += count;
    return sum;
  }

 private:
  Counts counts_;
  std::set<sync::Claim> changed_;
};

}  // namespace holdfast::edge_agent
