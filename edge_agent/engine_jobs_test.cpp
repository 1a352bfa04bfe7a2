// SPDX-License-Identifier: Apache-2.0
// Jobs and CronJobs on the node: run once, tried again, limited, adopted, forgotten, on a fake container engine and a clock that leaps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/job_runner.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using sync::Health;
using sync::SectionPhase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kImage = "registry.example.com/job:1";
const ContainerName kMigrate{"hf.default.migrate.app"};

class EngineJobs : public ::testing::Test {
 protected:
  EngineJobs() { node.have_image(kImage); }
  static std::string pod(const std::string& args, const std::string& policy = "Never") {
    return R"("template":{"spec":{"restartPolicy":")" + policy +
           R"(","containers":[{"name":"app","image":")" + kImage + R"(","args":[")" + args + R"("]}]}})";
  }
  static FakeApp job(const std::string& more = "", const std::string& args = "1",
                     const std::string& policy = "Never") {
    FakeApp app("app");
    app.policy.progress_deadline = 24h;
    app.policy.retry.limit = 0;
    return app.workload("Job", "migrate", "{" + more + pod(args, policy) + "}");
  }
  static FakeApp cron(const std::string& more, const std::string& job_more = "",
                      const std::string& args = "1") {
    FakeApp app("app");
    return app.workload("CronJob", "report",
                        "{" + more + R"("jobTemplate":{"spec":{)" + job_more + pod(args) + "}}}");
  }
  void start(const FakeApp& app) {
    node.desire({app});
    node.settle();
  }
  void exit(std::int64_t code) {
    node.containers.exit_by_hand(kMigrate, code);
    node.run();
    node.pass(20ms);
  }
  bool runs() const { return node.containers.running().contains(kMigrate.str()); }
  std::string label(const char* name) const {
    const auto* state = node.containers.container(kMigrate);
    if (state == nullptr || !state->labels.contains(name)) return "";
    return state->labels.at(name);
  }
  sync::ResourceStatus status() { return node.resource("Job/migrate"); }
  /// What there is of the CronJob's Jobs, by names without prefix: "29453761".
  std::vector<std::string> there() const {
    std::vector<std::string> out;
    for (std::int64_t minute = first; minute < first + 20'000; ++minute) {
      const ContainerName name{"hf.default.report-" + std::to_string(minute) + ".app"};
      if (node.containers.container(name) != nullptr) out.push_back(std::to_string(minute - first));
    }
    return out;
  }
  ContainerName at(std::int64_t minute) const {
    return ContainerName("hf.default.report-" + std::to_string(first + minute) + ".app");
  }

  FakeNode node;
  std::int64_t first = node.clock.wall().time_since_epoch() / 1min;
};

TEST_F(EngineJobs, RunsOnceAndIsDone) {
  start(job());
  EXPECT_TRUE(runs());
  EXPECT_EQ(status().health, Health::kProgressing);
  EXPECT_EQ(status().reason, "Running");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying) << "a section waits for its Job";
  exit(0);
  EXPECT_EQ(status().health, Health::kHealthy);
  EXPECT_EQ(status().reason, "Completed");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.pass(24h);
  EXPECT_THAT(node.containers.changes(), IsEmpty()) << "and never again";
  EXPECT_EQ(status().health, Health::kHealthy);
}

TEST_F(EngineJobs, ItsPodMayBeTakenAwayByHandWhenItIsDone) {
  start(job());
  exit(0);
  node.containers.remove_by_hand(kMigrate);
  node.pass(1h);
  EXPECT_EQ(node.containers.container(kMigrate), nullptr);
  EXPECT_EQ(status().health, Health::kHealthy);
}

TEST_F(EngineJobs, ATryThatFailedIsFollowedByAnotherPodAfterTenSeconds) {
  start(job());
  const auto before = node.containers.container(kMigrate)->id;
  EXPECT_EQ(label(job_labels::kTry), "1");
  exit(3);
  node.pass(9s);
  EXPECT_FALSE(runs());
  EXPECT_THAT(status().message, HasSubstr("1 try has failed, the last: container app exited with code 3"));
  node.pass(2s);
  EXPECT_TRUE(runs());
  EXPECT_EQ(label(job_labels::kTry), "2");
  EXPECT_NE(node.containers.container(kMigrate)->id, before) << "a fresh one";
  exit(3);
  node.pass(19s);
  EXPECT_FALSE(runs());
  node.pass(2s);
  EXPECT_TRUE(runs());
  exit(0);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineJobs, AfterTooManyFailuresTheRevisionHasFailed) {
  node.containers.set_program(kMigrate, {.exits_with = 3, .exits_after = 1s});
  start(job(R"("backoffLimit":2,)"));
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("app").message, HasSubstr("failed 3 times (backoffLimit 2)"));
}

