// SPDX-License-Identifier: Apache-2.0
// Units: installed, enabled and started with one daemon-reload, restarted only for a reason, healed when a hand was at
// them, given back as they were found; and what systemd's own misfortunes come to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Error;
using base::Json;
using base::UnitCall;
using sync::Health;
using sync::SectionPhase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kInstall = "\n[Install]\nWantedBy=multi-user.target\n";

std::string service(const std::string& program, const std::string& more = "") {
  return "[Service]\nExecStart=" + program + "\n" + more + kInstall;
}

std::string spec(const std::string& unit, const std::string& content, Json more = Json::object()) {
  more["name"] = unit;
  more["content"] = content;
  if (!more.contains("enabled")) more["enabled"] = true;
  if (!more.contains("state")) more["state"] = "running";
  return more.dump();
}

FakeApp camera(const std::string& content = service("/bin/camera")) {
  return FakeApp("app").unit_spec("camera", spec("camera.service", content));
}

class EngineUnit : public ::testing::Test {
 protected:
  void want(const FakeApp& app) {
    node.desire({app});
    node.pass(5s);
  }
  void want_nothing() {
    node.desire({}, {removal_of(FakeApp("app"), sync::RemovalMode::kPrune, true)});
    node.pass(5s);
  }
  std::vector<std::string> changes() { return node.units.changes(); }
  sync::ResourceStatus camera_status() { return node.resource("Unit/camera"); }
  FakeNode node;
};

TEST_F(EngineUnit, IsInstalledEnabledAndStarted) {
  want(camera());
  EXPECT_EQ(node.content("/etc/systemd/system/camera.service"), service("/bin/camera"));
  EXPECT_THAT(changes(), ElementsAre("reload", "enable camera.service", "start camera.service"));
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(camera_status().health, Health::kHealthy) << camera_status().message;
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
}

TEST_F(EngineUnit, SeveralShareOneDaemonReload) {
  auto app = camera();
  for (const std::string name : {"a", "b", "c", "d"})
    app.unit_spec(name, spec(name + ".service", service("/bin/x")));
  want(app);
  EXPECT_EQ(node.units.touched().reloads, 1U);
  EXPECT_EQ(node.units.touched().starts, 5U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnit, NothingIsDoneWhenNothingChanged) {
  want(camera());
  node.forget_touched();
  node.pass(2h);
  EXPECT_EQ(node.units.touched().changes(), 0U);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_LT(node.units.touched().loads, 60U);
}

TEST_F(EngineUnit, ARestartOfTheAgentRestartsNothing) {
  want(camera());
  node.forget_touched();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(node.restart());
    node.pass(10s);
  }
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(camera_status().health, Health::kHealthy);
  EXPECT_EQ(node.count_events("DriftHealed"), 0U);
}

TEST_F(EngineUnit, OneThatRunsAsItIsWantedIsAdopted) {
  node.host.edit_by_hand("/etc/systemd/system/camera.service", service("/bin/camera"));
  node.units.enable_by_hand("camera.service");
  node.units.start_by_hand("camera.service");
  want(camera());
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(camera_status().health, Health::kHealthy);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnit, OtherContentRestartsItOnce) {
  want(camera());
  node.forget_touched();
  want(camera(service("/bin/camera --fast")));
  EXPECT_THAT(changes(), ElementsAre("reload", "enable camera.service", "restart camera.service"));
  EXPECT_THAT(node.units.started_with("camera.service"), HasSubstr("--fast"));
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.pass(1h);
  EXPECT_THAT(changes(), ElementsAre());
}

TEST_F(EngineUnit, ThatItIsNotEnabledAnyMoreRestartsNothing) {
  want(camera());
  node.forget_touched();
  want(FakeApp("app").unit_spec("camera",
                                spec("camera.service", service("/bin/camera"), {{"enabled", false}})));
  EXPECT_THAT(changes(), ElementsAre("disable camera.service"));
  EXPECT_TRUE(node.units.is_active("camera.service"));
}

