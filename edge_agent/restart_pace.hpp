// SPDX-License-Identifier: Apache-2.0
// RestartPace: what the end of a program means by its restartPolicy, and when it may be started again: the first time at once, later
// ones after Kubernetes' CrashLoopBackOff. One for processes and for containers. Times are given, never read.
// Threads: a plain value.
#pragma once

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "sync/model/process_spec.hpp"

namespace holdfast::edge_agent {

enum class ProgramEnd { kWell, kBadly };

/// Whether such an end is followed by another start.
bool restarts(sync::RestartPolicy policy, ProgramEnd end);

class RestartPace {
 public:
  /// It has ended, or could not be started; true the first time since it was started.
  bool count_end(base::MonotonicTime now);
  /// Another try to start it failed.
  void count_failure(base::MonotonicTime now) { backoff_.record(now); }
  bool is_due(base::MonotonicTime now) const { return backoff_.is_ready(now); }
  /// REQUIRES: an end was counted.
  base::MonotonicTime due() const { return backoff_.ready_at(); }
  /// It runs: its next end counts again.
  void started() { is_counted_ = false; }
  /// It is another one: what ended before it says nothing about it.
  void forget();

 private:
  base::Backoff backoff_{base::process_backoff()};
  bool is_counted_ = false;
};

}  // namespace holdfast::edge_agent
