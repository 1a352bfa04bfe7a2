// SPDX-License-Identifier: Apache-2.0
// Hooks that still run when their attempt is over: they end before anything of what comes now begins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_hooks.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;
using sync::SyncStatus;
using ::testing::HasSubstr;

/// Runs for an hour, and takes five seconds to end.
void is_slow(HookNode& node, const std::string& name) {
  base::FakeProgram slow;
  slow.exits_after = 1h;
  slow.stop_takes = 5s;
  node.host.set_program(node.process(name), slow);
}

struct NextRow {
  const char* name;
  bool prune;
  FakeApp next;
  bool is_kept;  ///< the revision that comes has that hook, too
};
class EngineRunningHook : public ::testing::TestWithParam<NextRow> {};

TEST_P(EngineRunningHook, EndsBeforeTheNewRevisionBegins) {
  HookNode node;
  is_slow(node, "migrate");
  const auto with_policy = [&](FakeApp made) {
    made.policy.prune = GetParam().prune;
    return made;
  };
  node.desire({with_policy(versioned("1"))});
  node.pass(1min);
  node.desire({with_policy(versioned("2").process_spec("migrate", once("migrate"), hook("PreSync")))});
  node.pass(10s);
  ASSERT_TRUE(node.runs("migrate"));
  node.desire({with_policy(GetParam().next)});
  node.pass(2s);
  EXPECT_EQ(node.content("/etc/a"), "1") << "it is still ending";
  EXPECT_THAT(node.resource("File/a").message, HasSubstr("waits for Process/migrate"));
  ASSERT_TRUE(node.restart());
  node.pass(2s);
  EXPECT_EQ(node.content("/etc/a"), "1") << "whoever looks";
  EXPECT_EQ(node.starts_of("migrate"), 1U);
  node.ends("migrate", 0, 1s);
  node.pass(1min);
  EXPECT_EQ(node.content("/etc/a"), "3");
  EXPECT_EQ(node.starts_of("migrate"), GetParam().is_kept ? 2U : 1U);
  EXPECT_EQ(node.status("migrate").phase == base::ProcessPhase::kAbsent, !GetParam().is_kept);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced) << "nothing of it is left";
}

FakeApp with_migrate(const std::string& stage, std::int64_t wave = 0) {
  return versioned("3").process_spec("migrate", once("migrate"), hook(stage, "", wave));
}

INSTANTIATE_TEST_SUITE_P(Table, EngineRunningHook,
                         ::testing::Values(NextRow{"DroppedAndPruned", true, versioned("3"), false},
                                           NextRow{"DroppedAndNotPruned", false, versioned("3"), false},
                                           NextRow{"KeptAtALaterStage", true, with_migrate("PostSync"), true},
                                           NextRow{"KeptAtALaterStageAndNotPruned", false,
                                                   with_migrate("PostSync"), true},
                                           NextRow{"KeptAtALaterWave", true, with_migrate("Sync", 7), true}),
                         [](const auto& info) { return info.param.name; });

class EngineHookThatRunsOn : public ::testing::Test {
 protected:
  HookNode node;
};

TEST_F(EngineHookThatRunsOn, IsStoppedBeforeSyncFailBegins) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  is_slow(node, "along");
  node.ends("tell", 0, 1s);
  node.desire({versioned("2")
                   .process_spec("along", once("along"), hook("Sync"))
                   .process_spec("tell", once("tell"), hook("SyncFail"))});
  for (int i = 0; i < 600 && node.starts_of("tell") == 0; ++i) {
    node.pass(1s);
    EXPECT_FALSE(node.starts_of("tell") > 0 && node.runs("along"));
  }
  ASSERT_EQ(node.starts_of("tell"), 1U);
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "1");
}

TEST_F(EngineHookThatRunsOn, IsStoppedBeforeTheWayBackBegins) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  is_slow(node, "along");
  node.desire({versioned("2").process_spec("along", once("along"), hook("Sync", "", 1))});
  node.pass(5s);
  ASSERT_EQ(node.content("/etc/a"), "2");
  for (int i = 0; i < 600 && node.content("/etc/a") == "2"; ++i) node.pass(500ms);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_FALSE(node.runs("along"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
}

TEST_F(EngineHookThatRunsOn, IsStoppedAtOnceWhenItsDeadlineHasPassed) {
  FakeApp app = versioned("1").process_spec("slow", once("slow"), hook("PreSync"));
  app.policy.progress_deadline = 20s;
  app.policy.retry.delay = 2min;
  node.desire({app});
  node.pass(15s);
  ASSERT_TRUE(node.runs("slow"));
  node.pass(7s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  EXPECT_FALSE(node.runs("slow")) << "long before the next try";
}

TEST_F(EngineHookThatRunsOn, IsStoppedBeforeTheNextTry) {
  is_slow(node, "first");
  node.ends("second", 1, 5s);
  node.desire({versioned("1")
                   .process_spec("first", once("first"), hook("PreSync", "", 1))
                   .process_spec("second", once("second"), hook("PreSync", "", 1))
                   .process_spec("zero", once("zero"), hook("PreSync"))});
  node.ends("zero", 0, 1s);
  for (int i = 0; i < 600 && node.starts_of("zero") < 2; ++i) node.pass(100ms);
  EXPECT_FALSE(node.runs("first")) << "nor is its turn";
  node.pass(2min);
  EXPECT_EQ(node.starts_of("zero"), 2U);
  EXPECT_FALSE(node.runs("first"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
}

TEST_F(EngineHookThatRunsOn, AndIsNotToBePrunedIsReplacedAtItsTurn) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  is_slow(node, "migrate");
  FakeMeta kept = hook("PreSync");
  kept.prune_disabled = true;
  node.desire({versioned("2").process_spec("migrate", once("migrate"), kept)});
  node.pass(10s);
  kept.hook = "PostSync";
  node.desire({versioned("3").process_spec("migrate", once("migrate"), kept)});
  node.pass(1s);
  EXPECT_EQ(node.content("/etc/a"), "3") << "a person said that nobody is to take it away";
}

}  // namespace
}  // namespace holdfast::edge_agent
