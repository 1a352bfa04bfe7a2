// SPDX-License-Identifier: Apache-2.0
// Jobs and Pods as hooks: the same stages, policies and attempts as a Process; their own are what a Job calls a failure, and
// containers that somebody takes away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_hooks.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using sync::Health;
using sync::SectionPhase;
using sync::SyncStatus;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kImage = "registry.example.com/migrate:1";
const ContainerName kMigrate{"hf.default.migrate.app"};

std::string container(const std::string& args = "1", const std::string& image = kImage) {
  return R"("containers":[{"name":"app","image":")" + image + R"(","args":[")" + args + R"("]}])";
}

enum class Kind { kJob, kPod };

class ContainerHookNode : public HookNode {
 public:
  ContainerHookNode() { have_image(kImage); }
  void migrate_ends(std::int64_t code, std::chrono::milliseconds after = 10s) {
    containers.set_program(kMigrate, {.exits_with = code, .exits_after = after});
  }
  std::ptrdiff_t count(const std::string& change) const {
    return std::ranges::count(containers.changes(), change + " " + kMigrate.str());
  }
  std::ptrdiff_t runs_of_it() const { return count("start"); }
  bool migrate_runs() const { return containers.running().contains(kMigrate.str()); }
  bool is_there() const { return containers.container(kMigrate) != nullptr; }
};

/// A Job has one try, unless `more` says another number.
FakeApp with(const FakeApp& app, Kind kind, const FakeMeta& meta,
             const std::string& more = R"("backoffLimit":0,)", const std::string& args = "1") {
  FakeApp out = app;
  if (kind == Kind::kPod)
    return out.pod("migrate", R"({"restartPolicy":"Never",)" + container(args) + "}", meta);
  return out.workload(
      "Job", "migrate",
      "{" + more + R"("template":{"spec":{"restartPolicy":"Never",)" + container(args) + "}}}", meta);
}

class EngineContainerHook : public ::testing::TestWithParam<Kind> {
 protected:
  FakeApp app(const std::string& version, const FakeMeta& meta = hook("PreSync")) const {
    return with(versioned(version), GetParam(), meta);
  }
  std::string brief() const { return GetParam() == Kind::kJob ? "Job/migrate" : "Pod/migrate"; }
  sync::ResourceStatus status() { return node.resource(brief()); }
  ContainerHookNode node;
};

TEST_P(EngineContainerHook, EndsWellBeforeAnythingElseIsTouched) {
  node.migrate_ends(0);
  node.desire({app("1")});
  node.pass(9s);
  EXPECT_TRUE(node.migrate_runs());
  EXPECT_EQ(status().health, Health::kProgressing);
  EXPECT_FALSE(node.content("/etc/a"));
  EXPECT_EQ(node.resource("File/a").message, "waits for the PreSync hooks to end well");
  node.pass(3s);
  EXPECT_EQ(node.content("/etc/a"), "1");
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
  EXPECT_EQ(status().reason, "HookSucceeded");
  EXPECT_EQ(node.runs_of_it(), 1);
}

TEST_P(EngineContainerHook, ThatFailsLeavesTheOldVersionUntouched) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  const auto pid = node.status("web").identity->pid;
  node.migrate_ends(3, 1s);
  node.desire({app("2")});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("app").message, HasSubstr("exited with code 3"));
  EXPECT_EQ(node.runs_of_it(), 2) << "once for each attempt";
  EXPECT_EQ(node.status("web").identity->pid, pid);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(node.host.touched().writes, 0U);
}

TEST_P(EngineContainerHook, RunsOnceForARevisionHoweverOftenTheAgentIsRestarted) {
  node.migrate_ends(0);
  node.desire({app("1")});
  for (int i = 0; i < 12; ++i) {
    node.pass(3s);
    ASSERT_TRUE(node.restart());
  }
  node.pass(1h);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(status().reason, "HookSucceeded");
  EXPECT_EQ(node.runs_of_it(), 1);
}

