// SPDX-License-Identifier: Apache-2.0
// JobBook: what the node remembers of Jobs and CronJobs, over restarts of the agent and after their containers are gone. What changed waits here for the next transaction;
// nothing is done for a Job whose record is not stored yet.
// Threads: one, the engine's.
#pragma once

#include <map>

#include "base/clock.hpp"
#include "base/limits/agent.hpp"
#include "edge_agent/cron_step.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::edge_agent {

class JobBook {
 public:
  /// By resource. A Job has one entry, whose `scheduled` says nothing.
  using Records = std::map<sync::ResourceKey, CronRecord>;
  void load(Records records) { records_ = std::move(records); }
  /// nullptr: there is none.
  const CronRecord* find(const sync::ResourceKey& key) const {
    const auto found = records_.find(key);
    return found == records_.end() ? nullptr : &found->second;
  }
  void put(const sync::ResourceKey& key, CronRecord record, base::MonotonicTime now) {
    const auto [at, is_new] = records_.try_emplace(key, record);
    if (!is_new && at->second == record) return;
    at->second = std::move(record);
    changed_[key] = now;
  }
  void forget(const sync::ResourceKey& key) {
    if (records_.erase(key) > 0) changed_[key] = {};
  }

  bool is_stored(const sync::ResourceKey& key) const { return !changed_.contains(key); }
  /// When to look again whether it is; REQUIRES: it is not. At once after it changed, for the next transaction comes at the end of this turn.
  base::MonotonicTime look_again_at(const sync::ResourceKey& key, base::MonotonicTime now) const {
    if (changed_.at(key) == now) return now + std::chrono::milliseconds{1};
    return now + base::limits::kJobStoreRetry;
  }
  /// Those whose record is not stored yet, and since when.
  const std::map<sync::ResourceKey, base::MonotonicTime>& changed() const { return changed_; }
  void stored() { changed_.clear(); }

 private:
  Records records_;
  std::map<sync::ResourceKey, base::MonotonicTime> changed_;
};

}  // namespace holdfast::edge_agent