TEST_F(EngineUnit, AKeyInRestartOnRestartsIt) {
  const auto app = [](const std::string& fps, const std::string& other) {
    return FakeApp("app")
        .config_map("settings", {{"fps", fps}})
        .file("conf", "/etc/camera.conf", other)
        .config_map("unrelated", {{"x", fps + other}})
        .unit_spec("camera", spec("camera.service", service("/bin/camera"),
                                  {{"restartOn", {"ConfigMap/settings", "File/conf"}}}));
  };
  want(app("10", "a"));
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  want(app("20", "a"));
  // systemd says from version 255 on that files changed when it was only enabled.
  EXPECT_THAT(changes(), ElementsAre("reload", "enable camera.service", "restart camera.service"));
  node.forget_touched();
  want(app("20", "b"));
  EXPECT_EQ(node.units.touched().restarts, 1U);
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.pass(1h);
  EXPECT_THAT(changes(), ElementsAre());
}

TEST_F(EngineUnit, AFileOfRestartOnThatIsHealedRestartsNothing) {
  want(FakeApp("app")
           .file("conf", "/etc/camera.conf", "a")
           .unit_spec("camera",
                      spec("camera.service", service("/bin/camera"), {{"restartOn", {"File/conf"}}})));
  node.forget_touched();
  node.host.edit_by_hand("/etc/camera.conf", "by hand");
  node.pass(10s);
  EXPECT_EQ(node.content("/etc/camera.conf"), "a");
  EXPECT_THAT(changes(), ElementsAre());
}

// ---- drift ----

TEST_F(EngineUnit, StoppedByHandItIsStartedAndTheSecondTimeLater) {
  want(camera());
  node.forget_touched();
  node.units.stop_by_hand("camera.service");
  node.pass(100ms);
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.count_events("DriftHealed"), 1U);
  EXPECT_THAT(node.last_event("DriftHealed"), HasSubstr("was stopped; put right"));
  node.units.stop_by_hand("camera.service");
  node.pass(100ms);
  EXPECT_FALSE(node.units.is_active("camera.service"));
  EXPECT_EQ(camera_status().reason, "DriftBackoff");
  node.pass(10s);
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.units.touched().starts, 2U);
}

TEST_F(EngineUnit, DisabledByHandItIsEnabled) {
  want(camera());
  node.forget_touched();
  node.units.disable_by_hand("camera.service");
  node.pass(5s);
  EXPECT_THAT(changes(), ElementsAre("enable camera.service"));
}

TEST_F(EngineUnit, MaskedByHandItIsUnmaskedAndRunsOn) {
  node.units.add_vendor_unit("ssh.service", service("/bin/sshd"));
  want(FakeApp("app").unit_spec("ssh", R"({"name":"ssh.service","enabled":true,"state":"running"})"));
  node.forget_touched();
  node.units.mask_by_hand("ssh.service");
  node.pass(10s);
  EXPECT_THAT(changes(), ElementsAre("unmask ssh.service", "reload"));
  EXPECT_EQ(node.resource("Unit/ssh").health, Health::kHealthy);
}

TEST_F(EngineUnit, AnEditedFileIsPutBackAndNothingRestarted) {
  want(camera());
  node.forget_touched();
  node.host.edit_by_hand("/etc/systemd/system/camera.service", service("/bin/other"));
  node.pass(10s);
  EXPECT_EQ(node.content("/etc/systemd/system/camera.service"), service("/bin/camera"));
  EXPECT_EQ(node.units.touched().restarts, 0U);
  EXPECT_EQ(node.units.touched().reloads, 1U);
}

TEST_F(EngineUnit, WhatWasStartedWithAnEditedFileIsStartedAnew) {
  want(camera());
  node.forget_touched();
  node.host.edit_by_hand("/etc/systemd/system/camera.service", service("/bin/other"));
  node.units.reload_by_hand();
  node.units.restart_by_hand("camera.service");
  node.pass(20s);
  EXPECT_EQ(node.content("/etc/systemd/system/camera.service"), service("/bin/camera"));
  EXPECT_EQ(node.units.started_with("camera.service"), service("/bin/camera"));
  EXPECT_TRUE(node.units.is_active("camera.service"));
}

TEST_F(EngineUnit, RestartedByHandItIsLeftAlone) {
  want(camera());
  node.forget_touched();
  node.units.restart_by_hand("camera.service");
  node.pass(10s);
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(camera_status().health, Health::kHealthy);
}

TEST_F(EngineUnit, KilledItIsWhatItsRestartSays) {
  want(camera());
  node.forget_touched();
  node.units.kill_by_hand("camera.service");
  node.pass(1min);
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(camera_status().health, Health::kDegraded);
  EXPECT_EQ(camera_status().reason, "Failed");
  EXPECT_THAT(camera_status().message, HasSubstr("signal 9"));
}