TEST_P(EngineContainerHook, RunsAgainWithAnotherRevisionAlsoIfItIsTheSame) {
  node.migrate_ends(0, 1s);
  ASSERT_TRUE(node.begins_with(app("1")));
  node.desire({app("2")});
  node.pass(1min);
  EXPECT_EQ(node.runs_of_it(), 1);
  node.desire({app("1")});
  node.pass(1min);
  EXPECT_EQ(node.runs_of_it(), 2) << "also where that revision was here before";
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_P(EngineContainerHook, IsNotRunOnTheWayBack) {
  node.migrate_ends(0, 1s);
  ASSERT_TRUE(node.begins_with(app("1")));
  node.ends("check", 1, 1s);
  node.desire({app("2").process_spec("check", once("check"), hook("PostSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(node.runs_of_it(), 2) << "for two attempts of the new one";
  EXPECT_EQ(status().sync, SyncStatus::kSynced);
}

TEST_P(EngineContainerHook, OfSyncFailRunsOnceAfterTheLastFailure) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.migrate_ends(0, 1s);
  node.ends("check", 1, 1s);
  node.desire({app("2", hook("SyncFail")).process_spec("check", once("check"), hook("PostSync"))});
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(node.runs_of_it(), 1);
}

TEST_P(EngineContainerHook, ThatDoesNotEndInTimeHasFailedAndIsStopped) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.desire({app("2")});
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.section("app").reason, "ProgressDeadlineExceeded");
  EXPECT_EQ(node.runs_of_it(), 2);
  EXPECT_FALSE(node.migrate_runs());
  EXPECT_EQ(node.content("/etc/a"), "1");
}

TEST_P(EngineContainerHook, ThatARevisionDoesNotHaveAnyMoreEndsBeforeItBegins) {
  node.containers.set_program(kMigrate, {.stop_takes = 5s});
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.desire({app("2")});
  node.pass(5s);
  ASSERT_TRUE(node.migrate_runs());
  node.desire({versioned("3")});
  node.pass(2s);
  EXPECT_EQ(node.content("/etc/a"), "1") << "it is still ending";
  node.pass(1min);
  EXPECT_EQ(node.content("/etc/a"), "3");
  EXPECT_FALSE(node.is_there());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_P(EngineContainerHook, ThatARevisionHasAtALaterStageEndsBeforeItBegins) {
  node.containers.set_program(kMigrate, {.stop_takes = 5s});
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.desire({app("2")});
  node.pass(5s);
  node.desire({app("3", hook("PostSync"))});
  node.pass(2s);
  EXPECT_EQ(node.content("/etc/a"), "1") << "it is still ending";
  node.migrate_ends(0, 1s);
  node.pass(1min);
  EXPECT_EQ(node.content("/etc/a"), "3");
  EXPECT_EQ(node.runs_of_it(), 2);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_P(EngineContainerHook, ThatIsOverIsNoDriftAndNeverStartedAgain) {
  node.migrate_ends(0, 1s);
  ASSERT_TRUE(node.begins_with(app("1")));
  const auto commits = node.store.commits();
  node.pass(24h);
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  EXPECT_EQ(node.store.commits(), commits);
  node.containers.remove_by_hand(kMigrate);
  node.pass(1h);
  node.reboot();
  node.pass(1h);
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
}

TEST_P(EngineContainerHook, GoesWithGitWhole) {
  node.migrate_ends(0, 1s);
  ASSERT_TRUE(node.begins_with(app("1")));
  node.desire({versioned("1")});
  node.pass(1min);
  EXPECT_FALSE(node.is_there());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  const auto record = sync::read_one(node.store, kJobTable, "batch/Job/default/migrate");
  ASSERT_TRUE(record);
  EXPECT_FALSE(*record);
}

TEST_P(EngineContainerHook, WaitsForAnEngineThatIsAway) {
  node.migrate_ends(0, 1s);
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.containers.set_gone(true);
  node.desire({app("2")});
  node.pass(10min);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_NE(node.section("app").phase, SectionPhase::kQuarantined);
  node.containers.set_gone(false);
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.runs_of_it(), 1);
}

TEST_P(EngineContainerHook, WhoseImageIsOnItsWayHasAllTheTimeItNeeds) {
  node.containers.set_failure(base::EngineCall::kImage,
                              base::Error(base::Code::kUnavailable, "no answer of the engine"));
  node.migrate_ends(0, 1s);
  node.desire({app("1")});
  node.pass(30min);
  EXPECT_EQ(node.count_events("Failed"), 0U) << node.last_event("Failed");
  EXPECT_FALSE(node.content("/etc/a"));
  node.containers.set_failure(base::EngineCall::kImage, std::nullopt);
  node.pass(6min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.runs_of_it(), 1);
}

TEST_P(EngineContainerHook, SaysWhatComesNext) {
  node.migrate_ends(0, 5s);
  node.desire({app("1")});
  node.pass(2s);
  EXPECT_THAT(node.engine().why(brief())->front().next,
              HasSubstr("it is waited for until it has ended well"));
  node.pass(1min);
  EXPECT_EQ(node.engine().why(brief())->front().next, "nothing until another revision comes");
}

INSTANTIATE_TEST_SUITE_P(Table, EngineContainerHook, ::testing::Values(Kind::kJob, Kind::kPod),
                         [](const auto& info) { return info.param == Kind::kJob ? "Job" : "Pod"; });

// ---- delete policies ----

struct PolicyRow {
  const char* name;
  const char* policy;
  std::int64_t code;
  bool stays;
};
class EngineContainerHookPolicy : public ::testing::TestWithParam<std::tuple<Kind, PolicyRow>> {};

TEST_P(EngineContainerHookPolicy, SaysWhatIsDeletedOnceItIsOver) {
  const auto& [kind, row] = GetParam();
  ContainerHookNode node;
  node.migrate_ends(row.code, 1s);
  node.desire({with(versioned("1"), kind, hook("PreSync", row.policy))});
  node.pass(2min);
  EXPECT_EQ(node.is_there(), row.stays);
  const auto status = node.resource(kind == Kind::kJob ? "Job/migrate" : "Pod/migrate");
  EXPECT_EQ(status.sync, SyncStatus::kSynced) << "not missing, either";
  EXPECT_EQ(node.section("app").phase, row.code == 0 ? SectionPhase::kSynced : SectionPhase::kQuarantined);
  ASSERT_TRUE(node.restart());
  node.forget_touched();
  node.pass(1h);
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  if (row.code != 0) return;
  node.desire({with(versioned("2"), kind, hook("PreSync", row.policy))});
  node.pass(2min);
  EXPECT_EQ(node.runs_of_it(), 1) << "and it runs with the next revision";
  EXPECT_EQ(node.content("/etc/a"), "2");
}

INSTANTIATE_TEST_SUITE_P(
    Table, EngineContainerHookPolicy,
    ::testing::Combine(::testing::Values(Kind::kJob, Kind::kPod),
                       ::testing::Values(PolicyRow{"NoneAndWell", "", 0, true},
                                         PolicyRow{"NoneAndFailed", "", 1, true},
                                         PolicyRow{"HookSucceededAndWell", "HookSucceeded", 0, false},
                                         PolicyRow{"HookSucceededAndFailed", "HookSucceeded", 1, true},
                                         PolicyRow{"HookFailedAndWell", "HookFailed", 0, true},
                                         PolicyRow{"HookFailedAndFailed", "HookFailed", 1, false})),
    [](const auto& info) {
      return std::string(std::get<0>(info.param) == Kind::kJob ? "Job" : "Pod") +
             std::get<1>(info.param).name;
    });

TEST(EngineContainerHookDelete, ThatWaitedForTheEngineIsDoneOnceItIsThere) {
  for (const Kind kind : {Kind::kJob, Kind::kPod}) {
    ContainerHookNode node;
    node.migrate_ends(0, 1s);
    node.desire({with(versioned("1"), kind, hook("PreSync"))});
    node.pass(1min);
    // The same bytes with another policy would be another attempt, so the engine goes before the delete is done.
    node.desire({with(versioned("2"), kind, hook("PreSync", "HookSucceeded"))});
    for (int i = 0; i < 3'000 && node.content("/etc/a") != "2"; ++i) node.pass(1ms);
    ASSERT_EQ(node.content("/etc/a"), "2");
    node.containers.set_gone(true);
    node.kill();
    ASSERT_TRUE(node.boot());
    node.pass(1min);
    EXPECT_TRUE(node.is_there());
    node.containers.set_gone(false);
    node.pass(5min);
    EXPECT_FALSE(node.is_there());
    EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  }
}

TEST(EngineContainerHookDelete, IsDoneAlsoWhereTheEngineWentWhileTheAgentRan) {
  for (const Kind kind : {Kind::kJob, Kind::kPod}) {
    ContainerHookNode node;
    node.containers.set_program(kMigrate, {.exits_with = 0, .exits_after = 1s});
    const std::string brief = kind == Kind::kJob ? "Job/migrate" : "Pod/migrate";
    node.desire({with(versioned("1"), kind, hook("PreSync", "HookSucceeded"))});
    node.containers.set_failure(base::EngineCall::kRemove, base::Error(base::Code::kIo, "it does not go"));
    node.pass(1min);
    ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced);
    ASSERT_TRUE(node.is_there());
    node.containers.set_gone(true);
    node.containers.set_failure(base::EngineCall::kRemove, std::nullopt);
    node.pass(10min);
    EXPECT_EQ(node.resource(brief).health, Health::kHealthy);
    node.containers.set_gone(false);
    node.pass(5min);
    EXPECT_FALSE(node.is_there());
  }
}

// ---- what is a Job's ----

class EngineJobHook : public ::testing::Test {
 protected:
  static FakeApp app(const std::string& version, const std::string& more,
                     const FakeMeta& meta = hook("PreSync")) {
    return with(versioned(version), Kind::kJob, meta, more);
  }
  ContainerHookNode node;
};

TEST_F(EngineJobHook, IsTriedAgainWithinAnAttemptAsOftenAsItSays) {
  node.migrate_ends(1, 1s);
  FakeApp patient = app("1", R"("backoffLimit":2,)");
  patient.policy.progress_deadline = 1h;
  patient.policy.retry.limit = 0;
  node.desire({patient});
  node.pass(10min);
  EXPECT_EQ(node.runs_of_it(), 3);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("app").message, HasSubstr("failed 3 times (backoffLimit 2)"));
  EXPECT_EQ(node.resource("Job/migrate").reason, "HookFailed");
}

TEST_F(EngineJobHook, ThatIsDoneAtItsSecondTryLetsTheStageGoOn) {
  node.migrate_ends(1, 1s);
  node.desire({app("1", R"("backoffLimit":2,)")});
  node.pass(5s);
  EXPECT_FALSE(node.content("/etc/a"));
  node.migrate_ends(0, 1s);
  node.pass(30s);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(node.runs_of_it(), 2);
}

TEST_F(EngineJobHook, FailsAtItsOwnDeadline) {
  node.desire({app("1", R"("backoffLimit":0,"activeDeadlineSeconds":20,)")});
  node.pass(15s);
  EXPECT_TRUE(node.migrate_runs());
  node.pass(7s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  EXPECT_THAT(node.section("app").message, HasSubstr("activeDeadlineSeconds"));
  EXPECT_FALSE(node.migrate_runs());
}

TEST_F(EngineJobHook, ThatWaitsForItsNextTryWhenItsAttemptIsOverHasNoOther) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.migrate_ends(1, 1s);
  node.desire({app("2", R"("backoffLimit":6,)")});
  node.pass(4s);
  ASSERT_EQ(node.runs_of_it(), 1);
  node.desire({versioned("3")});
  node.pass(5min);
  EXPECT_EQ(node.runs_of_it(), 1);
  EXPECT_FALSE(node.is_there());
  EXPECT_EQ(node.content("/etc/a"), "3");
}

TEST_F(EngineJobHook, LetsItsContainersGoWhenTheirTimeHasCome) {
  node.migrate_ends(0, 1s);
  node.desire({app("1", R"("ttlSecondsAfterFinished":600,)")});
  node.pass(5min);
  EXPECT_TRUE(node.is_there());
  ASSERT_TRUE(node.restart());
  node.pass(6min);
  EXPECT_FALSE(node.is_there());
  EXPECT_EQ(node.resource("Job/migrate").reason, "HookSucceeded") << "what it came to is known all the same";
  node.forget_touched();
  node.pass(24h);
  EXPECT_THAT(node.containers.changes(), IsEmpty());
}

TEST_F(EngineJobHook, IsTriedAgainAfterAReboot) {
  node.desire({app("1", R"("backoffLimit":3,)")});
  node.pass(5s);
  ASSERT_TRUE(node.migrate_runs());
  node.migrate_ends(0, 1s);
  node.reboot();
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.content("/etc/a"), "1");
}

// ---- what is a Pod's ----

class EnginePodHook : public ::testing::Test {
 protected:
  static FakeApp app(const std::string& version, const FakeMeta& meta = hook("PreSync")) {
    return with(versioned(version), Kind::kPod, meta);
  }
  ContainerHookNode node;
};

TEST_F(EnginePodHook, WhoseContainerIsTakenAwayBeforeItEndedHasFailedAndIsNotRunTwice) {
  ASSERT_TRUE(node.begins_with(versioned("1")));
  node.desire({app("2")});
  node.pass(3s);
  ASSERT_TRUE(node.migrate_runs());
  node.containers.remove_by_hand(kMigrate);
  node.pass(2s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  EXPECT_THAT(node.section("app").message, HasSubstr("its containers were taken away"));
  EXPECT_EQ(node.runs_of_it(), 1);
  node.migrate_ends(0, 1s);
  node.pass(1min);
  EXPECT_EQ(node.runs_of_it(), 2) << "for the next attempt";
  EXPECT_EQ(node.content("/etc/a"), "2");
}

TEST_F(EnginePodHook, WhoseContainerWasTakenAwayWhileNobodyLookedHasFailed) {
  node.migrate_ends(0, 5s);
  node.desire({app("1")});
  node.pass(2s);
  node.kill();
  node.clock.advance(10s);
  node.containers.deliver();
  node.containers.remove_by_hand(kMigrate);
  ASSERT_TRUE(node.boot());
  node.pass(2s);
  EXPECT_EQ(node.runs_of_it(), 1);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying) << "how it ended nobody knows";
}

TEST_F(EnginePodHook, WithOnFailureIsStartedAgainUntilItHasEndedWell) {
  node.migrate_ends(1, 1s);
  node.desire({versioned("1").pod("migrate", R"({"restartPolicy":"OnFailure",)" + container() + "}",
                                  hook("PreSync"))});
  node.pass(10s);
  EXPECT_FALSE(node.content("/etc/a"));
  EXPECT_GT(node.runs_of_it(), 1);
  EXPECT_EQ(node.count("remove"), 0) << "in the same container";
  node.migrate_ends(0, 1s);
  node.pass(30s);
  EXPECT_EQ(node.content("/etc/a"), "1");
}

TEST_F(EnginePodHook, WithAPortOfTheNodeGoesWhole) {
  node.migrate_ends(0, 1s);
  node.desire(
      {versioned("1").pod("migrate",
                          R"({"restartPolicy":"Never","containers":[{"name":"app","image":")" +
                              std::string(kImage) + R"(","ports":[{"containerPort":80,"hostPort":8080}]}]})",
                          hook("PreSync", "HookSucceeded"))});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_FALSE(node.is_there());
  node.desire({FakeApp("other").pod("web", R"({"containers":[{"name":"app","image":")" + std::string(kImage) +
                                               R"(","ports":[{"containerPort":80,"hostPort":8080}]}]})"),
               versioned("1")});
  node.pass(1min);
  EXPECT_EQ(node.section("other").phase, SectionPhase::kSynced) << "its port is free";
}

}  // namespace
}  // namespace holdfast::edge_agent
