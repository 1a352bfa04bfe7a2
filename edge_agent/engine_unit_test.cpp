// SPDX-License-Identifier: Apache-2.0
// Units: installed, enabled and started with one daemon-reload, adopted, restarted only for a reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "edge_agent/fake_unit_story.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Error;
using base::UnitCall;
using sync::Health;
using sync::SectionPhase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EngineUnit : public ::testing::Test, protected UnitStory {};

class EngineUnitOfVendor : public EngineUnit {
 protected:
  EngineUnitOfVendor() { node.units.add_vendor_unit("ssh.service", service("/bin/sshd")); }
};

TEST_F(EngineUnit, InItsFirstStartItSaysThatItStarts) {
  std::set<std::string> reasons;
  node.units.before_change([&](const std::string& what) {
    static_cast<void>(node.engine().run_due());
    if (what == "start camera.service") reasons.insert(camera_status().reason);
  });
  want(camera());
  node.units.before_change(nullptr);
  EXPECT_THAT(reasons, ElementsAre("Starting"));
}

TEST_F(EngineUnit, ItIsHealthyOnlyWhenItWasUpForItsMinReadySeconds) {
  want(FakeApp("app").unit_spec("camera",
                                spec("camera.service", service("/bin/camera"), {{"minReadySeconds", 60}})));
  EXPECT_EQ(camera_status().health, Health::kProgressing);
  EXPECT_EQ(camera_status().reason, "MinReady");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  node.pass(50s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  node.units.restart_by_hand("camera.service");
  node.pass(50s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying) << "without a break";
  node.pass(15s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(camera_status().health, Health::kHealthy);
}

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

TEST_F(EngineUnitOfVendor, ThatRunsThoughItIsMaskedIsStopped) {
  node.units.start_by_hand("ssh.service");
  node.units.mask_by_hand("ssh.service");
  want(ssh(R"("state":"stopped")"));
  EXPECT_THAT(changes(), ElementsAre("stop ssh.service"));
  EXPECT_EQ(node.resource("Unit/ssh").reason, "Masked");
}

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

TEST_F(EngineUnit, AnInstanceOfATemplateRunsWithTheFileThatIsItsTemplate) {
  const auto app = [](const std::string& program) {
    return FakeApp("app")
        .file("template", "/etc/systemd/system/camera@.service", service(program))
        .unit_spec("camera", R"({"name":"camera@a.service","enabled":true,"state":"running",)"
                             R"("restartOn":["File/template"]})");
  };
  want(app("/bin/camera %i"));
  EXPECT_TRUE(node.units.is_active("camera@a.service"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
  want(app("/bin/camera --fast %i"));
  EXPECT_THAT(node.units.started_with("camera@a.service"), HasSubstr("--fast"));
  EXPECT_EQ(node.units.touched().restarts, 1U);
}

TEST_F(EngineUnit, KilledBetweenWritingAFileAndTellingSystemdItIsReadAllTheSame) {
  node.units.add_vendor_unit("camera.service", service("/bin/of-the-distribution"));
  node.units.start_by_hand("camera.service");
  node.units.set_failure(UnitCall::kReload, Error(Code::kUnavailable, "the bus went away"));
  want(camera());
  ASSERT_TRUE(node.content("/etc/systemd/system/camera.service"));
  ASSERT_TRUE(node.restart());
  node.units.set_failure(UnitCall::kReload, std::nullopt);
  node.pass(10min);
  EXPECT_EQ(node.units.started_with("camera.service"), service("/bin/camera"));
  EXPECT_EQ(node.units.touched().restarts, 1U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
}

}  // namespace
}  // namespace holdfast::edge_agent
