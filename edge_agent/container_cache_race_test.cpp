// SPDX-License-Identifier: Apache-2.0
// The engine's event of a container may come before its answer to whoever made it.
#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "base/fake_engine.hpp"
#include "edge_agent/container_cache.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {
namespace {

TEST(ContainerCacheRace, WhatWasCreatedIsThereThoughItIsStillBeingLookedAt) {
  base::FakeClock clock;
  base::FakeEngine engine(clock);
  ContainerCache cache(
      {engine, clock, [](const sync::Claim&) {}, [](const sync::Claim&, base::MonotonicTime) {}});
  const sync::Claim claim{sync::ClaimKind::kContainer, "hf.default.web.app"};
  ASSERT_FALSE(cache.known(claim));
  for (int i = 0; i < 5; ++i) engine.deliver();
  ASSERT_TRUE(cache.known(claim));
  base::ContainerSpec spec;
  spec.name = base::ContainerName(claim.value);
  spec.image = "image";
  spec.labels[pod_labels::kPod] = "default/web";
  base::ImageInfo image;
  image.id = base::ImageId("image");
  image.tags = {"image"};
  engine.add_image(image);
  const auto id = engine.create_by_hand(spec);
  engine.deliver();
  ASSERT_TRUE(cache.is_being_looked_at(id));
  ASSERT_EQ(cache.find(spec.name), nullptr);
  cache.created(id, spec, image.id);
  EXPECT_NE(cache.find(spec.name), nullptr) << "else it is made a second time";
  for (int i = 0; i < 5; ++i) engine.deliver();
  ASSERT_NE(cache.find(spec.name), nullptr);
  EXPECT_FALSE(cache.is_being_looked_at(id));
}

}  // namespace
}  // namespace holdfast::edge_agent
