// SPDX-License-Identifier: Apache-2.0
// Hooks: run to their end at their stage, by stage and wave, and what is said of it.
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
using ::testing::StartsWith;

class EngineHookOrder : public ::testing::Test {
 protected:
  HookNode node;
};

TEST_F(EngineHookOrder, OfPreSyncEndWellBeforeAnythingElseIsTouched) {
  node.ends("migrate", 0);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(9s);
  EXPECT_EQ(node.resource("Process/migrate").health, Health::kProgressing);
  EXPECT_EQ(node.resource("Process/migrate").reason, "HookRunning");
  EXPECT_EQ(node.resource("File/a").message, "waits for the PreSync hooks to end well");
  EXPECT_FALSE(node.content("/etc/a"));
  EXPECT_THAT(node.started(), ElementsAre("migrate"));
  node.pass(2s);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_THAT(node.started(), ElementsAre("migrate", "web"));
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST_F(EngineHookOrder, GoByStageThenByWave) {
  for (const auto* name : {"first", "second", "along", "after"}) node.ends(name, 0, 1s);
  node.desire({versioned("1")
                   .process_spec("second", once("second"), hook("PreSync", "", 1))
                   .process_spec("first", once("first"), hook("PreSync", "", -5))
                   .process_spec("along", once("along"), hook("Sync", "", 3))
                   .process_spec("after", once("after"), hook("PostSync", "", -9))});
  node.pass(1min);
  EXPECT_THAT(node.started(), ElementsAre("first", "second", "web", "along", "after"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineHookOrder, OfPostSyncGateTheRevision) {
  node.ends("check", 1, 1s);
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.desire({versioned("2").process_spec("check", once("check"), hook("PostSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "1") << "rolled back";
}

TEST_F(EngineHookOrder, WhatLeavesGitStaysUntilPostSyncHasEndedWell) {
  node.ends("check", 0, 20s);
  ASSERT_TRUE(node.begins_with(versioned("1").file("old", "/etc/old", "x")));
  node.desire({versioned("2").process_spec("check", once("check"), hook("PostSync"))});
  node.pass(15s);
  EXPECT_TRUE(node.content("/etc/old"));
  node.pass(1min);
  EXPECT_FALSE(node.content("/etc/old"));
}

TEST_F(EngineHookOrder, OneThatRunsIsNotWellHoweverLongItRuns) {
  node.ends("migrate", 0, 50s);
  node.desire({versioned("1").process_spec("migrate", once("migrate", "OnFailure"), hook("PreSync"))});
  node.pass(45s);
  EXPECT_EQ(node.resource("Process/migrate").health, Health::kProgressing);
  EXPECT_FALSE(node.content("/etc/a"));
}

TEST_F(EngineHookOrder, OneOfALaterStageCannotBeWaitedFor) {
  FakeMeta meta;
  meta.depends_on = "Process/after";
  node.desire(
      {versioned("1").file("b", "/etc/b", "x", meta).process_spec("after", once("after"), hook("PostSync"))});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(
      node.section("app").message,
      HasSubstr("File/b depends on Process/after, whose stage PostSync never comes before its own, Sync"));
}

TEST_F(EngineHookOrder, ThePlanSaysWhatBecomesOfThem) {
  node.ends("migrate", 0, 10s);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync", "HookSucceeded"))});
  auto plan = node.engine().plan_now();
  ASSERT_TRUE(plan);
  ASSERT_FALSE(plan->actions.empty());
  EXPECT_EQ(plan->actions.front().key.name, "migrate") << "first";
  node.pass(1min);
  plan = node.engine().plan_now();
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->actions.empty());
}

TEST_F(EngineHookOrder, WhySaysWhatComesNext) {
  node.ends("migrate", 0, 10s);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(1s);
  const auto next = [&](const std::string& brief) { return node.engine().why(brief)->front().next; };
  EXPECT_THAT(next("Process/migrate"), StartsWith("it is waited for until it has ended well"));
  node.pass(1min);
  EXPECT_EQ(next("Process/migrate"), "nothing until another revision comes");
}

}  // namespace
}  // namespace holdfast::edge_agent
