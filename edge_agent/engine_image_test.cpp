// SPDX-License-Identifier: Apache-2.0
// Images in the life of a section: what the machine lacks is waited for, what the revision asks for wrongly is its own fault, and
// what must not be collected is told by what is stored.
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;

constexpr const char* kImage = "registry.example.com/web:1";

class EngineImage : public ::testing::Test {
 protected:
  static FakeApp app() {
    FakeApp out("app");
    out.policy.progress_deadline = 60s;
    return out.pod("web", std::string(R"({"containers":[{"name":"app","image":")") + kImage + "\"}]}")
        .file("a", "/etc/a", "a\n");
  }
  void add_image() { node.have_image(kImage); }
  FakeNode node;
};

TEST_F(EngineImage, ATroubleOfTheMachineIsWaitedForAndTheOthersGoOn) {
  node.containers.set_failure(base::EngineCall::kImage,
                              base::Error(base::Code::kUnavailable, "no answer of the engine"));
  node.desire({app()});
  node.pass(20min);
  EXPECT_EQ(node.content("/etc/a"), "a\n");
  EXPECT_EQ(node.resource("Pod/web").reason, "ImageInspectError");
  EXPECT_NE(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.count_events("Failed"), 0U);
  node.containers.set_failure(base::EngineCall::kImage, std::nullopt);
  add_image();
  node.pass(6min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineImage, AFailedPullIsToldOnceWithImageRegistryAndCause) {
  node.desire({app()});
  node.pass(2s);
  EXPECT_EQ(node.count_events("ErrImagePull"), 1U) << "and not at the deadline";
  EXPECT_NE(node.last_event("ErrImagePull").find(kImage), std::string::npos)
      << node.last_event("ErrImagePull");
  node.pass(50s);
  EXPECT_EQ(node.count_events("ErrImagePull"), 1U);
  EXPECT_EQ(node.count_events("ImagePullBackOff"), 0U);
}

TEST_F(EngineImage, AnImageThatThereIsNotIsTheRevisionsFault) {
  node.desire({app()});
  node.pass(20min);
  EXPECT_GT(node.count_events("Failed"), 0U);
  EXPECT_EQ(node.content("/etc/a"), "a\n");
}

TEST_F(EngineImage, WhatIsNeededIsWhatIsStored) {
  EXPECT_FALSE(node.engine().images_needed()) << "before the hub has spoken nothing may go";
  add_image();
  node.desire({app()});
  node.settle();
  const auto needed = node.engine().images_needed();
  ASSERT_TRUE(needed) << needed.error().message();
  EXPECT_EQ(*needed, (std::set<std::string>{kImage}));
}

/// One whose image is there is to be replaced by one whose image cannot be had for now.
class EngineImageAhead : public EngineImage {
 protected:
  static FakeApp version(const std::string& image) {
    FakeApp out("app");
    out.policy.progress_deadline = 60s;
    return out.pod("web", R"({"containers":[{"name":"app","image":")" + image + "\"}]}");
  }
  void SetUp() override {
    add_image();
    node.desire({version(kImage)});
    node.settle();
    ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced);
    // Another tag than latest is not asked for anew where it is there.
    node.desire({version("registry.example.com/web:2")});
    node.pass(2s);
    ASSERT_EQ(node.section("app").phase, SectionPhase::kApplying);
  }
  bool runs() const { return node.containers.running().contains(kName.str()); }
  std::string image_of_it() const { return node.containers.spec_of(kName)->image; }
  void add_second() {
    base::ImageInfo image;
    image.id = base::ImageId("sha256:" + base::Digest::of("second").hex());
    image.tags = {"registry.example.com/web:2"};
    node.containers.add_image(image);
  }
  const base::ContainerName kName{"hf.default.web.app"};
};

TEST_F(EngineImageAhead, WhatWasThereIsStartedAgainUntilTheSwitch) {
  const auto before = node.containers.container(kName)->id;
  node.containers.exit_by_hand(kName, 1);
  node.pass(2s);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.containers.container(kName)->id, before) << "it is the old one";
  ASSERT_TRUE(node.restart());
  node.containers.exit_by_hand(kName, 1);
  node.pass(10s);
  EXPECT_TRUE(runs()) << "whoever looks";
}

TEST_F(EngineImageAhead, WhatWasThereIsMadeAgainUntilTheSwitch) {
  node.containers.remove_by_hand(kName);
  node.pass(5s);
  ASSERT_TRUE(runs());
  EXPECT_EQ(image_of_it(), "sha256:" + base::Digest::of(kImage).hex());
}

TEST_F(EngineImageAhead, TheSwitchComesOnceItIsThere) {
  const auto before = node.containers.container(kName)->id;
  add_second();
  node.pass(5min);
  ASSERT_TRUE(runs());
  EXPECT_NE(node.containers.container(kName)->id, before);
  EXPECT_EQ(image_of_it(), "sha256:" + base::Digest::of("second").hex());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineImageAhead, WhatCannotBeHadNeverTouchesWhatWasThere) {
  const auto before = node.containers.container(kName)->id;
  node.pass(20min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.containers.container(kName)->id, before);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.containers.touched().stops, 0U);
}

/// As for an old version of a pod, that of its image is not the revision's fault: no deadline counts.
TEST_F(EngineImage, AJobWaitsForTheMachineToo) {
  node.containers.set_failure(base::EngineCall::kImage,
                              base::Error(base::Code::kUnavailable, "no answer of the engine"));
  FakeApp job("app");
  job.policy.progress_deadline = 60s;
  job.workload(
      "Job", "migrate",
      std::string(R"({"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"app","image":")") +
          kImage + "\"}]}}}");
  node.containers.set_program(base::ContainerName("hf.default.migrate.app"),
                              {.exits_with = 0, .exits_after = 1s});
  node.desire({job});
  node.pass(20min);
  EXPECT_EQ(node.count_events("Failed"), 0U) << node.last_event("Failed");
  EXPECT_EQ(node.resource("Job/migrate").reason, "ImageInspectError");
  node.containers.set_failure(base::EngineCall::kImage, std::nullopt);
  add_image();
  node.pass(6min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

}  // namespace
}  // namespace holdfast::edge_agent
