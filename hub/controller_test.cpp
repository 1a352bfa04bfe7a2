// SPDX-License-Identifier: Apache-2.0
// From a commit to the nodes and back: what the controller does when all goes well, and how little when
// nothing changes.
#include "hub/controller.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "hub/fake_fleet.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;
using Set = std::set<std::string>;

std::string motd(const std::string& content) { return file_yaml("motd", "/etc/motd", content); }

class ControllerTest : public testing::Test {
 protected:
  ControllerTest() {
    fleet.commit({{"apps/motd/motd.yaml", motd("hello")}});
    fleet.add_node("cam-1", {{"role", "camera"}}, {{"arch", "arm64"}});
  }
  FakeFleet fleet;
};

TEST_F(ControllerTest, ACommitReachesTheNode) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  EXPECT_EQ(fleet.node("cam-1").host(), Set{"path:/etc/motd"});
  EXPECT_EQ(fleet.status("motd", "sync"), "Synced");
  EXPECT_EQ(fleet.status("motd", "health"), "Healthy");
  EXPECT_EQ(fleet.status("motd", "nodes"), R"({"deferred":0,"failed":0,"ready":1,"total":1,"updated":1})");
  EXPECT_EQ(fleet.node_condition("cam-1", "Ready").substr(0, 4), "True");
}

TEST_F(ControllerTest, TheNextCommitFollowsByItself) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  const auto second = fleet.change({{"apps/motd/motd.yaml", motd("good morning")}});
  fleet.poll();
  EXPECT_NE(fleet.node("cam-1").body_of("motd").find("good morning"), std::string::npos);
  EXPECT_EQ(fleet.status("motd", "revision"), second.str());
}

TEST_F(ControllerTest, AFileRemovedFromGitIsRemovedAndNothingElse) {
  fleet.change({{"apps/motd/issue.yaml", file_yaml("issue", "/etc/issue", "x")}});
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  ASSERT_EQ(fleet.node("cam-1").host(), (Set{"path:/etc/issue", "path:/etc/motd"}));
  fleet.change({{"apps/motd/issue.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_EQ(fleet.node("cam-1").host(), Set{"path:/etc/motd"});
}

TEST_F(ControllerTest, PlacementChoosesNodes) {
  fleet.add_node("gate-1", {{"role", "gateway"}});
  fleet.apply({.name = "motd", .path = "apps/motd", .selector = "role: camera"});
  fleet.settle();
  EXPECT_EQ(fleet.node("cam-1").applications(), Set{"motd"});
  EXPECT_EQ(fleet.node("gate-1").applications(), Set{});
  EXPECT_EQ(fleet.status("motd", "nodes/total"), "1");
}

TEST_F(ControllerTest, ANewNodeGetsWhatIsInForce) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  fleet.add_node("cam-2");
  fleet.settle();
  EXPECT_EQ(fleet.node("cam-2").host(), Set{"path:/etc/motd"});
}

TEST_F(ControllerTest, FactsBecomeLabels) {
  fleet.settle();
  EXPECT_EQ(labels_of(*fleet.object("nodes", "cam-1")).at("facts.holdfast.dev/arch"), "arm64");
}

TEST_F(ControllerTest, TemplatesAreFilledInForEachNode) {
  fleet.change({{"apps/motd/motd.yaml", motd("I am {{ .node.name }}")}});
  fleet.add_node("cam-2");
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  EXPECT_NE(fleet.node("cam-1").body_of("motd").find("I am cam-1"), std::string::npos);
  EXPECT_NE(fleet.node("cam-2").body_of("motd").find("I am cam-2"), std::string::npos);
}

// ---- nothing to do ----

std::map<std::string, double> counters(const FakeFleet& fleet) {
  std::map<std::string, double> out;
  for (const auto& metric : fleet.hub->metrics()) {
    if (metric.samples.size() == 1) out[metric.name] = metric.samples[0].value;
  }
  return out;
}

TEST_F(ControllerTest, ACommitElsewhereIsNotRenderedAndSendsNothing) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  const auto before = counters(fleet);
  const auto second = fleet.change({{"README.md", "not for nodes"}});
  fleet.poll();
  const auto after = counters(fleet);
  EXPECT_EQ(after.at("holdfast_hub_renderings_total"), before.at("holdfast_hub_renderings_total"));
  EXPECT_EQ(after.at("holdfast_hub_generations_total"), before.at("holdfast_hub_generations_total"));
  EXPECT_EQ(fleet.status("motd", "revision"), second.str()) << "it is in force as much as the one before";
}

TEST_F(ControllerTest, PlainManifestsAreRenderedOnceForAllNodes) {
  for (int i = 2; i < 20; ++i) fleet.add_node("cam-" + std::to_string(i));
  fleet.settle();
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  EXPECT_EQ(counters(fleet).at("holdfast_hub_renderings_total"), 1);
}

TEST_F(ControllerTest, WhenNothingChangesNothingIsWrittenOrSent) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  fleet.run_for(11min);  // last seen is saved
  const auto commits = fleet.store.commits();
  const auto published = fleet.broker.published();
  fleet.run_for(1h);
  EXPECT_EQ(fleet.store.commits(), commits);
  EXPECT_EQ(fleet.broker.published(), published);
}

