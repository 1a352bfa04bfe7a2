// SPDX-License-Identifier: Apache-2.0
// WorkQueue: which keys are to be looked at, and when. A key is in it once: asked for twice, the earlier time
// counts. Never says why.
// Threads: one.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.hpp"

namespace holdfast::edge_agent {

enum class WorkKind {
  kClaim,     ///< one claim: is what it holds still as it should be?
  kSection,   ///< one application: its walk, or all of its claims
  kFullPass,  ///< every section
};

struct WorkKey {
  WorkKind kind = WorkKind::kFullPass;
  std::string name;  ///< claim text, application uid, or nothing
  auto operator<=>(const WorkKey&) const = default;
};

class WorkQueue {
 public:
  void add(const WorkKey& key, base::MonotonicTime due);
  void drop(const WorkKey& key);
  /// The first key due at `now`: by time, then by key, so that the same events give the same order.
  std::optional<WorkKey> take(base::MonotonicTime now);
  std::optional<base::MonotonicTime> next() const;
  std::optional<base::MonotonicTime> due(const WorkKey& key) const;
  std::size_t size() const { return due_.size(); }

 private:
  std::map<WorkKey, base::MonotonicTime> due_;
  std::set<std::pair<base::MonotonicTime, WorkKey>> order_;
};

}  // namespace holdfast::edge_agent
