// SPDX-License-Identifier: Apache-2.0
// FinalCheck: what must hold when all faults are off and the last commit has been said: hosts equal the oracle, hub
// and nodes say the same, and then nobody does anything any more. Threads: one.
#pragma once

#include <string>
#include <vector>

#include "test/sim/world.hpp"

namespace holdfast::sim {

class FinalCheck {
 public:
  explicit FinalCheck(World& world) : world_(world) {}

  /// The first difference; empty: there is none.
  std::string difference();
  void must_be_equal();
  void begin_quiet();
  void must_be_quiet();

 private:
  std::string application(const std::string& name) const;
  bool has_leftovers_alone(const std::string& application) const;
  bool has_failing_leftovers(NodeBox& node) const;
  bool may_be_left(const NodeBox& node, const sync::Claim& claim) const;
  std::string files(NodeBox& node, const FolderModel& wanted) const;
  std::string processes(NodeBox& node, const FolderModel& wanted) const;
  std::string containers(NodeBox& node, const FolderModel& wanted) const;
  std::string units(NodeBox& node, const FolderModel& wanted) const;
  std::string talk(NodeBox& node) const;
  std::string events(NodeBox& node) const;

  struct Activity {
    std::size_t host = 0;
    std::size_t engine = 0;
    std::size_t systemd = 0;
    std::uint64_t store = 0;
    std::uint64_t outbox = 0;
    std::uint64_t messages = 0;
    bool operator==(const Activity&) const = default;
  };
  Activity activity(const NodeBox& node) const;

  World& world_;
  std::vector<Activity> nodes_;
  std::uint64_t hub_messages_ = 0;
  std::uint64_t hub_commits_ = 0;
};

}  // namespace holdfast::sim
