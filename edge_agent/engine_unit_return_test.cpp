// SPDX-License-Identifier: Apache-2.0
// Units are given back as they were found, and what was made is gone for good.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

class EngineUnitReturn : public ::testing::Test, protected UnitStory {};

class EngineUnitReturnOfVendor : public EngineUnitReturn {
 protected:
  EngineUnitReturnOfVendor() { node.units.add_vendor_unit("ssh.service", service("/bin/sshd")); }
};

TEST_F(EngineUnitReturn, ThatIsLetGoIsNotAskedForAnyMore) {
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

TEST_F(EngineUnitReturnOfVendor, GivenBackOneThatEndsAtOnceIsStartedOnce) {
  node.units.start_by_hand("ssh.service");
  want(ssh(R"("state":"stopped")"));
  node.units.add_vendor_unit("ssh.service", service("/bin/true"));
  node.units.reload_by_hand();
  node.forget_touched();
  want_nothing();
  EXPECT_THAT(changes(), ElementsAre("start ssh.service"));
  EXPECT_EQ(node.section("app").name, "");
}

TEST_F(EngineUnitReturnOfVendor, BroughtBackWhileItLeavesItIsKeptAgainAndCanLoseItsDropInLater) {
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

TEST_F(EngineUnitReturn, OneThatCannotBeDisabledIsStoppedAllTheSame) {
  want(camera());
  node.units.set_failure(UnitCall::kDisable, Error(Code::kInvalid, "no"));
  want_nothing();
  EXPECT_FALSE(node.units.is_active("camera.service"));
  EXPECT_FALSE(node.content("/etc/systemd/system/camera.service"));
  EXPECT_EQ(node.section("app").name, "");
}

TEST_F(EngineUnitReturnOfVendor, FoundMaskedItIsGivenBackMasked) {
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

TEST_F(EngineUnitReturn, OneOfTheDistributionIsGivenBackAsItWasFound) {
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

TEST_F(EngineUnitReturn, ThatIsPrunedIsStoppedDisabledAndForgottenBySystemd) {
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

TEST_F(EngineUnitReturn, ThatWasRenamedInGitIsAdopted) {
  want(camera());
  node.forget_touched();
  want(FakeApp("app").unit_spec("renamed", spec("camera.service", service("/bin/camera"))));
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_TRUE(node.units.is_active("camera.service"));
}

TEST_F(EngineUnitReturnOfVendor, ADropInThatIsRenamedRestartsNothing) {
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

}  // namespace
}  // namespace holdfast::edge_agent
