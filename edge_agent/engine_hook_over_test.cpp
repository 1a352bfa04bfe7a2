// SPDX-License-Identifier: Apache-2.0
// Hooks that are over: no drift, never started again, and deleted as their policy says where deletes are allowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_hooks.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::Health;
using sync::SectionPhase;
using sync::SyncStatus;

class EngineOverHook : public ::testing::Test {
 protected:
  HookNode node;
};

TEST_F(EngineOverHook, OneThatIsOverIsNoDriftAndNeverStartedAgain) {
  node.ends("migrate", 0, 1s);
  ASSERT_TRUE(node.begins_with(
      versioned("1").process_spec("migrate", once("migrate", "OnFailure"), hook("PreSync"))));
  EXPECT_EQ(node.resource("Process/migrate").reason, "HookSucceeded");
  EXPECT_EQ(node.resource("Process/migrate").sync, SyncStatus::kSynced);
  ASSERT_TRUE(node.host.forget_process(node.process("migrate"), true));
  node.forget_touched();
  node.pass(1h);
  node.reboot();
  node.pass(1h);
  EXPECT_EQ(node.starts_of("migrate"), 0U);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
  EXPECT_EQ(node.resource("Process/migrate").health, Health::kHealthy);
}

TEST_F(EngineOverHook, TwoPassesOverOneThatIsOverDoNothing) {
  node.ends("migrate", 0, 1s);
  ASSERT_TRUE(node.begins_with(versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))));
  const auto commits = node.store.commits();
  node.pass(24h);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.store.commits(), commits);
}

TEST_F(EngineOverHook, OneThatGoesWithGitIsDeleted) {
  node.ends("migrate", 0, 1s);
  ASSERT_TRUE(node.begins_with(versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))));
  node.desire({versioned("1")});
  node.pass(1min);
  EXPECT_EQ(node.status("migrate").phase, base::ProcessPhase::kAbsent);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineOverHook, OneWhoseClaimSomebodyElseHoldsKeepsAllFromWhatComesAfterIt) {
  node.desire(
      {FakeApp("other").process("migrate", {"/usr/bin/other"}), versioned("1").file("old", "/etc/old", "x")});
  node.pass(2min);
  node.desire({FakeApp("other").process("migrate", {"/usr/bin/other"}),
               versioned("2").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app").reason, "ClaimConflict");
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_TRUE(node.content("/etc/old"));
  EXPECT_EQ(node.resource("File/a").message, "waits for Process/migrate");
  node.ends("migrate", 0, 1s);
  node.desire({versioned("2").process_spec("migrate", once("migrate"), hook("PreSync"))},
              {removal_of(FakeApp("other"), sync::RemovalMode::kPrune)});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.content("/etc/a"), "2");
}

TEST_F(EngineOverHook, OfPostSyncWaitForWhatSomebodyElseHoldsTheClaimOf) {
  const FakeApp other = FakeApp("other").file("f", "/etc/f", "other's");
  node.desire({other});
  node.settle();
  node.ends("check", 1, 1s);
  const FakeApp mine =
      versioned("1").file("f", "/etc/f", "mine").process_spec("check", once("check"), hook("PostSync"));
  node.desire({other, mine});
  node.pass(5min);
  EXPECT_EQ(node.section("app").reason, "ClaimConflict");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kPending) << "no failure of the revision";
  EXPECT_EQ(node.starts_of("check"), 0U);
  EXPECT_EQ(node.resource("Process/check").message, "waits for File/f");
  node.ends("check", 0, 1s);
  node.desire({mine}, {removal_of(other, sync::RemovalMode::kPrune)});
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.starts_of("check"), 1U);
}

TEST_F(EngineOverHook, OneThatWaitsForWhatSomebodyElseHoldsKeepsWhatComesAfterIt) {
  const FakeApp other = FakeApp("other").file("f", "/etc/f", "other's");
  node.desire({other, versioned("1").file("old", "/etc/old", "x")});
  node.pass(1min);
  FakeMeta along = hook("Sync");
  along.depends_on = "File/f";
  FakeMeta later;
  later.wave = 1;
  node.desire({other, versioned("1")
                          .file("f", "/etc/f", "mine")
                          .file("late", "/etc/late", "x", later)
                          .process_spec("along", once("along"), along)});
  node.pass(2min);
  EXPECT_FALSE(node.content("/etc/late"));
  EXPECT_TRUE(node.content("/etc/old")) << "the new is not proven";
}

