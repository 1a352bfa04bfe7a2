// SPDX-License-Identifier: Apache-2.0
// World: one hub, one broker and a few nodes on virtual time. It moves time from one thing that is due to the next;
// nothing happens between. Threads: one.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "test/sim/attacker.hpp"
#include "test/sim/fleet_trust.hpp"
#include "test/sim/hub_box.hpp"
#include "test/sim/node_box.hpp"

namespace holdfast::sim {

class World {
 public:
  /// Nodes with files and processes alone, or with a container engine and systemd, too.
  enum class Nodes { kPlain, kWithWorkloads };
  World(std::uint64_t seed, std::size_t count, Nodes nodes, bool verbose);
  bool has_workloads() const { return nodes.front()->has_workloads(); }

  /// Lets this much time pass, doing everything at its time. Ends early when a rule is broken.
  void pass(std::chrono::milliseconds time);
  /// Everything due now.
  void run();
  std::chrono::milliseconds now() const { return now_; }
  bool is_over() const { return judge.verdict().has_value(); }

  Trace trace;
  Judge judge{trace};
  base::FakeRandom random;
  base::FakeClock clock;  ///< of the broker
  sync::FakeBroker broker;
  Oracle oracle;
  std::unique_ptr<HubBox> hub;
  std::vector<std::unique_ptr<NodeBox>> nodes;
  std::unique_ptr<FleetTrust> trust;
  std::unique_ptr<Attacker> attacker;

 private:
  std::optional<std::chrono::milliseconds> due_in() const;

  std::chrono::milliseconds now_{0};
  base::FakeRandom broker_random_;
};

}  // namespace holdfast::sim
