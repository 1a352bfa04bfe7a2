// SPDX-License-Identifier: Apache-2.0
// EventLog: what happened, as Kubernetes' Event objects: the same thing again raises a count instead of
// adding an object, and the oldest go when there are more than limits::kEventsKeptMax.
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
  void record(const EventAbout& about, const sync::Event& event);

 private:
  void drop_oldest();

  Objects& objects_;
  std::map<std::string, base::WallTime> last_;  // event name → when
  std::set<std::pair<base::WallTime, std::string>> by_time_;
};

}  // namespace holdfast::hub