TEST_F(EngineJobs, EachCompletionIsAPodOfItsOwn) {
  node.containers.set_program(kMigrate, {.exits_with = 0, .exits_after = 1s});
  start(job(R"("completions":3,)"));
  node.pass(10s);
  EXPECT_EQ(status().reason, "Completed");
  EXPECT_EQ(label(job_labels::kTry), "3");
  EXPECT_EQ(std::ranges::count(node.containers.changes(), "start hf.default.migrate.app"), 3);
}

TEST_F(EngineJobs, ItsDeadlineEndsIt) {
  start(job(R"("activeDeadlineSeconds":60,)"));
  node.pass(58s);
  EXPECT_TRUE(runs());
  node.pass(3s);
  EXPECT_FALSE(runs());
  EXPECT_THAT(node.section("app").message, HasSubstr("activeDeadlineSeconds"));
}

TEST_F(EngineJobs, ItsContainersGoWhenTheirTimeIsOverAndItCountsAsDone) {
  start(job(R"("ttlSecondsAfterFinished":60,)"));
  exit(0);
  node.pass(50s);
  EXPECT_NE(node.containers.container(kMigrate), nullptr);
  node.pass(15s);
  EXPECT_EQ(node.containers.container(kMigrate), nullptr);
  ASSERT_TRUE(node.restart());
  node.pass(1h);
  EXPECT_EQ(node.containers.container(kMigrate), nullptr);
  EXPECT_EQ(status().health, Health::kHealthy);
}

TEST_F(EngineJobs, SuspendedItDoesNotRunAndHoldsNobodyUp) {
  FakeApp app = job(R"("suspend":true,)");
  app.file("after", "/after", "x", {.wave = 1});
  start(app);
  EXPECT_FALSE(runs());
  EXPECT_EQ(status().health, Health::kSuspended);
  EXPECT_EQ(node.content("/after"), "x");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  start(job(R"("suspend":false,)"));
  EXPECT_TRUE(runs());
  start(job(R"("suspend":true,)"));
  EXPECT_EQ(node.containers.container(kMigrate), nullptr);
  EXPECT_EQ(status().health, Health::kSuspended);
}

TEST_F(EngineJobs, AnotherTemplateIsAnotherRunAndTheWayBackDoesNothingTwice) {
  node.containers.set_program(kMigrate, {.exits_with = 0, .exits_after = 1s});
  start(job());
  node.pass(2s);
  node.containers.set_program(kMigrate, {.exits_with = 1, .exits_after = 1s});
  start(job(R"("backoffLimit":0,)", "2"));
  node.forget_touched();
  node.pass(10s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(status().reason, "Completed") << "that of the good state was done before";
  EXPECT_EQ(std::ranges::count(node.containers.changes(), "start hf.default.migrate.app"), 0);
}

TEST_F(EngineJobs, ANewLimitAloneRunsNothingAgain) {
  start(job());
  exit(0);
  node.forget_touched();
  start(job(R"("backoffLimit":3,"activeDeadlineSeconds":10,)"));
  node.pass(1min);
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  EXPECT_EQ(status().reason, "Completed");
}

TEST_F(EngineJobs, OnFailureItIsStartedAgainWithinItsPod) {
  start(job("", "1", "OnFailure"));
  const auto before = node.containers.container(kMigrate)->id;
  exit(1);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.containers.container(kMigrate)->id, before);
  exit(0);
  EXPECT_EQ(status().reason, "Completed");
}

TEST_F(EngineJobs, RemovedFromGitItGoesWithItsRecord) {
  start(job().file("a", "/a", "x"));
  start(FakeApp("app").file("a", "/a", "x"));
  EXPECT_EQ(node.containers.container(kMigrate), nullptr);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  start(job());
  EXPECT_TRUE(runs()) << "it is a new one";
}

