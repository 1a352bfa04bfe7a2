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
  void add_image() {
    base::ImageInfo image;
    image.id = base::ImageId("sha256:" + base::Digest::of(kImage).hex());
    image.tags = {kImage};
    node.containers.add_image(image);
  }
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

}  // namespace
}  // namespace holdfast::edge_agent
