// SPDX-License-Identifier: Apache-2.0
// A revision that was half applied when another one came: where that one fails, or cannot be done here at all, what was good comes back, and
// nothing of the one before it is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;
using ::testing::HasSubstr;

class EngineSuperseded : public ::testing::Test {
 protected:
  EngineSuperseded() {
    node.host.set_probe("process:default/late#readiness", {.ok = false, .detail = "never"});
    node.desire({good()});
    node.settle();
  }
  static FakeApp good() { return FakeApp("app").file("a", "/etc/a", "good"); }
  /// Never healthy: what it has in wave 0 is applied.
  static FakeApp stuck(const std::string& content) {
    FakeMeta later;
    later.wave = 1;
    return FakeApp("app")
        .file("a", "/etc/a", content)
        .process_spec(
            "late",
            R"({"command":["/usr/bin/late"],"readinessProbe":{"tcpSocket":{"port":80},"periodSeconds":1}})",
            later);
  }
  static FakeApp with_extra(FakeApp app) { return app.process("extra", {"/usr/bin/extra"}); }
  static FakeApp unable() {
    return FakeApp("app")
        .file("a", "/etc/a", "unable")
        .pod("eye", R"({"containers":[{"name":"app","image":"registry.example.com/eye:1",
                   "resources":{"limits":{"nvidia.com/gpu":1}}}]})");
  }
  void expect_good() {
    EXPECT_EQ(node.content("/etc/a"), "good");
    EXPECT_FALSE(node.runs("extra"));
    EXPECT_FALSE(node.runs("late"));
  }
  FakeNode node;
};

TEST_F(EngineSuperseded, WhatItMadeGoesWhenTheOneThatCameFails) {
  node.desire({with_extra(stuck("first"))});
  node.pass(10s);
  ASSERT_TRUE(node.runs("extra"));
  node.desire({stuck("second")});
  node.pass(20min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  expect_good();
}

TEST_F(EngineSuperseded, WhatItMadeGoesWhereTheOtherCameOnItsWayBackToo) {
  node.desire({with_extra(stuck("first"))});
  node.pass(10s);
  node.host.set_fault("/etc/a", base::FileFault::kNoSpace);
  for (int i = 0; i < 600 && node.section("app").phase != SectionPhase::kRollingBack; ++i) node.pass(1s);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kRollingBack);
  ASSERT_TRUE(node.runs("extra"));
  node.desire({stuck("second")});
  node.host.set_fault("/etc/a", std::nullopt);
  ASSERT_TRUE(node.restart());
  node.pass(20min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  expect_good();
}

TEST_F(EngineSuperseded, WhereTheOneThatCameCannotBeDoneHereWhatWasGoodComesBack) {
  node.desire({with_extra(stuck("first"))});
  node.pass(10s);
  ASSERT_EQ(node.content("/etc/a"), "first");
  node.desire({unable()});
  node.pass(10s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kUnschedulable);
  EXPECT_THAT(node.section("app").message, HasSubstr("has no GPU"));
  expect_good();
  node.forget_touched();
  const auto commits = node.store.commits();
  node.pass(1h);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kUnschedulable);
  EXPECT_LE(node.store.commits(), commits + 1) << "and then nothing is done";
  EXPECT_EQ(node.host.touched().writes, 0U);
}

TEST_F(EngineSuperseded, AnAgentThatDiesOnThatWayGoesOnWithIt) {
  base::FakeProgram slow;
  slow.stop_takes = 25s;
  node.host.set_program(node.process("extra"), slow);
  node.desire({with_extra(stuck("first"))});
  node.pass(10s);
  node.desire({unable()});
  for (int i = 0; i < 8; ++i) {
    node.pass(500ms);
    ASSERT_TRUE(node.restart());
  }
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kUnschedulable);
  expect_good();
}

TEST_F(EngineSuperseded, OnThatWayAHostThatCannotIsTriedAgainAndTheReasonStays) {
  node.desire({with_extra(stuck("first"))});
  node.pass(10s);
  node.host.set_fault("/etc/a", base::FileFault::kNoSpace);
  node.desire({unable()});
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kUnschedulable);
  EXPECT_EQ(node.content("/etc/a"), "first");
  node.host.set_fault("/etc/a", std::nullopt);
  node.pass(5min);
  expect_good();
  EXPECT_THAT(node.section("app").message, HasSubstr("has no GPU"));
}

}  // namespace
}  // namespace holdfast::edge_agent