TEST_F(EngineJobs, KilledAtAnyPointEachTryRunsAndCountsOnce) {
  for (std::size_t point = 0; point < 120; ++point) {
    FakeNode one;
    one.have_image(kImage);
    one.containers.set_program(kMigrate, {.exits_with = 0, .exits_after = 50ms});
    one.desire({job(R"("completions":3,)")});
    for (std::size_t i = 0; i < point; ++i) {
      one.engine().run_due();
      one.containers.deliver();
      one.host.deliver();
      one.clock.advance(5ms);
    }
    ASSERT_TRUE(one.restart());
    one.pass(10s);
    EXPECT_EQ(one.section("app").phase, SectionPhase::kSynced) << "point " << point;
    EXPECT_EQ(std::ranges::count(one.containers.changes(), "start hf.default.migrate.app"), 3)
        << "point " << point;
    if (HasFailure()) break;
  }
}

TEST_F(EngineJobs, WhileItsRecordCannotBeStoredNothingIsDoneForIt) {
  start(FakeApp("app").file("a", "/a", "x"));
  node.desire({job()});
  node.run();
  node.store.set_read_only(true);
  node.pass(1min);
  const auto starts = std::ranges::count(node.containers.changes(), "start hf.default.migrate.app");
  node.store.set_read_only(false);
  node.pass(5min);
  EXPECT_LE(starts, 1);
  EXPECT_TRUE(runs());
}

TEST_F(EngineJobs, WhatIsAdoptedIsMadeWholeWhenItsTimeComes) {
  start(job());
  exit(1);
  node.containers.remove_by_hand(kMigrate);
  node.run();
  start(job(R"("backoffLimit":9,)"));
  node.pass(15s);
  ASSERT_TRUE(runs());
  EXPECT_THAT(*node.containers.spec_of(kMigrate)->arguments, ElementsAre("1"));
  EXPECT_THAT(node.containers.spec_of(kMigrate)->log_driver, Not(IsEmpty())) << "a shed pod has none";
}

/// What a run is must not hang on what this agent makes of a manifest: another version would run all again.
TEST_F(EngineJobs, ARunIsCalledByWhatGitSays) {
  start(job());
  const auto spec = base::parse_json("{" + pod("1") + "}");
  const auto run =
      base::Digest::of(base::canonical_json({{"completions", 1}, {"pod", (*spec)["template"]["spec"]}}));
  EXPECT_EQ(label(job_labels::kRun), run.hex());
}

TEST_F(EngineJobs, UnderAnotherNameOfItsContainerWhatWasDoneIsKnown) {
  node.containers.set_program(kMigrate, {.exits_with = 0, .exits_after = 100ms});
  node.containers.set_program(ContainerName("hf.default.migrate.main"),
                              {.exits_with = 0, .exits_after = 100ms});
  start(job());
  FakeApp other("app");
  other.workload(
      "Job", "migrate",
      std::string(R"({"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":")") +
          kImage + R"("}]}}})");
  start(other);
  node.pass(5s);
  EXPECT_EQ(status().reason, "Completed");
  node.forget_touched();
  start(job());
  node.pass(1min);
  EXPECT_EQ(status().reason, "Completed");
  EXPECT_EQ(std::ranges::count(node.containers.changes(), "start hf.default.migrate.app"), 0);
}

// ---- CronJobs ----

TEST_F(EngineJobs, StartsByTheClock) {
  start(cron(R"("schedule":"*/2 * * * *",)"));
  EXPECT_EQ(node.resource("CronJob/report").health, Health::kHealthy);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
  EXPECT_THAT(there(), IsEmpty());
  node.pass(2min);
  EXPECT_THAT(there(), ElementsAre("2"));
  EXPECT_THAT(node.containers.running(), SizeIs(1));
  node.pass(2min);
  EXPECT_THAT(node.containers.running(), SizeIs(2)) << "concurrencyPolicy is Allow";
}

TEST_F(EngineJobs, NothingIsReadBetweenTwoStarts) {
  start(cron(R"("schedule":"0 0 * * *",)"));
  node.forget_touched();
  node.pass(20h);
  EXPECT_EQ(node.containers.touched(), base::EngineTouched{});
}

TEST_F(EngineJobs, KeepsItsHistoryAndNoMore) {
  start(cron(R"("schedule":"* * * * *","successfulJobsHistoryLimit":2,"failedJobsHistoryLimit":1,)",
             R"("backoffLimit":0,)"));
  for (int minute = 1; minute <= 6; ++minute) {
    node.containers.set_program(at(minute), {.exits_with = minute % 2, .exits_after = 5s});
  }
  node.pass(6min + 30s);
  EXPECT_THAT(there(), ElementsAre("4", "5", "6"));
  EXPECT_EQ(node.resource("CronJob/report").reason, "");
  node.containers.set_program(at(7), {.exits_with = 3, .exits_after = 5s});
  node.pass(1min);
  EXPECT_EQ(node.resource("CronJob/report").reason, "LastJobFailed");
  EXPECT_EQ(node.resource("CronJob/report").health, Health::kHealthy);
}

