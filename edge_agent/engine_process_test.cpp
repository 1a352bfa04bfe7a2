// SPDX-License-Identifier: Apache-2.0
// Processes: adopted and left alone, started again by their restartPolicy, probed, and never restarted
// without cause.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::Health;
using sync::SectionPhase;
using ::testing::HasSubstr;

FakeApp web(const std::string& more = "") {
  return FakeApp("app").process_spec(
      "web", R"({"command":["/usr/bin/web"])" + (more.empty() ? "" : "," + more) + "}");
}

class EngineProcess : public ::testing::Test {
 protected:
  void start(const FakeApp& app) {
    node.desire({app});
    node.settle();
  }
  std::size_t starts() const { return node.host.touched().starts; }
  FakeNode node;
};

TEST_F(EngineProcess, IsStartedAndHealthy) {
  start(web());
  EXPECT_TRUE(node.runs("web"));
  EXPECT_EQ(node.resource("Process/web").health, Health::kHealthy);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  const auto* started = node.host.started_with(node.process("web"));
  EXPECT_EQ(started->argv, (std::vector<std::string>{"/usr/bin/web"}));
  EXPECT_EQ(started->env.back().first, "PATH");
}

TEST_F(EngineProcess, ARestartOfTheAgentRestartsNothing) {
  start(web());
  node.forget_touched();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(node.restart());
    node.settle();
  }
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.resource("Process/web").health, Health::kHealthy);
}

TEST_F(EngineProcess, ARebootWithoutANetworkStartsEverythingAgain) {
  start(web());
  node.reboot();
  EXPECT_FALSE(node.runs("web"));
  node.settle();
  EXPECT_TRUE(node.runs("web"));
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
}

TEST_F(EngineProcess, KilledByHandItIsBackAtOnce) {
  start(web());
  node.host.kill_by_hand(node.process("web"));
  node.run();
  EXPECT_TRUE(node.runs("web"));
  EXPECT_THAT(node.last_event("Restarted"), HasSubstr("signal 9"));
}

TEST_F(EngineProcess, LaterRestartsBackOffAsInKubernetes) {
  start(web());
  node.host.kill_by_hand(node.process("web"));
  node.run();
  for (const auto wait : {10s, 20s, 40s}) {
    node.host.kill_by_hand(node.process("web"));
    node.pass(wait - 1s);
    EXPECT_FALSE(node.runs("web"));
    EXPECT_EQ(node.resource("Process/web").reason, "CrashLoopBackOff");
    EXPECT_EQ(node.section("app").health, Health::kDegraded);
    node.pass(2s);
    EXPECT_TRUE(node.runs("web"));
  }
}

TEST_F(EngineProcess, TenMinutesOfRunningForgiveTheCrashes) {
  start(web());
  for (int i = 0; i < 3; ++i) {
    node.host.kill_by_hand(node.process("web"));
    node.pass(1min);
  }
  node.pass(11min);
  node.host.kill_by_hand(node.process("web"));
  node.run();
  EXPECT_TRUE(node.runs("web"));
}

TEST_F(EngineProcess, ACrashLoopDoesNotFlapTheSnapshotByTime) {
  start(web());
  for (int i = 0; i < 4; ++i) {
    node.host.kill_by_hand(node.process("web"));
    node.run();
    if (i == 3) break;
    node.pass(1min);
  }
  int changes = 0;
  node.engine().on_changed([&] { ++changes; });
  node.pass(30s);
  EXPECT_EQ(changes, 0);
}

struct Policy {
  const char* name;
  const char* policy;
  std::int32_t code;
  bool restarts;
  const char* reason;
  Health health;
};

class EngineRestartPolicy : public EngineProcess, public ::testing::WithParamInterface<Policy> {};