TEST_F(EngineUnit, RestartedBySystemdIsTold) {
  want(camera(service("/bin/camera", "Restart=always\n")));
  node.units.kill_by_hand("camera.service");
  node.pass(10s);
  EXPECT_EQ(camera_status().health, Health::kHealthy) << camera_status().message;
  EXPECT_EQ(node.count_events("Restarted"), 1U);
}

TEST_F(EngineUnit, AfterARebootWhatIsEnabledRunsAndNothingIsRestarted) {
  want(camera());
  node.forget_touched();
  node.reboot();
  EXPECT_TRUE(node.units.is_active("camera.service"));
  node.pass(10s);
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(camera_status().health, Health::kHealthy);
}

TEST_F(EngineUnit, WhatWasWantedBeforeAPowerCutAndNotAppliedIsStillStarted) {
  want(camera());
  node.desire({camera(service("/bin/camera --fast"))});
  node.reboot();
  node.forget_touched();
  node.pass(20s);
  EXPECT_EQ(node.units.touched().restarts, 1U);
  EXPECT_THAT(node.units.started_with("camera.service"), HasSubstr("--fast"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnit, WhatRestartOnNamesAndWasNotAppliedBeforeAPowerCutRestartsItStill) {
  const auto app = [](const std::string& content) {
    return FakeApp("app")
        .file("conf", "/etc/camera.conf", content)
        .unit_spec("camera", spec("camera.service", service("/bin/camera"), {{"restartOn", {"File/conf"}}}));
  };
  want(app("a"));
  node.desire({app("b")});
  node.reboot();
  node.forget_touched();
  node.pass(20s);
  EXPECT_EQ(node.content("/etc/camera.conf"), "b");
  EXPECT_EQ(node.units.touched().restarts, 1U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

// ---- what does not yield ----

FakeApp ssh(const std::string& more) {
  return FakeApp("app").unit_spec("ssh", R"({"name":"ssh.service",)" + more + "}");
}

class EngineUnitOfVendor : public EngineUnit {
 protected:
  EngineUnitOfVendor() { node.units.add_vendor_unit("ssh.service", service("/bin/sshd")); }
};

TEST_F(EngineUnitOfVendor, AMaskThatStaysWhenItIsUnmaskedIsToldAndNotFoughtOver) {
  node.units.mask_at_runtime_by_hand("ssh.service");
  want(ssh(R"("state":"running")"));
  EXPECT_THAT(node.section("app").message, HasSubstr("masked elsewhere than in /etc"));
  node.pass(2h);
  EXPECT_EQ(node.units.touched().unmasks, 1U);
  EXPECT_EQ(node.units.touched().reloads, 1U);
}

TEST_F(EngineUnitOfVendor, MaskedSoByHandLaterItIsToldAndNotFoughtOver) {
  want(ssh(R"("state":"running")"));
  node.forget_touched();
  node.units.mask_at_runtime_by_hand("ssh.service");
  node.pass(2h);
  EXPECT_THAT(changes(), ElementsAre("unmask ssh.service", "reload"));
  EXPECT_THAT(node.last_event("RepairFailed"), HasSubstr("masked elsewhere than in /etc"));
}

TEST_F(EngineUnit, WithAlsoAloneItCannotBeEnabledAndThatIsToldOnce) {
  want(camera("[Service]\nExecStart=/bin/camera\n[Install]\nAlso=other.service\n"));
  EXPECT_THAT(node.section("app").message, HasSubstr("systemd says that it is \"indirect\""));
  node.pass(2h);
  EXPECT_EQ(node.units.touched().enables, 1U);
}

TEST_F(EngineUnitOfVendor, WhatTheDistributionEnablesIsNotDisabledForEver) {
  node.units.enable_by_vendor("ssh.service");
  want(ssh(R"("enabled":false)"));
  EXPECT_THAT(node.section("app").message, HasSubstr("enabled elsewhere than in /etc"));
  node.pass(2h);
  EXPECT_EQ(node.units.touched().disables, 1U);
}

TEST_F(EngineUnit, TooManyCallsAtATimeAreNotTheFaultOfWhatGitSays) {
  node.units.set_failure(UnitCall::kLoad, Error(Code::kLimit, base::Disposition::kRetry, "too many"));
  want(camera());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  node.units.set_failure(UnitCall::kLoad, std::nullopt);
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

// ---- removals that are not smooth ----

TEST_F(EngineUnitOfVendor, GivenBackOneThatEndsAtOnceIsStartedOnce) {
  node.units.start_by_hand("ssh.service");
  want(ssh(R"("state":"stopped")"));
  node.units.add_vendor_unit("ssh.service", service("/bin/true"));
  node.units.reload_by_hand();
  node.forget_touched();
  want_nothing();
  EXPECT_THAT(changes(), ElementsAre("start ssh.service"));
  EXPECT_EQ(node.section("app").name, "");
}

TEST_F(EngineUnitOfVendor, BroughtBackWhileItLeavesItIsKeptAgainAndCanLoseItsDropInLater) {
  const std::string drop_in = R"("dropIn":{"name":"10-a.conf","content":"[Service]\nNice=5\n"},)";
  want(ssh(drop_in + R"("state":"running")"));
  node.units.set_stop_takes(30s);
  node.desire({}, {removal_of(FakeApp("app"), sync::RemovalMode::kPrune, true)});
  node.pass(10s);
  node.desire({ssh(drop_in + R"("state":"running")")});
  node.pass(2min);
  EXPECT_TRUE(node.units.is_active("ssh.service"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.desire({ssh(R"("state":"running")")});
  node.pass(3min);
  EXPECT_FALSE(node.content("/etc/systemd/system/ssh.service.d/10-a.conf"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
}

TEST_F(EngineUnit, OneThatCannotBeDisabledIsStoppedAllTheSame) {
  want(camera());
  node.units.set_failure(UnitCall::kDisable, Error(Code::kInvalid, "no"));
  want_nothing();
  EXPECT_FALSE(node.units.is_active("camera.service"));
  EXPECT_FALSE(node.content("/etc/systemd/system/camera.service"));
  EXPECT_EQ(node.section("app").name, "");
}

// ---- masked ----

TEST_F(EngineUnitOfVendor, ThatRunsThoughItIsMaskedIsStopped) {
  node.units.start_by_hand("ssh.service");
  node.units.mask_by_hand("ssh.service");
  want(ssh(R"("state":"stopped")"));
  EXPECT_THAT(changes(), ElementsAre("stop ssh.service"));
  EXPECT_EQ(node.resource("Unit/ssh").reason, "Masked");
}

TEST_F(EngineUnitOfVendor, FoundMaskedItIsGivenBackMasked) {
  node.units.mask_by_hand("ssh.service");
  want(ssh(R"("enabled":true,"state":"running")"));
  EXPECT_TRUE(node.units.is_active("ssh.service"));
  ASSERT_TRUE(node.restart());
  node.forget_touched();
  want_nothing();
  EXPECT_THAT(changes(),
              ElementsAre("disable ssh.service", "stop ssh.service", "mask ssh.service", "reload"));
  EXPECT_TRUE(node.units.is_masked("ssh.service"));
  EXPECT_EQ(node.section("app").name, "");
}

// ---- never twice ----

TEST_F(EngineUnit, KilledWhileItIsBeingRestartedTheAgentDoesNotRestartItAgain) {
  want(camera());
  node.units.set_stop_takes(30s);
  node.forget_touched();
  node.desire({camera(service("/bin/camera --fast"))});
  node.pass(10s);
  ASSERT_EQ(node.units.touched().restarts, 1U);
  ASSERT_TRUE(node.restart());
  node.pass(5min);
  EXPECT_EQ(node.units.touched().restarts, 1U);
  EXPECT_THAT(node.units.started_with("camera.service"), HasSubstr("--fast"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnit, ARestartWhoseAnswerWasLostIsNotAskedForAgain) {
  want(camera());
  node.forget_touched();
  node.units.set_lost_answer(UnitCall::kRestart, Error(Code::kTimeout, "lost"));
  want(camera(service("/bin/camera --fast")));
  node.pass(10min);
  EXPECT_EQ(node.units.touched().restarts, 1U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

// ---- what ends by itself ----

TEST_F(EngineUnit, OneThatEndsByItselfIsNotStarted) {
  want(camera());
  node.forget_touched();
  node.units.end_by_itself("camera.service");
  node.pass(2h);
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(node.count_events("DriftHealed"), 0U);
  EXPECT_EQ(camera_status().reason, "NotRunning");
}

TEST_F(EngineUnit, OneWhoseConditionIsNotMetIsStartedOnce) {
  want(camera(service("/bin/camera", "[Unit]\nConditionPathExists=/nowhere\n")));
  node.pass(2h);
  EXPECT_EQ(node.units.touched().starts, 1U);
  EXPECT_EQ(node.count_events("DriftHealed"), 0U);
}

TEST_F(EngineUnit, AOneshotThatIsNotEnabledIsRunOnceInEachBoot) {
  const auto once = spec("camera.service", service("/bin/once", "Type=oneshot\n"), {{"enabled", false}});
  want(FakeApp("app").unit_spec("camera", once));
  node.forget_touched();
  node.reboot();
  node.pass(1h);
  EXPECT_EQ(node.units.touched().starts, 1U);
  EXPECT_EQ(camera_status().reason, "Completed");
}

TEST_F(EngineUnit, RestartsBySystemdLongAgoAreNoCrashLoop) {
  want(camera(service("/bin/camera", "Restart=always\n")));
  for (int i = 0; i < 4; ++i) {
    node.units.kill_by_hand("camera.service");
    node.pass(10min);
  }
  node.units.kill_by_hand("camera.service");
  node.pass(50ms);
  EXPECT_EQ(camera_status().reason, "Restarting");
}

// ---- first roll-outs, other units ----

TEST_F(EngineUnitOfVendor, ThatRunsAlreadyIsRestartedForAFileOfRestartOnThatIsNew) {
  node.units.start_by_hand("ssh.service");
  const auto app = [](const std::string& name) {
    return FakeApp(name)
        .file("conf", "/etc/" + name + ".conf", "a")
        .unit_spec("ssh", R"({"name":"ssh.service","state":"running","restartOn":["File/conf"]})");
  };
  want(app("app"));
  EXPECT_EQ(node.units.touched().restarts, 1U);
  node.pass(1h);
  EXPECT_EQ(node.units.touched().restarts, 1U);
}

TEST_F(EngineUnitOfVendor, ThatRunsAlreadyWithTheFilesThatRestartOnNamesIsAdopted) {
  node.units.start_by_hand("ssh.service");
  node.host.edit_by_hand("/etc/app.conf", "a");
  want(FakeApp("app")
           .file("conf", "/etc/app.conf", "a")
           .unit_spec("ssh", R"({"name":"ssh.service","state":"running","restartOn":["File/conf"]})"));
  EXPECT_THAT(changes(), ElementsAre());
}

TEST_F(EngineUnit, ThatAnotherUnitWasEnabledIsNothingToIt) {
  node.units.add_vendor_unit("foreign.service", service("/bin/foreign"));
  want(camera());
  node.forget_touched();
  node.units.enable_by_hand("foreign.service");
  node.pass(1min);
  want(camera().unit_spec("b", spec("b.service", service("/bin/b"))));
  node.pass(1h);
  EXPECT_THAT(changes(), ElementsAre("reload", "enable b.service", "start b.service"));
  EXPECT_EQ(node.count_events("DriftHealed"), 0U);
}

TEST_F(EngineUnitOfVendor, ADropInThatIsRenamedRestartsNothing) {
  const auto named = [](const std::string& name) {
    return ssh(R"("state":"running","dropIn":{"name":")" + name + R"(","content":"[Service]\nNice=5\n"})");
  };
  want(named("10-a.conf"));
  node.forget_touched();
  want(named("20-b.conf"));
  node.pass(10min);
  EXPECT_FALSE(node.content("/etc/systemd/system/ssh.service.d/10-a.conf"));
  EXPECT_TRUE(node.content("/etc/systemd/system/ssh.service.d/20-b.conf"));
  EXPECT_EQ(node.units.touched().restarts, 0U);
  EXPECT_EQ(node.count_events("DriftHealed"), 0U);
}

TEST_F(EngineUnit, ThatIsLetGoIsNotAskedForAnyMore) {
  want(camera());
  node.desire({}, {removal_of(FakeApp("app"), sync::RemovalMode::kRelease, true)});
  node.pass(1min);
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_FALSE(node.units.is_watched("camera.service"));
  node.forget_touched();
  node.units.reload_by_hand();
  node.pass(2h);
  EXPECT_EQ(node.units.touched().loads, 0U);
}

// ---- kinds of units ----

TEST_F(EngineUnit, AOneshotThatEndedWellIsCompletedAndNotRunAgain) {
  want(camera(service("/bin/once", "Type=oneshot\n")));
  EXPECT_EQ(node.units.touched().starts, 1U);
  EXPECT_EQ(camera_status().health, Health::kHealthy);
  EXPECT_EQ(camera_status().reason, "Completed");
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.pass(1h);
  EXPECT_THAT(changes(), ElementsAre());
}

TEST_F(EngineUnit, ADropInRestartsTheUnitOfTheDistribution) {
  node.units.add_vendor_unit("ssh.service", service("/bin/sshd"));
  node.units.start_by_hand("ssh.service");
  const FakeApp app = FakeApp("app").unit_spec(
      "ssh", R"({"name":"ssh.service","dropIn":{"name":"10-a.conf","content":"[Service]\nNice=5\n"}})");
  want(app);
  EXPECT_THAT(changes(), ElementsAre("reload", "restart ssh.service"));
  EXPECT_THAT(node.units.started_with("ssh.service"), HasSubstr("Nice=5"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.forget_touched();
  want_nothing();
  EXPECT_FALSE(node.content("/etc/systemd/system/ssh.service.d/10-a.conf"));
  EXPECT_THAT(changes(), ElementsAre("reload"));
  EXPECT_TRUE(node.units.is_active("ssh.service"));
}

TEST_F(EngineUnit, OneOfTheDistributionIsGivenBackAsItWasFound) {
  node.units.add_vendor_unit("ssh.service", service("/bin/sshd"));
  node.units.enable_by_hand("ssh.service");
  node.units.start_by_hand("ssh.service");
  want(FakeApp("app").unit_spec("ssh", R"({"name":"ssh.service","enabled":false,"state":"stopped"})"));
  EXPECT_THAT(changes(), ElementsAre("disable ssh.service", "stop ssh.service"));
  EXPECT_EQ(node.resource("Unit/ssh").health, Health::kHealthy);
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  want_nothing();
  EXPECT_THAT(changes(), ElementsAre("enable ssh.service", "start ssh.service"));
  EXPECT_EQ(node.section("app").name, "");
}

TEST_F(EngineUnit, ThatIsPrunedIsStoppedDisabledAndForgottenBySystemd) {
  want(camera());
  node.units.set_stop_takes(30s);
  node.forget_touched();
  node.desire({}, {removal_of(FakeApp("app"), sync::RemovalMode::kPrune, true)});
  node.pass(10s);
  EXPECT_TRUE(node.content("/etc/systemd/system/camera.service")) << "it is still being stopped";
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRemoving);
  node.pass(60s);
  EXPECT_FALSE(node.content("/etc/systemd/system/camera.service"));
  EXPECT_THAT(changes(), ElementsAre("disable camera.service", "stop camera.service", "reload"));
  EXPECT_EQ(node.units.state("camera.service").load, "not-found");
  EXPECT_EQ(node.section("app").name, "");
  EXPECT_FALSE(node.units.is_watched("camera.service"));
}

TEST_F(EngineUnit, ThatWasRenamedInGitIsAdopted) {
  want(camera());
  node.forget_touched();
  want(FakeApp("app").unit_spec("renamed", spec("camera.service", service("/bin/camera"))));
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_TRUE(node.units.is_active("camera.service"));
}

TEST_F(EngineUnit, AFileOnThePathOfAUnitIsAConflict) {
  want(camera().file("same", "/etc/systemd/system/camera.service", "x"));
  EXPECT_EQ(node.section("app").reason, "ClaimConflict");
}

// ---- what fails ----

TEST_F(EngineUnit, OneThatFailsRollsItsSectionBack) {
  want(camera());
  want(camera(service("/bin/false")));
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/systemd/system/camera.service"), service("/bin/camera"));
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.units.started_with("camera.service"), service("/bin/camera"));
  EXPECT_EQ(camera_status().health, Health::kHealthy);
}

TEST_F(EngineUnit, OneThatSystemdCannotLoadSaysWhyAndRollsBack) {
  want(camera());
  want(camera("[Service]\nType=simple" + kInstall));
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.count_events("Quarantined"), 1U);
  EXPECT_THAT(node.last_event("Quarantined"), HasSubstr("bad unit file setting"));
  EXPECT_EQ(node.content("/etc/systemd/system/camera.service"), service("/bin/camera"));
  EXPECT_TRUE(node.units.is_active("camera.service"));
}

TEST_F(EngineUnit, OneThatCannotBeEnabledSaysWhy) {
  want(FakeApp("app").unit_spec("camera", spec("camera.service", "[Service]\nExecStart=/bin/camera\n")));
  EXPECT_THAT(node.section("app").message, HasSubstr("has no [Install] section"));
}

TEST_F(EngineUnit, AUnitThatThisMachineDoesNotHaveSaysSo) {
  want(FakeApp("app").unit_spec("ssh", R"({"name":"ssh.service","state":"running"})"));
  EXPECT_THAT(node.section("app").message, HasSubstr("this machine has no unit ssh.service"));
}

TEST_F(EngineUnit, AStopThatIsWantedOfAUnitThatIsNotThereSaysSo) {
  want(FakeApp("app").unit_spec("ssh", R"({"name":"ssh.service","state":"stopped"})"));
  EXPECT_THAT(node.section("app").message, HasSubstr("this machine has no unit ssh.service"));
}

TEST_F(EngineUnit, ACrashLoopIsDegraded) {
  want(camera());
  node.desire({camera(service("/bin/false", "Restart=always\n"))});
  bool was_looping = false;
  for (int i = 0; i < 100 && !was_looping; ++i) {
    node.pass(50ms);
    was_looping = camera_status().reason == "CrashLoopBackOff" && camera_status().health == Health::kDegraded;
  }
  EXPECT_TRUE(was_looping) << camera_status().reason;
}

TEST_F(EngineUnit, WithoutSystemdItsApplicationCannotBeHereAndOthersGoOn) {
  node.has_systemd = false;
  ASSERT_TRUE(node.restart());
  node.desire({camera(), FakeApp("other").file("motd", "/etc/motd", "hello")});
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kUnschedulable);
  EXPECT_THAT(node.section("app").message, HasSubstr("no systemd here"));
  EXPECT_EQ(node.count_events("Unschedulable"), 1U);
  EXPECT_EQ(node.section("other").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.content("/etc/motd"), "hello");
}

TEST_F(EngineUnit, WhileTheBusIsGoneNothingIsKnownAndAfterwardsNothingIsDone) {
  want(camera());
  node.forget_touched();
  node.units.set_gone(true);
  node.engine().look_at_everything(false);
  node.pass(10min);
  EXPECT_EQ(camera_status().health, Health::kUnknown);
  EXPECT_EQ(camera_status().reason, "Unobservable");
  EXPECT_LE(node.count_events("Unobservable"), 2U);
  node.units.set_gone(false);
  node.pass(10s);
  EXPECT_EQ(camera_status().health, Health::kHealthy);
  EXPECT_THAT(changes(), ElementsAre());
}

TEST_F(EngineUnit, WantedWhileTheBusIsGoneItComesWhenThatIsBack) {
  node.units.set_gone(true);
  node.desire({camera(), FakeApp("other").file("motd", "/etc/motd", "hello")});
  node.pass(10min);
  EXPECT_EQ(node.section("other").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  node.units.set_gone(false);
  node.pass(5min);
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnit, AHungSystemdIsAskedAgain) {
  node.units.set_hung(true);
  node.desire({camera()});
  node.pass(10min);
  EXPECT_FALSE(node.units.is_active("camera.service"));
  node.units.set_hung(false);
  node.pass(10min);
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnit, ALostAnswerIsMadeGoodByLooking) {
  for (const auto call : {UnitCall::kReload, UnitCall::kEnable, UnitCall::kStart}) {
    SCOPED_TRACE(static_cast<int>(call));
    FakeNode fresh;
    fresh.units.set_lost_answer(call, Error(Code::kTimeout, "lost"));
    fresh.desire({camera()});
    fresh.pass(1min);
    fresh.units.set_lost_answer(call, std::nullopt);
    fresh.pass(10min);
    EXPECT_TRUE(fresh.units.is_active("camera.service"));
    EXPECT_EQ(fresh.units.touched().starts, 1U);
    EXPECT_EQ(fresh.units.touched().restarts, 0U);
    EXPECT_EQ(fresh.section("app").phase, SectionPhase::kSynced) << fresh.section("app").message;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
