// SPDX-License-Identifier: Apache-2.0
// What was there before, while another revision comes: kept going until the turn of what takes its place has come, and no longer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using sync::SectionPhase;

constexpr const char* kImage = "registry.example.com/web:1";

std::string containers(const std::string& name, const std::string& more = "") {
  return R"("containers":[{"name":")" + name + R"(","image":")" + kImage + "\"" + more + "}]";
}

class EngineOutgoing : public ::testing::Test {
 protected:
  EngineOutgoing() { node.have_image(kImage); }
  std::ptrdiff_t count(const std::string& change) const {
    return std::ranges::count(node.containers.changes(), change);
  }
  /// Something that is not well for a while keeps the section on its way.
  static FakeApp with_slow(FakeApp app) {
    FakeMeta later;
    later.wave = 5;
    return app.process_spec(
        "slow",
        R"({"command":["/usr/bin/slow"],"readinessProbe":{"tcpSocket":{"port":80},"periodSeconds":1}})",
        later);
  }
  FakeNode node;
};

TEST_F(EngineOutgoing, APodUnderAnotherNameOfItsContainerIsReplacedOnce) {
  node.desire({FakeApp("app").pod("web", "{" + containers("app") + "}")});
  node.settle();
  ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.host.set_probe("process:default/slow#readiness", {.ok = false, .detail = "no"});
  node.forget_touched();
  node.desire({with_slow(FakeApp("app").pod("web", "{" + containers("main") + "}"))});
  node.pass(30s);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kApplying);
  EXPECT_EQ(count("create hf.default.web.app"), 0);
  EXPECT_EQ(count("create hf.default.web.main"), 1);
  node.host.set_probe("process:default/slow#readiness", {.ok = true});
  node.pass(10s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineOutgoing, AJobUnderAnotherNameOfItsContainerIsNotBegunAnewByTheOldOne) {
  const auto job = [](const std::string& name) {
    return FakeApp("app").workload(
        "Job", "migrate", R"({"template":{"spec":{"restartPolicy":"Never",)" + containers(name) + "}}}");
  };
  for (const auto* name : {"hf.default.migrate.app", "hf.default.migrate.main"})
    node.containers.set_program(ContainerName(name), {.exits_with = 0, .exits_after = 10s});
  node.desire({job("app")});
  node.pass(20s);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.forget_touched();
  node.desire({job("main")});
  node.pass(1min);
  EXPECT_EQ(count("start hf.default.migrate.app"), 0);
  EXPECT_EQ(count("start hf.default.migrate.main"), 1);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

}  // namespace
}  // namespace holdfast::edge_agent
