// SPDX-License-Identifier: Apache-2.0
// A revision that takes the machine down: told from reboots that are nobody's fault, and rolled back without the hub.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;
using ::testing::HasSubstr;

class EngineRebootLoop : public ::testing::Test {
 protected:
  static FakeApp good() {
    return FakeApp("app").file("a", "/etc/a", "good").process("web", {"/usr/bin/web"});
  }
  /// Is not ready before a quarter of an hour has passed.
  static FakeApp slow(const std::string& content = "slow") {
    FakeApp app("app");
    app.policy.progress_deadline = 1h;
    return app.file("a", "/etc/a", content)
        .process_spec("web", R"({"command":["/usr/bin/slow"],"minReadySeconds":900})");
  }
  void reboot(int times) {
    for (int i = 0; i < times; ++i) {
      node.pass(30s);
      node.reboot();
    }
    node.pass(30s);
  }
  FakeNode node;
};

TEST_F(EngineRebootLoop, AfterThreeInARowItIsRolledBackWithoutTheHub) {
  node.desire({good()});
  node.settle();
  node.desire({slow()});
  reboot(2);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying) << node.section("app").message;
  reboot(1);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.section("app").reason, "RebootLoop");
  EXPECT_THAT(node.section("app").message, HasSubstr("restarted 3 times in a row"));
  EXPECT_EQ(node.content("/etc/a"), "good");
  EXPECT_TRUE(node.runs("web"));
  reboot(3);
  EXPECT_EQ(node.content("/etc/a"), "good") << "and stays so";
}

TEST_F(EngineRebootLoop, ThatAPersonAsksForAgainHasThreeMore) {
  node.desire({good()});
  node.settle();
  node.desire({slow()});
  reboot(3);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  node.engine().retry_all();
  reboot(2);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  node.pass(20min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineRebootLoop, AnAgentThatIsStartedAgainIsNoReboot) {
  node.desire({slow()});
  for (int i = 0; i < 10; ++i) {
    node.pass(10s);
    ASSERT_TRUE(node.restart());
  }
  node.pass(20min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineRebootLoop, BeforeAnythingIsAppliedNoneCounts) {
  node.desire({FakeApp("app").pod("web", R"({"containers":[{"name":"app","image":"not/here:1"}]})")});
  reboot(6);
  EXPECT_NE(node.section("app").phase, SectionPhase::kQuarantined) << node.section("app").message;
}

TEST_F(EngineRebootLoop, EachRevisionHasItsOwnThree) {
  node.desire({slow()});
  reboot(2);
  node.desire({slow("another")});
  reboot(2);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
}

TEST_F(EngineRebootLoop, OfOneThatIsGoodAlreadyNoneCounts) {
  node.desire({good()});
  reboot(6);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineRebootLoop, WithNothingGoodBeforeItIsQuarantinedAllTheSame) {
  node.desire({slow()});
  reboot(3);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
}

}  // namespace
}  // namespace holdfast::edge_agent
