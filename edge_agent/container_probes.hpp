// SPDX-License-Identifier: Apache-2.0
// ContainerProbes: startup, liveness and readiness of one run of a container. A command runs in the container, by the engine; HTTP and TCP
// are the agent's, at the pod's address.
// Threads: one, the engine's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/container.hpp"
#include "base/engine.hpp"
#include "base/host.hpp"
#include "edge_agent/pod_wanted.hpp"
#include "edge_agent/probe_state.hpp"
#include "sync/model/probe.hpp"

namespace holdfast::edge_agent {

class ContainerProbes {
 public:
  struct Seams {
    base::Engine& engine;
    base::Host& host;
    base::Clock& clock;
    std::function<void()> on_result;  ///< a command ended; of the others the host tells
    /// The engine did not so much as start one in time: it may hang.
    std::function<void()> on_unanswered;
  };
  /// `name`: of the container at the engine.
  ContainerProbes(Seams seams, std::string name) : seams_(std::move(seams)), name_(std::move(name)) {}
  ~ContainerProbes() { forget(); }
  ContainerProbes(const ContainerProbes&) = delete;
  ContainerProbes& operator=(const ContainerProbes&) = delete;

  /// Another run: nothing is known of it.
  void begin(const PodContainer& wanted, base::MonotonicTime started);
  /// The same run with another probe: what the former one said is no word on it, and it begins anew.
  void follow(const PodContainer& wanted, base::MonotonicTime started);
  /// Sends what is due; when to come again, if nothing tells.
  std::optional<base::MonotonicTime> run(const PodContainer& wanted, const base::ContainerState& state,
                                         const std::string& address);
  void ended(const PodContainer& wanted, const base::HostEvent& event);
  void cancel();

  bool has_started(const PodContainer& wanted) const;
  bool is_ready(const PodContainer& wanted) const;
  bool was_ready() const { return readiness_.state.has_passed(); }
  /// It is to be started again: "liveness probe failed: …"; empty: it is not.
  std::string failure(const PodContainer& wanted) const;
  /// Why it is not ready, or has not started: "readiness probe: HTTP 500".
  std::string readiness_text() const { return probe_text(readiness_.use, readiness_.state); }
  std::string startup_text() const { return probe_text(startup_.use, startup_.state); }

  /// "container:hf.default.web.app#readiness" → "hf.default.web.app"; empty: no probe of a container.
  static std::string container_of(const std::string& probe_id);

 private:
  struct One {
    const char* use;
    std::optional<sync::Probe> of{};  ///< that was begun; none: it is not probed
    ProbeState state{};
    base::Engine::CallId call = 0;
    std::vector<base::Engine::CallId>
        left{};  ///< commands of it that did not end in time, and that no engine can end
  };
  void forget();
  void cancel(One& one);
  void begin(One& one, const std::optional<sync::Probe>& probe, base::MonotonicTime started);
  std::string id_of(const One& one) const;
  std::optional<base::MonotonicTime> run_one(One& one, const sync::Probe& probe,
                                             const base::ContainerState& state, const std::string& address);
  void send(One& one, const sync::Probe& probe, const base::ContainerState& state,
            const std::string& address);
  void send_exec(One& one, const sync::Probe& probe, const sync::ExecAction& exec,
                 const base::ContainerState& state);

  Seams seams_;
  std::string name_;
  One startup_{.use = "startup"};
  One liveness_{.use = "liveness"};
  One readiness_{.use = "readiness"};
};

}  // namespace holdfast::edge_agent
