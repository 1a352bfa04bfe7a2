// SPDX-License-Identifier: Apache-2.0
// HookNode: a node whose applications have hooks: how their programs end, and what was started. And the application of most tests
// about hooks: a file and a process, with a version in both.
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {

FakeMeta hook(const std::string& stage, const std::string& policy = "", std::int64_t wave = 0);
/// Spec of a Process that runs /usr/bin/`program`.
std::string once(const std::string& program, const std::string& restart = "Never");
/// File/a and Process/web of application "app".
FakeApp versioned(const std::string& version);

class HookNode : public FakeNode {
 public:
  /// Process `name` ends by itself.
  void ends(const std::string& name, std::int32_t code,
            std::chrono::milliseconds after = std::chrono::seconds{10});
  /// Starts of processes, in order.
  std::vector<std::string> started() const;
  std::size_t starts_of(const std::string& name) const;
  /// Whether `first` is there two minutes later. What was touched for it is forgotten.
  bool begins_with(const FakeApp& first);
};

}  // namespace holdfast::edge_agent
