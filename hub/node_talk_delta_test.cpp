// SPDX-License-Identifier: Apache-2.0
// Deltas and parts between hub and nodes: what is lost, unknown or cut off on the way ends in the same state.
#include <gtest/gtest.h>

#include "base/limits/hub.hpp"
#include "base/limits/wire.hpp"
#include "hub/fake_fleet.hpp"
#include "hub/json_path.hpp"
#include "hub/node_talk.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;

class NodeTalkDelta : public testing::Test {
 protected:
  NodeTalkDelta() {
    fleet.commit({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "one " + text)}});
    auto& node = fleet.add_node("cam-1");
    node.abilities = {"configmap/1", "delta/1", "file/1", "parts/1", "process/1"};
    fleet.apply({.name = "motd", .path = "apps/motd"});
    fleet.settle();
  }
  FakeNode& node() { return fleet.node("cam-1"); }
  void push(const std::string& content) {
    fleet.change({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", content)}});
  }
  bool has(const std::string& content) { return node().body_of("motd").find(content) != std::string::npos; }
  /// Random digits: what hardly compresses.
  std::string noise(std::size_t size) {
    std::string out;
    while (out.size() < size) out += fleet.random.uuid();
    return out;
  }
  double metric(const std::string& name, const std::string& label = "") {
    for (const auto& metric : fleet.hub->metrics()) {
      if (metric.name != name) continue;
      for (const auto& sample : metric.samples) {
        if (label.empty() || sample.labels.at(0).second == label) return sample.value;
      }
    }
    return -1;
  }
  double deltas() { return metric("holdfast_hub_desired_states_delta_total"); }

  FakeFleet fleet;
  const std::string text = noise(2'000);
};

// ---- down ----

TEST_F(NodeTalkDelta, AChangeIsADeltaOnWhatTheNodeAcknowledged) {
  ASSERT_EQ(node().deltas_received(), 0U) << "the first is whole";
  push("two " + text);
  fleet.poll();
  EXPECT_TRUE(has("two"));
  EXPECT_EQ(node().deltas_received(), 1U);
  EXPECT_LT(node().last_payload_bytes(), 500U);
  EXPECT_EQ(deltas(), 1);
}

TEST_F(NodeTalkDelta, ANodeThatDoesNotListItGetsTheWhole) {
  node().abilities = {"configmap/1", "file/1", "process/1"};
  node().report();
  fleet.settle();
  push("two " + text);
  fleet.poll();
  EXPECT_TRUE(has("two"));
  EXPECT_EQ(node().deltas_received(), 0U);
}

TEST_F(NodeTalkDelta, ABaseThatTheNodeLostIsAnsweredByTheWholeOnceAndThenDeltasAgain) {
  node().loses_bases = true;
  const auto states = node().states_received();
  push("two " + text);
  fleet.poll();
  EXPECT_TRUE(has("two"));
  EXPECT_EQ(node().states_received(), states + 1) << "one delta that was lost, and the whole";
  EXPECT_EQ(metric("holdfast_hub_bases_lost_total", "down"), 1);
  node().loses_bases = false;
  push("three " + text);
  fleet.poll();
  EXPECT_TRUE(has("three"));
  EXPECT_EQ(node().deltas_received(), 1U);
}

TEST_F(NodeTalkDelta, AWholeThatIsLostComesAgainWhole) {
  node().loses_bases = true;
  push("two " + text);
  fleet.run_for(31s);
  fleet.broker.set_faults({.loss = 600});
  fleet.run_for(1h);
  fleet.broker.set_faults({});
  fleet.run_for(base::limits::kStateAckTimeoutMax * 2);
  EXPECT_TRUE(has("two"));
  EXPECT_EQ(node().deltas_received(), 0U);
}

TEST_F(NodeTalkDelta, SayingThatABaseIsLostAgainAndAgainCostsNothing) {
  push("two " + text);
  fleet.poll();
  const auto states = node().states_received();
  for (int i = 0; i < 100; ++i) {
    node().send(sync::encode(sync::BaseLost{sync::FrameType::kState, "12345678"}));
    fleet.run_for(20ms);
  }
  EXPECT_EQ(node().states_received(), states) << "nothing is on its way";
}

TEST_F(NodeTalkDelta, ARestartedHubSendsTheWholeOnceAndThenDeltasAgain) {
  node().disconnect();
  push("two " + text);
  fleet.poll();
  fleet.restart_hub();  // what was replaced is forgotten
  fleet.settle();
  node().connect();
  fleet.settle();
  EXPECT_TRUE(has("two"));
  EXPECT_EQ(node().deltas_received(), 0U);
  push("three " + text);
  fleet.poll();
  EXPECT_TRUE(has("three"));
  EXPECT_EQ(node().deltas_received(), 1U);
}

TEST_F(NodeTalkDelta, ANodeThatWasAwayForSeveralChangesGetsOneDelta) {
  node().disconnect();
  for (const auto* content : {"two ", "three ", "four "}) {
    push(content + text);
    fleet.poll();
  }
  node().connect();
  fleet.settle();
  EXPECT_TRUE(has("four"));
  EXPECT_EQ(node().deltas_received(), 1U);
}

TEST_F(NodeTalkDelta, ALaterCommitThatChangesNothingHereDoesNotMakeABaseWrong) {
  fleet.change({{"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}});
  fleet.apply({.name = "web", .path = "apps/web"});
  fleet.poll();  // motd's provenance is that of the new commit now, and the node has the old one
  push("two " + text);
  fleet.poll();
  EXPECT_TRUE(has("two"));
  EXPECT_EQ(metric("holdfast_hub_bases_lost_total", "down"), 0);
  EXPECT_GE(node().deltas_received(), 2U);
}

TEST_F(NodeTalkDelta, OverALossyLinkEverythingArrives) {
  fleet.broker.set_faults({.loss = 300, .duplicate = 200, .reorder = 200});
  for (int i = 0; i < 10; ++i) {
    push("revision " + std::to_string(i) + " " + text);
    fleet.poll();
  }
  fleet.run_for(1h);
  EXPECT_TRUE(has("revision 9"));
}

// ---- up ----

TEST_F(NodeTalkDelta, ASnapshotMayBeADeltaOnTheLast) {
  node().report();
  node().facts = {{"zone", "b"}};
  node().report_change();
  fleet.settle();
  EXPECT_EQ(metric("holdfast_hub_snapshots_received_total", "delta"), 1);
  EXPECT_EQ(labels_of(*fleet.object("nodes", "cam-1")).at("facts.holdfast.dev/zone"), "b");
}

TEST_F(NodeTalkDelta, ABeaconMayBeADeltaOnTheLastHello) {
  node().say_hello();
  fleet.settle();
  const auto bad = metric("holdfast_hub_bad_messages_total");
  const auto asked = node().reports_asked();
  node().trust = 5;
  node().say_beacon();
  fleet.settle();
  EXPECT_EQ(metric("holdfast_hub_bad_messages_total"), bad);
  EXPECT_EQ(node().reports_asked(), asked);
  EXPECT_EQ(number_at(*fleet.object(std::string(kNodes), "cam-1"), "status/trustVersion"), 5)
      << "it was read";
}

TEST_F(NodeTalkDelta, ABeaconOnAHelloThatTheHubDoesNotHaveMakesItAsk) {
  fleet.restart_hub();
  fleet.settle();
  const auto asked = node().reports_asked();
  node().say_beacon();
  fleet.settle();
  EXPECT_EQ(node().hellos_asked(), 1U);
  EXPECT_EQ(node().reports_asked(), asked) << "the rest is known";
  EXPECT_EQ(fleet.status("motd", "nodes/ready"), "1");
}

TEST_F(NodeTalkDelta, ASnapshotOnWhatTheHubDoesNotHaveIsAskedForWhole) {
  node().silent = true;
  node().facts = {{"zone", "b"}};
  node().report();  // never arrives
  node().silent = false;
  const auto asked = node().reports_asked();
  node().facts = {{"zone", "c"}};
  node().report_change();
  fleet.settle();
  EXPECT_EQ(node().reports_asked(), asked + 1);
  EXPECT_EQ(metric("holdfast_hub_bases_lost_total", "up"), 1);
  EXPECT_EQ(labels_of(*fleet.object("nodes", "cam-1")).at("facts.holdfast.dev/zone"), "c");
}

TEST_F(NodeTalkDelta, ASnapshotGoesOnFromAReportThatAnEarlierHubStored) {
  node().report();
  fleet.run_for(1min);
  fleet.restart_hub();
  fleet.settle();
  const auto asked = node().reports_asked();
  node().facts = {{"zone", "b"}};
  node().report_change();
  fleet.settle();
  EXPECT_EQ(node().reports_asked(), asked);
  EXPECT_EQ(metric("holdfast_hub_snapshots_received_total", "delta"), 1);
}

// ---- parts ----

class NodeTalkParts : public NodeTalkDelta {
 protected:
  /// Two and a half megabytes that hardly compress.
  void push_large(std::size_t files = 5) {
    FakeFleet::Tree tree;
    for (std::size_t i = 0; i < files; ++i) {
      const auto name = "f" + std::to_string(i);
      tree.emplace("apps/motd/" + name + ".yaml", file_yaml(name, "/srv/" + name, noise(500'000)));
    }
    fleet.commit(tree);
  }
  double part_bytes() { return metric("holdfast_hub_part_bytes_total"); }
};

TEST_F(NodeTalkParts, WhatIsTooLargeForOneMessageArrives) {
  push_large();
  fleet.poll();
  EXPECT_EQ(fleet.condition("motd", "TooLarge"), "");
  ASSERT_EQ(node().host().size(), 5U);
  EXPECT_EQ(part_bytes(), static_cast<double>(node().body_of("motd").size())) << "each byte once";
  EXPECT_EQ(fleet.status("motd", "nodes/ready"), "1");
}

TEST_F(NodeTalkParts, ANodeThatTakesNoneIsRefusedAsBefore) {
  node().abilities = {"configmap/1", "delta/1", "file/1", "process/1"};
  node().report();
  fleet.settle();
  push_large();
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "TooLarge").find("cam-1"), std::string::npos);
  EXPECT_EQ(part_bytes(), 0);
}

TEST_F(NodeTalkParts, NoMoreAreUnderwayThanTheirBound) {
  node().takes_parts = false;
  push_large();
  fleet.run_for(35s);
  EXPECT_LE(part_bytes(),
            static_cast<double>(base::limits::kPartsUnansweredMax * base::limits::kPartBytesMax));
}

TEST_F(NodeTalkParts, GoOnWhereTheyWereAfterANodeWasAway) {
  push_large();
  fleet.broker.set_faults({.delay_min = 200ms, .delay_max = 300ms});
  while (node().part_bytes_received() < 1'000'000) fleet.run_for(100ms);
  node().disconnect();
  fleet.run_for(1min);
  node().connect();
  fleet.run_for(2min);
  ASSERT_EQ(node().host().size(), 5U);
  const auto total = static_cast<double>(node().body_of("motd").size());
  const auto under_way = static_cast<double>(base::limits::kPartsUnansweredMax * base::limits::kPartBytesMax);
  EXPECT_LE(part_bytes(), total + under_way) << "what was on its way, and no more";
}

TEST_F(NodeTalkParts, GoOnWhereTheyWereAfterTheHubDied) {
  push_large();
  fleet.broker.set_faults({.delay_min = 200ms, .delay_max = 300ms});
  while (node().part_bytes_received() < 1'000'000) fleet.run_for(100ms);
  const auto there = static_cast<double>(node().part_bytes_received());
  fleet.restart_hub();
  fleet.run_for(5min);
  ASSERT_EQ(node().host().size(), 5U);
  EXPECT_LE(part_bytes(), static_cast<double>(node().body_of("motd").size()) - there + 1);
}

TEST_F(NodeTalkParts, ThatAreLostComeAgain) {
  fleet.broker.set_faults({.loss = 200, .duplicate = 100, .reorder = 100});
  push_large();
  for (auto waited = 0min; waited < 6h && node().host().size() < 5; waited += 1min) fleet.run_for(1min);
  EXPECT_EQ(node().host().size(), 5U);
}

TEST_F(NodeTalkParts, ASmallChangeOfSomethingLargeIsADelta) {
  const auto big = noise(1'200'000);
  push(big);
  fleet.poll();
  ASSERT_TRUE(has(big));
  const auto sent = part_bytes();
  push("changed " + big);
  fleet.poll();
  EXPECT_TRUE(has("changed"));
  EXPECT_EQ(part_bytes(), sent);
  EXPECT_LT(node().last_payload_bytes(), 1'000U);
}

TEST_F(NodeTalkParts, OneThatAsksForTheSameAgainAndAgainIsAnsweredLessAndLess) {
  node().takes_parts = false;
  push_large();
  fleet.run_for(35s);
  const auto before = part_bytes();
  const auto wanted = node().awaited();
  ASSERT_TRUE(wanted);
  for (int i = 0; i < 100; ++i) {
    node().send(sync::encode(sync::Need{wanted->generation, {wanted->sections[0].digest}, {}}));
    fleet.run_for(20ms);
  }
  EXPECT_EQ(part_bytes(), before) << "no sooner than one that says nothing";
}

}  // namespace
}  // namespace holdfast::hub
