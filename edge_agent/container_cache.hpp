// SPDX-License-Identifier: Apache-2.0
// ContainerCache: the containers of ours at the engine, as its last word on each was. One list when it is first asked for, and from
// then on the engine's stream of events: a container is inspected when an event says that it changed, never because time has passed. A
// stream that ended means a new list. Whoever asked while it did not know is told when it does. An engine that has said nothing for
// long is asked whether it is there at all: one that hangs ends no stream.
// Nothing is connected before somebody asks.
// Threads: one, the engine's.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/engine.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/pod_wanted.hpp"
#include "sync/model/claim.hpp"

namespace holdfast::edge_agent {

class ContainerCache {
 public:
  struct Seams {
    base::Engine& engine;
    base::Clock& clock;
    DueListener on_due;
    DueAtListener on_due_at;
  };
  explicit ContainerCache(Seams seams);
  ~ContainerCache();
  ContainerCache(const ContainerCache&) = delete;
  ContainerCache& operator=(const ContainerCache&) = delete;

  /// Whether what it gives is what the engine has. Else not_known_yet(), or engine_down() with why; the asker is told when that changes.
  base::Status known(const sync::Claim& asker);
  /// Why there is no engine to speak to; null: there is, or nobody needed one.
  const base::Error* trouble() const { return trouble_ ? &*trouble_ : nullptr; }

  /// nullptr: there is none. Pointers hold until the engine's next callback.
  const base::ContainerState* find(const base::ContainerName& name) const;
  std::vector<const base::ContainerState*> of_pod(const PodId& pod) const;
  std::vector<const base::ContainerState*> all() const;
  /// The engine's word on it is on its way, and may be another than what find() gives.
  bool is_being_looked_at(const base::ContainerId& id) const { return looks_.contains(id) || in_line(id); }
  /// Likewise, or it could not be inspected and is tried again after a while.
  bool is_in_doubt(const base::ContainerId& id) const {
    return is_being_looked_at(id) || again_.contains(id);
  }

  /// Changes of this pod's containers are told to this claim, from now on; else to that of the container's name.
  void follow(const PodId& pod, const sync::Claim& claim) { followers_[pod] = claim; }
  void unfollow(const PodId& pod) { followers_.erase(pod); }

  // Of changes that were made through the engine itself.
  void created(const base::ContainerId& id, const base::ContainerSpec& spec, const base::ImageId& image);
  void removed(const base::ContainerId& id);
  void look_at(const base::ContainerId& id);
  /// An answer was lost, and what it was about may have no id yet: a new list.
  void doubt();
  /// Something took longer than it should: whether the engine answers at all.
  void check_engine();

 private:
  enum class State { kUnasked, kOpening, kKnown, kDown };
  struct Look {
    base::Engine::CallId call = 0;
    bool is_stale = false;  ///< another event came meanwhile
  };
  bool in_line(const base::ContainerId& id) const;
  void open();
  void list();
  void listed(base::Result<std::vector<base::ContainerSummary>> answer);
  void on_event(const base::EngineEvent& event);
  void look_on();
  void look_again(base::MonotonicTime now);
  void looked(const base::ContainerId& id, base::Result<base::ContainerState> answer);
  void take(base::ContainerState state);
  void drop(const base::ContainerId& id);
  void tell(const base::ContainerState& state);
  void now_known();
  void stream_ended(const base::Error& error);
  void lost(const base::Error& error);
  void cancel_all();

  Seams seams_;
  State state_ = State::kUnasked;
  std::optional<base::Error> trouble_;
  base::Backoff backoff_;
  base::MonotonicTime retry_at_{};
  base::Engine::CallId stream_ = 0;
  base::Engine::CallId list_ = 0;
  base::Engine::CallId ping_ = 0;
  std::map<base::ContainerId, base::ContainerState> containers_;
  std::map<base::ContainerId, Look> looks_;                 ///< on their way
  std::deque<base::ContainerId> line_;                      ///< to be looked at
  std::map<base::ContainerId, base::MonotonicTime> again_;  ///< could not be inspected, and when to try again
  bool is_listed_ = false;                                  ///< since it was opened, or doubted
  std::optional<base::MonotonicTime> known_since_;
  base::MonotonicTime heard_at_{};  ///< when the engine last said anything
  std::set<sync::Claim> waiting_;
  std::map<PodId, sync::Claim> followers_;
};

}  // namespace holdfast::edge_agent
