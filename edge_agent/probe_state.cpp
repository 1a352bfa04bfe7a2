// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/probe_state.hpp"

#include <utility>

namespace holdfast::edge_agent {

void ProbeState::begin(const sync::Probe& probe, base::MonotonicTime started) {
  *this = ProbeState{};
  due_ = started + probe.initial_delay;
}

std::optional<base::MonotonicTime> ProbeState::due() const {
  if (is_running_) return std::nullopt;
  return due_;
}

void ProbeState::sent() { is_running_ = true; }

void ProbeState::result(const sync::Probe& probe, bool ok, std::string detail, base::MonotonicTime now) {
  over(probe, now);
  if (ok) {
    failures_ = 0;
    if (++successes_ < probe.success_threshold) return;
    successes_ = probe.success_threshold;
    verdict_ = ProbeVerdict::kPassing;
    has_passed_ = true;
    detail_.clear();
    return;
  }
  successes_ = 0;
  ++failures_;
  const bool is_over = failures_ >= probe.failure_threshold;
  // What is said of one that passes yet is no news before it counts.
  if (is_over || verdict_ != ProbeVerdict::kPassing) detail_ = std::move(detail);
  if (!is_over) return;
  failures_ = probe.failure_threshold;
  verdict_ = ProbeVerdict::kFailing;
}

void ProbeState::missed(const sync::Probe& probe, std::string why, base::MonotonicTime now) {
  over(probe, now);
  if (verdict_ != ProbeVerdict::kPassing) detail_ = std::move(why);
}

void ProbeState::over(const sync::Probe& probe, base::MonotonicTime now) {
  is_running_ = false;
  due_ = now + probe.period;
}

std::string probe_text(std::string_view use, const ProbeState& state) {
  const std::string name = std::string(use) + " probe";
  return state.detail().empty() ? name + " has not passed yet" : name + ": " + state.detail();
}

}  // namespace holdfast::edge_agent
