// SPDX-License-Identifier: Apache-2.0
// Hooks that fail, or do not end in time: what was there stays, SyncFail runs, and the last good state comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_hooks.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::Health;
using sync::SectionPhase;
using sync::SyncStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EngineHookFailure : public ::testing::Test {
 protected:
  HookNode node;
};

TEST_F(EngineHookFailure, APreSyncHookThatFailsLeavesTheOldVersionUntouched) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  const auto pid = node.status("web").identity->pid;
  node.ends("migrate", 1, 1s);
  node.desire({versioned("2").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(3s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  EXPECT_THAT(node.section("app").message, HasSubstr("Process/migrate: Failed: exited with code 1"));
  EXPECT_EQ(node.resource("Process/migrate").health, Health::kDegraded) << "is still told";
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.started(), ElementsAre("migrate", "migrate")) << "once for each attempt";
  EXPECT_EQ(node.status("web").identity->pid, pid);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(node.host.touched().writes, 0U);
}

TEST_F(EngineHookFailure, WhatWasThereIsKeptGoingMeanwhile) {
  ASSERT_TRUE(
      node.begins_with(versioned("1").process("same", {"/usr/bin/same"}).process("gone", {"/usr/bin/gone"})));
  node.ends("migrate", 0, 50s);
  node.desire({versioned("2")
                   .process("same", {"/usr/bin/same"})
                   .process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(5s);
  for (const auto* name : {"web", "same", "gone"}) node.host.kill_by_hand(node.process(name));
  node.host.edit_by_hand("/etc/a", "by hand");
  node.pass(5s);
  for (const auto* name : {"web", "same", "gone"}) EXPECT_TRUE(node.runs(name)) << name;
  EXPECT_EQ(node.host.started_with(node.process("web"))->argv.back(), "1");
  EXPECT_EQ(node.content("/etc/a"), "1");
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.host.started_with(node.process("web"))->argv.back(), "2");
  EXPECT_FALSE(node.runs("gone"));
}

TEST_F(EngineHookFailure, ProbesOfWhatWasThereAreNoNewsToTheWalk) {
  const auto probed = [](const std::string& version) {
    return FakeApp("app").process_spec(
        "web", R"({"command":["/usr/bin/web",")" + version +
                   R"("],"livenessProbe":{"tcpSocket":{"port":80},"periodSeconds":1}})");
  };
  ASSERT_TRUE(node.begins_with(probed("1")));
  node.desire(
      {probed("2").file("b", "/etc/b", "x").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(5s);
  node.forget_touched();
  node.pass(20s);
  EXPECT_GT(node.host.touched().probes, 15U);
  EXPECT_LT(node.host.touched().stats, 5U) << "no walk looks at all of it";
}

TEST_F(EngineHookFailure, WhatWasThereComesBackAfterAReboot) {
  ASSERT_TRUE(node.begins_with(versioned("1").process("same", {"/usr/bin/same"})));
  node.desire({versioned("2")
                   .process("same", {"/usr/bin/same"})
                   .process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(5s);
  node.reboot();
  node.pass(1s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying) << "the hook ended with the power";
  EXPECT_TRUE(node.runs("web"));
  EXPECT_TRUE(node.runs("same"));
  EXPECT_EQ(node.host.started_with(node.process("web"))->argv.back(), "1");
}

TEST_F(EngineHookFailure, OneThatDoesNotEndInTimeHasFailedAndIsStopped) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.desire({versioned("2").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(4min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.section("app").reason, "ProgressDeadlineExceeded");
  EXPECT_EQ(node.starts_of("migrate"), 2U);
  EXPECT_FALSE(node.runs("migrate"));
}

TEST_F(EngineHookFailure, OneThatDoesNotEndInTimeIsStoppedWithoutALastGoodToo) {
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(4min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_FALSE(node.runs("migrate"));
}

TEST_F(EngineHookFailure, SyncFailRunsOnceAfterTheLastFailureAndBeforeTheWayBack) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.ends("check", 1, 1s);
  node.ends("tell", 0, 20s);
  node.desire({versioned("2")
                   .process_spec("check", once("check"), hook("PostSync"))
                   .process_spec("tell", once("tell"), hook("SyncFail"))});
  node.pass(5s);
  EXPECT_EQ(node.starts_of("tell"), 0U) << "there is another try";
  node.pass(10s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kFailing);
  EXPECT_EQ(node.section("app").health, Health::kDegraded);
  EXPECT_EQ(node.content("/etc/a"), "2") << "not back yet";
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(node.starts_of("tell"), 1U);
  EXPECT_EQ(node.starts_of("check"), 2U);
  EXPECT_EQ(node.count_events("Quarantined"), 1U);
}

TEST_F(EngineHookFailure, SyncFailIsNotRunWhereAllGoesWell) {
  node.ends("tell", 0, 1s);
  node.desire({versioned("1").process_spec("tell", once("tell"), hook("SyncFail"))});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
  EXPECT_EQ(node.starts_of("tell"), 0U);
  EXPECT_EQ(node.resource("Process/tell").health, Health::kHealthy);
  EXPECT_EQ(node.resource("Process/tell").sync, SyncStatus::kSynced);
}

TEST_F(EngineHookFailure, SyncFailThatFailsKeepsNothingFromTheWayBack) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.ends("migrate", 1, 1s);
  node.ends("tell", 7, 1s);
  node.desire({versioned("2")
                   .process_spec("migrate", once("migrate"), hook("PreSync"))
                   .process_spec("tell", once("tell"), hook("SyncFail"))});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("app").message, HasSubstr("Process/migrate")) << "why the revision is bad";
  EXPECT_THAT(node.last_event("SyncFailHookFailed"), HasSubstr("exited with code 7"));
}

TEST_F(EngineHookFailure, SyncFailRunsWhereThereIsNothingToGoBackTo) {
  node.ends("migrate", 1, 1s);
  node.ends("tell", 0, 1s);
  node.desire({versioned("1")
                   .process_spec("migrate", once("migrate"), hook("PreSync"))
                   .process_spec("tell", once("tell"), hook("SyncFail"))});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.starts_of("tell"), 1U);
  EXPECT_EQ(node.resource("Process/migrate").health, Health::kDegraded);
  EXPECT_EQ(node.resource("Process/migrate").reason, "HookFailed");
}

TEST_F(EngineHookFailure, ANewRevisionPreemptsSyncFail) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.ends("migrate", 1, 1s);
  node.ends("tell", 0, 50s);
  const auto failing = versioned("2")
                           .process_spec("migrate", once("migrate"), hook("PreSync"))
                           .process_spec("tell", once("tell"), hook("SyncFail"));
  node.desire({failing});
  node.pass(12s);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kFailing);
  node.desire({versioned("3")});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.content("/etc/a"), "3");
  EXPECT_FALSE(node.runs("tell"));
}

}  // namespace
}  // namespace holdfast::edge_agent
