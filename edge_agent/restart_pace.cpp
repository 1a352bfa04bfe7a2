// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/restart_pace.hpp"

#include <utility>

namespace holdfast::edge_agent {

bool restarts(sync::RestartPolicy policy, ProgramEnd end) {
  switch (policy) {
    case sync::RestartPolicy::kAlways: return true;
    case sync::RestartPolicy::kOnFailure: return end == ProgramEnd::kBadly;
    case sync::RestartPolicy::kNever: return false;
  }
  return false;
}

bool RestartPace::count_end(base::MonotonicTime now) {
  if (std::exchange(is_counted_, true)) return false;
  backoff_.record(now);
  return true;
}

void RestartPace::forget() {
  backoff_.reset();
  is_counted_ = false;
}

}  // namespace holdfast::edge_agent
