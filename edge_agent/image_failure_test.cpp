// SPDX-License-Identifier: Apache-2.0
// Pulls that do not come to an end: whose fault it is, and when they are tried again.
#include "edge_agent/image_story_test.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Digest;
using base::Error;
using Is = ImageLook::Is;
using sync::PullPolicy;
namespace fs = std::filesystem;

using ImageFailure = ImageStory;

struct Failure {
  Code code;
  bool is_hosts_fault;
};
TEST_F(ImageFailure, AFailureSaysWhoseItIs) {
  const Failure rows[] = {{Code::kUnavailable, true}, {Code::kTimeout, true},     {Code::kNoSpace, true},
                          {Code::kNotFound, false},   {Code::kPermission, false}, {Code::kCorrupt, false},
                          {Code::kUnsupported, false}};
  for (const Failure& row : rows) {
    const auto look = pull_failure("r.io/app:1", Error(row.code, "why"), 1);
    EXPECT_EQ(look.is_hosts_fault, row.is_hosts_fault) << base::to_string(row.code);
    EXPECT_EQ(look.message, "image r.io/app:1 cannot be pulled: why");
  }
}

TEST_F(ImageFailure, AFailedPullIsTriedAgainMoreAndMoreRarely) {
  settled("r.io/app:1");
  pulls_.fail_with(Code::kNotFound);
  auto failed = settled("r.io/app:1");
  EXPECT_EQ(failed.reason, "ErrImagePull");
  EXPECT_EQ(failed.retry_at, clock_.monotonic() + base::limits::kImageBackoffBase);
  clock_.advance(base::limits::kImageBackoffBase);
  EXPECT_EQ(settled("r.io/app:1").reason, "ErrImagePull");
  ASSERT_EQ(pulls_.jobs.size(), 2U);
  pulls_.fail_with(Code::kNotFound);
  failed = settled("r.io/app:1");
  EXPECT_EQ(failed.reason, "ImagePullBackOff");
  EXPECT_EQ(failed.retry_at, clock_.monotonic() + 2 * base::limits::kImageBackoffBase);
}

TEST_F(ImageFailure, WhatTheRegistryAsksForIsWaited) {
  settled("r.io/app:1");
  pulls_.fail_with(Code::kUnavailable, 120s);
  EXPECT_EQ(settled("r.io/app:1").retry_at, clock_.monotonic() + 120s);
}

TEST_F(ImageFailure, APullThatCameOnIsTriedAgainSoon) {
  settled("r.io/app:1");
  for (int i = 0; i < 4; ++i) {
    pulls_.come_on(static_cast<std::uint64_t>(i) * 1'000, 10'000);
    pulls_.come_on(static_cast<std::uint64_t>(i + 1) * 1'000, 10'000);
    pulls_.fail_with(Code::kUnavailable);
    const auto failed = settled("r.io/app:1");
    EXPECT_EQ(failed.retry_at, clock_.monotonic() + base::limits::kImageBackoffBase) << i;
    clock_.advance(base::limits::kImageBackoffBase);
    settled("r.io/app:1");
  }
}

TEST_F(ImageFailure, WhatIsWrongAtTheRegistryIsFetchedMoreAndMoreRarely) {
  settled("r.io/app:1");
  std::chrono::milliseconds wait = base::limits::kImageBackoffBase;
  for (int i = 0; i < 8; ++i) {
    // A layer of half of it is right, the other is not: thrown away, and fetched anew each time.
    pulls_.come_on(i == 0 ? 0 : 5'000, 10'000);
    pulls_.come_on(7'000, 10'000);
    pulls_.come_on(10'000, 10'000);
    pulls_.fail_with(Code::kCorrupt);
    EXPECT_EQ(settled("r.io/app:1").retry_at, clock_.monotonic() + wait) << i;
    clock_.advance(wait);
    settled("r.io/app:1");
    wait = std::min<std::chrono::milliseconds>(2 * wait, base::limits::kImageBackoffMax);
  }
  EXPECT_EQ(wait, base::limits::kImageBackoffMax);
}