TEST_P(EngineRestartPolicy, DecidesWhatAnExitMeans) {
  start(web(std::string(R"("restartPolicy":")") + GetParam().policy + "\""));
  node.host.exit_by_hand(node.process("web"), GetParam().code);
  node.pass(1s);
  EXPECT_EQ(node.runs("web"), GetParam().restarts);
  EXPECT_EQ(node.resource("Process/web").reason, GetParam().reason);
  EXPECT_EQ(node.resource("Process/web").health, GetParam().health);
  ASSERT_TRUE(node.restart());
  node.settle();
  EXPECT_EQ(node.runs("web"), GetParam().restarts);
}

INSTANTIATE_TEST_SUITE_P(
    Table, EngineRestartPolicy,
    ::testing::Values(Policy{"AlwaysAndGood", "Always", 0, true, "", Health::kHealthy},
                      Policy{"AlwaysAndBad", "Always", 1, true, "", Health::kHealthy},
                      Policy{"OnFailureAndGood", "OnFailure", 0, false, "Completed", Health::kHealthy},
                      Policy{"OnFailureAndBad", "OnFailure", 1, true, "", Health::kHealthy},
                      Policy{"NeverAndGood", "Never", 0, false, "Completed", Health::kHealthy},
                      Policy{"NeverAndBad", "Never", 3, false, "Failed", Health::kDegraded}),
    [](const auto& info) { return info.param.name; });

TEST_F(EngineProcess, AnotherSpecIsStopThenStart) {
  node.host.set_program(node.process("web"), {.start_error = {}, .stop_takes = 3s});
  start(web());
  start(web(R"("args":["--new"])"));
  EXPECT_EQ(node.host.touched().stops, 1U);
  EXPECT_EQ(node.resource("Process/web").reason, "Restarting");
  node.pass(4s);
  EXPECT_EQ(node.host.started_with(node.process("web"))->argv.back(), "--new");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(starts(), 2U);
}

TEST_F(EngineProcess, ANewProbeOrPolicyAloneRestartsNothing) {
  start(web());
  start(web(
      R"("restartPolicy":"OnFailure","livenessProbe":{"tcpSocket":{"port":80}},"terminationGracePeriodSeconds":5)"));
  EXPECT_EQ(starts(), 1U);
  EXPECT_EQ(node.host.touched().stops, 0U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.pass(30s);
  EXPECT_GT(node.host.touched().probes, 0U);
}

TEST_F(EngineProcess, AChangedConfigMapValueInItsEnvironmentRestartsIt) {
  const auto app = [](const std::string& value) {
    return FakeApp("app")
        .config_map("conf", {{"k", value}})
        .process_spec(
            "web",
            R"({"command":["/usr/bin/web"],"env":[{"name":"K","valueFrom":{"configMapKeyRef":{"name":"conf","key":"k"}}}]})");
  };
  start(app("one"));
  start(app("one").file("x", "/x", "x"));
  EXPECT_EQ(starts(), 1U);
  start(app("two"));
  EXPECT_EQ(starts(), 2U);
  EXPECT_EQ(node.host.started_with(node.process("web"))->env.front().second, "two");
}

TEST_F(EngineProcess, AProgramThatCannotBeStartedFailsTheRevision) {
  start(web());
  node.host.set_program(node.process("new"),
                        {.start_error = base::Error(base::Code::kNotFound, "/usr/bin/nobody: no such file")});
  node.desire({web().process("new", {"/usr/bin/nobody"})});
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("app").message, HasSubstr("/usr/bin/nobody"));
  EXPECT_TRUE(node.runs("web"));
}

