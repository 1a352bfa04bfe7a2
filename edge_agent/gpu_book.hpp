// SPDX-License-Identifier: Apache-2.0
// GpuBook: which GPU of the node which container has, as the containers' labels say it, and which are free. A container has its GPUs alone, as
// in Kubernetes, from when it is made until it is removed; one that is never started again, until it has ended. One that waits to be
// started again has it all the while.
// Machine and engine are asked when a pod wants GPUs, and again when the last answer is old: drivers may load late.
// Threads: one, the engine's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/engine.hpp"
#include "base/result.hpp"
#include "edge_agent/container_cache.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/gpu_request.hpp"
#include "edge_agent/marks.hpp"
#include "edge_agent/pod_wanted.hpp"

namespace holdfast::edge_agent {

class GpuBook {
 public:
  struct Seams {
    base::Engine& engine;
    base::Clock& clock;
    ContainerCache& cache;
    const Marks& marks;
    DueListener on_due;
    DueAtListener on_due_at;
    std::function<GpuOffer()> read;  ///< none: there are none
  };
  explicit GpuBook(Seams seams) : seams_(std::move(seams)) {}
  ~GpuBook();
  GpuBook(const GpuBook&) = delete;
  GpuBook& operator=(const GpuBook&) = delete;

  /// As the machine tells it, at most limits::kGpuLookInterval ago.
  const GpuOffer& offer();

  /// Whether this engine gives any GPU of this machine's. Errors as of are_given().
  base::Status gives(const sync::Claim& asker);
  /// Whether this engine gives what the pod wants. kUnsupported: it does not; says why. not_known_yet(): it is being asked, and the asker is
  /// told.
  base::Status are_given(const PodWanted& pod, const sync::Claim& asker);
  /// Empty: all that the pod wants are free. Else who has them, and the asker is told to look again. REQUIRES: are_given(), and the cache is
  /// known.
  std::string waits_for(const PodWanted& pod, const sync::Claim& asker);
  /// REQUIRES: waits_for() is empty, and `spec` has its labels. Chooses them, and writes a label that says which.
  base::Status give(const PodWanted& pod, const PodContainer& container, base::ContainerSpec& spec);
  /// What was given to it is in the cache, or it was not made.
  void settled(const base::ContainerName& name) { given_.erase(name); }
  /// It is told to end and is started again, whatever it ends with.
  void will_start_again(const base::ContainerState& state) { again_[state.name] = {state.id, state.started}; }
  /// Nobody keeps it any more.
  void forget(const base::ContainerName& name) {
    given_.erase(name);
    again_.erase(name);
  }

 private:
  struct Holding {
    PodId pod;
    ContainerRole role = ContainerRole::kMain;
    std::vector<std::uint32_t> which;
  };
  /// One run of a container.
  struct Run {
    base::ContainerId id;
    std::optional<base::WallTime> started;
  };
  void ask(const sync::Claim& asker);
  bool is_over(const base::ContainerState& state, std::string_view until) const;
  std::vector<std::uint32_t> held_by(const base::ContainerState& state) const;
  std::map<base::ContainerName, Holding> holdings() const;
  std::string who_has(const PodWanted& pod, std::uint32_t wanted, std::uint32_t there) const;

  Seams seams_;
  std::optional<GpuOffer> offer_;
  base::MonotonicTime offer_at_{};
  std::optional<base::Result<base::EngineAbilities>> engine_;
  base::MonotonicTime engine_at_{};
  base::Engine::CallId call_ = 0;
  std::set<sync::Claim> askers_;
  std::map<base::ContainerName, Holding> given_;  ///< to containers that are being made
  std::map<base::ContainerName, Run> again_;      ///< these runs are not the last of their containers
};

}  // namespace holdfast::edge_agent
