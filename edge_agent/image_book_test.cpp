// SPDX-License-Identifier: Apache-2.0
// Images as pods ask for them: the engine first, then a pull, one at a time, told in steps.
#include "edge_agent/image_book.hpp"

#include "edge_agent/image_story_test.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::Digest;
using Is = ImageLook::Is;
using sync::PullPolicy;
namespace fs = std::filesystem;

using ImageBookTest = ImageStory;

TEST_F(ImageBookTest, WhatTheEngineHasIsNotPulled) {
  engine_.add_image(foreign("docker.io/library/nginx:1"));
  const auto there = settled("nginx:1");
  EXPECT_EQ(there.is, Is::kThere);
  EXPECT_EQ(there.image.id, foreign("docker.io/library/nginx:1").id);
  EXPECT_TRUE(pulls_.jobs.empty());
  EXPECT_EQ(told_["container:hf.a"], 1);
  const auto asked = engine_.touched();
  EXPECT_EQ(look("nginx:1").is, Is::kThere);
  EXPECT_EQ(engine_.touched(), asked);
}

TEST_F(ImageBookTest, WhatItHasNotIsPulledLoadedAndFound) {
  options_.bytes_per_s_max = 5'000;
  options_.registries["r.io"] = {true, "/etc/ca.pem"};
  start();
  EXPECT_EQ(settled("r.io/app:1", PullPolicy::kIfNotPresent, "a", {{}, {"user", "word"}}).is, Is::kPulling);
  ASSERT_EQ(pulls_.jobs.size(), 1U);
  const PullJob job = pulls_.jobs.front();
  EXPECT_EQ(job.image, ref("r.io/app:1"));
  EXPECT_EQ(job.bytes_per_s_max, 5'000U);
  EXPECT_EQ(job.credentials, (PullCredentials{"user", "word"}));
  EXPECT_TRUE(job.is_plain);
  EXPECT_EQ(job.ca_file, "/etc/ca.pem");
  const auto pulled = pulls_.end(engine_, "v1");
  const auto there = settled("r.io/app:1");
  EXPECT_EQ(there.is, Is::kThere);
  EXPECT_EQ(there.image.tags, (std::vector<std::string>{"r.io/app:hf-" + pulled.manifest.hex()}));
  EXPECT_EQ(pulls_.running, 0);
}

TEST_F(ImageBookTest, APulledImageIsKnownAgainAfterARestart) {
  const auto pulled = pull("r.io/app@sha256:" + Digest::of("index").hex(), "v1");
  start();
  const auto there = settled("r.io/app@sha256:" + Digest::of("index").hex());
  EXPECT_EQ(there.is, Is::kThere);
  EXPECT_EQ(there.image.id.str(), "sha256:" + pulled.config.hex());
  EXPECT_EQ(pulls_.jobs.size(), 1U);
}

TEST_F(ImageBookTest, WithoutItsBookItIsFoundByItsName) {
  const auto pulled = pull("r.io/app:1", "v1");
  fs::remove(root_ + "/images/book.json");
  start();
  EXPECT_EQ(settled("r.io/app@sha256:" + pulled.manifest.hex()).is, Is::kThere);
  EXPECT_EQ(pulls_.jobs.size(), 1U);
}

TEST_F(ImageBookTest, OnePullAtATime) {
  look("r.io/a:1", PullPolicy::kIfNotPresent, "a");
  look("r.io/b:1", PullPolicy::kIfNotPresent, "b");
  look("r.io/a:1", PullPolicy::kIfNotPresent, "c");
  settle();
  ASSERT_EQ(pulls_.jobs.size(), 1U);
  pulls_.end(engine_, "a");
  settle();
  ASSERT_EQ(pulls_.jobs.size(), 2U);
  EXPECT_EQ(pulls_.jobs.back().image, ref("r.io/b:1"));
  EXPECT_EQ(look("r.io/a:1", PullPolicy::kIfNotPresent, "c").is, Is::kThere);
}

TEST_F(ImageBookTest, APullThatHardlyComesOnLetsOneOfAnotherRegistryGoFirst) {
  look("slow.io/a:1", PullPolicy::kIfNotPresent, "a");
  look("slow.io/b:1", PullPolicy::kIfNotPresent, "b");
  look("other.io/c:1", PullPolicy::kIfNotPresent, "c");
  settle();
  const auto trickle = [&](std::uint64_t bytes_per_s, std::chrono::seconds time) {
    for (std::uint64_t i = 0; i <= static_cast<std::uint64_t>(time.count()); ++i) {
      pulls_.come_on(500'000 + i * bytes_per_s, 1'000'000);
      clock_.advance(1s);
    }
    settle();
  };
  trickle(base::limits::kPullSlowBytesPerS, 130s);
  ASSERT_EQ(pulls_.jobs.size(), 1U) << "it comes on";
  trickle(100, 65s);
  ASSERT_EQ(pulls_.jobs.size(), 2U);
  EXPECT_EQ(pulls_.jobs.back().image, ref("other.io/c:1"));
  EXPECT_EQ(pulls_.running, 1);
  pulls_.end(engine_, "c");
  settle();
  EXPECT_EQ(look("other.io/c:1", PullPolicy::kIfNotPresent, "c").is, Is::kThere);
  EXPECT_EQ(pulls_.jobs.back().image, ref("slow.io/b:1"));
  trickle(100, 65s);
  EXPECT_EQ(pulls_.jobs.size(), 3U) << "one of the same registry would be no faster";
  pulls_.end(engine_, "b");
  settle();
  EXPECT_EQ(pulls_.jobs.back().image, ref("slow.io/a:1"));
}

TEST_F(ImageBookTest, ThePullIsToldWhetherPartsOfOthersMayBeWanted) {
  needed_ = {"r.io/app:1"};
  settled("r.io/app:1");
  EXPECT_FALSE(pulls_.jobs.back().others_are_to_come);
  pulls_.end(engine_, "app");
  needed_ = {"r.io/app:1", "r.io/next:1", "r.io/other:1"};
  settled("r.io/next:1", PullPolicy::kIfNotPresent, "b");
  EXPECT_TRUE(pulls_.jobs.back().others_are_to_come) << "r.io/other:1";
}

TEST_F(ImageBookTest, BytesAreToldInSteps) {
  settled("r.io/app:1");
  told_.clear();
  for (int percent = 0; percent <= 100; ++percent) {
    pulls_.come_on(static_cast<std::uint64_t>(percent) * 1'000, 100'000);
    clock_.advance(1s);
  }
  EXPECT_GE(told_["container:hf.a"], 5);
  EXPECT_LE(told_["container:hf.a"], 12);
  const auto now = look("r.io/app:1");
  EXPECT_EQ(now.bytes, 100'000U);
  EXPECT_EQ(now.of, 100'000U);
}

TEST_F(ImageBookTest, WhoDoesNotWantItAnyMoreEndsThePull) {
  settled("r.io/app:1");
  EXPECT_EQ(pulls_.running, 1);
  book_->forget(claim("a"));
  EXPECT_EQ(pulls_.running, 0);
  settle();
  EXPECT_TRUE(puller_->is_idle());
}

TEST_F(ImageBookTest, NeverMeansNever) {
  const auto look = settled("r.io/app:1", PullPolicy::kNever);
  EXPECT_EQ(look.reason, "ErrImageNeverPull");
  EXPECT_FALSE(look.is_hosts_fault);
  EXPECT_TRUE(pulls_.jobs.empty());
}

TEST_F(ImageBookTest, AlwaysAsksTheRegistryOncePerPod) {
  const ImageAsk first{Digest::of("pod 1")};
  const ImageAsk second{Digest::of("pod 2")};
  const auto v1 = pull("r.io/app:latest", "v1", PullPolicy::kAlways, first);
  // The same pod made anew: after a kill by hand, or a restart of the agent.
  start();
  EXPECT_EQ(settled("r.io/app:latest", PullPolicy::kAlways, "a", first).image.id.str(),
            "sha256:" + v1.config.hex());
  EXPECT_EQ(pulls_.jobs.size(), 1U);
  const auto v2 = pull("r.io/app:latest", "v2", PullPolicy::kAlways, second);
  EXPECT_EQ(pulls_.jobs.size(), 2U);
  // Back: what that pod ran, not what the tag leads to by now.
  EXPECT_EQ(settled("r.io/app:latest", PullPolicy::kAlways, "a", first).image.id.str(),
            "sha256:" + v1.config.hex());
  EXPECT_EQ(settled("r.io/app:latest").image.id.str(), "sha256:" + v2.config.hex());
  EXPECT_EQ(pulls_.jobs.size(), 2U);
}

TEST_F(ImageBookTest, WhatTheEngineHasUnderAnotherNameIsNotFetched) {
  const auto pulled = pull("r.io/app:1", "v1");
  settled("r.io/again:1", PullPolicy::kIfNotPresent, "b");
  EXPECT_EQ(pulls_.jobs.back().present, (std::vector<Digest>{pulled.config}));
  pulls_.end_present(pulled);
  EXPECT_EQ(settled("r.io/again:1", PullPolicy::kIfNotPresent, "b").image.id.str(),
            "sha256:" + pulled.config.hex());
  EXPECT_EQ(engine_.touched().image_loads, 1U);
}

TEST_F(ImageBookTest, WhatOneBroughtWithItsCredentialsIsThereForAll) {
  look("r.io/app:1", PullPolicy::kIfNotPresent, "a", {{}, {"user", "word"}});
  look("r.io/app:1", PullPolicy::kIfNotPresent, "b");
  settle();
  ASSERT_EQ(pulls_.jobs.size(), 1U);
  EXPECT_EQ(pulls_.jobs.front().credentials, (PullCredentials{"user", "word"}));
  pulls_.end(engine_, "app");
  EXPECT_EQ(settled("r.io/app:1", PullPolicy::kIfNotPresent, "b").is, Is::kThere);
  EXPECT_EQ(pulls_.jobs.size(), 1U);
}

TEST_F(ImageBookTest, AWrongPasswordFailsNobodyElse) {
  const ImageAsk wrong{{}, {"user", "wrong"}};
  const ImageAsk right{{}, {"user", "right"}};
  look("r.io/app:1", PullPolicy::kIfNotPresent, "a", wrong);
  look("r.io/app:1", PullPolicy::kIfNotPresent, "b", right);
  settle();
  pulls_.fail_with(base::Code::kPermission);
  EXPECT_EQ(settled("r.io/app:1", PullPolicy::kIfNotPresent, "a", wrong).is, Is::kFailed);
  EXPECT_EQ(look("r.io/app:1", PullPolicy::kIfNotPresent, "b", right).is, Is::kPulling);
  ASSERT_EQ(pulls_.jobs.size(), 2U);
  EXPECT_EQ(pulls_.jobs.back().credentials, right.credentials);
  pulls_.end(engine_, "app");
  EXPECT_EQ(settled("r.io/app:1", PullPolicy::kIfNotPresent, "b", right).is, Is::kThere);
  EXPECT_EQ(settled("r.io/app:1", PullPolicy::kIfNotPresent, "a", wrong).is, Is::kThere);
}

TEST_F(ImageBookTest, AnImageThatItsPodDoesNotNameAnyMoreIsNotPulled) {
  settled("r.io/wrong:1");
  settled("r.io/side:1");
  book_->keep_only(claim("a"), {ref("r.io/right:1"), ref("r.io/side:1")});
  look("r.io/right:1");
  settle();
  EXPECT_EQ(pulls_.running, 1);
  EXPECT_EQ(pulls_.jobs.back().image, ref("r.io/side:1"));
  pulls_.end(engine_, "side");
  settle();
  EXPECT_EQ(pulls_.jobs.back().image, ref("r.io/right:1"));
}

TEST_F(ImageBookTest, NothingIsTouchedBeforeAnImageIsWanted) {
  for (int i = 0; i < 5; ++i) {
    clock_.advance(1h);
    collector_->look();
    settle();
  }
  EXPECT_EQ(engine_.touched(), base::EngineTouched{});
  EXPECT_FALSE(fs::exists(root_ + "/images"));
}

TEST_F(ImageBookTest, ThePullIsToldWhereTheEngineUnpacks) {
  settled("r.io/app:1");
  ASSERT_EQ(pulls_.jobs.size(), 1U);
  EXPECT_EQ(pulls_.jobs[0].engine_folder, "/var/lib/fake-engine");
}

TEST_F(ImageBookTest, OfAnEngineThatDoesNotSayWhereItUnpacksItIsPulledAllTheSame) {
  engine_.set_failure(base::EngineCall::kFolder, base::Error(base::Code::kIo, "it does not say"));
  settled("r.io/app:1");
  ASSERT_EQ(pulls_.jobs.size(), 1U);
  EXPECT_EQ(pulls_.jobs[0].engine_folder, "");
}

}  // namespace
}  // namespace holdfast::edge_agent
