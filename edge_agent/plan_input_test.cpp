// SPDX-License-Identifier: Apache-2.0
// What a plan is made of: whose claims count, and for whom.
#include "edge_agent/plan_input.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_hooks.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;

/// Has failed for good before anything of it was made, or after its file was.
class PlanInputOfWhatNeverWasGood : public ::testing::Test {
 protected:
  static FakeApp other() { return FakeApp("other").file("mine", "/etc/a", "other's"); }
  void fails(const std::string& stage) {
    node.ends("hook", 1, 1s);
    app = versioned("1").process_spec("hook", once("hook"), hook(stage));
    node.desire({app});
    node.pass(2min);
    ASSERT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  }
  HookNode node;
  FakeApp app{"app"};
};

TEST_F(PlanInputOfWhatNeverWasGood, ItsClaimsAreItsOwnWhileItIsAskedFor) {
  fails("PreSync");
  ASSERT_FALSE(node.content("/etc/a"));
  node.desire({app, other()});
  node.pass(1min);
  EXPECT_EQ(node.section("other").reason, "ClaimConflict");
  EXPECT_FALSE(node.content("/etc/a"));
}

TEST_F(PlanInputOfWhatNeverWasGood, WhatItNeverMadeIsFreeOnceNobodyAsksForIt) {
  fails("PreSync");
  node.desire({other()});
  node.pass(1min);
  EXPECT_EQ(node.content("/etc/a"), "other's");
  EXPECT_EQ(node.section("other").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.count_events("Succeeded"), 0U) << "there is nothing of it to go on with";
}

TEST_F(PlanInputOfWhatNeverWasGood, WhatItMadeIsGoneOnWithByWhoAsksForIt) {
  fails("PostSync");
  ASSERT_EQ(node.content("/etc/a"), "1");
  node.desire({other()});
  node.pass(1min);
  EXPECT_EQ(node.count_events("Succeeded"), 1U);
  EXPECT_EQ(node.content("/etc/a"), "other's");
  EXPECT_TRUE(node.runs("web")) << "nobody ever said that it goes";
}

TEST_F(PlanInputOfWhatNeverWasGood, AskedForAgainItHasWhatIsStillFree) {
  fails("PreSync");
  node.desire({});
  node.pass(1min);
  node.ends("hook", 0, 1s);
  node.desire({app});
  node.engine().retry_all();
  node.pass(1min);
  EXPECT_EQ(node.content("/etc/a"), "1");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

}  // namespace
}  // namespace holdfast::edge_agent
