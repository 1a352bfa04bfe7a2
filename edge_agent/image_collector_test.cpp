// SPDX-License-Identifier: Apache-2.0
// Images that nobody needs any more are collected, and no others.
#include "edge_agent/image_collector.hpp"

#include <sys/stat.h>

#include "edge_agent/image_story_test.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Code;
using base::Digest;
using base::Error;
using Is = ImageLook::Is;
using sync::PullPolicy;
namespace fs = std::filesystem;

using ImageCollectorTest = ImageStory;

TEST_F(ImageCollectorTest, WhatIsNamedByItsDigestIsNeededWhateverTheTag) {
  const std::string index = Digest::of("index").hex();
  const auto pulled = pull("r.io/app:1.2@sha256:" + index, "v1");
  needed_ = {"r.io/app@sha256:" + index};
  collect();
  EXPECT_EQ(engine_.images_there().size(), 1U);
  needed_ = {"r.io/app@sha256:" + pulled.manifest.hex()};
  collect();
  EXPECT_EQ(engine_.images_there().size(), 1U);
  needed_ = {"r.io/other@sha256:" + index};
  collect();
  EXPECT_TRUE(engine_.images_there().empty());
}

TEST_F(ImageCollectorTest, AnImageThatAMirrorGivesTooStaysWithItsOnlyName) {
  const auto pulled = pull("a.io/app:1", "v1");
  settled("b.io/app:1", PullPolicy::kIfNotPresent, "b");
  pulls_.end_present(pulled);
  EXPECT_EQ(settled("b.io/app:1", PullPolicy::kIfNotPresent, "b").is, Is::kThere);
  needed_ = {"b.io/app:1"};
  collect();
  EXPECT_EQ(engine_.images_there().size(), 1U);
  needed_.clear();
  for (int i = 0; i < 2; ++i) collect();
  EXPECT_TRUE(engine_.images_there().empty());
}

TEST_F(ImageCollectorTest, ManyPodsDoNotPushOutTheOnlyUseOfAReference) {
  const auto pulled = pull("r.io/app:1", "v1");
  ImageRecord record = records_->all().front();
  for (std::size_t i = 0; i < base::limits::kImageUsesMax + 10; ++i)
    ASSERT_TRUE(records_->add(record, {ref("r.io/app:latest").text(), Digest::of(std::to_string(i))}));
  EXPECT_TRUE(records_->all().front().has_use("r.io/app:1"));
  EXPECT_EQ(records_->all().front().uses.size(), base::limits::kImageUsesMax);
}

TEST_F(ImageCollectorTest, WhatIsNeededIsAskedAgainBeforeEachRemoval) {
  pull("r.io/app:1", "v1");
  pull("r.io/app:2", "v2");
  clock_.advance(base::limits::kImageCollectInterval);
  collector_->look();
  settle();
  clock_.advance(base::limits::kImageGrace + base::limits::kImageCollectInterval);
  collector_->look();
  needed_ = {"r.io/app:1", "r.io/app:2"};  // while the first is being removed
  settle();
  EXPECT_EQ(engine_.images_there().size(), 1U);
}

TEST_F(ImageCollectorTest, BlobsAreNotTakenFromUnderAPull) {
  const auto pulled = pull("r.io/app:1", "v1");
  settled("r.io/next:1", PullPolicy::kIfNotPresent, "b");
  collect();
  EXPECT_TRUE(engine_.images_there().empty());
  EXPECT_TRUE(fs::exists(store_.path(pulled.layers.front())));
}

TEST_F(ImageCollectorTest, WhatASectionNeedsIsNeverCollected) {
  pull("r.io/app:1", "v1");
  needed_ = {"r.io/app:1"};
  collect();
  EXPECT_EQ(engine_.touched().image_removes, 0U);
  EXPECT_EQ(engine_.images_there().size(), 1U);
}

TEST_F(ImageCollectorTest, WhatNobodyNeedsIsCollectedAfterAWhile) {
  const auto pulled = pull("r.io/app:1", "v1");
  clock_.advance(base::limits::kImageCollectInterval);
  collector_->look();
  settle();
  EXPECT_EQ(engine_.images_there().size(), 1U);
  collect();
  EXPECT_TRUE(engine_.images_there().empty());
  EXPECT_TRUE(records_->all().empty());
  EXPECT_FALSE(fs::exists(store_.path(pulled.layers.front())));
}