TEST_F(EngineProcess, OneThatEndsAtOnceIsNeverReportedHealthy) {
  node.host.set_program(node.process("web"), {.start_error = {}, .exits_with = 1, .exits_after = 20ms});
  node.desire({web()});
  node.pass(30s);
  EXPECT_NE(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_NE(node.section("app").health, Health::kHealthy);
  EXPECT_FALSE(node.engine().take_applied());
}

TEST_F(EngineProcess, ALostShimLeavesTheWorkloadAlone) {
  start(web());
  node.forget_touched();
  node.host.kill_shim_by_hand(node.process("web"));
  node.pass(10min);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.resource("Process/web").reason, "ShimLost");
  EXPECT_EQ(node.resource("Process/web").health, Health::kHealthy);
  node.host.end_lost_by_hand(node.process("web"));
  node.pass(10min);
  EXPECT_EQ(starts(), 1U);
  EXPECT_EQ(node.resource("Process/web").reason, "");
}

// ---- ends that nobody saw ----

class EngineEndedUnseen : public EngineProcess {
 protected:
  static FakeApp without_self_heal(FakeApp app) {
    app.policy.self_heal = false;
    return app;
  }
  void cut_power() {
    node.kill();
    node.host.power_cut();
    node.clock.reboot();
    ASSERT_TRUE(node.boot());
    node.settle();
  }
};

TEST_F(EngineEndedUnseen, APowerCutSoonAfterTheStartIsAnEndAndNoDrift) {
  start(without_self_heal(web()));
  cut_power();
  EXPECT_TRUE(node.runs("web"));
  EXPECT_EQ(node.resource("Process/web").reason, "");
  EXPECT_THAT(node.last_event("Restarted"), HasSubstr("ended unseen"));
}

TEST_F(EngineEndedUnseen, WhatAPowerCutLeavesOfAnEarlierRunIsNotTakenForThisOne) {
  start(without_self_heal(web()));
  start(without_self_heal(web(R"("args":["--new"])")));
  cut_power();
  EXPECT_TRUE(node.runs("web"));
  EXPECT_EQ(node.host.started_with(node.process("web"))->argv.back(), "--new");
  EXPECT_EQ(node.resource("Process/web").reason, "");
}

TEST_F(EngineEndedUnseen, OneThatIsNeverRestartedHasFailed) {
  start(without_self_heal(web(R"("restartPolicy":"Never")")));
  cut_power();
  EXPECT_FALSE(node.runs("web"));
  EXPECT_EQ(node.resource("Process/web").reason, "Failed");
}

TEST_F(EngineEndedUnseen, ARestartThatFailsForWantOfRoomIsTriedAgainWithItsBackoff) {
  start(without_self_heal(web()));
  node.host.set_program(node.process("web"),
                        {.start_error = base::Error(base::Code::kNoSpace, "No space left on device"),
                         .start_leaves_nothing = true});
  node.forget_touched();
  node.host.kill_by_hand(node.process("web"));
  node.pass(9s);
  EXPECT_EQ(starts(), 1U);
  EXPECT_EQ(node.resource("Process/web").reason, "StartFailed");
  node.pass(50s);
  EXPECT_EQ(starts(), 3U) << "after 10 s and 20 s";
  node.host.set_program(node.process("web"), {});
  node.pass(1min);
  EXPECT_TRUE(node.runs("web"));
}

// ---- a stop of ours that is not wanted any more ----

class EngineWantedAgain : public EngineProcess, public ::testing::WithParamInterface<const char*> {
 protected:
  FakeApp app(const std::string& more = "") {
    return web(std::string(R"("restartPolicy":")") + GetParam() + "\"" + (more.empty() ? "" : "," + more));
  }
};

TEST_P(EngineWantedAgain, WhileItIsBeingStoppedItIsStartedAgain) {
  node.host.set_program(node.process("web"), {.stop_takes = 20s, .stop_exit_code = 0});
  start(app());
  start(app(R"("args":["--new"])"));
  ASSERT_TRUE(node.status("web").stopped_by_us);
  node.pass(5s);
  start(app());  // reverted in Git
  EXPECT_EQ(node.resource("Process/web").reason, "Restarting");
  node.pass(20s);
  EXPECT_TRUE(node.runs("web"));
  EXPECT_FALSE(node.status("web").stopped_by_us);
  EXPECT_EQ(node.host.started_with(node.process("web"))->argv, (std::vector<std::string>{"/usr/bin/web"}));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.resource("Process/web").health, Health::kHealthy);
}

