// SPDX-License-Identifier: Apache-2.0
// Hooks: run to their end at their stage, once for each attempt, and left alone once they are over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::Health;
using sync::SectionPhase;
using sync::SyncStatus;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

FakeMeta hook(const std::string& stage, const std::string& policy = "", std::int64_t wave = 0) {
  FakeMeta meta;
  meta.wave = wave;
  meta.hook = stage;
  meta.hook_delete_policy = policy;
  return meta;
}

std::string once(const std::string& program, const std::string& restart = "Never") {
  return R"({"command":["/usr/bin/)" + program + R"("],"restartPolicy":")" + restart + "\"}";
}

/// One file and one process of the application itself; `version` is in both.
FakeApp app(const std::string& version) {
  return FakeApp("app").file("a", "/etc/a", version).process("web", {"/usr/bin/web", version});
}

class EngineHooks : public ::testing::Test {
 protected:
  void ends(const std::string& name, std::int32_t code, std::chrono::milliseconds after = 10s) {
    base::FakeProgram program;
    program.exits_with = code;
    program.exits_after = after;
    node.host.set_program(node.process(name), program);
  }
  /// Starts of processes, in order.
  std::vector<std::string> started() const {
    std::vector<std::string> out;
    for (const auto& change : node.host.changes()) {
      if (!change.starts_with("start ")) continue;
      const auto dot = change.find('.') + 1;
      out.push_back(change.substr(dot, change.rfind('-') - dot));
    }
    return out;
  }
  std::size_t starts_of(const std::string& name) const {
    const auto all = started();
    return static_cast<std::size_t>(std::ranges::count(all, name));
  }
  void begin(const FakeApp& first) {
    node.desire({first});
    node.pass(2min);
    ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced);
    node.forget_touched();
  }
  FakeNode node;
};

// ---- order ----

