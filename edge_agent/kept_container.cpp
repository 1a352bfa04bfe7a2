// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/kept_container.hpp"

#include <algorithm>

#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {

bool KeptContainer::meet(const base::ContainerState& state, base::MonotonicTime now, base::WallTime wall) {
  if (id == state.id && started == state.started) return false;
  if (id != state.id) is_ending = false;
  id = state.id;
  started = state.started;
  is_killing = false;
  awaits_word = false;
  kill_reason.clear();
  stop_began.reset();
  hook_is_over = false;
  start_failure.clear();
  probes_ended.clear();
  if (!started) return true;
  pace.started();
  // How long it runs already; a clock that was set meanwhile must not make that negative.
  const auto age = std::max(wall - *started, std::chrono::milliseconds{0});
  settled_at = now - age + base::limits::kProcessSettle;
  return true;
}

void KeptContainer::forget() {
  trouble.reset();
  trouble_of = {};
  going_until.reset();
  start_failure.clear();
  pace.forget();
  is_ending = false;
  is_killing = false;
  awaits_word = false;
  ran_in.reset();
  past_run.reset();
  probes.reset();
}

std::string how_it_ended(const std::string& name, const base::ContainerState& state) {
  constexpr std::int64_t kSignalBase = 128;
  constexpr std::int64_t kSignalMax = 64;
  std::string text = "container " + name;
  if (state.out_of_memory) return text + " was ended for want of memory";
  const auto signal = state.exit_code - kSignalBase;
  if (signal > 0 && signal <= kSignalMax) return text + " was ended by signal " + std::to_string(signal);
  text += " exited with code " + std::to_string(state.exit_code);
  return state.error.empty() ? text : text + ": " + state.error;
}

}  // namespace holdfast::edge_agent