TEST_F(ControllerTest, ANodeThatComesBackUnchangedCostsOneHello) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  auto& node = fleet.node("cam-1");
  node.disconnect();
  fleet.settle();
  const auto states = node.states_received();
  const auto sent = node.messages_sent();
  node.connect();
  fleet.settle();
  EXPECT_EQ(node.states_received(), states);
  EXPECT_EQ(node.messages_sent(), sent + 1);
  EXPECT_EQ(node.reports_asked(), 1U) << "the one of its very first connect";
}

TEST_F(ControllerTest, ABeaconThatSaysTheSameIsNoStoreWrite) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  fleet.run_for(11min);
  const auto commits = fleet.store.commits();
  fleet.node("cam-1").say_hello(true);
  fleet.run_for(5min);
  EXPECT_EQ(fleet.store.commits(), commits);
}

// ---- absent nodes ----

TEST_F(ControllerTest, ANodeThatIsEnrolledAndWasNeverHeardIsWaitedFor) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  ASSERT_EQ(fleet.status("motd", "nodes/total"), "1");
  const base::Json node{{"apiVersion", kApiVersion},
                        {"kind", "Node"},
                        {"metadata", {{"name", "cam-2"}}},
                        {"spec", {{"uid", "00000000-0000-4000-8000-0000000000c2"}}}};
  ASSERT_TRUE(fleet.objects->create(kNodes, node, Actor::kHub));
  fleet.settle();
  EXPECT_EQ(fleet.status("motd", "nodes"), R"({"deferred":1,"failed":0,"ready":1,"total":2,"updated":1})");
}

TEST_F(ControllerTest, AnAbsentNodeIsDeferredAndStallsNobody) {
  fleet.add_node("cam-2");
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  fleet.node("cam-2").disconnect();
  fleet.change({{"apps/motd/motd.yaml", motd("news")}});
  fleet.poll();
  EXPECT_EQ(fleet.status("motd", "nodes"), R"({"deferred":1,"failed":0,"ready":1,"total":2,"updated":1})");
  EXPECT_EQ(fleet.status("motd", "sync"), "Synced");
  EXPECT_EQ(fleet.status("motd", "health"), "Healthy");
  EXPECT_EQ(fleet.node_condition("cam-2", "Ready").substr(0, 5), "False");

  fleet.node("cam-2").connect();
  fleet.settle();
  EXPECT_NE(fleet.node("cam-2").body_of("motd").find("news"), std::string::npos);
  EXPECT_EQ(fleet.status("motd", "nodes/ready"), "2");
}

TEST_F(ControllerTest, ANodeThatMissedManyRevisionsGetsTheLast) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  fleet.node("cam-1").disconnect();
  for (int i = 0; i < 5; ++i) {
    fleet.change({{"apps/motd/motd.yaml", motd("news " + std::to_string(i))}});
    fleet.poll();
  }
  const auto states = fleet.node("cam-1").states_received();
  fleet.node("cam-1").connect();
  fleet.settle();
  EXPECT_EQ(fleet.node("cam-1").states_received(), states + 1);
  EXPECT_NE(fleet.node("cam-1").body_of("motd").find("news 4"), std::string::npos);
}

// ---- the hub's own life ----

TEST_F(ControllerTest, ARestartedHubSendsNothingWhenNothingChanged) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  const auto generation = fleet.node("cam-1").header()->generation;
  const auto states = fleet.node("cam-1").states_received();
  fleet.restart_hub();
  fleet.poll();
  EXPECT_EQ(fleet.node("cam-1").header()->generation, generation);
  EXPECT_EQ(fleet.node("cam-1").states_received(), states);
  EXPECT_EQ(fleet.status("motd", "sync"), "Synced");
  EXPECT_EQ(fleet.status("motd", "nodes/ready"), "1");
}

