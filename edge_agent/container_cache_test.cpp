// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/container_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "base/fake_clock.hpp"
#include "base/fake_engine.hpp"
#include "base/limits/agent.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using base::EngineCall;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kImage = "web:1";
const sync::Claim kAsker{sync::ClaimKind::kContainer, "hf.default.web.app"};

class ContainerCacheTest : public ::testing::Test {
 protected:
  ContainerCacheTest() {
    base::ImageInfo image;
    image.id = base::ImageId("sha256:" + base::Digest::of(kImage).hex());
    image.tags = {kImage};
    engine.add_image(image);
  }
  base::ContainerId make(const std::string& pod, const std::string& container = "app") {
    base::ContainerSpec spec;
    spec.name = ContainerName("hf.default." + pod + "." + container);
    spec.image = kImage;
    spec.labels = {{pod_labels::kPod, "default/" + pod}};
    return engine.create_by_hand(spec);
  }
  void deliver() {
    while (engine.deliver() > 0) {
    }
  }
  void know() {
    static_cast<void>(cache.known(kAsker));
    deliver();
    ASSERT_TRUE(cache.known(kAsker));
    told.clear();
    engine.forget_touched();
  }
  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    deliver();
  }
  const base::ContainerState* web() const { return cache.find(ContainerName("hf.default.web.app")); }

  base::FakeClock clock;
  base::FakeEngine engine{clock};
  std::vector<std::string> told;
  ContainerCache cache{{engine, clock, [this](const sync::Claim& claim) { told.push_back(claim.value); },
                        [](const sync::Claim&, base::MonotonicTime) {}}};
};

TEST_F(ContainerCacheTest, NothingIsConnectedBeforeSomebodyAsks) {
  make("web");
  deliver();
  EXPECT_EQ(engine.touched(), base::EngineTouched{});
  const auto known = cache.known(kAsker);
  ASSERT_FALSE(known);
  EXPECT_TRUE(is_not_known_yet(known.error()));
  deliver();
  EXPECT_THAT(told, Contains(kAsker.value)) << "who asked is told when it is known";
  EXPECT_TRUE(cache.known(kAsker));
}

TEST_F(ContainerCacheTest, IsOneListAndOneLookAtEach) {
  make("web");
  make("web", "log");
  make("other");
  static_cast<void>(cache.known(kAsker));
  deliver();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(cache.known(kAsker));
    EXPECT_EQ(cache.of_pod({"default", "web"}).size(), 2U);
  }
  pass(24h);
  EXPECT_EQ(engine.touched().lists, 1U);
  EXPECT_EQ(engine.touched().inspects, 3U);
  EXPECT_EQ(engine.touched().watches, 1U);
}

TEST_F(ContainerCacheTest, AnEventIsALookAtThatOne) {
  make("web");
  make("other");
  know();
  engine.start_by_hand(ContainerName("hf.default.web.app"));
  deliver();
  EXPECT_EQ(engine.touched().inspects, 1U);
  EXPECT_EQ(engine.touched().lists, 0U);
  EXPECT_EQ(web()->phase, base::ContainerPhase::kRunning);
  EXPECT_THAT(told, Contains("hf.default.web.app"));
  engine.remove_by_hand(ContainerName("hf.default.web.app"));
  deliver();
  EXPECT_EQ(web(), nullptr);
}

TEST_F(ContainerCacheTest, WhoFollowsAPodIsToldOfEachOfItsContainers) {
  make("web", "log");
  know();
  cache.follow({"default", "web"}, {sync::ClaimKind::kContainer, "hf.default.web-*"});
  engine.start_by_hand(ContainerName("hf.default.web.log"));
  deliver();
  EXPECT_THAT(told, Contains("hf.default.web-*"));
  EXPECT_THAT(told, Not(Contains("hf.default.web.log")));
}

TEST_F(ContainerCacheTest, ContainersOfOthersAreNotKept) {
  know();
  base::ContainerSpec spec;
  spec.name = ContainerName("somebodys");
  spec.image = kImage;
  engine.create_by_hand(spec);
  spec.name = ContainerName("hf.looks.like.ours");
  engine.create_by_hand(spec);
  deliver();
  EXPECT_THAT(cache.all(), IsEmpty());
  EXPECT_EQ(engine.touched().inspects, 1U) << "only of what may be ours";
}

