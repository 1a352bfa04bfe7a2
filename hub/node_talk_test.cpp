// SPDX-License-Identifier: Apache-2.0
// The conversation with nodes: what is lost is said again, what is not believed changes nothing, and commands
// are answered once.
#include "hub/node_talk.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/hub.hpp"
#include "base/limits/wire.hpp"
#include "hub/fake_fleet.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;
using Set = std::set<std::string>;

class NodeTalkTest : public testing::Test {
 protected:
  NodeTalkTest() {
    fleet.commit({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "one")}});
    fleet.add_node("cam-1");
    fleet.apply({.name = "motd", .path = "apps/motd"});
    fleet.settle();
  }
  FakeNode& node() { return fleet.node("cam-1"); }
  void push(const std::string& content) {
    fleet.change({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", content)}});
  }
  /// Random digits: what hardly compresses.
  std::string noise(std::size_t size) {
    std::string out;
    while (out.size() < size) out += fleet.random.uuid();
    return out;
  }
  bool has(const std::string& content) { return node().body_of("motd").find(content) != std::string::npos; }
  double metric(const std::string& name) {
    for (const auto& metric : fleet.hub->metrics()) {
      if (metric.name == name) return metric.samples[0].value;
    }
    return -1;
  }
  double bad_messages() { return metric("holdfast_hub_bad_messages_total"); }

  FakeFleet fleet;
};

// ---- loss ----

TEST_F(NodeTalkTest, AStateThatIsLostIsSentAgain) {
  node().silent = true;
  push("two");
  fleet.poll();
  EXPECT_FALSE(has("two"));
  node().silent = false;
  fleet.run_for(base::limits::kStateAckTimeoutMax);
  EXPECT_TRUE(has("two"));
}

TEST_F(NodeTalkTest, AnUnansweredStateIsSentLessAndLess) {
  node().silent = true;
  push("two");
  const auto before = fleet.broker.published();
  fleet.run_for(1h);
  EXPECT_LE(fleet.broker.published() - before, 20U);
}

TEST_F(NodeTalkTest, OverALossyLinkEverythingArrives) {
  fleet.broker.set_faults({.loss = 300, .duplicate = 200, .reorder = 200});
  for (int i = 0; i < 10; ++i) {
    push("revision " + std::to_string(i));
    fleet.poll();
  }
  fleet.run_for(1h);
  EXPECT_TRUE(has("revision 9"));
  fleet.broker.set_faults({});
  node().say_hello();
  fleet.settle();
  EXPECT_EQ(fleet.status("motd", "nodes/ready"), "1");
}

TEST_F(NodeTalkTest, ABodyThatTheNodeLostIsSentOnRequest) {
  fleet.change({{"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}});
  fleet.apply({.name = "web", .path = "apps/web"});
  fleet.poll();
  node().forget();
  node().say_hello();
  fleet.settle();
  EXPECT_EQ(node().host(), (Set{"path:/etc/motd", "path:/srv/web"}));
}

TEST_F(NodeTalkTest, ANodeIsNotShownAsPendingAnyMoreOnceAPersonApproved) {
  ASSERT_TRUE(fleet.objects->patch(kNodes, "cam-1", {{"spec", {{"pending", true}}}}, Actor::kHub));
  fleet.settle();
  EXPECT_NE(fleet.node_condition("cam-1", "Pending"), "");
  ASSERT_TRUE(fleet.objects->patch(kNodes, "cam-1", {{"spec", {{"pending", nullptr}}}}, Actor::kPerson));
  fleet.settle();
  EXPECT_EQ(fleet.node_condition("cam-1", "Pending"), "");
}

TEST_F(NodeTalkTest, OnlyBodiesThatTheNodeLacksAreSent) {
  fleet.change({{"apps/web/web.yaml", file_yaml("web", "/srv/web", std::string(20'000, 'x'))}});
  fleet.apply({.name = "web", .path = "apps/web"});
  fleet.poll();
  EXPECT_GT(node().last_state_bytes(), 20'000U);
  push("two");
  fleet.poll();
  EXPECT_TRUE(has("two"));
  EXPECT_LT(node().last_state_bytes(), 2'000U);
}

// ---- what a node holds and cannot verify ----

class Unverified : public NodeTalkTest {
 protected:
  void report_unverified() {
    node().is_verified = false;
    node().facts["kernel"] += "+";
    node().report();
  }
  /// The hub has its report and answered, and the answer was lost.
  void lose_the_answer() {
    const auto before = states_sent();
    fleet.broker.set_faults({.delay_min = 200ms, .delay_max = 300ms});
    report_unverified();
    fleet.run_for(350ms);
    fleet.broker.set_faults({.loss = 1000});
    fleet.run_for(1s);
    fleet.broker.set_faults({});
    ASSERT_EQ(states_sent(), before + 1);
    ASSERT_FALSE(node().is_verified);
  }
  void refuse() {
    node().believes_hub = false;
    report_unverified();
    fleet.run_for(1min);
    node().believes_hub = true;
  }
  double states_sent() { return metric("holdfast_hub_desired_states_sent_total"); }
  std::string not_accepted() { return fleet.node_condition("cam-1", "NotAccepted"); }
};

TEST_F(Unverified, IsGivenOnceMore) {
  report_unverified();
  fleet.run_for(1s);
  EXPECT_TRUE(node().is_verified);
  EXPECT_EQ(node().last_state_bytes(), 0U) << "the header alone";
}

TEST_F(Unverified, IsGivenToOneThatComesAndIsKnownToBe) {
  refuse();
  const auto asked = node().reports_asked();
  node().say_hello();
  fleet.run_for(1s);
  EXPECT_TRUE(node().is_verified);
  EXPECT_EQ(node().reports_asked(), asked);
}

TEST_F(Unverified, IsNotGivenToOneThatComesAndWasMendedMeanwhile) {
  refuse();
  node().is_verified = true;
  const auto before = node().states_received();
  node().say_hello();
  fleet.run_for(1min);
  EXPECT_EQ(node().states_received(), before);
}

TEST_F(Unverified, IsGivenAgainWhereItWasLostThoughTheNodeReportsMeanwhile) {
  lose_the_answer();
  report_unverified();
  fleet.run_for(base::limits::kStateAckTimeoutMax);
  EXPECT_TRUE(node().is_verified);
}

TEST_F(Unverified, IsGivenAgainWhereItWasLostThoughABeaconComesMeanwhile) {
  lose_the_answer();
  node().say_hello(true);
  fleet.run_for(base::limits::kStateAckTimeoutMax);
  EXPECT_TRUE(node().is_verified);
}

TEST_F(Unverified, IsGivenAgainThoughABeaconTellsOfAReportThatIsYetToCome) {
  lose_the_answer();
  node().facts["kernel"] += "+";
  node().say_hello(true);
  fleet.run_for(base::limits::kStateAckTimeoutMax);
  EXPECT_TRUE(node().is_verified);
}

TEST_F(Unverified, IsGivenAgainToOneThatHadNoRoomForIt) {
  node().has_room = false;
  report_unverified();
  fleet.run_for(1min);
  ASSERT_FALSE(node().is_verified);
  node().has_room = true;
  fleet.run_for(base::limits::kStateAckTimeoutMax);
  EXPECT_TRUE(node().is_verified);
}

TEST_F(Unverified, IsNotGivenForEverToOneThatBelievesNoKeyOfTheHubs) {
  node().believes_hub = false;
  report_unverified();
  fleet.run_for(1min);
  const auto before = node().states_received();
  EXPECT_GE(before, 1U);
  EXPECT_NE(not_accepted().find("could not read or verify"), std::string::npos) << not_accepted();
  for (int i = 0; i < 10; ++i) {
    report_unverified();
    fleet.run_for(10min);
  }
  EXPECT_EQ(node().states_received(), before);
  EXPECT_NE(not_accepted(), "") << "until it does";
}

TEST_F(Unverified, IsGivenAgainToOneThatLearnsTodaysKey) {
  refuse();
  ASSERT_FALSE(node().is_verified);
  ++node().trust;
  node().say_hello(true);
  fleet.run_for(1s);
  EXPECT_TRUE(node().is_verified);
  EXPECT_EQ(not_accepted(), "");
}

// ---- what is not believed ----

TEST_F(NodeTalkTest, GarbageIsCountedAndChangesNothing) {
  const auto before = bad_messages();
  node().send_raw("garbage");
  node().send_raw("");
  node().send_raw(std::string("HF\x01\x01\x00\x00\x00\x00\xff\xff\xff\xff", 12));
  fleet.settle();
  node().send(sync::Frame{sync::FrameType::kSnapshot, "{\"snapshot\":{}}"});
  node().send(sync::Frame{sync::FrameType::kState, "{}"});
  fleet.settle();
  EXPECT_EQ(bad_messages(), before + 5);
  EXPECT_EQ(fleet.status("motd", "nodes/ready"), "1");
}

TEST_F(NodeTalkTest, ANodeThatNobodyKnowsIsNotAnswered) {
  FakeNode stranger(fleet.broker, {fleet.options.fleet, sync::NodeUid("00000000-0000-4000-8000-00000000beef"),
                                   fleet.key.public_key()});
  stranger.connect();
  fleet.settle();
  EXPECT_EQ(stranger.states_received(), 0U);
  EXPECT_EQ(stranger.reports_asked(), 0U);
  EXPECT_GT(bad_messages(), 0);
}

TEST_F(NodeTalkTest, ARevokedNodeIsNotAnswered) {
  ASSERT_TRUE(fleet.objects->patch(kNodes, "cam-1", {{"spec", {{"revoked", true}}}}, Actor::kPerson));
  fleet.settle();
  push("two");
  fleet.poll();
  EXPECT_FALSE(has("two"));
}

TEST_F(NodeTalkTest, AReportInTheNameOfAnotherIsRefused) {
  fleet.add_node("cam-2");
  fleet.settle();
  const auto before = bad_messages();
  sync::Snapshot forged;
  forged.node = sync::NodeUid("00000000-0000-4000-8000-00000000beef");
  forged.boot_id = "00000000-0000-4000-8000-000000000001";
  node().send(sync::encode(sync::SnapshotReport{sync::encode_snapshot(forged), {"file/1"}}));
  fleet.settle();
  EXPECT_EQ(bad_messages(), before + 1);
}

TEST_F(NodeTalkTest, AGenerationAheadIsOverWhenItsNodeReturnsToOurs) {
  node().claim_generation({9, 1});
  node().say_hello();
  fleet.settle();
  ASSERT_NE(fleet.node_condition("cam-1", "GenerationAhead"), "");
  node().claim_generation(node().header()->generation);
  node().say_hello();
  fleet.settle();
  EXPECT_EQ(fleet.node_condition("cam-1", "GenerationAhead"), "");
}

TEST_F(NodeTalkTest, AnotherContentOfTheSameGenerationIsNotBelieved) {
  const auto states = node().states_received();
  node().send(sync::encode(sync::Applied{sync::AppliedStage::kAccepted,
                                         node().header()->generation,
                                         base::Digest::of("of a hub that is gone"),
                                         {}}));
  fleet.label("cam-1", "role", "gateway");
  fleet.settle();
  EXPECT_NE(fleet.node_condition("cam-1", "GenerationAhead"), "");
  EXPECT_EQ(node().states_received(), states);
}

TEST_F(NodeTalkTest, ANodeThatLostABodyIsSentItAgainAndNotTakenForOneThatIsAhead) {
  const auto states = node().states_received();
  node().lacks_bodies = true;
  node().say_hello();
  node().report();
  fleet.settle();
  EXPECT_GT(node().states_received(), states);
  EXPECT_GT(node().last_state_bytes(), 0U) << "with the bodies";
  EXPECT_EQ(fleet.node_condition("cam-1", "GenerationAhead"), "");
}

TEST_F(NodeTalkTest, ANodeThatLostAllThatItHeldIsSentItWithTheBodiesAndDoesNotHaveToAsk) {
  const auto held = node().header()->generation;
  for (int lost = 0; lost < 3; ++lost) {
    const auto states = node().states_received();
    node().forget();
    node().say_hello();
    fleet.settle();
    ASSERT_TRUE(node().header());
    EXPECT_EQ(node().header()->generation, held);
    EXPECT_EQ(node().states_received(), states + 1);
  }
}

TEST_F(NodeTalkTest, AnOldStateThatIsRefusedIsNoTrouble) {
  push("two");
  fleet.poll();
  node().send(sync::encode(sync::Applied{sync::AppliedStage::kRefused, {1, 1}, {}, {}}));
  fleet.settle();
  EXPECT_EQ(fleet.node_condition("cam-1", "NotAccepted"), "");
  node().send(sync::encode(sync::Applied{sync::AppliedStage::kRefused, {1, 2}, {}, {}}));
  fleet.settle();
  EXPECT_NE(fleet.node_condition("cam-1", "NotAccepted").find("1.2"), std::string::npos);
}

// ---- size ----

TEST_F(NodeTalkTest, WhatIsTooLargeForOneMessageComesInSeveral) {
  // A node that is new gets all at once, and it is more than a message holds.
  FakeFleet::Tree tree{{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "one")}};
  Set expected{"path:/etc/motd"};
  for (int i = 0; i < 5; ++i) {
    const auto name = "big-" + std::to_string(i);
    tree.emplace("apps/" + name + "/file.yaml", file_yaml(name, "/srv/" + name, noise(600'000)));
    expected.insert("path:/srv/" + name);
  }
  fleet.commit(tree);
  for (int i = 0; i < 5; ++i)
    fleet.apply({.name = "big-" + std::to_string(i), .path = "apps/big-" + std::to_string(i)});
  fleet.poll();
  auto& fresh = fleet.add_node("cam-2");
  fleet.settle();
  EXPECT_EQ(fresh.host(), expected);
  EXPECT_GT(fresh.states_received(), 1U);
  EXPECT_LE(fresh.states_received(), 5U);
  EXPECT_EQ(node().host(), expected);
}

TEST_F(NodeTalkTest, AnApplicationThatIsTooLargeForAMessageIsToldAndHoldsNobodyUp) {
  FakeFleet::Tree tree{{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "one")},
                       {"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}};
  for (int i = 0; i < 40; ++i) {
    const auto name = "f" + std::to_string(i);
    tree.emplace("apps/motd/" + name + ".yaml", file_yaml(name, "/srv/" + name, noise(60'000)));
  }
  fleet.commit(tree);
  fleet.apply({.name = "web", .path = "apps/web"});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "TooLarge").find("cam-1"), std::string::npos);
  EXPECT_NE(fleet.condition("motd", "TooLarge").find(std::to_string(base::limits::kSectionPacketBytesMax)),
            std::string::npos);
  EXPECT_EQ(fleet.status("motd", "nodes/failed"), "1");
  EXPECT_TRUE(has("one")) << "what is there is kept";
  EXPECT_EQ(node().host(), (Set{"path:/etc/motd", "path:/srv/web"}));
  fleet.commit({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "two")},
                {"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}});
  fleet.poll();
  EXPECT_TRUE(has("two"));
  EXPECT_EQ(fleet.condition("motd", "TooLarge"), "");
}

TEST_F(NodeTalkTest, ABodyThatNobodyNamesIsNotAskedFor) {
  const auto states = node().states_received();
  node().send(sync::encode(
      sync::Need{.generation = node().header()->generation, .sections = {base::Digest::of("of nobody")}}));
  fleet.settle();
  EXPECT_EQ(node().states_received(), states);
}

TEST_F(NodeTalkTest, ANodeThatAsksForTheSameAgainAndAgainIsAnsweredLessAndLess) {
  const auto states = node().states_received();
  for (int i = 0; i < 100; ++i) {
    node().send(sync::encode(
        sync::Need{.generation = node().header()->generation, .sections = {node().section("motd")->digest}}));
    fleet.run_for(20ms);
  }
  EXPECT_LE(node().states_received(), states + 2);
}

// ---- facts ----

TEST_F(NodeTalkTest, AFactThatComesTogetherWithAPersonsLabelIsKept) {
  fleet.label("cam-1", "site", "north");
  node().facts = {{"zone", "b"}};
  node().report();
  fleet.settle();
  const auto labels = labels_of(*fleet.object("nodes", "cam-1"));
  EXPECT_EQ(labels.at("facts.holdfast.dev/zone"), "b");
  EXPECT_EQ(labels.at("site"), "north");
}

TEST_F(NodeTalkTest, AFactThatCouldNotBeStoredIsStoredLater) {
  fleet.store.full_after(0);
  node().facts = {{"zone", "b"}};
  node().report();
  fleet.settle();
  fleet.store.full_after(std::nullopt);
  fleet.run_for(1min);
  EXPECT_EQ(labels_of(*fleet.object("nodes", "cam-1")).at("facts.holdfast.dev/zone"), "b");
}

// ---- pacing ----

TEST_F(NodeTalkTest, ALargeFleetIsPacedAgainAtEveryHelloAndNothingIsWrittenForIt) {
  std::vector<sync::Settings> told;
  node().on_settings = [&](const sync::Settings& settings) { told.push_back(settings); };
  node().say_hello();
  fleet.settle();
  EXPECT_TRUE(told.empty()) << "a small fleet needs no pacing";

  for (int i = 0; i < 1'600; ++i) {
    const base::Json absent = {{"apiVersion", kApiVersion},
                               {"kind", "Node"},
                               {"metadata", {{"name", "absent-" + std::to_string(i)}}},
                               {"spec", {{"uid", fleet.random.uuid()}}}};
    ASSERT_TRUE(fleet.objects->create(kNodes, absent, Actor::kHub));
  }
  fleet.run_for(11min);
  node().say_hello();
  fleet.run_for(11min);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_GT(told[0].reconnect_window, base::limits::kReconnectWindowMin);
  const auto commits = fleet.store.commits();
  for (int i = 0; i < 5; ++i) {
    node().say_hello();
    fleet.run_for(100ms);
  }
  EXPECT_EQ(told.size(), 6U) << "each may be lost, or the agent may have started anew";
  EXPECT_EQ(fleet.store.commits(), commits);
  fleet.restart_hub();
  fleet.settle();
  node().say_hello();
  fleet.settle();
  ASSERT_EQ(told.size(), 7U);
  for (std::size_t i = 1; i < told.size(); ++i) EXPECT_GT(told[i].counter, told[i - 1].counter);
}

// ---- commands ----

TEST_F(NodeTalkTest, LogsAreAskedOfTheNodeAndAnswered) {
  node().on_command = [](const sync::Command& command) -> base::Result<std::string> {
    EXPECT_EQ(command.kind, sync::CommandKind::kLogs);
    EXPECT_EQ(command.arguments, R"({"resource":"Process/web","since":"1h"})");
    return "line 1\nline 2\n";
  };
  std::optional<base::Result<std::string>> answer;
  fleet.hub->logs("cam-1", {.resource = "Process/web", .since = "1h", .tail_lines = {}, .cursor = ""},
                  [&](auto result) { answer = result; });
  fleet.run_for(1s);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->value(), "line 1\nline 2\n");
}

TEST_F(NodeTalkTest, WhatANodeRefusesIsAnError) {
  node().on_command = [](const sync::Command&) -> base::Result<std::string> {
    return base::fail(base::Code::kNotFound, "no such process");
  };
  std::optional<base::Result<std::string>> answer;
  fleet.hub->logs("cam-1", {.resource = "Process/x", .since = "", .tail_lines = {}, .cursor = ""},
                  [&](auto result) { answer = result; });
  fleet.run_for(1s);
  EXPECT_NE(answer->error().message().find("no such process"), std::string::npos);
}

TEST_F(NodeTalkTest, ANodeThatDoesNotAnswerIsGivenUp) {
  std::optional<base::Result<std::string>> answer;
  fleet.hub->diagnose("cam-1", [&](auto result) { answer = result; });
  fleet.run_for(base::limits::kCommandTimeout - 1s);
  EXPECT_FALSE(answer);
  fleet.run_for(2s);
  EXPECT_EQ(answer->error().code(), base::Code::kTimeout);
}

TEST_F(NodeTalkTest, ANodeThatIsAwayIsAnErrorAtOnce) {
  node().disconnect();
  fleet.settle();
  std::optional<base::Result<std::string>> answer;
  fleet.hub->diagnose("cam-1", [&](auto result) { answer = result; });
  EXPECT_EQ(answer->error().code(), base::Code::kUnavailable);
  fleet.hub->diagnose("nobody", [&](auto result) { answer = result; });
  EXPECT_EQ(answer->error().code(), base::Code::kNotFound);
}

TEST_F(NodeTalkTest, CountersOfCommandsGrowOverARestart) {
  std::vector<std::uint64_t> counters;
  node().on_command = [&](const sync::Command& command) -> base::Result<std::string> {
    counters.push_back(command.counter);
    return "";
  };
  const auto ask = [&] {
    fleet.hub->sync_node("cam-1", true, [](auto) {});
    fleet.run_for(1s);
  };
  ask();
  ask();
  fleet.restart_hub();
  fleet.settle();
  ask();
  EXPECT_EQ(counters, (std::vector<std::uint64_t>{1, 2, 3}));
}

// ---- events ----

TEST_F(NodeTalkTest, EventsOfNodesAreKeptAndCounted) {
  const sync::Event event{fleet.clock.wall(), sync::EventType::kWarning, "DriftHealed", "motd", "File/motd",
                          "mode 0600"};
  for (int i = 0; i < 3; ++i) {
    node().send({sync::FrameType::kEvents, sync::encode_events({event})});
    fleet.run_for(1s);
  }
  const auto events = fleet.objects->list(kEvents, {"", "involvedObject.name=cam-1,reason=DriftHealed"});
  ASSERT_EQ(events->items.size(), 1U);
  EXPECT_EQ((*events->items[0])["count"], 3);
  EXPECT_EQ((*events->items[0])["application"], "motd");
}

}  // namespace
}  // namespace holdfast::hub
