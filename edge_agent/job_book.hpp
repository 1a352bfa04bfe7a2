// SPDX-License-Identifier: Apache-2.0
// JobBook: what the node remembers of Jobs and CronJobs, over restarts of the agent and after their containers are gone. What changed waits here for the next transaction;
// nothing is done for a Job whose record is not stored yet.
// Threads: one, the engine's.
#pragma once

#include <map>

#include "base/clock.hpp"
#include "base/limits/agent.hpp"
#include "edge_agent/cron_step.hpp"
#include "sync/model/claim.hpp"

namespace holdfast::edge_agent {

class JobBook {
 public:
  /// By the first claim of the resource. A Job has one entry, whose `scheduled` says nothing.
  using Records = std::map<sync::Claim, CronRecord>;
  void load(Records records) { records_ = std::move(records); }
  /// nullptr: there is none.
  const CronRecord* find(const sync::Claim& claim) const {
    const auto found = records_.find(claim);
    return found == records_.end() ? nullptr : &found->second;
  }
  void put(const sync::Claim& claim, CronRecord record, base::MonotonicTime now) {
    const auto [at, is_new] = records_.try_emplace(claim, record);
    if (!is_new && at->second == record) return;
    at->second = std::move(record);
    changed_[claim] = now;
  }
  void forget(const sync::Claim& claim) {
    if (records_.erase(claim) > 0) changed_[claim] = {};
  }

  bool is_stored(const sync::Claim& claim) const { return !changed_.contains(claim); }
  /// When to look again whether it is; REQUIRES: it is not. At once after it changed, for the next transaction comes at the end of this turn.
  base::MonotonicTime look_again_at(const sync::Claim& claim, base::MonotonicTime now) const {
    if (changed_.at(claim) == now) return now + std::chrono::milliseconds{1};
    return now + base::limits::kJobStoreRetry;
  }
  /// Claims whose record is not stored yet, and since when.
  const std::map<sync::Claim, base::MonotonicTime>& changed() const { return changed_; }
  void stored() { changed_.clear(); }

 private:
  Records records_;
  std::map<sync::Claim, base::MonotonicTime> changed_;
};

}  // namespace holdfast::edge_agent
