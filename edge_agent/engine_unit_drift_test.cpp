// SPDX-License-Identifier: Apache-2.0
// Units that hands, reboots and their own end have changed: what is put right, and what is left alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "edge_agent/fake_unit_story.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::Health;
using sync::SectionPhase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EngineUnitDrift : public ::testing::Test, protected UnitStory {};

TEST_F(EngineUnitDrift, AFileOfRestartOnThatIsHealedRestartsNothing) {
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

TEST_F(EngineUnitDrift, StoppedByHandItIsStartedAndTheSecondTimeLater) {
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

TEST_F(EngineUnitDrift, DisabledByHandItIsEnabled) {
  want(camera());
  node.forget_touched();
  node.units.disable_by_hand("camera.service");
  node.pass(5s);
  EXPECT_THAT(changes(), ElementsAre("enable camera.service"));
}

TEST_F(EngineUnitDrift, MaskedByHandItIsUnmaskedAndRunsOn) {
  node.units.add_vendor_unit("ssh.service", service("/bin/sshd"));
  want(FakeApp("app").unit_spec("ssh", R"({"name":"ssh.service","enabled":true,"state":"running"})"));
  node.forget_touched();
  node.units.mask_by_hand("ssh.service");
  node.pass(10s);
  EXPECT_THAT(changes(), ElementsAre("unmask ssh.service", "reload"));
  EXPECT_EQ(node.resource("Unit/ssh").health, Health::kHealthy);
}

TEST_F(EngineUnitDrift, AnEditedFileIsPutBackAndNothingRestarted) {
  want(camera());
  node.forget_touched();
  node.host.edit_by_hand("/etc/systemd/system/camera.service", service("/bin/other"));
  node.pass(10s);
  EXPECT_EQ(node.content("/etc/systemd/system/camera.service"), service("/bin/camera"));
  EXPECT_EQ(node.units.touched().restarts, 0U);
  EXPECT_EQ(node.units.touched().reloads, 1U);
}

TEST_F(EngineUnitDrift, WhatWasStartedWithAnEditedFileIsStartedAnew) {
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

TEST_F(EngineUnitDrift, RestartedByHandItIsLeftAlone) {
  want(camera());
  node.forget_touched();
  node.units.restart_by_hand("camera.service");
  node.pass(10s);
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(camera_status().health, Health::kHealthy);
}

TEST_F(EngineUnitDrift, KilledItIsWhatItsRestartSays) {
  want(camera());
  node.forget_touched();
  node.units.kill_by_hand("camera.service");
  node.pass(1min);
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(camera_status().health, Health::kDegraded);
  EXPECT_EQ(camera_status().reason, "Failed");
  EXPECT_THAT(camera_status().message, HasSubstr("signal 9"));
}

TEST_F(EngineUnitDrift, RestartedBySystemdIsTold) {
  want(camera(service("/bin/camera", "Restart=always\n")));
  node.units.kill_by_hand("camera.service");
  node.pass(10s);
  EXPECT_EQ(camera_status().health, Health::kHealthy) << camera_status().message;
  EXPECT_EQ(node.count_events("Restarted"), 1U);
}

TEST_F(EngineUnitDrift, AfterARebootWhatIsEnabledRunsAndNothingIsRestarted) {
  want(camera());
  node.forget_touched();
  node.reboot();
  EXPECT_TRUE(node.units.is_active("camera.service"));
  node.pass(10s);
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(camera_status().health, Health::kHealthy);
}

TEST_F(EngineUnitDrift, WhatWasWantedBeforeAPowerCutAndNotAppliedIsStillStarted) {
  want(camera());
  node.desire({camera(service("/bin/camera --fast"))});
  node.reboot();
  node.forget_touched();
  node.pass(20s);
  EXPECT_EQ(node.units.touched().restarts, 1U);
  EXPECT_THAT(node.units.started_with("camera.service"), HasSubstr("--fast"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnitDrift, WhatRestartOnNamesAndWasNotAppliedBeforeAPowerCutRestartsItStill) {
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

TEST_F(EngineUnitDrift, OneThatEndsByItselfIsNotStarted) {
  want(camera());
  node.forget_touched();
  node.units.end_by_itself("camera.service");
  node.pass(2h);
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(node.count_events("DriftHealed"), 0U);
  EXPECT_EQ(camera_status().reason, "NotRunning");
}

TEST_F(EngineUnitDrift, OneWhoseConditionIsNotMetSaysSoAtOnceAndIsStartedOnceAnAttempt) {
  want(camera(service("/bin/camera", "[Unit]\nConditionPathExists=/nowhere\n")));
  EXPECT_EQ(camera_status().reason, "ConditionNotMet");
  node.pass(2h);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.units.touched().starts, 2U);
  EXPECT_EQ(node.count_events("DriftHealed"), 0U);
}

TEST_F(EngineUnitDrift, AOneshotThatIsNotEnabledIsRunOnceInEachBoot) {
  const auto once = spec("camera.service", service("/bin/once", "Type=oneshot\n"), {{"enabled", false}});
  want(FakeApp("app").unit_spec("camera", once));
  node.forget_touched();
  node.reboot();
  node.pass(1h);
  EXPECT_EQ(node.units.touched().starts, 1U);
  EXPECT_EQ(camera_status().reason, "Completed");
}

TEST_F(EngineUnitDrift, RestartsBySystemdLongAgoAreNoCrashLoop) {
  want(camera(service("/bin/camera", "Restart=always\n")));
  for (int i = 0; i < 4; ++i) {
    node.units.kill_by_hand("camera.service");
    node.pass(10min);
  }
  node.units.kill_by_hand("camera.service");
  node.pass(50ms);
  EXPECT_EQ(camera_status().reason, "Restarting");
}

TEST_F(EngineUnitDrift, ThatAnotherUnitWasEnabledIsNothingToIt) {
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

TEST_F(EngineUnitDrift, ThatLeftGitAndIsKeptBehindAHookIsStartedAtOnce) {
  base::FakeProgram takes_long;
  takes_long.exits_with = 0;
  takes_long.exits_after = 50s;
  node.host.set_program(node.process("migrate"), takes_long);
  want(camera().file("a", "/etc/a", "1"));
  FakeMeta hook;
  hook.hook = "PreSync";
  node.desire(
      {FakeApp("app")
           .file("a", "/etc/a", "2")
           .process_spec("migrate", R"({"command":["/usr/bin/migrate"],"restartPolicy":"Never"})", hook)});
  node.pass(10s);
  node.forget_touched();
  node.units.stop_by_hand("camera.service");
  node.pass(1s);
  EXPECT_TRUE(node.units.is_active("camera.service"));
  node.pass(15min);
  EXPECT_FALSE(node.units.is_active("camera.service")) << node.section("app").message;
  EXPECT_FALSE(node.units.is_watched("camera.service"));
}

}  // namespace
}  // namespace holdfast::edge_agent