TEST_F(EngineJobs, ForbidWaitsAndReplaceStops) {
  start(cron(R"("schedule":"* * * * *","concurrencyPolicy":"Forbid",)"));
  node.pass(3min + 30s);
  EXPECT_THAT(there(), ElementsAre("1"));
  EXPECT_EQ(node.resource("CronJob/report").reason, "HeldBack");
  node.containers.exit_by_hand(at(1), 0);
  node.pass(1s);
  EXPECT_THAT(there(), ElementsAre("1", "3"));
  start(cron(R"("schedule":"* * * * *","concurrencyPolicy":"Replace",)"));
  node.pass(1min);
  EXPECT_THAT(there(), ElementsAre("1", "4"));
}

TEST_F(EngineJobs, AClockThatLeapsAheadIsOneStartAndIsSaid) {
  start(cron(R"("schedule":"* * * * *",)"));
  node.clock.jump_wall(10min);
  node.pass(6min);
  EXPECT_GE(there().size(), 1U);
  EXPECT_LE(there().size(), 7U);
  EXPECT_EQ(node.count_events("MissedSchedule"), 1U);
  EXPECT_THAT(node.last_event("MissedSchedule"), HasSubstr("were missed, and are left out"));
}

TEST_F(EngineJobs, WhatCannotBeReplacedIsNotReplacedForEver) {
  start(cron(R"("schedule":"* * * * *","concurrencyPolicy":"Replace",)"));
  for (int minute = 1; minute < 400; ++minute)
    node.containers.set_program(at(minute), {.ignores_term = true});
  node.containers.set_failure(base::EngineCall::kStop, base::Error(base::Code::kIo, "it does not stop"));
  node.pass(5h);
  EXPECT_LE(there().size(), 17U);
  ASSERT_TRUE(node.restart()) << "and what is stored of them reads";
  EXPECT_EQ(node.resource("CronJob/report").key.name, "report");
}

TEST_F(EngineJobs, ARecordThatSaysNothingCostsThatRecordAndNotTheStore) {
  start(cron(R"("schedule":"* * * * *",)"));
  const auto damaged = node.store.write(
      [](sync::WriteTxn& txn) { return txn.put(kJobTable, "batch/CronJob/default/report", "nonsense"); });
  ASSERT_TRUE(damaged);
  ASSERT_TRUE(node.restart());
  node.pass(2min);
  EXPECT_THAT(there(), Not(IsEmpty()));
}

TEST_F(EngineJobs, AfterANightWithoutPowerOneJobIsStarted) {
  start(cron(R"("schedule":"0 * * * *",)"));
  node.kill();
  node.clock.advance(10h);
  ASSERT_TRUE(node.boot());
  node.settle();
  EXPECT_THAT(there(), ElementsAre("600"));
}

TEST_F(EngineJobs, KilledAtAnyPointAStartIsNeitherLostNorDoubled) {
  for (std::size_t point = 0; point < 60; ++point) {
    FakeNode one;
    one.have_image(kImage);
    one.desire({cron(R"("schedule":"0 * * * *",)")});
    one.pass(1h - 1s);
    one.containers.set_program(ContainerName("hf.default.report-" + std::to_string(first + 60) + ".app"),
                               {.exits_with = 0, .exits_after = 50ms});
    one.clock.advance(1s);
    for (std::size_t i = 0; i < point; ++i) {
      one.engine().run_due();
      one.containers.deliver();
      one.host.deliver();
      one.clock.advance(5ms);
    }
    ASSERT_TRUE(one.restart());
    one.pass(1min);
    std::int64_t starts = 0;
    for (const auto& change : one.containers.changes()) starts += change.starts_with("start ") ? 1 : 0;
    EXPECT_EQ(starts, 1) << "point " << point;
    if (HasFailure()) break;
  }
}

