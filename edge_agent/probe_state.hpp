// SPDX-License-Identifier: Apache-2.0
// ProbeState: one probe of one process: when it is due, and what its results so far mean by Kubernetes'
// thresholds. Times are given, never read.
// Threads: a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "sync/model/process_spec.hpp"

namespace holdfast::edge_agent {

enum class ProbeVerdict { kUnknown, kPassing, kFailing };

class ProbeState {
 public:
  /// A new process: nothing is known of it, and the first probe waits for its initial delay after `started`.
  void begin(const sync::Probe& probe, base::MonotonicTime started);
  /// When to probe next; nullopt while one runs.
  std::optional<base::MonotonicTime> due() const;
  void sent();
  void result(const sync::Probe& probe, bool ok, std::string detail, base::MonotonicTime now);
  /// It could not be started just now: says nothing about the process, but `why` is told while it is not passing.
  void missed(const sync::Probe& probe, std::string why, base::MonotonicTime now);
  /// The one on its way was called off and will never answer: it is due as before.
  void cancelled() { is_running_ = false; }

  ProbeVerdict verdict() const { return verdict_; }
  bool has_passed() const { return has_passed_; }
  const std::string& detail() const { return detail_; }  ///< of the last failure; empty while it passes

 private:
  void over(const sync::Probe& probe, base::MonotonicTime now);

  base::MonotonicTime due_{};
  bool is_running_ = false;
  bool has_passed_ = false;
  std::int32_t successes_ = 0;
  std::int32_t failures_ = 0;
  ProbeVerdict verdict_ = ProbeVerdict::kUnknown;
  std::string detail_;
};

/// Why it does not pass, for people: "readiness probe: HTTP 500".
std::string probe_text(std::string_view use, const ProbeState& state);

}  // namespace holdfast::edge_agent
