// SPDX-License-Identifier: Apache-2.0
// PodKeeper: brings one pod to where it should be, and keeps it there. It knows no kind of resource: a driver has as many as
// it needs, from Pods (pods.hpp), which gives every driver the same one for the same pod.
//
//   look()   what the engine has, as the cache knows it: cheap, touches nothing
//   bring()  makes every container of the pod with the digest that is wanted, and ends those with another: until kDone, call it
//            again when told
//   tend()   once bring() was done: starts them in order, starts again what ended by restartPolicy, probes
//   end()    stops and removes all of it: until kDone, call it again when told
//
// Every call of the engine ends later; whoever called is told through on_due of the claim that is given with each call here.
// What the keeper remembers can be lost at any time: a new one finds out by looking.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/engine.hpp"
#include "base/host.hpp"
#include "edge_agent/container_cache.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/gpu_book.hpp"
#include "edge_agent/image_book.hpp"
#include "edge_agent/kept_container.hpp"
#include "edge_agent/marks.hpp"
#include "edge_agent/network_image.hpp"
#include "edge_agent/pod_folders.hpp"
#include "edge_agent/pod_machine.hpp"
#include "edge_agent/pod_needs.hpp"
#include "edge_agent/pod_step.hpp"
#include "edge_agent/pod_wanted.hpp"
#include "edge_agent/restart_book.hpp"

namespace holdfast::edge_agent {

class PodKeeper {
 public:
  struct Seams {
    base::Engine& engine;
    ContainerCache& cache;
    ImageBook& images;
    base::Host& host;
    base::Clock& clock;
    const Marks& marks;
    RestartBook& restarts;
    const PodFolders& folders;
    NetworkImage& network_image;
    GpuBook& gpus;
    const PodMachine& machine;
    DueListener on_due;
    DueAtListener on_due_at;
  };
  /// Seams outlive it.
  PodKeeper(const Seams& seams, PodId id);
  ~PodKeeper();
  PodKeeper(const PodKeeper&) = delete;
  PodKeeper& operator=(const PodKeeper&) = delete;

  /// All of it together: there in part is `present`, and `matches` when every container is there with the digest that is wanted.
  /// Running or not is no difference. Errors: is_not_known_yet(), is_engine_down() (driver.hpp).
  base::Result<Observed> look(const PodWanted& wanted, const sync::Claim& asker);
  /// REQUIRES: `wanted` is whole. Nothing of an earlier digest is touched before every image is there. An error is told once; the next
  /// call tries again. kConflict: a container of that name is not of this node.
  base::Result<Driver::Progress> bring(const PodWanted& wanted, const sync::Claim& asker);
  /// REQUIRES: look() matches.
  base::Result<Driver::Tended> tend(const PodWanted& wanted, const sync::Claim& asker);
  /// Only what carries our mark. Needs no PodWanted: how long it may take stands in the labels.
  base::Result<Driver::Progress> end(const sync::Claim& asker);

  /// Whether all images of it are there, and what it refers to; while they are not, pending() says why. For who replaces another pod by it.
  base::Result<bool> images_ready(const PodWanted& wanted, const sync::Claim& asker);

  /// The same of those alone that are to be made: whether bring() can begin. REQUIRES: `wanted` is whole.
  base::Result<bool> prepare(const PodWanted& wanted, const sync::Claim& asker);

  /// Why bring() is pending, or prepare() is not over.
  ResourceHealth pending(const PodWanted& wanted) const;
  ResourceHealth health(const PodWanted& wanted) const;
  PodSeen seen(const PodWanted& wanted) const;
  /// A call is on its way, which the engine may carry out whatever becomes of this keeper; whoever asked last is told when it ends.
  bool is_busy() const;
  bool is_busy_with(const std::string& container) const;
  /// The resource that it was last made for.
  const sync::ResourceKey& owner() const { return owner_; }
  /// No probe of it goes on; nothing else changes.
  void cancel_probes();
  /// Takes note of a probe of this container of its that ended; the claim to look at.
  sync::Claim probe_ended(const std::string& container, const base::HostEvent& event);

