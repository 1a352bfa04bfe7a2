// SPDX-License-Identifier: Apache-2.0
// How a revision comes onto a node: waves, dependencies, retries, quarantine and the way back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;
using sync::SyncStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kReadyWeb =
    R"({"command":["/usr/bin/web"],"readinessProbe":{"tcpSocket":{"port":80},"periodSeconds":1}})";
constexpr const char* kWebProbe = "process:default/web#readiness";

std::vector<std::string> writes(const FakeNode& node) {
  std::vector<std::string> out;
  for (const auto& change : node.host.changes()) {
    if (change.starts_with("write") || change.starts_with("start"))
      out.push_back(change.substr(0, change.find('-')));
  }
  return out;
}

// ---- order ----

TEST(EngineWaves, GoOneAfterTheOther) {
  FakeNode node;
  node.desire({FakeApp("app")
                   .file("a", "/a", "A", {.wave = 2, .depends_on = ""})
                   .file("b", "/b", "B", {.wave = 1, .depends_on = ""})
                   .file("c", "/c", "C", {.wave = -1, .depends_on = ""})});
  node.settle();
  EXPECT_THAT(writes(node), ElementsAre("write /c", "write /b", "write /a"));
}

TEST(EngineWaves, TheNextOneWaitsUntilAllOfThisOneIsHealthy) {
  FakeNode node;
  node.host.set_probe(kWebProbe, {.ok = false, .detail = "connection refused"});
  node.desire({FakeApp("app")
                   .process_spec("web", kReadyWeb)
                   .file("after", "/after", "x", {.wave = 1, .depends_on = ""})});
  node.pass(20s);
  EXPECT_FALSE(node.content("/after"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  EXPECT_EQ(node.resource("File/after").reason, "Waiting");
  node.host.set_probe(kWebProbe, {.ok = true, .detail = ""});
  node.pass(5s);
  EXPECT_EQ(node.content("/after"), "x");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST(EngineWaves, OneThatFallsBackAndRisesAgainGetsNoNewTime) {
  FakeNode node;
  node.host.set_probe("process:default/late#readiness", {.ok = false, .detail = "never"});
  node.desire({FakeApp("app")
                   .process_spec("web", kReadyWeb)
                   .process_spec("late", kReadyWeb, {.wave = 1, .depends_on = ""})});
  for (int i = 0; i < 10; ++i) {
    node.host.set_probe(kWebProbe, {.ok = i % 2 == 0, .detail = "flaps"});
    node.pass(10s);
  }
  EXPECT_GE(node.count_events("Failed"), 1U);
  EXPECT_EQ(node.section("app").reason, "ProgressDeadlineExceeded");
}

TEST(EngineWaves, AResourceWaitsForWhatItDependsOn) {
  FakeNode node;
  node.host.set_probe(kWebProbe, {.ok = false, .detail = "connection refused"});
  node.desire({FakeApp("app")
                   .process_spec("web", kReadyWeb)
                   .file("late", "/late", "x", {.depends_on = "Process/web"})
                   .file("free", "/free", "x")});
  node.pass(10s);
  EXPECT_EQ(node.content("/free"), "x");
  EXPECT_FALSE(node.content("/late"));
  EXPECT_THAT(node.resource("File/late").message, HasSubstr("waits for Process/web"));
  node.host.set_probe(kWebProbe, {.ok = true, .detail = ""});
  node.pass(5s);
  EXPECT_EQ(node.content("/late"), "x");
}

TEST(EngineWaves, OfAThousandFilesCostThreeTransactions) {
  FakeNode node;
  FakeApp app("app");
  for (int i = 0; i < 1'000; ++i) app.file("f" + std::to_string(i), "/data/" + std::to_string(i), "x");
  node.desire({app});
  node.settle();
  EXPECT_EQ(node.host.touched().writes, 1'000U);
  EXPECT_EQ(node.store.commits(), 3U) << "accepted; intents; results and the end";
  node.forget_touched();
  node.pass(10min);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.store.commits(), 3U);
}

TEST(EngineWaves, OnlyWhatChangedIsTouched) {
  FakeNode node;
  FakeApp app("app");
  for (int i = 0; i < 50; ++i) app.file("f" + std::to_string(i), "/data/" + std::to_string(i), "x");
  node.desire({app});
  node.pass(5min);  // until the stamps are old enough to be believed
  node.forget_touched();
  node.desire({app.file("f7", "/data/7", "y")});
  node.settle();
  EXPECT_THAT(node.host.changes(), ElementsAre("write /data/7"));
  EXPECT_LE(node.host.touched().digests, 3U) << "a new section does not make the rest be hashed again";
}

// ---- ConfigMaps ----

TEST(EngineConfigMap, AChangedValueReachesTheFileThatRefersToIt) {
  FakeNode node;
  const auto app = [](const std::string& value) {
    return FakeApp("app")
        .config_map("conf", {{"motd", value}})
        .file_spec("motd",
                   R"({"path":"/etc/motd","contentFrom":{"configMapKeyRef":{"name":"conf","key":"motd"}}})");
  };
  node.desire({app("one")});
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "one");
  EXPECT_EQ(node.resource("ConfigMap/conf").sync, SyncStatus::kSynced);
  node.desire({app("two")});
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "two");
}

TEST(EngineConfigMap, OneThatIsMissingQuarantinesTheRevisionAtOnceAndNamesIt) {
  FakeNode node;
  node.desire({FakeApp("app").file("motd", "/etc/motd", "good")});
  node.settle();
  node.desire({FakeApp("app").file_spec(
      "motd", R"({"path":"/etc/motd","contentFrom":{"configMapKeyRef":{"name":"nobody","key":"motd"}}})")});
  node.settle();
  const auto section = node.section("app");
  EXPECT_EQ(section.phase, SectionPhase::kQuarantined);
  EXPECT_THAT(section.message, HasSubstr("ConfigMap/nobody"));
  EXPECT_EQ(node.content("/etc/motd"), "good");
}

// ---- failures ----

FakeApp good() { return FakeApp("app").file("a", "/etc/a", "good").file("b", "/etc/b", "good"); }
FakeApp bad() {
  return FakeApp("app")
      .file("a", "/etc/a", "bad")
      .file("b", "/etc/b", "bad")
      .file("made", "/etc/made", "bad")
      .process_spec("web", kReadyWeb, {.wave = 1, .depends_on = ""});
}

class EngineFailure : public ::testing::Test {
 protected:
  EngineFailure() {
    node.desire({good(), FakeApp("other").file("x", "/etc/x", "x")});
    node.settle();
    node.host.set_probe(kWebProbe, {.ok = false, .detail = "connection refused"});
  }
  void fail() {
    node.desire({bad(), FakeApp("other").file("x", "/etc/x", "x2")});
    node.pass(5min);
  }
  FakeNode node;
};

TEST_F(EngineFailure, WhatIsNotHealthyInTimeIsRetriedThenQuarantinedAndRolledBack) {
  node.desire({bad()});
  node.pass(59s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  node.pass(3s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  EXPECT_EQ(node.section("app").reason, "ProgressDeadlineExceeded");
  EXPECT_THAT(node.section("app").message,
              HasSubstr("Process/web (NotReady: readiness probe: connection refused)"));
  node.pass(5min);
  const auto section = node.section("app");
  EXPECT_EQ(section.phase, SectionPhase::kQuarantined);
  EXPECT_EQ(section.quarantined, bad().digest());
  EXPECT_EQ(section.last_good, good().digest());
  EXPECT_EQ(section.sync, SyncStatus::kOutOfSync);
  EXPECT_EQ(node.content("/etc/a"), "good");
  EXPECT_FALSE(node.content("/etc/made")) << "the failed section made it";
  EXPECT_FALSE(node.runs("web"));
  EXPECT_EQ(node.count_events("Quarantined"), 1U);
  EXPECT_EQ(node.count_events("RolledBack"), 1U);
}

TEST_F(EngineFailure, OneBrokenApplicationNeverHoldsUpAnother) {
  fail();
  EXPECT_EQ(node.content("/etc/x"), "x2");
  EXPECT_EQ(node.section("other").phase, SectionPhase::kSynced);
}

TEST_F(EngineFailure, ARollbackNeverLowersTheAcceptedGeneration) {
  fail();
  EXPECT_EQ(node.engine().hello().accepted, node.generation());
  EXPECT_EQ(node.engine().hello().applied, (sync::Generation{1, 1}));
}

/// The simulator found it, seed 795.
TEST_F(EngineFailure, OnceNobodySpeaksOfItTheRestIsApplied) {
  fail();
  node.desire({FakeApp("other").file("x", "/etc/x", "x3")});
  node.settle();
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined) << "it is orphaned, and stays as it is";
  EXPECT_EQ(node.engine().hello().applied, node.generation());
}

/// The simulator found it, seed 8932: what was accepted of it went on keeping what the other one is to let go.
TEST_F(EngineFailure, OnceAnotherGoesOnWithWhatItMadeItClaimsNothingAnyMore) {
  fail();
  node.desire({FakeApp("anew").file("a", "/etc/a", "good"), FakeApp("other").file("x", "/etc/x", "x2")});
  node.settle();
  EXPECT_EQ(node.section("anew").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.resource("File/b").reason, "PruneDisabled")
      << "nobody wants it, and nobody ever said that it goes";
  EXPECT_EQ(node.content("/etc/b"), "good");
}

TEST_F(EngineFailure, AQuarantinedDigestIsNotTriedAgainAcrossRestarts) {
  fail();
  ASSERT_TRUE(node.restart());
  node.forget_touched();
  node.pass(1h);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
}

TEST_F(EngineFailure, NorWhenItComesAgainWithANewGeneration) {
  fail();
  node.forget_touched();
  node.desire({bad()});
  node.pass(5min);
  EXPECT_THAT(node.host.changes(), IsEmpty());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
}

TEST_F(EngineFailure, APersonsRetryTriesItOnceMore) {
  fail();
  node.host.set_probe(kWebProbe, {.ok = true, .detail = ""});
  node.engine().retry_all();
  node.pass(10s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.content("/etc/made"), "bad");
  EXPECT_EQ(node.engine().hello().applied, node.generation());
}

TEST_F(EngineFailure, ARetryOfAnotherApplicationLeavesItWhereItIs) {
  fail();
  const FakeApp other = FakeApp("other").file("motd", "/etc/motd", "hello");
  node.desire({bad(), other});
  node.pass(10s);
  node.forget_touched();
  node.engine().retry({sync::ApplicationUid("uid-other")});
  node.pass(5min);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  node.host.set_probe(kWebProbe, {.ok = true, .detail = ""});
  node.engine().retry({sync::ApplicationUid("uid-app")});
  node.pass(10s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineFailure, ANewerRevisionPreemptsOneThatIsStuck) {
  node.desire({bad()});
  node.pass(10s);
  node.desire({good().file("c", "/etc/c", "c")});
  node.settle();
  EXPECT_EQ(node.content("/etc/c"), "c");
  EXPECT_EQ(node.content("/etc/a"), "good");
  EXPECT_FALSE(node.content("/etc/made"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineFailure, WhatWasRolledBackToIsKeptAgainstDriftToo) {
  fail();
  node.host.edit_by_hand("/etc/a", "drift");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "good");
}

TEST_F(EngineFailure, ARollbackThatFailsIsTriedUntilItWorks) {
  node.desire({bad()});
  node.pass(30s);
  node.host.set_fault("/etc/a", base::FileFault::kPermission);
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRollingBack);
  node.host.clear_faults();
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "good");
}

TEST_F(EngineFailure, ADeleteThatFailsOnTheWayBackHidesNotWhyTheRevisionIsBad) {
  node.desire({bad()});
  node.pass(30s);
  node.host.set_fault("/etc/made", base::FileFault::kReadOnly);
  node.pass(10min);
  auto section = node.section("app");
  EXPECT_EQ(section.phase, SectionPhase::kRollingBack);
  EXPECT_EQ(section.reason, "ProgressDeadlineExceeded");
  EXPECT_THAT(section.message, HasSubstr("connection refused"));
  EXPECT_THAT(section.message, HasSubstr("cannot delete File/made"));
  node.host.clear_faults();
  node.pass(5min);
  section = node.section("app");
  EXPECT_EQ(section.phase, SectionPhase::kQuarantined);
  EXPECT_EQ(section.reason, "ProgressDeadlineExceeded");
  EXPECT_FALSE(node.content("/etc/made"));
}

TEST_F(EngineFailure, AConflictOnTheWayBackHidesItNeither) {
  const FakeApp other = FakeApp("other").file("x", "/etc/x", "x").file("b", "/etc/b", "other's");
  node.desire({bad().without("File/b"), other});
  node.pass(5min);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
    EXPECT_EQ(node.section("app").reason, "ProgressDeadlineExceeded");
    EXPECT_THAT(node.section("app").message, HasSubstr("connection refused"));
    EXPECT_THAT(node.section("app").message, HasSubstr("path:/etc/b is held by"));
    EXPECT_EQ(node.content("/etc/b"), "other's");
    node.pass(1h);
  }
  EXPECT_EQ(node.count_events("ClaimConflict"), 1U);
}

TEST(EngineFirstFailure, WithoutALastGoodItStopsAndKeeps) {
  FakeNode node;
  node.host.set_probe(kWebProbe, {.ok = false, .detail = "no"});
  node.desire({bad()});
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.section("app").health, sync::Health::kDegraded);
  EXPECT_EQ(node.content("/etc/made"), "bad");
  EXPECT_TRUE(node.runs("web"));
}

TEST(EngineFirstFailure, AFileThatWasThereBeforeIsNotDeletedByARollback) {
  FakeNode node;
  node.desire({good()});
  node.settle();
  node.host.edit_by_hand("/etc/made", "distribution's");
  node.host.set_probe(kWebProbe, {.ok = false, .detail = "no"});
  node.desire({bad()});
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_TRUE(node.content("/etc/made")) << "its old content cannot be brought back, but it stays";
  EXPECT_THAT(node.last_event("RolledBack"), HasSubstr("path:/etc/made"));
  EXPECT_EQ(node.resource("File/made").reason, "KeptByRollback");
  ASSERT_TRUE(node.restart());
  node.settle();
  EXPECT_EQ(node.resource("File/made").reason, "KeptByRollback");
}

TEST(EngineFirstFailure, ARollbackThatBringsAllBackSaysNothingElse) {
  FakeNode node;
  node.desire({good()});
  node.settle();
  node.host.set_probe(kWebProbe, {.ok = false, .detail = "no"});
  node.desire({bad()});
  node.pass(5min);
  EXPECT_THAT(node.last_event("RolledBack"),
              ::testing::EndsWith("what programs wrote meanwhile stays as it is"));
}

TEST(EngineDiskFull, IsNotTheRevisionsFault) {
  FakeNode node;
  node.desire({good()});
  node.settle();
  node.host.set_fault("/", base::FileFault::kNoSpace);
  node.desire({good().file("big", "/data/big", "much")});
  node.pass(1h);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  EXPECT_EQ(node.section("app").reason, "NoSpace");
  EXPECT_EQ(node.content("/etc/a"), "good");
  node.host.clear_faults();
  node.pass(4min);
  EXPECT_EQ(node.content("/data/big"), "much");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST(EngineDiskFails, IsNotTheRevisionsFaultEither) {
  FakeNode node;
  node.desire({good()});
  node.settle();
  node.host.set_fault("/data", base::FileFault::kIo);
  node.desire({good().file("big", "/data/big", "much")});
  node.pass(1h);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  EXPECT_EQ(node.section("app").reason, "Io");
  EXPECT_EQ(node.count_events("Quarantined"), 0U);
  node.host.clear_faults();
  node.pass(4min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

struct FailedStart {
  const char* name;
  base::Code code;
  const char* message;
  SectionPhase after;
};

class EngineStart : public ::testing::TestWithParam<FailedStart> {};

TEST_P(EngineStart, ThatFailsIsTheRevisionsFaultOnlyIfAnotherCouldDoBetter) {
  FakeNode node;
  node.host.set_program(node.process("web"),
                        {.start_error = base::Error(GetParam().code, GetParam().message), .stop_takes = {}});
  node.desire({FakeApp("app").process("web", {"/usr/bin/web"})});
  node.pass(1h);
  EXPECT_EQ(node.section("app").phase, GetParam().after);
  EXPECT_THAT(node.section("app").message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, EngineStart,
    ::testing::Values(
        FailedStart{"NoFilesLeft", base::Code::kIo, "Too many open files", SectionPhase::kRetrying},
        FailedStart{"NoProcessesLeft", base::Code::kUnavailable, "cannot start", SectionPhase::kRetrying},
        FailedStart{"TheShimIsTooSlow", base::Code::kTimeout, "does not answer", SectionPhase::kRetrying},
        FailedStart{"AProgramForAnotherMachine", base::Code::kUnsupported, "Exec format error",
                    SectionPhase::kQuarantined},
        FailedStart{"NoSuchProgram", base::Code::kNotFound, "No such file", SectionPhase::kQuarantined},
        FailedStart{"NotExecutable", base::Code::kPermission, "Permission denied",
                    SectionPhase::kQuarantined}),
    [](const auto& info) { return info.param.name; });

TEST(EngineStoreDamaged, ABodyThatCannotBeReadIsNotTheRevisionsFault) {
  FakeNode node;
  node.desire({good()});
  node.settle();
  const FakeApp next = good().file("c", "/etc/c", "c");
  node.desire({next});
  node.store.damage(kBodyTable, next.digest().view());
  node.pass(1h);
  EXPECT_EQ(node.count_events("Quarantined"), 0U);
  EXPECT_EQ(node.section("app").reason, "Corrupt");
  EXPECT_EQ(node.content("/etc/a"), "good");
}

TEST(EnginePermission, CountsAsAFailureOfTheRevision) {
  FakeNode node;
  node.desire({good()});
  node.settle();
  node.host.set_fault("/forbidden", base::FileFault::kPermission);
  node.desire({good().file("x", "/forbidden/x", "x")});
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("app").message, HasSubstr("/forbidden/x"));
}

TEST(EngineStoreFull, TheHostIsNotTouchedBeforeTheIntentIsStored) {
  FakeNode node;
  node.desire({good()});
  node.store.full_after(0);
  node.pass(1min);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.section("app").reason, "NoSpace");
  node.store.full_after(std::nullopt);
  node.pass(4min);
  EXPECT_EQ(node.content("/etc/a"), "good");
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EngineStoreFull, ResultsThatCouldNotBeStoredAreFoundAgain) {
  FakeNode node;
  node.desire({good()});
  node.store.full_after(1);  // the intents, but not the results
  node.pass(1min);
  EXPECT_EQ(node.content("/etc/a"), "good");
  const auto writes = node.host.touched().writes;
  node.store.full_after(std::nullopt);
  node.pass(4min);
  EXPECT_EQ(node.host.touched().writes, writes);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EngineDirectoryInTheWay, IsNamedAndNothingIsHalfApplied) {
  FakeNode node;
  node.host.folder_by_hand("/etc/a");
  node.desire({good()});
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("app").message, HasSubstr("/etc/a"));
}

TEST(EngineFarBack, AGoodStateThatIsNotGoodAnyMoreMakesWayForTheOneBeforeIt) {
  FakeNode node;
  const auto oldest = FakeApp("app").file("a", "/etc/a", "oldest");
  FakeMeta kept;
  kept.prune_disabled = true;
  const auto newer = FakeApp("app")
                         .file("a", "/etc/a", "newer")
                         .file("keep", "/etc/keep", "x", kept)
                         .process_spec("web", kReadyWeb);
  node.desire({oldest});
  node.settle();
  node.desire({newer});
  node.pass(10s);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced);
  // What it needs is gone for good, offline too: neither the new one nor the newest good one becomes healthy.
  node.host.set_probe(kWebProbe, {.ok = false, .detail = "no camera"});
  node.host.kill_by_hand(node.process("web"));
  node.desire({FakeApp("app").file("a", "/etc/a", "bad").process_spec("web", kReadyWeb)});
  node.pass(4min);
  node.pass(3min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "oldest");
  EXPECT_EQ(node.section("app").last_good, oldest.digest());
  EXPECT_THAT(node.last_event("RollbackFailed"), HasSubstr("next is section " + oldest.digest().brief()));
  ASSERT_TRUE(node.restart());
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/a"), "oldest") << "across restarts";
  EXPECT_FALSE(node.runs("web")) << "only the states that were given up had it";
  EXPECT_EQ(node.resource("Process/web").key.name, "") << "and it is not kept by the rollback, either";
  EXPECT_EQ(node.content("/etc/keep"), "x");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
}

TEST(EngineFarBack, WhatTheStateGivenUpTookOverStays) {
  FakeNode node;
  node.host.edit_by_hand("/etc/b", "somebody's");
  node.desire({FakeApp("app").file("a", "/etc/a", "oldest")});
  node.settle();
  node.desire({FakeApp("app").file("b", "/etc/b", "newer").process_spec("web", kReadyWeb)});
  node.pass(10s);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.host.set_probe(kWebProbe, {.ok = false, .detail = "no camera"});
  node.host.kill_by_hand(node.process("web"));
  node.desire({FakeApp("app").file("b", "/etc/b", "bad").process_spec("web", kReadyWeb)});
  node.pass(7min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "oldest");
  EXPECT_FALSE(node.runs("web"));
  EXPECT_TRUE(node.content("/etc/b")) << "it was there before";
}

}  // namespace
}  // namespace holdfast::edge_agent