TEST_F(ImageCollectorTest, WhatIsNeededAgainMeanwhileStays) {
  pull("r.io/app:1", "v1");
  clock_.advance(base::limits::kImageCollectInterval);
  collector_->look();
  needed_ = {"r.io/app:1"};
  collect();
  needed_.clear();
  clock_.advance(base::limits::kImageCollectInterval);
  collector_->look();
  settle();
  EXPECT_EQ(engine_.images_there().size(), 1U);
}

TEST_F(ImageCollectorTest, AForeignImageIsNeverCollected) {
  engine_.add_image(foreign("docker.io/library/nginx:1"));
  EXPECT_EQ(settled("nginx:1").is, Is::kThere);
  book_->forget(claim("a"));
  pull("r.io/app:1", "v1");
  collect();
  EXPECT_EQ(engine_.images_there().size(), 1U);
  EXPECT_TRUE(engine_.images_there().contains(foreign("docker.io/library/nginx:1").id));
}

TEST_F(ImageCollectorTest, WhereItCannotBeToldNothingIsCollected) {
  pull("r.io/app:1", "v1");
  needed_is_unknown_ = true;
  collect();
  EXPECT_EQ(engine_.images_there().size(), 1U);
}

TEST_F(ImageCollectorTest, ABookThatCannotBeReadCollectsNothing) {
  pull("r.io/app:1", "v1");
  fs::resize_file(root_ + "/images/book.json", 20);
  start();
  collect();
  EXPECT_EQ(engine_.images_there().size(), 1U);
  EXPECT_TRUE(fs::exists(root_ + "/images/book.json.bad"));
}

TEST_F(ImageCollectorTest, ALayerThatAnotherImageHasStays) {
  const auto first = pull("r.io/app:1", "v1");
  pull("r.io/app:2", "v1");
  needed_ = {"r.io/app:2"};
  collect();
  EXPECT_TRUE(fs::exists(store_.path(first.layers.front())));
  EXPECT_EQ(settled("r.io/app:2").is, Is::kThere);
}

TEST_F(ImageCollectorTest, OfATagTheLastGoodOnesStay) {
  for (int i = 0; i < 7; ++i)
    pull("r.io/app:latest", "v" + std::to_string(i), PullPolicy::kAlways, {Digest::of(std::to_string(i))});
  needed_ = {"r.io/app:latest"};
  for (int i = 0; i < 4; ++i) collect();
  EXPECT_EQ(engine_.images_there().size(), base::limits::kLastGoodKept + 1);
  EXPECT_EQ(settled("r.io/app:latest", PullPolicy::kAlways, "a", {Digest::of("5")}).is, Is::kThere);
}

TEST_F(ImageCollectorTest, AnImageInUseIsAskedForAgain) {
  pull("r.io/app:1", "v1");
  engine_.set_failure(base::EngineCall::kRemoveImage, Error(Code::kConflict, "in use"));
  collect();
  EXPECT_EQ(records_->all().size(), 1U);
  engine_.set_failure(base::EngineCall::kRemoveImage, std::nullopt);
  collect();
  EXPECT_TRUE(records_->all().empty());
}

TEST_F(ImageCollectorTest, APartThatNobodyGoesOnWithGoes) {
  const std::string bytes = "half of it";
  ASSERT_TRUE(store_.put(Digest::of(bytes), bytes));
  clock_.set_wall(store_.list().value().front().changed);
  needed_ = {"r.io/app:1"};
  clock_.advance(base::limits::kImagePartKept);
  collect();
  EXPECT_EQ(store_.list().value().size(), 1U) << "the image that is still to come may be just this one";
  needed_.clear();
  collect();
  EXPECT_TRUE(store_.list().value().empty());
}

TEST_F(ImageCollectorTest, AllThatBecameUnneededIsWrittenAtOnceAndNothingWhereNothingChanged) {
  for (const std::string name : {"a", "b", "c"}) pull("r.io/" + name + ":1", name);
  const auto book = std::filesystem::path(root_) / "images/book.json";
  const auto inode = [&] {
    struct stat info{};
    EXPECT_EQ(::stat(book.c_str(), &info), 0);
    return info.st_ino;
  };
  // A hard link keeps the number of the file that was from being given again.
  std::filesystem::create_hard_link(book, book.string() + ".before");
  const auto before = inode();
  collector_->look();
  const auto marked = inode();
  EXPECT_NE(marked, before);
  clock_.advance(base::limits::kImageCollectInterval);
  collector_->look();
  EXPECT_EQ(inode(), marked);
}

}  // namespace
}  // namespace holdfast::edge_agent