TEST_F(EngineHooks, OfPreSyncEndWellBeforeAnythingElseIsTouched) {
  ends("migrate", 0);
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(9s);
  EXPECT_EQ(node.resource("Process/migrate").health, Health::kProgressing);
  EXPECT_EQ(node.resource("Process/migrate").reason, "HookRunning");
  EXPECT_EQ(node.resource("File/a").message, "waits for the PreSync hooks to end well");
  EXPECT_FALSE(node.content("/etc/a"));
  EXPECT_THAT(started(), ElementsAre("migrate"));
  node.pass(2s);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_THAT(started(), ElementsAre("migrate", "web"));
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST_F(EngineHooks, GoByStageThenByWave) {
  for (const auto* name : {"first", "second", "along", "after"}) ends(name, 0, 1s);
  node.desire({app("1")
                   .process_spec("second", once("second"), hook("PreSync", "", 1))
                   .process_spec("first", once("first"), hook("PreSync", "", -5))
                   .process_spec("along", once("along"), hook("Sync", "", 3))
                   .process_spec("after", once("after"), hook("PostSync", "", -9))});
  node.pass(1min);
  EXPECT_THAT(started(), ElementsAre("first", "second", "web", "along", "after"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineHooks, OfPostSyncGateTheRevision) {
  ends("check", 1, 1s);
  begin(app("1"));
  node.desire({app("2").process_spec("check", once("check"), hook("PostSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "1") << "rolled back";
}

TEST_F(EngineHooks, WhatLeavesGitStaysUntilPostSyncHasEndedWell) {
  ends("check", 0, 20s);
  begin(app("1").file("old", "/etc/old", "x"));
  node.desire({app("2").process_spec("check", once("check"), hook("PostSync"))});
  node.pass(15s);
  EXPECT_TRUE(node.content("/etc/old"));
  node.pass(1min);
  EXPECT_FALSE(node.content("/etc/old"));
}

TEST_F(EngineHooks, OneThatRunsIsNotWellHoweverLongItRuns) {
  ends("migrate", 0, 50s);
  node.desire({app("1").process_spec("migrate", once("migrate", "OnFailure"), hook("PreSync"))});
  node.pass(45s);
  EXPECT_EQ(node.resource("Process/migrate").health, Health::kProgressing);
  EXPECT_FALSE(node.content("/etc/a"));
}

TEST_F(EngineHooks, OneOfALaterStageCannotBeWaitedFor) {
  FakeMeta meta;
  meta.depends_on = "Process/after";
  node.desire(
      {app("1").file("b", "/etc/b", "x", meta).process_spec("after", once("after"), hook("PostSync"))});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(
      node.section("app").message,
      HasSubstr("File/b depends on Process/after, whose stage PostSync never comes before its own, Sync"));
}

// ---- failure ----

TEST_F(EngineHooks, APreSyncHookThatFailsLeavesTheOldVersionUntouched) {
  begin(app("1"));
  const auto pid = node.status("web").identity->pid;
  ends("migrate", 1, 1s);
  node.desire({app("2").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(3s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  EXPECT_THAT(node.section("app").message, HasSubstr("Process/migrate: exited with code 1"));
  EXPECT_EQ(node.resource("Process/migrate").health, Health::kDegraded) << "is still told";
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(started(), ElementsAre("migrate", "migrate")) << "once for each attempt";
  EXPECT_EQ(node.status("web").identity->pid, pid);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(node.host.touched().writes, 0U);
}

TEST_F(EngineHooks, WhatWasThereIsKeptGoingMeanwhile) {
  begin(app("1").process("same", {"/usr/bin/same"}).process("gone", {"/usr/bin/gone"}));
  ends("migrate", 0, 50s);
  node.desire({app("2")
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

TEST_F(EngineHooks, ProbesOfWhatWasThereAreNoNewsToTheWalk) {
  const auto probed = [](const std::string& version) {
    return FakeApp("app").process_spec(
        "web", R"({"command":["/usr/bin/web",")" + version +
                   R"("],"livenessProbe":{"tcpSocket":{"port":80},"periodSeconds":1}})");
  };
  begin(probed("1"));
  node.desire(
      {probed("2").file("b", "/etc/b", "x").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(5s);
  node.forget_touched();
  node.pass(20s);
  EXPECT_GT(node.host.touched().probes, 15U);
  EXPECT_LT(node.host.touched().stats, 5U) << "no walk looks at all of it";
}

TEST_F(EngineHooks, WhatWasThereComesBackAfterAReboot) {
  begin(app("1").process("same", {"/usr/bin/same"}));
  node.desire({app("2")
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

TEST_F(EngineHooks, OneThatDoesNotEndInTimeHasFailedAndIsStopped) {
  begin(app("1"));
  node.desire({app("2").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(4min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.section("app").reason, "ProgressDeadlineExceeded");
  EXPECT_EQ(starts_of("migrate"), 2U);
  EXPECT_FALSE(node.runs("migrate"));
}

TEST_F(EngineHooks, OneThatDoesNotEndInTimeIsStoppedWithoutALastGoodToo) {
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(4min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_FALSE(node.runs("migrate"));
}

TEST_F(EngineHooks, SyncFailRunsOnceAfterTheLastFailureAndBeforeTheWayBack) {
  begin(app("1"));
  ends("check", 1, 1s);
  ends("tell", 0, 20s);
  node.desire({app("2")
                   .process_spec("check", once("check"), hook("PostSync"))
                   .process_spec("tell", once("tell"), hook("SyncFail"))});
  node.pass(5s);
  EXPECT_EQ(starts_of("tell"), 0U) << "there is another try";
  node.pass(10s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kFailing);
  EXPECT_EQ(node.section("app").health, Health::kDegraded);
  EXPECT_EQ(node.content("/etc/a"), "2") << "not back yet";
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(starts_of("tell"), 1U);
  EXPECT_EQ(starts_of("check"), 2U);
  EXPECT_EQ(node.count_events("Quarantined"), 1U);
}

TEST_F(EngineHooks, SyncFailIsNotRunWhereAllGoesWell) {
  ends("tell", 0, 1s);
  node.desire({app("1").process_spec("tell", once("tell"), hook("SyncFail"))});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
  EXPECT_EQ(starts_of("tell"), 0U);
  EXPECT_EQ(node.resource("Process/tell").health, Health::kHealthy);
  EXPECT_EQ(node.resource("Process/tell").sync, SyncStatus::kSynced);
}

TEST_F(EngineHooks, SyncFailThatFailsKeepsNothingFromTheWayBack) {
  begin(app("1"));
  ends("migrate", 1, 1s);
  ends("tell", 7, 1s);
  node.desire({app("2")
                   .process_spec("migrate", once("migrate"), hook("PreSync"))
                   .process_spec("tell", once("tell"), hook("SyncFail"))});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("app").message, HasSubstr("Process/migrate")) << "why the revision is bad";
  EXPECT_THAT(node.last_event("SyncFailHookFailed"), HasSubstr("exited with code 7"));
}

TEST_F(EngineHooks, SyncFailRunsWhereThereIsNothingToGoBackTo) {
  ends("migrate", 1, 1s);
  ends("tell", 0, 1s);
  node.desire({app("1")
                   .process_spec("migrate", once("migrate"), hook("PreSync"))
                   .process_spec("tell", once("tell"), hook("SyncFail"))});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(starts_of("tell"), 1U);
  EXPECT_EQ(node.resource("Process/migrate").health, Health::kDegraded);
  EXPECT_EQ(node.resource("Process/migrate").reason, "HookFailed");
}

TEST_F(EngineHooks, ANewRevisionPreemptsSyncFail) {
  begin(app("1"));
  ends("migrate", 1, 1s);
  ends("tell", 0, 50s);
  const auto failing = app("2")
                           .process_spec("migrate", once("migrate"), hook("PreSync"))
                           .process_spec("tell", once("tell"), hook("SyncFail"));
  node.desire({failing});
  node.pass(12s);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kFailing);
  node.desire({app("3")});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.content("/etc/a"), "3");
  EXPECT_FALSE(node.runs("tell"));
}

// ---- once for each attempt ----

TEST_F(EngineHooks, RunOnceForARevisionHoweverOftenTheAgentIsRestarted) {
  ends("migrate", 0, 10s);
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  for (int i = 0; i < 12; ++i) {
    node.pass(3s);
    ASSERT_TRUE(node.restart());
  }
  node.pass(1h);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(starts_of("migrate"), 1U);
}

TEST_F(EngineHooks, RunAgainWithAnotherRevisionAlsoIfTheyAreTheSame) {
  ends("migrate", 0, 1s);
  begin(app("1").process_spec("migrate", once("migrate"), hook("PreSync")));
  node.desire({app("2").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(1min);
  EXPECT_EQ(starts_of("migrate"), 1U);
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(1min);
  EXPECT_EQ(starts_of("migrate"), 2U) << "also where that revision was here before";
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineHooks, OfARevisionThatPreemptsAnotherRunForItself) {
  ends("migrate", 0, 10s);
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(5s);
  node.desire({app("2").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(5s);
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(1min);
  EXPECT_EQ(starts_of("migrate"), 3U);
  EXPECT_EQ(node.content("/etc/a"), "1");
}

TEST_F(EngineHooks, AreNotRunOnTheWayBack) {
  ends("migrate", 0, 1s);
  begin(app("1").process_spec("migrate", once("migrate"), hook("PreSync")));
  ends("check", 1, 1s);
  node.desire({app("2")
                   .process_spec("migrate", once("migrate"), hook("PreSync"))
                   .process_spec("check", once("check"), hook("PostSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(starts_of("migrate"), 2U) << "for two attempts of the new one";
  EXPECT_EQ(node.resource("Process/migrate").sync, SyncStatus::kSynced);
}

TEST_F(EngineHooks, APersonsRetryRunsThemAgain) {
  ends("migrate", 1, 1s);
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(2min);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  ends("migrate", 0, 1s);
  node.engine().look_at_everything(true);
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(starts_of("migrate"), 3U);
}

TEST_F(EngineHooks, APersonsRetryOfWhatIsSyncedRunsNothing) {
  ends("migrate", 0, 1s);
  begin(app("1").process_spec("migrate", once("migrate"), hook("PreSync")));
  node.engine().look_at_everything(true);
  node.pass(1min);
  EXPECT_EQ(starts_of("migrate"), 0U);
}

TEST_F(EngineHooks, OfWhatARecoveredHubSendsUnderAnotherApplicationHaveRun) {
  ends("migrate", 0, 1s);
  begin(app("1").process_spec("migrate", once("migrate"), hook("PreSync")));
  FakeApp successor = FakeApp("app-again").file("a", "/etc/a", "1").process("web", {"/usr/bin/web", "1"});
  node.desire({successor.process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app-again").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.host.touched().starts, 0U);
}

TEST_F(EngineHooks, OfAnApplicationThatWasLetGoAndMadeAnewRunAgain) {
  ends("migrate", 0, 1s);
  const auto made = app("1").process_spec("migrate", once("migrate"), hook("PreSync"));
  begin(made);
  node.desire({}, {removal_of(made, sync::RemovalMode::kRelease)});
  node.pass(1min);
  FakeApp anew = FakeApp("anew").file("a", "/etc/a", "1").process("web", {"/usr/bin/web", "1"});
  node.desire({anew.process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(1min);
  EXPECT_EQ(node.section("anew").phase, SectionPhase::kSynced);
  EXPECT_THAT(started(), ElementsAre("migrate")) << "and nothing else is started";
}

TEST_F(EngineHooks, AHostThatCouldNotIsNoNewAttempt) {
  ends("migrate", 0, 1s);
  node.host.set_fault("/etc/a", base::FileFault::kNoSpace);
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  node.host.clear_faults();
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(starts_of("migrate"), 1U);
}

TEST_F(EngineHooks, AnEndThatAPowerCutTookAwayIsAFailureAndRunAgain) {
  ends("migrate", 0, 20s);
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(10s);
  node.kill();
  node.host.power_cut();
  node.clock.reboot();
  ASSERT_TRUE(node.boot());
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(starts_of("migrate"), 2U);
}

// ---- over ----

TEST_F(EngineHooks, OneThatIsOverIsNoDriftAndNeverStartedAgain) {
  ends("migrate", 0, 1s);
  begin(app("1").process_spec("migrate", once("migrate", "OnFailure"), hook("PreSync")));
  EXPECT_EQ(node.resource("Process/migrate").reason, "HookSucceeded");
  EXPECT_EQ(node.resource("Process/migrate").sync, SyncStatus::kSynced);
  ASSERT_TRUE(node.host.forget_process(node.process("migrate"), true));
  node.forget_touched();
  node.pass(1h);
  node.reboot();
  node.pass(1h);
  EXPECT_EQ(starts_of("migrate"), 0U);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
  EXPECT_EQ(node.resource("Process/migrate").health, Health::kHealthy);
}

TEST_F(EngineHooks, TwoPassesOverOneThatIsOverDoNothing) {
  ends("migrate", 0, 1s);
  begin(app("1").process_spec("migrate", once("migrate"), hook("PreSync")));
  const auto commits = node.store.commits();
  node.pass(24h);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.store.commits(), commits);
}

TEST_F(EngineHooks, OneThatGoesWithGitIsDeleted) {
  ends("migrate", 0, 1s);
  begin(app("1").process_spec("migrate", once("migrate"), hook("PreSync")));
  node.desire({app("1")});
  node.pass(1min);
  EXPECT_EQ(node.status("migrate").phase, base::ProcessPhase::kAbsent);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineHooks, OneWhoseClaimSomebodyElseHoldsKeepsAllFromWhatComesAfterIt) {
  node.desire(
      {FakeApp("other").process("migrate", {"/usr/bin/other"}), app("1").file("old", "/etc/old", "x")});
  node.pass(2min);
  node.desire({FakeApp("other").process("migrate", {"/usr/bin/other"}),
               app("2").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app").reason, "ClaimConflict");
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_TRUE(node.content("/etc/old"));
  EXPECT_EQ(node.resource("File/a").message, "waits for Process/migrate");
  ends("migrate", 0, 1s);
  node.desire({app("2").process_spec("migrate", once("migrate"), hook("PreSync"))},
              {removal_of(FakeApp("other"), sync::RemovalMode::kPrune)});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.content("/etc/a"), "2");
}

TEST_F(EngineHooks, OfPostSyncWaitForWhatSomebodyElseHoldsTheClaimOf) {
  const FakeApp other = FakeApp("other").file("f", "/etc/f", "other's");
  node.desire({other});
  node.settle();
  ends("check", 1, 1s);
  const FakeApp mine =
      app("1").file("f", "/etc/f", "mine").process_spec("check", once("check"), hook("PostSync"));
  node.desire({other, mine});
  node.pass(5min);
  EXPECT_EQ(node.section("app").reason, "ClaimConflict");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kPending) << "no failure of the revision";
  EXPECT_EQ(starts_of("check"), 0U);
  EXPECT_EQ(node.resource("Process/check").message, "waits for File/f");
  ends("check", 0, 1s);
  node.desire({mine}, {removal_of(other, sync::RemovalMode::kPrune)});
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(starts_of("check"), 1U);
}

TEST_F(EngineHooks, OneThatWaitsForWhatSomebodyElseHoldsKeepsWhatComesAfterIt) {
  const FakeApp other = FakeApp("other").file("f", "/etc/f", "other's");
  node.desire({other, app("1").file("old", "/etc/old", "x")});
  node.pass(1min);
  FakeMeta along = hook("Sync");
  along.depends_on = "File/f";
  FakeMeta later;
  later.wave = 1;
  node.desire({other, app("1")
                          .file("f", "/etc/f", "mine")
                          .file("late", "/etc/late", "x", later)
                          .process_spec("along", once("along"), along)});
  node.pass(2min);
  EXPECT_FALSE(node.content("/etc/late"));
  EXPECT_TRUE(node.content("/etc/old")) << "the new is not proven";
}

TEST_F(EngineHooks, OneThatIsOverKeepsItsClaim) {
  ends("migrate", 0, 1s);
  begin(app("1").process_spec("migrate", once("migrate"), hook("PreSync")));
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync")),
               FakeApp("zebra").process("migrate", {"/usr/bin/other"})});
  node.pass(1min);
  EXPECT_EQ(node.section("zebra").reason, "ClaimConflict");
  EXPECT_EQ(starts_of("migrate"), 0U);
}

// ---- one that a pre-empting revision does not have ----

struct DroppedRow {
  const char* name;
  bool prune;
};
class EngineDroppedHook : public ::testing::TestWithParam<DroppedRow> {};

TEST_P(EngineDroppedHook, EndsBeforeTheNewRevisionBegins) {
  FakeNode node;
  base::FakeProgram slow;
  slow.exits_after = 1h;
  slow.stop_takes = 5s;
  node.host.set_program(node.process("migrate"), slow);
  const auto with_policy = [&](FakeApp made) {
    made.policy.prune = GetParam().prune;
    return made;
  };
  node.desire({with_policy(app("1"))});
  node.pass(1min);
  node.desire({with_policy(app("2").process_spec("migrate", once("migrate"), hook("PreSync")))});
  node.pass(10s);
  ASSERT_TRUE(node.runs("migrate"));
  node.desire({with_policy(app("3"))});
  node.pass(2s);
  EXPECT_EQ(node.content("/etc/a"), "1") << "it is still ending";
  EXPECT_THAT(node.resource("File/a").message, HasSubstr("waits for Process/migrate"));
  ASSERT_TRUE(node.restart());
  node.pass(2s);
  EXPECT_EQ(node.content("/etc/a"), "1") << "whoever looks";
  node.pass(1min);
  EXPECT_EQ(node.content("/etc/a"), "3");
  EXPECT_EQ(node.status("migrate").phase, base::ProcessPhase::kAbsent);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced) << "nothing of it is left";
}

INSTANTIATE_TEST_SUITE_P(Table, EngineDroppedHook,
                         ::testing::Values(DroppedRow{"Pruned", true}, DroppedRow{"NotPruned", false}),
                         [](const auto& info) { return info.param.name; });

// ---- what deletes need ----

TEST_F(EngineHooks, OfWhatNoDesiredStateNamesAnyMoreAreNotDeleted) {
  ends("migrate", 0, 10s);
  const auto with = app("1").process_spec("migrate", once("migrate"), hook("PreSync", "HookSucceeded"));
  node.desire({with});
  node.pass(5s);
  node.desire({FakeApp("other").file("x", "/etc/x", "x")});
  node.pass(2min);
  EXPECT_NE(node.status("migrate").phase, base::ProcessPhase::kAbsent) << "an orphan keeps everything";
  node.desire({with});
  node.pass(2min);
  EXPECT_EQ(node.status("migrate").phase, base::ProcessPhase::kAbsent) << "named again, it goes";
}

TEST_F(EngineHooks, AreNotDeletedWhileAllDeletesAreForbidden) {
  ends("migrate", 0, 10s);
  const auto with = app("1").process_spec("migrate", once("migrate"), hook("PreSync", "HookSucceeded"));
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
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync", row.policy))});
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

TEST_F(EngineHooks, AnApplicationThatNeverHadOneIsRecordedAsBeforeThereWereAny) {
  begin(app("1"));
  node.desire({app("2")});
  node.pass(2min);
  node.host.set_fault("/forbidden", base::FileFault::kPermission);
  node.desire({app("3").file("x", "/forbidden/x", "x")});
  node.pass(10min);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  const auto stored = sync::read_one(node.store, kSectionTable, app("2").uid().str());
  ASSERT_TRUE(stored && *stored);
  EXPECT_THAT(**stored, Not(HasSubstr("\"run\""))) << "an older agent would call it damaged";
}

TEST_F(EngineHooks, ThePlanSaysWhatBecomesOfThem) {
  ends("migrate", 0, 10s);
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync", "HookSucceeded"))});
  auto plan = node.engine().plan_now();
  ASSERT_TRUE(plan);
  ASSERT_FALSE(plan->actions.empty());
  EXPECT_EQ(plan->actions.front().key.name, "migrate") << "first";
  node.pass(1min);
  plan = node.engine().plan_now();
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->actions.empty());
}

TEST_F(EngineHooks, WhySaysWhatComesNext) {
  ends("migrate", 0, 10s);
  node.desire({app("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(1s);
  const auto next = [&](const std::string& brief) { return node.engine().why(brief)->front().next; };
  EXPECT_THAT(next("Process/migrate"), StartsWith("it is waited for until it has ended well"));
  node.pass(1min);
  EXPECT_EQ(next("Process/migrate"), "nothing until another revision comes");
}

}  // namespace
}  // namespace holdfast::edge_agent
