// SPDX-License-Identifier: Apache-2.0
// Rollup: from what each node holds and reports of one application to the status that people read. Absent
// nodes are deferred, never failed.
// Threads: pure functions of values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sync/model/health.hpp"

namespace holdfast::hub {

/// One node that holds, or shall hold, the application.
struct NodeShare {
  bool online = false;
  bool updated = false;  ///< it proved to hold what is in force
  bool leaving = false;  ///< the application is being removed from it
  bool failed = false;   ///< quarantined, degraded, in conflict, cannot be rendered …
  sync::SyncStatus sync = sync::SyncStatus::kUnknown;  ///< as it reports
  sync::Health health = sync::Health::kUnknown;
};

struct NodeCounts {
  std::uint64_t total = 0;
  std::uint64_t updated = 0;
  std::uint64_t ready = 0;     ///< updated, in sync, healthy and there
  std::uint64_t deferred = 0;  ///< away and not updated
  std::uint64_t failed = 0;
};

/// How the revision in force stands to what Git says.
enum class Comparison {
  kUnknown,  ///< nothing can be said: the source cannot be read, or is being read for a person right now
  kNewest,   ///< the newest commit, or what a person pinned, is in force
  kBehind,   ///< a newer commit is refused, or waits for a person
};

struct ApplicationRollup {
  sync::SyncStatus sync = sync::SyncStatus::kUnknown;
  sync::Health health = sync::Health::kUnknown;
  NodeCounts nodes;
};

ApplicationRollup roll_up(Comparison comparison, const std::vector<NodeShare>& nodes);

}  // namespace holdfast::hub
