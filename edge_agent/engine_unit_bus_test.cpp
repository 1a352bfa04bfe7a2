// SPDX-License-Identifier: Apache-2.0
// Units while systemd or its bus is away, hangs, or an answer is lost.
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
using ::testing::HasSubstr;

class EngineUnitBus : public ::testing::Test, protected UnitStory {};

TEST_F(EngineUnitBus, WithoutSystemdItsApplicationCannotBeHereAndOthersGoOn) {
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

TEST_F(EngineUnitBus, WhileTheBusIsGoneNothingIsKnownAndAfterwardsNothingIsDone) {
  want(camera());
  node.forget_touched();
  node.units.set_gone(true);
  node.engine().look_at_everything();
  node.pass(10min);
  EXPECT_EQ(camera_status().health, Health::kUnknown);
  EXPECT_EQ(camera_status().reason, "Unobservable");
  EXPECT_LE(node.count_events("Unobservable"), 2U);
  node.units.set_gone(false);
  node.pass(10s);
  EXPECT_EQ(camera_status().health, Health::kHealthy);
  EXPECT_THAT(changes(), ElementsAre());
}

TEST_F(EngineUnitBus, WantedWhileTheBusIsGoneItComesWhenThatIsBack) {
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

TEST_F(EngineUnitBus, AHungSystemdIsAskedAgain) {
  node.units.set_hung(true);
  node.desire({camera()});
  node.pass(10min);
  EXPECT_FALSE(node.units.is_active("camera.service"));
  node.units.set_hung(false);
  node.pass(10min);
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnitBus, ALostAnswerIsMadeGoodByLooking) {
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

TEST_F(EngineUnitBus, ARestartWhoseAnswerWasLostIsNotAskedForAgain) {
  want(camera());
  node.forget_touched();
  node.units.set_lost_answer(UnitCall::kRestart, Error(Code::kTimeout, "lost"));
  want(camera(service("/bin/camera --fast")));
  node.pass(10min);
  EXPECT_EQ(node.units.touched().restarts, 1U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnitBus, KilledWhileItIsBeingRestartedTheAgentDoesNotRestartItAgain) {
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

}  // namespace
}  // namespace holdfast::edge_agent
