// SPDX-License-Identifier: Apache-2.0
// EventLog: what happened, as Kubernetes' Event objects: the same thing again raises a count instead of
// adding an object, and the oldest go when there are more than limits::kEventsKeptMax, or of one object more than
// limits::kEventsPerObjectMax. Old is what came long ago: a node's clock may stand anywhere, and must not push out what
// others say.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "hub/objects.hpp"
#include "sync/model/event.hpp"

namespace holdfast::hub {

struct EventAbout {
  std::string kind;  ///< "Application" or "Node"
  std::string name;
  std::string component;  ///< "hub" or "agent"
};

class EventLog {
 public:
  explicit EventLog(Objects& objects) : objects_(objects) {}
  /// Finds what an earlier run left.
  base::Status load();
  /// On an error, which is logged, it was not kept.
  base::Status record(const EventAbout& about, const sync::Event& event);

 private:
  using Line = std::set<std::pair<std::uint64_t, std::string>>;  // the order in which they came, name
  struct Known {
    std::uint64_t order = 0;
    std::string about;  // "Node/cam-1"
    base::WallTime when{};
  };
  void put(const std::string& name, Known known);
  void take_out(const std::string& name, const Known& known);
  void drop_oldest(const Line& line);

  Objects& objects_;
  std::uint64_t order_ = 0;
  std::map<std::string, Known> known_;  // by event name
  Line line_;
  std::map<std::string, Line> line_of_;  // by what they are about
};

}  // namespace holdfast::hub