TEST_F(EngineJobs, AnUnknownTimeZoneIsSaidAndWaitsForTheNodeToHaveIt) {
  node.desire({cron(R"("schedule":"0 * * * *","timeZone":"Europe/Berlin",)")});
  node.pass(1min);
  EXPECT_NE(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_THAT(node.resource("CronJob/report").message, HasSubstr("tzdata"));
}

/// RFC 8536: UTC, and nothing else.
std::string zone_file_of_utc() {
  const auto number = [](char value) { return std::string(3, '\0') + value; };
  std::string half = "TZif2" + std::string(15, '\0');
  for (const char count : {'\0', '\0', '\0', '\0', '\1', '\4'}) half += number(count);
  half += std::string(6, '\0') + "UTC" + '\0';
  return half + half + "\nUTC0\n";
}

TEST_F(EngineJobs, TimeZonesAreTheMachinesWhateverRootFilesLiveUnder) {
  node.host.edit_by_hand("/usr/share/zoneinfo/Europe/Berlin", "no zone");
  node.machine_files["/usr/share/zoneinfo/Europe/Berlin"] = zone_file_of_utc();
  ASSERT_TRUE(node.restart());
  node.desire({cron(R"("schedule":"0 * * * *","timeZone":"Europe/Berlin",)")});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
}

TEST_F(EngineJobs, AChangedCronJobStopsNoJobThatRuns) {
  start(cron(R"("schedule":"* * * * *",)"));
  node.pass(1min);
  const auto before = node.containers.container(at(1))->id;
  start(cron(R"("schedule":"0 0 * * *",)", "", "2"));
  node.pass(2min);
  EXPECT_EQ(node.containers.container(at(1))->id, before);
  EXPECT_THAT(node.containers.running(), SizeIs(1));
  ASSERT_TRUE(node.restart());
  node.pass(1min);
  EXPECT_EQ(node.containers.container(at(1))->id, before);
  node.containers.exit_by_hand(at(1), 0);
  node.pass(1s);
  EXPECT_THAT(there(), ElementsAre("1"));
}

TEST_F(EngineJobs, RemovedFromGitACronJobGoesWithItsJobs) {
  start(cron(R"("schedule":"* * * * *",)").file("a", "/a", "x"));
  node.pass(2min);
  start(FakeApp("app").file("a", "/a", "x"));
  EXPECT_THAT(there(), IsEmpty());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineJobs, SuspendedACronJobStartsNothing) {
  start(cron(R"("schedule":"* * * * *","suspend":true,)"));
  node.pass(5min);
  EXPECT_THAT(there(), IsEmpty());
  EXPECT_EQ(node.resource("CronJob/report").health, Health::kSuspended);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineJobs, ALostRecordOfJobsIsMadeOfWhatIsThere) {
  start(cron(R"("schedule":"* * * * *","successfulJobsHistoryLimit":1,)"));
  node.pass(1min);
  node.containers.exit_by_hand(at(1), 0);
  node.pass(1s);
  const auto lost = node.store.write(
      [](sync::WriteTxn& txn) { return txn.erase(kJobTable, "batch/CronJob/default/report"); });
  ASSERT_TRUE(lost);
  ASSERT_TRUE(node.restart());
  node.pass(1min);
  node.containers.exit_by_hand(at(2), 0);
  node.pass(1s);
  EXPECT_THAT(there(), ElementsAre("2")) << "what was lost is history, too";
}

/// What is under way goes on as it began, until the turn of what takes its place.
TEST_F(EngineJobs, ACronJobGoesByTheOldRevisionUntilTheNewOnesTurnHasCome) {
  start(cron(R"("schedule":"* * * * *",)", "", "old"));
  ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced);
  base::FakeProgram slow;
  slow.exits_after = 150s;
  slow.exits_with = 0;
  node.host.set_program(node.process("before"), slow);
  FakeMeta presync;
  presync.hook = "PreSync";
  FakeApp next = cron(R"("schedule":"* * * * *",)", "", "new");
  next.policy.progress_deadline = 1h;
  start(next.process_spec("before", R"({"command":["/usr/bin/before"],"restartPolicy":"Never"})", presync));
  node.pass(2min);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kApplying);
  ASSERT_THAT(there(), ElementsAre("1", "2"));
  EXPECT_THAT(*node.containers.spec_of(at(1))->arguments, ElementsAre("old"));
  EXPECT_THAT(*node.containers.spec_of(at(2))->arguments, ElementsAre("old"));
  node.pass(2min);
  EXPECT_THAT(*node.containers.spec_of(at(4))->arguments, ElementsAre("new"));
}

}  // namespace
}  // namespace holdfast::edge_agent