/// Simulator, seed 264 with --workloads: it was walked again and again, at once.
TEST_F(EngineOverHook, OfAWayBackThatWaitsForAClaimAreClearedOnceAndItComesWhenTheClaimIsFree) {
  node.ends("check", 0, 1s);
  const auto first =
      versioned("1").file("f", "/etc/f", "mine").process_spec("check", once("check"), hook("PostSync"));
  ASSERT_TRUE(node.begins_with(first));
  const FakeApp other = FakeApp("other").file("f", "/etc/f", "other's");
  node.ends("bad", 1, 50ms);
  node.desire(
      {versioned("2").process_spec("bad", once("bad")).process_spec("check", once("check"), hook("PostSync")),
       other});
  node.pass(5min);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/f"), "other's");
  EXPECT_EQ(node.content("/etc/a"), "1");
  const auto commits = node.store.commits();
  node.pass(1h);
  EXPECT_EQ(node.store.commits(), commits);
  node.desire({versioned("2")
                   .process_spec("bad", once("bad"))
                   .process_spec("check", once("check"), hook("PostSync"))},
              {removal_of(other, sync::RemovalMode::kPrune)});
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/f"), "mine");
}

TEST_F(EngineOverHook, OneThatIsOverKeepsItsClaim) {
  node.ends("migrate", 0, 1s);
  ASSERT_TRUE(node.begins_with(versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))));
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync")),
               FakeApp("zebra").process("migrate", {"/usr/bin/other"})});
  node.pass(1min);
  EXPECT_EQ(node.section("zebra").reason, "ClaimConflict");
  EXPECT_EQ(node.starts_of("migrate"), 0U);
}

TEST_F(EngineOverHook, OfWhatNoDesiredStateNamesAnyMoreAreNotDeleted) {
  node.ends("migrate", 0, 10s);
  const auto with = versioned("1").process_spec("migrate", once("migrate"), hook("PreSync", "HookSucceeded"));
  node.desire({with});
  node.pass(5s);
  node.desire({FakeApp("other").file("x", "/etc/x", "x")});
  node.pass(2min);
  EXPECT_NE(node.status("migrate").phase, base::ProcessPhase::kAbsent) << "an orphan keeps everything";
  node.desire({with});
  node.pass(2min);
  EXPECT_EQ(node.status("migrate").phase, base::ProcessPhase::kAbsent) << "named again, it goes";
}

TEST_F(EngineOverHook, AreNotDeletedWhileAllDeletesAreForbidden) {
  node.ends("migrate", 0, 10s);
  const auto with = versioned("1").process_spec("migrate", once("migrate"), hook("PreSync", "HookSucceeded"));
  node.desire({with});
  node.pass(5s);
  ASSERT_TRUE(sync::write_one(node.store, kMetaTable, std::string(kDeletesForbiddenKey), "1"));
  ASSERT_TRUE(node.restart());
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_NE(node.status("migrate").phase, base::ProcessPhase::kAbsent);
  node.desire({with});
  node.pass(2min);
  EXPECT_EQ(node.status("migrate").phase, base::ProcessPhase::kAbsent) << "allowed again, it goes";
}

struct PolicyRow {
  const char* name;
  const char* policy;
  std::int32_t code;
  bool stays;
};
class EngineHookPolicy : public ::testing::TestWithParam<PolicyRow> {};

TEST_P(EngineHookPolicy, SaysWhatIsDeletedOnceItIsOver) {
  const auto& row = GetParam();
  FakeNode node;
  base::FakeProgram program;
  program.exits_with = row.code;
  program.exits_after = 1s;
  node.host.set_program(node.process("migrate"), program);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync", row.policy))});
  node.pass(2min);
  EXPECT_EQ(node.status("migrate").phase != base::ProcessPhase::kAbsent, row.stays);
  EXPECT_EQ(node.resource("Process/migrate").sync, SyncStatus::kSynced) << "not missing, either";
  if (row.code == 0) {
    EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
    EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
    EXPECT_EQ(node.section("app").health, Health::kHealthy);
  }
  ASSERT_TRUE(node.restart());
  node.forget_touched();
  node.pass(1h);
  EXPECT_EQ(node.host.touched().starts, 0U);
}

INSTANTIATE_TEST_SUITE_P(Table, EngineHookPolicy,
                         ::testing::Values(PolicyRow{"NoneAndWell", "", 0, true},
                                           PolicyRow{"NoneAndFailed", "", 1, true},
                                           PolicyRow{"BeforeHookCreation", "BeforeHookCreation", 0, true},
                                           PolicyRow{"HookSucceededAndWell", "HookSucceeded", 0, false},
                                           PolicyRow{"HookSucceededAndFailed", "HookSucceeded", 1, true},
                                           PolicyRow{"HookFailedAndWell", "HookFailed", 0, true},
                                           PolicyRow{"HookFailedAndFailed", "HookFailed", 1, false},
                                           PolicyRow{"BothAndWell", "HookSucceeded,HookFailed", 0, false},
                                           PolicyRow{"BothAndFailed", "HookSucceeded, HookFailed", 1, false}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace holdfast::edge_agent
