// SPDX-License-Identifier: Apache-2.0
// Hooks run once for each attempt, whoever is restarted, and not on the way back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_hooks.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;
using sync::SyncStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class EngineHookAttempt : public ::testing::Test {
 protected:
  HookNode node;
};

TEST_F(EngineHookAttempt, RunOnceForARevisionHoweverOftenTheAgentIsRestarted) {
  node.ends("migrate", 0, 10s);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  for (int i = 0; i < 12; ++i) {
    node.pass(3s);
    ASSERT_TRUE(node.restart());
  }
  node.pass(1h);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.starts_of("migrate"), 1U);
}

TEST_F(EngineHookAttempt, RunAgainWithAnotherRevisionAlsoIfTheyAreTheSame) {
  node.ends("migrate", 0, 1s);
  ASSERT_TRUE(node.begins_with(versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))));
  node.desire({versioned("2").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(1min);
  EXPECT_EQ(node.starts_of("migrate"), 1U);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(1min);
  EXPECT_EQ(node.starts_of("migrate"), 2U) << "also where that revision was here before";
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineHookAttempt, OfARevisionThatPreemptsAnotherRunForItself) {
  node.ends("migrate", 0, 10s);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(5s);
  node.desire({versioned("2").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(5s);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(1min);
  EXPECT_EQ(node.starts_of("migrate"), 3U);
  EXPECT_EQ(node.content("/etc/a"), "1");
}

TEST_F(EngineHookAttempt, AreNotRunOnTheWayBack) {
  node.ends("migrate", 0, 1s);
  ASSERT_TRUE(node.begins_with(versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))));
  node.ends("check", 1, 1s);
  node.desire({versioned("2")
                   .process_spec("migrate", once("migrate"), hook("PreSync"))
                   .process_spec("check", once("check"), hook("PostSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(node.starts_of("migrate"), 2U) << "for two attempts of the new one";
  EXPECT_EQ(node.resource("Process/migrate").sync, SyncStatus::kSynced);
}

TEST_F(EngineHookAttempt, APersonsRetryRunsThemAgain) {
  node.ends("migrate", 1, 1s);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(2min);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  node.ends("migrate", 0, 1s);
  node.engine().retry_all();
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.starts_of("migrate"), 3U);
}

TEST_F(EngineHookAttempt, APersonsRetryOfWhatIsSyncedRunsNothing) {
  node.ends("migrate", 0, 1s);
  ASSERT_TRUE(node.begins_with(versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))));
  node.engine().retry_all();
  node.pass(1min);
  EXPECT_EQ(node.starts_of("migrate"), 0U);
}

TEST_F(EngineHookAttempt, OfWhatARecoveredHubSendsUnderAnotherApplicationHaveRun) {
  node.ends("migrate", 0, 1s);
  ASSERT_TRUE(node.begins_with(versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))));
  FakeApp successor = FakeApp("app-again").file("a", "/etc/a", "1").process("web", {"/usr/bin/web", "1"});
  node.desire({successor.process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app-again").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.host.touched().starts, 0U);
}

TEST_F(EngineHookAttempt, OfAnApplicationThatWasLetGoAndMadeAnewRunAgain) {
  node.ends("migrate", 0, 1s);
  const auto made = versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"));
  ASSERT_TRUE(node.begins_with(made));
  node.desire({}, {removal_of(made, sync::RemovalMode::kRelease)});
  node.pass(1min);
  FakeApp anew = FakeApp("anew").file("a", "/etc/a", "1").process("web", {"/usr/bin/web", "1"});
  node.desire({anew.process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(1min);
  EXPECT_EQ(node.section("anew").phase, SectionPhase::kSynced);
  EXPECT_THAT(node.started(), ElementsAre("migrate")) << "and nothing else is started";
}

TEST_F(EngineHookAttempt, AHostThatCouldNotIsNoNewAttempt) {
  node.ends("migrate", 0, 1s);
  node.host.set_fault("/etc/a", base::FileFault::kNoSpace);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  node.host.clear_faults();
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.starts_of("migrate"), 1U);
}

TEST_F(EngineHookAttempt, AnEndThatAPowerCutTookAwayIsAFailureAndRunAgain) {
  node.ends("migrate", 0, 20s);
  node.desire({versioned("1").process_spec("migrate", once("migrate"), hook("PreSync"))});
  node.pass(10s);
  node.kill();
  node.host.power_cut();
  node.clock.reboot();
  ASSERT_TRUE(node.boot());
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.starts_of("migrate"), 2U);
}

TEST_F(EngineHookAttempt, AnApplicationThatNeverHadOneIsRecordedAsBeforeThereWereAny) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.desire({versioned("2")});
  node.pass(2min);
  node.host.set_fault("/forbidden", base::FileFault::kPermission);
  node.desire({versioned("3").file("x", "/forbidden/x", "x")});
  node.pass(10min);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  const auto stored = sync::read_one(node.store, kSectionTable, versioned("2").uid().str());
  ASSERT_TRUE(stored && *stored);
  EXPECT_THAT(**stored, Not(HasSubstr("\"run\""))) << "an older agent would call it damaged";
}

}  // namespace
}  // namespace holdfast::edge_agent