TEST_P(EngineWantedAgain, AlsoAfterTheAgentThatStoppedItDied) {
  node.host.set_program(node.process("web"), {.stop_takes = 20s, .stop_exit_code = 0});
  start(app());
  start(app(R"("args":["--new"])"));
  node.desire({app()});
  node.kill();
  node.clock.advance(30s);
  node.host.deliver();
  ASSERT_FALSE(node.runs("web"));
  ASSERT_TRUE(node.boot());
  node.settle();
  EXPECT_TRUE(node.runs("web"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

INSTANTIATE_TEST_SUITE_P(Table, EngineWantedAgain, ::testing::Values("Always", "OnFailure", "Never"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(EngineProcess, ALimitThatIsNotEnforcedIsSaid) {
  node.host.set_limits_unenforced("memory: no cgroup controller here");
  start(web(R"("resources":{"limits":{"memory":"64Mi"}})"));
  EXPECT_EQ(node.resource("Process/web").reason, "LimitsNotEnforced");
  EXPECT_EQ(node.resource("Process/web").health, Health::kHealthy);
}

// ---- probes ----

TEST_F(EngineProcess, ReadinessGatesHealth) {
  node.host.set_probe("process:default/web#readiness", {.ok = false, .detail = "503"});
  start(web(R"("readinessProbe":{"httpGet":{"port":80,"path":"/ready"},"periodSeconds":2})"));
  EXPECT_EQ(node.resource("Process/web").health, Health::kProgressing);
  node.host.set_probe("process:default/web#readiness", {.ok = true, .detail = ""});
  node.pass(3s);
  EXPECT_EQ(node.resource("Process/web").health, Health::kHealthy);
  node.host.set_probe("process:default/web#readiness", {.ok = false, .detail = "503"});
  node.pass(10s);
  EXPECT_EQ(node.resource("Process/web").health, Health::kDegraded);
  EXPECT_EQ(node.resource("Process/web").message, "readiness probe: 503");
  EXPECT_EQ(starts(), 1U) << "not ready is no reason to restart";
}

/// Neither what the former probe said nor its next time counts for the one that is right, and the process is not touched.
TEST_F(EngineProcess, AProbeThatIsCorrectedBeginsAnew) {
  const std::string probe = "process:default/web#readiness";
  const auto at_port = [&](const std::string& port) {
    return web(R"("readinessProbe":{"tcpSocket":{"port":)" + port +
               R"(},"periodSeconds":300,"timeoutSeconds":200,"failureThreshold":1})");
  };
  node.host.set_probe(probe, {.ok = false, .detail = "refused"});
  start(at_port("81"));
  EXPECT_EQ(node.resource("Process/web").message, "readiness probe: refused");
  node.host.set_probe(probe, {.ok = true});
  start(at_port("80"));
  EXPECT_EQ(node.resource("Process/web").health, Health::kHealthy) << node.resource("Process/web").message;
  node.host.set_probe(probe, {.ok = true, .after = 1h});
  start(at_port("82"));
  EXPECT_EQ(node.resource("Process/web").health, Health::kProgressing);
  node.host.set_probe(probe, {.ok = true});
  start(at_port("80"));
  EXPECT_EQ(node.resource("Process/web").health, Health::kHealthy);
  EXPECT_EQ(starts(), 1U);
}

TEST_F(EngineProcess, AFailedLivenessProbeRestartsItAndThatCounts) {
  start(web(R"("livenessProbe":{"exec":{"command":["check"]},"periodSeconds":1,"failureThreshold":3})"));
  node.host.set_probe("process:default/web#liveness", {.ok = false, .detail = "stuck"});
  node.pass(2s);
  EXPECT_EQ(node.host.touched().stops, 0U);
  node.pass(2s);
  EXPECT_EQ(node.host.touched().stops, 1U);
  EXPECT_EQ(starts(), 2U);
  EXPECT_THAT(node.last_event("Restarted"), HasSubstr("liveness probe failed: stuck"));
}

TEST_F(EngineProcess, ProbesWaitForTheirInitialDelay) {
  start(web(R"("livenessProbe":{"tcpSocket":{"port":80},"initialDelaySeconds":30})"));
  node.pass(28s);
  EXPECT_EQ(node.host.touched().probes, 0U);
  node.pass(5s);
  EXPECT_EQ(node.host.touched().probes, 1U);
}

TEST_F(EngineProcess, SteadyProbesDoNotChangeTheSnapshotNorTheStore) {
  start(web(R"("livenessProbe":{"tcpSocket":{"port":80}},"readinessProbe":{"tcpSocket":{"port":80}})"));
  node.pass(20s);
  const auto snapshot = sync::encode_snapshot(node.engine().snapshot());
  const auto commits = node.store.commits();
  node.pass(1h);
  EXPECT_EQ(sync::encode_snapshot(node.engine().snapshot()), snapshot);
  EXPECT_EQ(node.store.commits(), commits);
}

TEST_F(EngineProcess, OneThatItsProbeKilledIsNoSuccessForTheNextAgentEither) {
  node.host.set_program(node.process("web"), {.stop_takes = 5s, .stop_exit_code = 0});
  start(web(
      R"("restartPolicy":"OnFailure","livenessProbe":{"exec":{"command":["check"]},"periodSeconds":1,"failureThreshold":1})"));
  node.host.set_probe("process:default/web#liveness", {.ok = false, .detail = "stuck"});
  node.pass(3s);
  ASSERT_EQ(node.host.touched().stops, 1U);
  node.kill();
  node.clock.advance(10s);
  node.host.deliver();
  ASSERT_FALSE(node.runs("web"));
  ASSERT_TRUE(node.boot());
  node.settle();
  EXPECT_TRUE(node.runs("web"));
}

TEST_F(EngineProcess, AStopThatFailsIsTriedAgain) {
  start(web(R"("livenessProbe":{"exec":{"command":["check"]},"periodSeconds":1,"failureThreshold":1})"));
  node.host.set_probe("process:default/web#liveness", {.ok = false, .detail = "stuck"});
  node.host.set_stop_error(base::Error(base::Code::kIo, "Input/output error"));
  node.pass(5s);
  EXPECT_EQ(node.resource("Process/web").reason, "Unobservable");
  node.host.set_stop_error(std::nullopt);
  node.pass(1min);
  EXPECT_GE(starts(), 2U);
}

TEST_F(EngineProcess, AProbeThatWasCalledOffIsSentAgainWhenItIsWantedAgain) {
  FakeApp app = web(R"("livenessProbe":{"tcpSocket":{"port":80},"periodSeconds":1,"timeoutSeconds":60})");
  app.policy.prune = false;
  node.host.set_probe("process:default/web#liveness", {.after = 50s});
  start(app);
  ASSERT_EQ(node.host.probes_running(), 1U);
  start(FakeApp(app).without("Process/web"));
  ASSERT_EQ(node.host.probes_running(), 0U);
  ASSERT_TRUE(node.runs("web"));
  node.host.set_probe("process:default/web#liveness", {.ok = false, .detail = "stuck"});
  start(app);
  node.pass(10s);
  EXPECT_GE(node.host.touched().stops, 1U) << "it is probed, fails three times and is stopped";
}

TEST_F(EngineProcess, AProbeThatCanNeverBeStartedHasFailed) {
  node.host.set_probe("process:default/web#readiness",
                      {.start_error = base::Error(base::Code::kNotFound, "there is no user 'nobody2'")});
  start(web(R"("readinessProbe":{"exec":{"command":["check"]},"periodSeconds":1,"failureThreshold":2})"));
  node.pass(3s);
  EXPECT_EQ(node.resource("Process/web").reason, "NotReady");
  EXPECT_THAT(node.resource("Process/web").message, HasSubstr("nobody2"));
}

TEST_F(EngineProcess, AProbeThatCannotBeStartedForNowKillsNobody) {
  node.host.set_probe("process:default/web#liveness",
                      {.start_error = base::Error(base::Code::kUnavailable, "cannot fork")});
  start(web(R"("livenessProbe":{"exec":{"command":["check"]},"periodSeconds":1,"failureThreshold":1})"));
  node.pass(1min);
  EXPECT_EQ(node.host.touched().stops, 0U);
  EXPECT_GT(node.host.touched().probes, 50U);
}

TEST_F(EngineProcess, ARemovedProcessIsProbedNoMore) {
  start(web(R"("livenessProbe":{"tcpSocket":{"port":80},"periodSeconds":1})").file("x", "/x", "x"));
  node.pass(5s);
  start(FakeApp("app").file("x", "/x", "x"));
  const auto probes = node.host.touched().probes;
  node.pass(1min);
  EXPECT_EQ(node.host.touched().probes, probes);
  EXPECT_EQ(node.host.probes_running(), 0U);
}

TEST_F(EngineProcess, WhatWasReadyBeforeItsRestartSaysNothingOfTheNewOne) {
  const std::string probe = "process:default/web#readiness";
  node.host.set_probe(probe, {.ok = true});
  start(web(R"("readinessProbe":{"tcpSocket":{"port":80},"periodSeconds":1})"));
  ASSERT_EQ(node.resource("Process/web").health, Health::kHealthy);
  node.host.set_probe(probe, {.ok = true, .after = 500ms});
  node.host.kill_by_hand(node.process("web"));
  node.run();
  ASSERT_TRUE(node.runs("web"));
  EXPECT_EQ(node.resource("Process/web").health, Health::kProgressing);
  node.pass(2s);
  EXPECT_EQ(node.resource("Process/web").health, Health::kHealthy);
}

// ---- minReadySeconds ----

TEST_F(EngineProcess, CountsAsHealthyOnlyAfterItWasReadyForSoLong) {
  node.host.set_probe("process:default/web#readiness", {.ok = true});
  node.desire({web(R"("minReadySeconds":20,"readinessProbe":{"tcpSocket":{"port":80},"periodSeconds":1})")});
  node.pass(15s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  EXPECT_EQ(node.resource("Process/web").reason, "MinReady");
  node.pass(10s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.resource("Process/web").health, Health::kHealthy);
}

TEST_F(EngineProcess, OneThatEndsBeforeItWasReadyForSoLongFailsTheRevision) {
  base::FakeProgram program;
  program.exits_with = 1;
  program.exits_after = 10s;
  node.host.set_program(node.process("web"), program);
  node.desire({web(R"("minReadySeconds":20)")});
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
}

TEST_F(EngineProcess, ItsAgeCountsForTheNextAgentToo) {
  node.desire({web(R"("minReadySeconds":20)")});
  node.pass(15s);
  ASSERT_TRUE(node.restart());
  node.pass(6s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineProcess, ReadinessThatComesAndGoesBeginsAnew) {
  const std::string probe = "process:default/web#readiness";
  node.host.set_probe(probe, {.ok = true});
  node.desire({web(
      R"("minReadySeconds":20,"readinessProbe":{"tcpSocket":{"port":80},"periodSeconds":1,"failureThreshold":1})")});
  node.pass(15s);
  node.host.set_probe(probe, {.ok = false, .detail = "no"});
  node.pass(3s);
  node.host.set_probe(probe, {.ok = true});
  node.pass(15s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  node.pass(10s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

}  // namespace
}  // namespace holdfast::edge_agent
