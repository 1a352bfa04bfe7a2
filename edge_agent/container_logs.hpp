// SPDX-License-Identifier: Apache-2.0
// ContainerLogs: reads what containers of this node have printed, from the container engine, which keeps it. Of each at most
// limits::kEngineLogBytesMax at a time, one after the other. Needs no agent: the labels of the containers say whose they are.
// Threads: one, the event loop's.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <string>

#include "base/engine.hpp"
#include "edge_agent/log_collection.hpp"
#include "edge_agent/marks.hpp"

namespace holdfast::edge_agent {

class ContainerLogs {
 public:
  /// The engine outlives it.
  ContainerLogs(base::Engine& engine, Marks marks) : engine_(engine), marks_(std::move(marks)) {}
  ~ContainerLogs();
  ContainerLogs(const ContainerLogs&) = delete;
  ContainerLogs& operator=(const ContainerLogs&) = delete;

  using OnEnd = std::function<void(base::Result<LogCollection>)>;
  /// Adds to `collection`, and gives it back, later: exactly once, unless add() itself fails with kLimit, for then too many are being
  /// read. Of all (`subject` names none) it is no error that no engine answers. kNotFound names what there is.
  base::Status add(LogCollection collection, LogSubject subject, std::string container, OnEnd on_end);

 private:
  struct Source {
    base::ContainerId id;
    std::string name;  ///< "web-0/app"
  };
  struct Run {
    LogCollection collection;
    LogSubject subject;
    std::string container;
    OnEnd on_end;
    std::deque<Source> left;
    base::Engine::CallId call = 0;
  };
  using At = std::list<Run>::iterator;

  base::Status choose(Run& run, std::vector<base::ContainerSummary> all) const;
  bool is_meant(const Run& run, const base::ContainerSummary& one) const;
  void next(At run);
  void end(At run, base::Status status);

  base::Engine& engine_;
  Marks marks_;
  std::list<Run> runs_;
};

}  // namespace holdfast::edge_agent