TEST_F(ControllerTest, AHubThatDiedBetweenStoringAndSendingSendsAfterItsRestart) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  fleet.node("cam-1").silent = true;  // the state is published, and lost
  fleet.change({{"apps/motd/motd.yaml", motd("news")}});
  fleet.poll();
  fleet.stop_hub();
  fleet.node("cam-1").silent = false;
  fleet.start_hub();
  fleet.settle();
  EXPECT_NE(fleet.node("cam-1").body_of("motd").find("news"), std::string::npos);
}

TEST_F(ControllerTest, WhatHappenedWhileNobodyListenedIsAskedFor) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  fleet.stop_hub();
  fleet.node("cam-1").set_health("motd", sync::SectionPhase::kRetrying, sync::Health::kDegraded);
  fleet.run_for(1s);
  fleet.start_hub();
  fleet.settle();
  EXPECT_EQ(fleet.status("motd", "health"), "Degraded");
  EXPECT_EQ(fleet.status("motd", "nodes/failed"), "1");
}

TEST_F(ControllerTest, AfterTheBrokerRestartedEverythingGoesOn) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  fleet.broker.restart();
  fleet.change({{"apps/motd/motd.yaml", motd("news")}});
  fleet.poll();
  EXPECT_NE(fleet.node("cam-1").body_of("motd").find("news"), std::string::npos);
  EXPECT_EQ(fleet.node_condition("cam-1", "Ready").substr(0, 4), "True");
}

TEST_F(ControllerTest, AFullDiskHoldsThingsUpAndLosesNothing) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  fleet.store.full_after(0);
  fleet.change({{"apps/motd/motd.yaml", motd("news")}});
  fleet.poll();
  EXPECT_NE(fleet.node("cam-1").body_of("motd").find("hello"), std::string::npos)
      << "not stored, so not sent";
  fleet.store.full_after(std::nullopt);
  fleet.poll();
  EXPECT_NE(fleet.node("cam-1").body_of("motd").find("news"), std::string::npos);
}

TEST_F(ControllerTest, StatusesAreWrittenTogether) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  fleet.run_for(11min);
  const auto commits = fleet.store.commits();
  for (int i = 0; i < 20; ++i) {
    fleet.node("cam-1").set_health("motd", sync::SectionPhase::kApplying,
                                   i % 2 == 0 ? sync::Health::kProgressing : sync::Health::kHealthy);
    fleet.run_for(100ms);
  }
  fleet.settle();
  EXPECT_LE(fleet.store.commits(), commits + 2);
}

TEST_F(ControllerTest, WhatIsStoredOfANodeWhoseObjectCannotBeReadIsKept) {
  fleet.add_node("cam-2");
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  const auto uid = text_at(*fleet.object("nodes", "cam-2"), "spec/uid");
  fleet.stop_hub();
  ASSERT_TRUE(sync::write_one(fleet.store, kObjectTable, "nodes/cam-2", "{"));
  fleet.start_hub();
  EXPECT_TRUE(sync::read_one(fleet.store, kDesiredTable, uid)->has_value());
}

TEST_F(ControllerTest, WhatIsLeftOfANodeWhoseDeletionWasCutShortGoesAtTheNextStart) {
  fleet.add_node("cam-2");
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  const auto uid = text_at(*fleet.object("nodes", "cam-2"), "spec/uid");
  const auto is_stored = [&](sync::Table table) {
    return sync::read_one(fleet.store, table, uid)->has_value();
  };
  ASSERT_TRUE(is_stored(kDesiredTable));
  ASSERT_TRUE(is_stored(kReportTable));
  fleet.stop_hub();
  ASSERT_TRUE(fleet.store.write([&](sync::WriteTxn& txn) { return txn.erase(kObjectTable, "nodes/cam-2"); }));
  fleet.start_hub();
  EXPECT_FALSE(is_stored(kDesiredTable));
  EXPECT_FALSE(is_stored(kReportTable));
  fleet.settle();
  EXPECT_EQ(fleet.node("cam-1").applications(), Set{"motd"});
}

}  // namespace
}  // namespace holdfast::hub
