// SPDX-License-Identifier: Apache-2.0
// Supervisor: keeps one applied process going: what an exit means by its restartPolicy (the first restart at
// once, later ones after Kubernetes' CrashLoopBackOff), its probes, and its health.
// Threads: one, the engine's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/host.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/probe_state.hpp"
#include "edge_agent/process_effective.hpp"
#include "edge_agent/restart_pace.hpp"
#include "sync/model/probe.hpp"

namespace holdfast::edge_agent {

class Supervisor {
 public:
  explicit Supervisor(base::Host& host) : host_(host) {}

  /// One look at what `status` says, at `now`. `mark` is for a process that must be started again.
  base::Result<Driver::Tended> tend(const ProcessEffective& wanted, const base::ProcessStatus& status,
                                    const std::string& mark, base::MonotonicTime now, base::WallTime wall);
  /// `restarts`: so far, for the message.
  ResourceHealth health(const ProcessEffective& wanted, std::uint64_t restarts) const;
  /// It was started by apply(): a new life, without the old one's backoff.
  void forget();

  static std::string probe_id(const sync::Claim& claim, sync::ProbeUse use);
  /// The claim that a probe's id speaks of.
  static std::optional<sync::Claim> claim_of_probe(const std::string& id);
  /// Kept until the next tend().
  void probe_ended(const base::HostEvent& event);
  void cancel_probes(const sync::Claim& claim);

 private:
  void take_results(const ProcessEffective& wanted, base::MonotonicTime now);
  /// Another process than the one known: everything about the old one is over.
  void meet(const ProcessEffective& wanted, base::MonotonicTime now, base::WallTime wall);
  std::optional<base::MonotonicTime> look_at_readiness(const ProcessEffective& wanted,
                                                       base::MonotonicTime now);
  base::Result<Driver::Tended> tend_running(const ProcessEffective& wanted, base::MonotonicTime now);
  base::Result<Driver::Tended> tend_ended(const ProcessEffective& wanted, const std::string& mark,
                                          base::MonotonicTime now, base::WallTime wall);
  std::optional<base::MonotonicTime> run_probe(const ProcessEffective& wanted, sync::ProbeUse use,
                                               base::MonotonicTime now);
  bool should_restart(const ProcessEffective& wanted) const;
  ResourceHealth running_health(const ProcessEffective& wanted) const;
  ResourceHealth ended_health(const ProcessEffective& wanted, std::uint64_t restarts) const;

  base::Host& host_;
  base::ProcessStatus status_;  ///< the last one seen
  std::optional<base::ProcessIdentity> known_;
  RestartPace pace_;
  base::MonotonicTime settled_at_{};  ///< up so long that it counts as started
  bool is_settled_ = false;
  base::MonotonicTime started_at_{};
  std::optional<base::MonotonicTime> ready_since_;
  bool is_available_ = false;  ///< ready for as long as minReadySeconds asks
  bool is_killing_ = false;    ///< the liveness probe failed, and it was told to stop
  std::string start_failure_;
  struct Probed {
    std::optional<sync::Probe> of{};  ///< that was begun
    ProbeState state{};
  };
  void begin(Probed& probed, const std::optional<sync::Probe>& probe);
  /// The same process with another probe: what the former one said is no word on it, and it begins anew.
  void follow_probes(const ProcessEffective& wanted);
  Probed liveness_;
  Probed readiness_;
  std::vector<base::HostEvent> probes_ended_;
};

}  // namespace holdfast::edge_agent