 private:
  /// One of its containers, as the engine has it now.
  struct There {
    const base::ContainerState* state = nullptr;
    Fit fit = Fit::kRight;
    const PodContainer* wanted = nullptr;  ///< null: none that is wanted
  };
  static std::string how_it_differs(const There& one);
  base::Status begin(const sync::Claim& asker);
  void wake() const;
  KeptContainer& kept(const std::string& name);
  const KeptContainer* known(const PodContainer& container) const;
  const base::ContainerState* state_of(const PodContainer& container) const;

  std::vector<There> all_there(const PodWanted* wanted) const;
  Fit fit_of(const base::ContainerState& state, const PodWanted* wanted, const PodContainer* container) const;
  bool is_ending(const base::ContainerState& state) const;
  bool has_right_network(const base::ContainerState& state, const PodWanted& wanted,
                         const PodContainer& container) const;

  /// What was asked of it was done, and the engine cannot say how it is since: asking once more would be without end.
  bool awaits_word(KeptContainer& one, const base::ContainerState& state) const;

  // Each begins a call, unless one for this container is on its way.
  base::Status create(const PodWanted& wanted, const PodContainer& container);
  base::Status create_all(const PodWanted& wanted);
  void start(const PodWanted& wanted, const PodContainer& container, const base::ContainerState& state);
  enum class StopFor {
    kAnother,  ///< it goes, or another one comes
    kRestart,
    kOver,  ///< the pod is over
  };
  void stop(const base::ContainerState& state, std::chrono::milliseconds grace, StopFor what);
  /// What comes before its stop signal: whether that is over.
  bool pre_stop_is_over(KeptContainer& one, const base::ContainerState& state,
                        std::chrono::milliseconds grace);
  /// Only that: for one that waits for others to end first.
  void begin_stop(const base::ContainerState& state, std::chrono::milliseconds grace);
  void signal(KeptContainer& one, const base::ContainerState& state, std::chrono::milliseconds left);
  void wait_for_removal(const base::ContainerState& state);
  void remove(const base::ContainerState& state);
  /// `grace`: none, what the labels say.
  bool clear(const std::vector<const base::ContainerState*>& others,
             std::optional<std::chrono::milliseconds> grace);
  /// The end of a call. `id`: empty, what was to be created.
  void ended(const std::string& name, const base::ContainerId& id, const base::Status& status);
  std::optional<base::Error> take_trouble(const base::Digest& of);
  /// False; pending() says for which of its needs.
  bool waits();

  // pod_keeper_run.cpp
  std::string address_of(const PodWanted& wanted, const base::ContainerState& state) const;
  void tend_running(const PodWanted& wanted, const PodContainer& container, const base::ContainerState& state,
                    Driver::Tended& tended);
  std::vector<SeenContainer> seen_containers(const PodWanted& wanted) const;
  void step(const PodWanted& wanted, const PodContainer& container, RunStep step, Driver::Tended& tended);
  bool is_up(const PodContainer& container) const;
  bool is_past(const PodWanted& wanted, const PodContainer& container,
               const base::ContainerState& state) const;
  void note_past(const PodWanted& wanted);
  ResourceHealth init_health(const PodWanted& wanted, const RunPlan& plan) const;
  std::optional<ResourceHealth> complaint(const PodWanted& wanted, const PodContainer& container,
                                          RunStep step) const;
  ResourceHealth failed_health(const PodWanted& wanted) const;

  Seams seams_;
  PodId id_;
  sync::Claim asker_;
  sync::ResourceKey owner_;
  std::map<std::string, std::unique_ptr<KeptContainer>> kept_;  ///< by name at the engine
  PodNeeds needs_;
  ResourceHealth pending_;
  bool is_going_ = false;  ///< end() was the last that was asked for
  std::optional<base::MonotonicTime>
      ending_since_;  ///< all of it is being ended since then: the grace is one for all
  std::optional<base::MonotonicTime> ready_since_;
};

}  // namespace holdfast::edge_agent
