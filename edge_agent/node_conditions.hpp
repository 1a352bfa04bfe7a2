// SPDX-License-Identifier: Apache-2.0
// NodeConditions: the conditions that a node shows: those of its machine, and that of its container engine from when it was first missed.
// Threads: a plain value.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "edge_agent/event_book.hpp"
#include "sync/model/snapshot.hpp"

namespace holdfast::edge_agent {

class NodeConditions {
 public:
  /// Of the machine (machine_conditions.hpp).
  void set_machines(std::vector<sync::Condition> conditions) { machines_ = std::move(conditions); }
  /// All of them. `engine_trouble`: why there is no engine to speak to; null: there is, or nobody needed one.
  std::vector<sync::Condition> look(const base::Error* engine_trouble);

 private:
  std::vector<sync::Condition> machines_;
  bool engine_was_missed_ = false;
};

/// One that becomes True is a warning named by its type, and its end an event named by its reason then.
void tell_conditions(const std::vector<sync::Condition>& before, const std::vector<sync::Condition>& now,
                     EventBook& events);

}  // namespace holdfast::edge_agent