TEST_F(ImageFailure, WithoutANetworkAlwaysTakesWhatIsThere) {
  pull("r.io/app:latest", "v1", PullPolicy::kAlways, {Digest::of("pod 1")});
  const ImageAsk next{Digest::of("pod 2")};
  settled("r.io/app:latest", PullPolicy::kAlways, "a", next);
  pulls_.fail_with(Code::kUnavailable);
  EXPECT_EQ(settled("r.io/app:latest", PullPolicy::kAlways, "a", next).is, Is::kThere);
  book_->forget(claim("a"));
  settled("r.io/other:latest", PullPolicy::kAlways, "a", next);
  pulls_.fail_with(Code::kUnavailable);
  EXPECT_EQ(settled("r.io/other:latest", PullPolicy::kAlways, "a", next).is, Is::kFailed);
}

TEST_F(ImageFailure, ARefusalIsNotTakenForALackOfNetwork) {
  pull("r.io/app:latest", "v1", PullPolicy::kAlways, {Digest::of("pod 1")});
  const ImageAsk next{Digest::of("pod 2")};
  settled("r.io/app:latest", PullPolicy::kAlways, "a", next);
  pulls_.fail_with(Code::kPermission);
  EXPECT_EQ(settled("r.io/app:latest", PullPolicy::kAlways, "a", next).is, Is::kFailed);
}

TEST_F(ImageFailure, AnEngineThatCannotLoadIsAFailureAndTheBlobsStay) {
  engine_.set_failure(base::EngineCall::kLoad, Error(Code::kNoSpace, "load image: no space left"));
  settled("r.io/app:1");
  const auto pulled = pulls_.end(engine_, "v1");
  const auto failed = settled("r.io/app:1");
  EXPECT_EQ(failed.is, Is::kFailed);
  EXPECT_TRUE(failed.is_hosts_fault);
  EXPECT_TRUE(fs::exists(store_.path(pulled.layers.front())));
  EXPECT_TRUE(records_->all().empty());
}

TEST_F(ImageFailure, AnImageWhoseLoadOutlivesTheAgentIsCollectedAllTheSame) {
  settled("r.io/app:1");
  const auto pulled = pulls_.end(engine_, "v1");
  start();  // before the engine has said that it has it
  const std::string name = image_name(ref("r.io/app:1"), pulled.manifest);
  engine_.add_image({.id = base::ImageId("sha256:" + pulled.config.hex()),
                     .tags = {name},
                     .digests = {},
                     .architecture = "amd64",
                     .os = "linux",
                     .size_bytes = 1});
  needed_ = {"r.io/app:1"};
  collect();
  EXPECT_EQ(records_->all().size(), 1U);
  EXPECT_EQ(settled("r.io/app:1").is, Is::kThere) << "and it is known again";
  book_->forget(claim("a"));
  needed_.clear();
  collect();
  EXPECT_TRUE(engine_.images_there().empty());
  EXPECT_TRUE(records_->all().empty());
}

TEST_F(ImageFailure, ARecordWhoseImageNeverCameIsDroppedAtTheNextStart) {
  settled("r.io/app:1");
  pulls_.end(engine_, "v1");
  start();
  needed_ = {"r.io/app:1"};
  ASSERT_EQ(records_->all().size(), 1U);
  collect();
  EXPECT_TRUE(records_->all().empty());
}

TEST_F(ImageFailure, WithoutRoomForItAlwaysTakesWhatIsThere) {
  pull("r.io/app:latest", "v1", PullPolicy::kAlways, {Digest::of("pod 1")});
  const ImageAsk next{Digest::of("pod 2")};
  settled("r.io/app:latest", PullPolicy::kAlways, "a", next);
  pulls_.fail_with(Code::kNoSpace);
  EXPECT_EQ(settled("r.io/app:latest", PullPolicy::kAlways, "a", next).is, Is::kThere);
}

TEST_F(ImageFailure, ASignOfLifeIsNoProgress) {
  settled("r.io/app:1");
  told_.clear();
  pulls_.come_on(0, 0);
  EXPECT_TRUE(told_.empty());
}

TEST_F(ImageFailure, AnImageThatIsLostIsPulledAgain) {
  const auto pulled = pull("r.io/app:1", "v1");
  EXPECT_EQ(settled("r.io/app:1").is, Is::kThere);
  engine_.remove_image("sha256:" + pulled.config.hex(), [](const base::Status&) {});
  settle();
  book_->lost(ref("r.io/app:1"));
  EXPECT_EQ(settled("r.io/app:1").is, Is::kPulling);
  EXPECT_EQ(pulls_.jobs.size(), 2U);
}

}  // namespace
}  // namespace holdfast::edge_agent
