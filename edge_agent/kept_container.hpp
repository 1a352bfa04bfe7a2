// SPDX-License-Identifier: Apache-2.0
// KeptContainer: what the keeper of a pod remembers of one container: the call that is on its way, what became of the last one, how
// often it ended.
// Threads: one, the engine's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/container.hpp"
#include "base/digest.hpp"
#include "base/engine.hpp"
#include "edge_agent/container_probes.hpp"
#include "edge_agent/restart_pace.hpp"

namespace holdfast::edge_agent {

struct KeptContainer {
  /// At most one change of a container is on its way.
  base::Engine::CallId call = 0;
  bool is_busy() const { return call != 0; }

  /// Why a create, stop or remove failed, until it is told.
  std::optional<base::Error> trouble;
  base::Digest trouble_of;      ///< for which pod that was; none: for any
  bool awaits_word = false;     ///< it was started or stopped, and how it is since is not known yet
  bool has_lost_image = false;  ///< the last create found no image, though there was one
  std::optional<base::MonotonicTime> going_until;  ///< how long is waited for the engine that removes it
  std::string start_failure;
  RestartPace pace;

  /// Of another container than the one that is known, or another run of it: everything about the old one is over. Whether it is.
  bool meet(const base::ContainerState& state, base::MonotonicTime now, base::WallTime wall);
  /// It was made anew: a new life.
  void forget();
  /// REQUIRES: it was met.
  bool is_settled(base::MonotonicTime now) const { return now >= settled_at; }

  base::ContainerId id;
  std::optional<base::WallTime> started;
  base::MonotonicTime settled_at{};  ///< up so long that it counts as started
  bool is_ending = false;   ///< told to stop, to be another one: it is not taken for the right one any more
  bool is_killing = false;  ///< told to stop, to be started again
  std::string kill_reason;
  std::optional<base::MonotonicTime> stop_began;  ///< when it was first told to stop
  bool hook_is_over = false;                      ///< the command before its stop signal has ended

  // In a pod with an owner of its network. By these no clock that was set meanwhile can mislead.
  std::optional<base::WallTime> ran_in;    ///< the run of the owner in which this agent started it last
  std::optional<base::WallTime> past_run;  ///< its own run whose network is gone, as this agent saw

  std::unique_ptr<ContainerProbes> probes;  ///< of a container that has any, while it runs
  std::vector<base::HostEvent> probes_ended;
};

/// "container app exited with code 1"
std::string how_it_ended(const std::string& name, const base::ContainerState& state);

}  // namespace holdfast::edge_agent
