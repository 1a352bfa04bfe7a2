// SPDX-License-Identifier: Apache-2.0
// Contract: images of an Engine.
#include <algorithm>

#include "base/engine_contract.hpp"

namespace holdfast::base {
namespace {

class EngineImageContract : public EngineContract {
 protected:
  Result<std::vector<ImageInfo>> images() {
    return wait<std::vector<ImageInfo>>([&](auto end) { engine().images(end); });
  }
};
INSTANTIATE_TEST_SUITE_P(Engine, EngineImageContract, all_engine_kinds(), engine_kind_name);

TEST_P(EngineImageContract, IsLoadedFromAnArchiveAndRemoved) {
  have_image();
  EXPECT_DONE(remove_image(EngineWorld::image_name()));
  EXPECT_REFUSED(Code::kNotFound, image(EngineWorld::image_name()));
  EXPECT_REFUSED(Code::kNotFound, remove_image(EngineWorld::image_name()));

  EXPECT_DONE(load(world().archive()));
  const auto loaded = image(EngineWorld::image_name());
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->tags, std::vector<std::string>{EngineWorld::image_name()});
  EXPECT_EQ(loaded->os, "linux");
  EXPECT_FALSE(loaded->architecture.empty());
  EXPECT_GT(loaded->size_bytes, 0U);
  const auto by_id = image(loaded->id.str());
  ASSERT_TRUE(by_id) << by_id.error().message();
  EXPECT_EQ(by_id->id, loaded->id);

  const auto all = images();
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_TRUE(std::ranges::any_of(*all, [&](const ImageInfo& one) { return one.id == loaded->id; }));
}

TEST_P(EngineImageContract, ToLoadItAgainChangesNothing) {
  have_image();
  const auto before = image(EngineWorld::image_name());
  EXPECT_DONE(load(world().archive()));
  const auto after = image(EngineWorld::image_name());
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->id, after->id);
}

TEST_P(EngineImageContract, WhatIsNoArchiveIsRefused) {
  EXPECT_FALSE(load(std::string(100'000, 'x')));
  EXPECT_FALSE(load(""));
  EXPECT_DONE(wait<void>([&](auto end) { engine().ping(end); }));
}

TEST_P(EngineImageContract, AnArchiveThatBreaksOffIsThatFailure) {
  const auto loaded = wait<void>([&](auto end) {
    engine().load_image(
        [](std::size_t) -> Result<std::string> { return fail(Code::kIo, "the disk is gone"); }, end);
  });
  ASSERT_FALSE(loaded);
  if (world().is_real()) {
    EXPECT_EQ(loaded.error().message(), "load image: the archive: the disk is gone");
  }
  EXPECT_EQ(loaded.error().code(), Code::kIo);
}

TEST_P(EngineImageContract, IsKeptWhileAContainerHasIt) {
  have_image();
  const auto id = create(world().that_runs("hf.user"));
  ASSERT_TRUE(id);
  EXPECT_REFUSED(Code::kConflict, remove_image(EngineWorld::image_name()));
  EXPECT_DONE(remove(*id));
  EXPECT_DONE(remove_image(EngineWorld::image_name()));
}

}  // namespace
}  // namespace holdfast::base
