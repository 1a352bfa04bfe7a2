// SPDX-License-Identifier: Apache-2.0
// RunningPull: one pull as who ordered it sees it. Real: registry/pull_process.hpp, a child.
// Threads: one, the engine's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "edge_agent/registry/pull_job.hpp"

namespace holdfast::edge_agent {

/// To destroy it ends the pull; what it fetched stays.
class RunningPull {
 public:
  virtual ~RunningPull() = default;
};
struct PullListener {
  std::function<void(const PullProgress&)> on_progress;
  /// Once, and the last; it may destroy the pull. Never from inside the start.
  std::function<void(base::Result<PulledImage>, std::optional<std::chrono::seconds> retry_after)> on_end;
};
using StartPull = std::function<base::Result<std::unique_ptr<RunningPull>>(const PullJob&, PullListener)>;

}  // namespace holdfast::edge_agent
