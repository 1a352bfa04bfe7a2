// SPDX-License-Identifier: Apache-2.0
// Reaper: kills a fake node's agent at one of its changes or commits, so that a test can try each.
// Threads: one.
#pragma once

#include <optional>
#include <string>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {

/// Thrown where the agent dies.
struct Death {};

enum class ChangesOf { kHost, kContainers };

/// Counts every change of that kind and every commit, and dies at one of them: thrown from a change, told by the store at a commit.
/// `after`: that commit is stored. The node outlives it.
class Reaper {
 public:
  Reaper(FakeNode& node, std::optional<int> die_at, bool after, ChangesOf changes = ChangesOf::kContainers)
      : die_at_(die_at), after_(after) {
    const auto tick = [this](const std::string&) {
      if (!counts_to_death()) return;
      died_ = true;
      throw Death{};
    };
    if (changes == ChangesOf::kHost)
      node.host.before_change(tick);
    else
      node.containers.before_change(tick);
    node.store.on_commit([this] {
      if (!counts_to_death()) return sync::FakeStore::AtCommit::kCommit;
      died_ = true;
      return after_ ? sync::FakeStore::AtCommit::kCrashAfter : sync::FakeStore::AtCommit::kCrashBefore;
    });
  }
  bool died() const { return died_; }

 private:
  bool counts_to_death() { return !died_ && die_at_ && count_++ == *die_at_; }
  std::optional<int> die_at_;
  bool after_;
  int count_ = 0;
  bool died_ = false;
};

}  // namespace holdfast::edge_agent
