// SPDX-License-Identifier: Apache-2.0
// What begins a section's walk again before its time: whoever was asked has answered, or the container engine is back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;

constexpr const char* kImage = "registry.example.com/web:1";

class EngineAwaits : public ::testing::Test {
 protected:
  EngineAwaits() { node.have_image(kImage); }
  static FakeApp with_pod(const std::string& name) {
    return FakeApp(name).pod("web",
                             R"({"containers":[{"name":"app","image":")" + std::string(kImage) + "\"}]}");
  }
  FakeNode node;
};

/// Both applications ask, and the answer is about the one container that both have to do with.
TEST_F(EngineAwaits, TheAnswerAboutWhatIsStillAnothersBeginsTheWalkOfWhoTakesItOver) {
  node.desire({with_pod("from").file("a", "/etc/a", "a"), FakeApp("to").file("b", "/etc/b", "b")});
  node.settle();
  node.desire({FakeApp("from").file("a", "/etc/a", "a"), with_pod("to")});
  ASSERT_TRUE(node.restart());
  node.pass(10s);
  EXPECT_EQ(node.section("to").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("from").phase, SectionPhase::kSynced);
}

TEST_F(EngineAwaits, AnEngineThatIsBackIsNotWaitedForAnyLonger) {
  node.containers.set_gone(true);
  node.desire({with_pod("app")});
  node.pass(20min);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  node.containers.set_gone(false);
  node.pass(31s);  // no longer is it left alone
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineAwaits, WhatAnotherSectionHearsBeginsNoWalk) {
  node.desire({with_pod("app")});
  node.settle();
  ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.forget_touched();
  node.pass(4min);
  EXPECT_EQ(node.containers.touched(), base::EngineTouched{});
}

}  // namespace
}  // namespace holdfast::edge_agent