TEST_F(ContainerCacheTest, AStreamThatEndedIsANewListAndWhatChangedMeanwhileIsTold) {
  make("web");
  make("gone");
  know();
  cache.follow({"default", "web"}, kAsker);
  engine.end_events();
  engine.start_by_hand(ContainerName("hf.default.web.app"));
  engine.remove_by_hand(ContainerName("hf.default.gone.app"));
  deliver();
  EXPECT_EQ(engine.touched().lists, 1U);
  EXPECT_EQ(web()->phase, base::ContainerPhase::kRunning);
  EXPECT_EQ(cache.all().size(), 1U);
  EXPECT_THAT(told, Contains(kAsker.value));
}

TEST_F(ContainerCacheTest, AnEngineThatIsAwayIsSaidAndAskedEverMoreSeldom) {
  make("web");
  know();
  engine.set_gone(true);
  pass(1ms);
  auto known = cache.known(kAsker);
  ASSERT_FALSE(known);
  EXPECT_TRUE(is_engine_down(known.error()));
  ASSERT_NE(cache.trouble(), nullptr);
  EXPECT_EQ(web()->phase, base::ContainerPhase::kCreated) << "what was known last";
  std::size_t asked = 0;
  for (int second = 0; second < 600; ++second) {
    const auto before = engine.touched().watches;
    pass(1s);
    static_cast<void>(cache.known(kAsker));
    deliver();
    asked += engine.touched().watches - before;
  }
  EXPECT_LT(asked, 30U);
  engine.set_gone(false);
  pass(base::limits::kEngineBackoffMax + 1s);
  static_cast<void>(cache.known(kAsker));
  deliver();
  EXPECT_TRUE(cache.known(kAsker));
  EXPECT_EQ(cache.trouble(), nullptr);
}

TEST_F(ContainerCacheTest, OneThatCannotBeInspectedLeavesTheOthersKnown) {
  make("web");
  know();
  engine.set_failure(EngineCall::kInspect, base::Error(base::Code::kIo, "damaged"));
  make("other");
  deliver();
  EXPECT_TRUE(cache.known(kAsker));
  EXPECT_EQ(cache.all().size(), 1U);
  engine.set_failure(EngineCall::kInspect, std::nullopt);
  clock.advance(base::limits::kEngineBackoffMax);
  EXPECT_TRUE(cache.known(kAsker));
  deliver();
  EXPECT_EQ(cache.all().size(), 2U) << "asked for again";
}

TEST_F(ContainerCacheTest, OneThatCouldNotBeInspectedWaitsForAnEngineThatIsAway) {
  make("web");
  know();
  engine.set_failure(EngineCall::kInspect, base::Error(base::Code::kIo, "damaged"));
  make("other");
  deliver();
  engine.set_gone(true);
  pass(1ms);
  static_cast<void>(cache.known(kAsker));
  deliver();
  engine.forget_touched();
  for (int second = 0; second < 120; ++second) {
    pass(1s);
    static_cast<void>(cache.known(kAsker));
    deliver();
  }
  EXPECT_EQ(engine.touched().inspects, 0U);
  engine.set_failure(EngineCall::kInspect, std::nullopt);
  engine.set_gone(false);
  pass(base::limits::kEngineBackoffMax + 1s);
  static_cast<void>(cache.known(kAsker));
  deliver();
  EXPECT_TRUE(cache.known(kAsker));
  EXPECT_EQ(cache.all().size(), 2U);
}

TEST_F(ContainerCacheTest, ADoubtIsANewListOnTheSameStream) {
  know();
  cache.doubt();
  EXPECT_FALSE(cache.known(kAsker));
  deliver();
  EXPECT_TRUE(cache.known(kAsker));
  EXPECT_EQ(engine.touched().lists, 1U);
  EXPECT_EQ(engine.touched().watches, 0U);
}

TEST_F(ContainerCacheTest, WhatWasMadeOrRemovedByTheAgentIsKnownAtOnce) {
  know();
  base::ContainerSpec spec;
  spec.name = ContainerName("hf.default.web.app");
  spec.labels = {{pod_labels::kPod, "default/web"}};
  cache.created(base::ContainerId("1"), spec, {});
  ASSERT_NE(web(), nullptr);
  EXPECT_EQ(web()->phase, base::ContainerPhase::kCreated);
  cache.removed(base::ContainerId("1"));
  EXPECT_EQ(web(), nullptr);
}

}  // namespace
}  // namespace holdfast::edge_agent
