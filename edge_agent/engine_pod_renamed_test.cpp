// SPDX-License-Identifier: Apache-2.0
// Containers that a hand renames: by its id each is still known for ours, and its name is free for what is wanted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using sync::Health;
using sync::SectionPhase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const ContainerName kWeb{"hf.default.web.app"};
const ContainerName kOther{"of-a-person"};
constexpr const char* kImage = "registry.example.com/web:1";
constexpr const char* kPod = R"({"containers":[{"name":"app","image":"registry.example.com/web:1"}]})";

class EnginePodRenamed : public ::testing::Test {
 protected:
  EnginePodRenamed() { node.have_image(kImage); }
  void start(const FakeApp& app) {
    node.desire({app});
    node.pass(10s);
    ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
    node.forget_touched();
  }
  bool is_there(const ContainerName& name) const { return node.containers.container(name) != nullptr; }

  FakeNode node;
};

TEST_F(EnginePodRenamed, AndStoppedItIsNotTakenForRunning) {
  start(FakeApp("app").pod("web", kPod));
  node.containers.rename_by_hand(kWeb, kOther);
  node.containers.exit_by_hand(kOther, 0);
  node.pass(10s);
  EXPECT_THAT(node.containers.running(), ElementsAre(kWeb.str()));
  EXPECT_FALSE(is_there(kOther));
  EXPECT_THAT(node.last_event("DriftHealed"), HasSubstr("hf.default.web.app was renamed to of-a-person"));
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(EnginePodRenamed, ItIsEndedBeforeItsSuccessorBegins) {
  start(FakeApp("app").pod("web", kPod));
  node.containers.rename_by_hand(kWeb, kOther);
  node.pass(10s);
  EXPECT_THAT(node.containers.changes(),
              ElementsAre("stop of-a-person", "remove of-a-person", "create hf.default.web.app",
                          "start hf.default.web.app"));
}

TEST_F(EnginePodRenamed, UnderItsOldNameAgainItIsLeftAlone) {
  start(FakeApp("app").pod("web", kPod));
  node.containers.rename_by_hand(kWeb, kOther);
  node.containers.rename_by_hand(kOther, kWeb);
  node.pass(10s);
  EXPECT_THAT(node.containers.changes(), ElementsAre());
}

TEST_F(EnginePodRenamed, ADeploymentDoesNotCountIt) {
  start(FakeApp("app").workload("Deployment", "web",
                                std::string(R"({"selector":{"matchLabels":{"app":"web"}},"template":{
      "metadata":{"labels":{"app":"web"}},"spec":)") +
                                    kPod + "}}"));
  const std::string name = *node.containers.running().begin();
  node.containers.rename_by_hand(ContainerName(name), kOther);
  node.containers.exit_by_hand(kOther, 0);
  node.pass(1min);
  EXPECT_FALSE(is_there(kOther));
  EXPECT_EQ(node.containers.running().size(), 1U);
  EXPECT_EQ(node.resource("Deployment/web").health, Health::kHealthy);
}

/// Nobody who is alive has seen it under our name, and labels can be had from an image that was made of ours.
TEST_F(EnginePodRenamed, WhileTheAgentWasAwayItIsNobodysAndLeftAlone) {
  start(FakeApp("app").pod("web", kPod));
  node.kill();
  node.containers.rename_by_hand(kWeb, kOther);
  ASSERT_TRUE(node.boot());
  node.pass(10s);
  EXPECT_TRUE(is_there(kOther));
  EXPECT_TRUE(is_there(kWeb));
}

}  // namespace
}  // namespace holdfast::edge_agent
