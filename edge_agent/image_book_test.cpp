// SPDX-License-Identifier: Apache-2.0
// Images as pods ask for them: the engine first, then a pull, one at a time, told in steps, tried again with patience; and
// collected when nobody needs them.
#include "edge_agent/image_book.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/fake_clock.hpp"
#include "base/fake_engine.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/images.hpp"
#include "edge_agent/fake_pulls.hpp"
#include "edge_agent/image_collector.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Code;
using base::Digest;
using base::Error;
using base::fail;
using Is = ImageLook::Is;
using sync::PullPolicy;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class ImageBookTest : public testing::Test {
 protected:
  ImageBookTest() {
    fs::remove_all(root_);
    fs::create_directory(root_);
    start();
  }
  ~ImageBookTest() override {
    book_.reset();
    collector_.reset();
    puller_.reset();
    fs::remove_all(root_);
  }

  /// The agent, anew.
  void start() {
    book_.reset();
    collector_.reset();
    puller_.reset();
    engine_.agent_gone();
    posted_.clear();
    records_ = std::make_unique<ImageRecords>(root_ + "/images/book.json");
    puller_ = std::make_unique<ImagePuller>(
        ImagePuller::Seams{engine_, *records_, pulls_.start(),
                           [this](std::function<void()> work) { posted_.push_back(std::move(work)); }},
        options_, store_.folder());
    book_ = std::make_unique<ImageBook>(
        ImageBook::Seams{engine_, clock_, [this](const sync::Claim& claim) { ++told_[claim.text()]; },
                         [](const sync::Claim&, base::MonotonicTime) {}, puller_.get()});
    collector_ = std::make_unique<ImageCollector>(
        ImageCollector::Seams{engine_, clock_, *records_,
                              [this]() -> base::Result<std::set<std::string>> {
                                if (needed_is_unknown_)
                                  return fail(Code::kCorrupt, "a section cannot be read");
                                return needed_;
                              },
                              [this] { return !puller_->is_idle(); }},
        store_.folder());
  }
  void settle() {
    for (std::size_t did = 1; did > 0;) {
      did = engine_.deliver();
      const auto posted = std::exchange(posted_, {});
      for (const auto& work : posted) work();
      did += posted.size();
    }
  }
  ImageLook look(const std::string& image, PullPolicy policy = PullPolicy::kIfNotPresent,
                 const std::string& pod = "a", const ImageAsk& ask = {}) {
    return book_->look(ref(image), policy, claim(pod), ask);
  }
  ImageLook settled(const std::string& image, PullPolicy policy = PullPolicy::kIfNotPresent,
                    const std::string& pod = "a", const ImageAsk& ask = {}) {
    look(image, policy, pod, ask);
    settle();
    return look(image, policy, pod, ask);
  }
  /// As pods do: ask, have it pulled, create, forget.
  PulledImage pull(const std::string& image, const std::string& content,
                   PullPolicy policy = PullPolicy::kIfNotPresent, const ImageAsk& ask = {}) {
    settled(image, policy, "a", ask);
    const auto pulled = pulls_.end(engine_, content);
    EXPECT_EQ(settled(image, policy, "a", ask).is, Is::kThere);
    book_->forget(claim("a"));
    return pulled;
  }
  void collect() {
    for (int i = 0; i < 2; ++i) {
      clock_.advance(base::limits::kImageGrace + base::limits::kImageCollectInterval);
      collector_->look();
      settle();
    }
  }
  static sync::ImageRef ref(const std::string& text) { return sync::ImageRef::parse(text).value(); }
  static sync::Claim claim(const std::string& pod) { return {sync::ClaimKind::kContainer, "hf." + pod}; }
  static base::ImageInfo foreign(const std::string& tag) {
    return {.id = base::ImageId("sha256:" + Digest::of(tag).hex()),
            .tags = {tag},
            .digests = {},
            .architecture = "amd64",
            .os = "linux",
            .size_bytes = 1};
  }

  const std::string root_ = testing::TempDir() + "book-" + std::to_string(::getpid());
  const BlobStore store_{root_ + "/images/blobs/sha256"};
  base::FakeClock clock_;
  base::FakeEngine engine_{clock_};
  FakePulls pulls_{store_};
  PullOptions options_;
  std::vector<std::function<void()>> posted_;
  std::map<std::string, int> told_;
  std::set<std::string> needed_;
  bool needed_is_unknown_ = false;
  std::unique_ptr<ImageRecords> records_;
  std::unique_ptr<ImagePuller> puller_;
  std::unique_ptr<ImageCollector> collector_;
  std::unique_ptr<ImageBook> book_;
};

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

struct Failure {
  Code code;
  bool is_hosts_fault;
};
TEST_F(ImageBookTest, AFailureSaysWhoseItIs) {
  const Failure rows[] = {{Code::kUnavailable, true}, {Code::kTimeout, true},     {Code::kNoSpace, true},
                          {Code::kNotFound, false},   {Code::kPermission, false}, {Code::kCorrupt, false},
                          {Code::kUnsupported, false}};
  for (const Failure& row : rows) {
    const auto look = pull_failure("r.io/app:1", Error(row.code, "why"), 1);
    EXPECT_EQ(look.is_hosts_fault, row.is_hosts_fault) << base::to_string(row.code);
    EXPECT_EQ(look.message, "image r.io/app:1 cannot be pulled: why");
  }
}

TEST_F(ImageBookTest, AFailedPullIsTriedAgainMoreAndMoreRarely) {
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

TEST_F(ImageBookTest, WhatTheRegistryAsksForIsWaited) {
  settled("r.io/app:1");
  pulls_.fail_with(Code::kUnavailable, 120s);
  EXPECT_EQ(settled("r.io/app:1").retry_at, clock_.monotonic() + 120s);
}

TEST_F(ImageBookTest, APullThatCameOnIsTriedAgainSoon) {
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

TEST_F(ImageBookTest, WithoutANetworkAlwaysTakesWhatIsThere) {
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

TEST_F(ImageBookTest, ARefusalIsNotTakenForALackOfNetwork) {
  pull("r.io/app:latest", "v1", PullPolicy::kAlways, {Digest::of("pod 1")});
  const ImageAsk next{Digest::of("pod 2")};
  settled("r.io/app:latest", PullPolicy::kAlways, "a", next);
  pulls_.fail_with(Code::kPermission);
  EXPECT_EQ(settled("r.io/app:latest", PullPolicy::kAlways, "a", next).is, Is::kFailed);
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

TEST_F(ImageBookTest, AnImageThatIsLostIsPulledAgain) {
  const auto pulled = pull("r.io/app:1", "v1");
  EXPECT_EQ(settled("r.io/app:1").is, Is::kThere);
  engine_.remove_image("sha256:" + pulled.config.hex(), [](const base::Status&) {});
  settle();
  book_->lost(ref("r.io/app:1"));
  EXPECT_EQ(settled("r.io/app:1").is, Is::kPulling);
  EXPECT_EQ(pulls_.jobs.size(), 2U);
}

TEST_F(ImageBookTest, AnEngineThatCannotLoadIsAFailureAndTheBlobsStay) {
  engine_.set_failure(base::EngineCall::kLoad, Error(Code::kNoSpace, "load image: no space left"));
  settled("r.io/app:1");
  const auto pulled = pulls_.end(engine_, "v1");
  const auto failed = settled("r.io/app:1");
  EXPECT_EQ(failed.is, Is::kFailed);
  EXPECT_TRUE(failed.is_hosts_fault);
  EXPECT_TRUE(fs::exists(store_.path(pulled.layers.front())));
  EXPECT_TRUE(records_->all().empty());
}

TEST_F(ImageBookTest, CredentialsOfOnePodAreNotLostToAnother) {
  look("r.io/app:1", PullPolicy::kIfNotPresent, "a", {{}, {"user", "word"}});
  look("r.io/app:1", PullPolicy::kIfNotPresent, "b");
  settle();
  ASSERT_EQ(pulls_.jobs.size(), 1U);
  EXPECT_EQ(pulls_.jobs.front().credentials, (PullCredentials{"user", "word"}));
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

TEST_F(ImageBookTest, WithoutRoomForItAlwaysTakesWhatIsThere) {
  pull("r.io/app:latest", "v1", PullPolicy::kAlways, {Digest::of("pod 1")});
  const ImageAsk next{Digest::of("pod 2")};
  settled("r.io/app:latest", PullPolicy::kAlways, "a", next);
  pulls_.fail_with(Code::kNoSpace);
  EXPECT_EQ(settled("r.io/app:latest", PullPolicy::kAlways, "a", next).is, Is::kThere);
}

TEST_F(ImageBookTest, ASignOfLifeIsNoProgress) {
  settled("r.io/app:1");
  told_.clear();
  pulls_.come_on(0, 0);
  EXPECT_TRUE(told_.empty());
}

// ---- collecting ----

TEST_F(ImageBookTest, WhatIsNamedByItsDigestIsNeededWhateverTheTag) {
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

TEST_F(ImageBookTest, AnImageThatAMirrorGivesTooStaysWithItsOnlyName) {
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

TEST_F(ImageBookTest, ManyPodsDoNotPushOutTheOnlyUseOfAReference) {
  const auto pulled = pull("r.io/app:1", "v1");
  ImageRecord record = records_->all().front();
  for (std::size_t i = 0; i < base::limits::kImageUsesMax + 10; ++i)
    ASSERT_TRUE(records_->add(record, {ref("r.io/app:latest").text(), Digest::of(std::to_string(i))}));
  EXPECT_TRUE(records_->all().front().has_use("r.io/app:1"));
  EXPECT_EQ(records_->all().front().uses.size(), base::limits::kImageUsesMax);
}

TEST_F(ImageBookTest, WhatIsNeededIsAskedAgainBeforeEachRemoval) {
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

TEST_F(ImageBookTest, BlobsAreNotTakenFromUnderAPull) {
  const auto pulled = pull("r.io/app:1", "v1");
  settled("r.io/next:1", PullPolicy::kIfNotPresent, "b");
  collect();
  EXPECT_TRUE(engine_.images_there().empty());
  EXPECT_TRUE(fs::exists(store_.path(pulled.layers.front())));
}

TEST_F(ImageBookTest, WhatASectionNeedsIsNeverCollected) {
  pull("r.io/app:1", "v1");
  needed_ = {"r.io/app:1"};
  collect();
  EXPECT_EQ(engine_.touched().image_removes, 0U);
  EXPECT_EQ(engine_.images_there().size(), 1U);
}

TEST_F(ImageBookTest, WhatNobodyNeedsIsCollectedAfterAWhile) {
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

TEST_F(ImageBookTest, WhatIsNeededAgainMeanwhileStays) {
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

TEST_F(ImageBookTest, AForeignImageIsNeverCollected) {
  engine_.add_image(foreign("docker.io/library/nginx:1"));
  EXPECT_EQ(settled("nginx:1").is, Is::kThere);
  book_->forget(claim("a"));
  pull("r.io/app:1", "v1");
  collect();
  EXPECT_EQ(engine_.images_there().size(), 1U);
  EXPECT_TRUE(engine_.images_there().contains(foreign("docker.io/library/nginx:1").id));
}

TEST_F(ImageBookTest, WhereItCannotBeToldNothingIsCollected) {
  pull("r.io/app:1", "v1");
  needed_is_unknown_ = true;
  collect();
  EXPECT_EQ(engine_.images_there().size(), 1U);
}

TEST_F(ImageBookTest, ABookThatCannotBeReadCollectsNothing) {
  pull("r.io/app:1", "v1");
  fs::resize_file(root_ + "/images/book.json", 20);
  start();
  collect();
  EXPECT_EQ(engine_.images_there().size(), 1U);
  EXPECT_TRUE(fs::exists(root_ + "/images/book.json.bad"));
}

TEST_F(ImageBookTest, ALayerThatAnotherImageHasStays) {
  const auto first = pull("r.io/app:1", "v1");
  pull("r.io/app:2", "v1");
  needed_ = {"r.io/app:2"};
  collect();
  EXPECT_TRUE(fs::exists(store_.path(first.layers.front())));
  EXPECT_EQ(settled("r.io/app:2").is, Is::kThere);
}

TEST_F(ImageBookTest, OfATagTheLastGoodOnesStay) {
  for (int i = 0; i < 7; ++i)
    pull("r.io/app:latest", "v" + std::to_string(i), PullPolicy::kAlways, {Digest::of(std::to_string(i))});
  needed_ = {"r.io/app:latest"};
  for (int i = 0; i < 4; ++i) collect();
  EXPECT_EQ(engine_.images_there().size(), base::limits::kLastGoodKept + 1);
  EXPECT_EQ(settled("r.io/app:latest", PullPolicy::kAlways, "a", {Digest::of("5")}).is, Is::kThere);
}

TEST_F(ImageBookTest, AnImageInUseIsAskedForAgain) {
  pull("r.io/app:1", "v1");
  engine_.set_failure(base::EngineCall::kRemoveImage, Error(Code::kConflict, "in use"));
  collect();
  EXPECT_EQ(records_->all().size(), 1U);
  engine_.set_failure(base::EngineCall::kRemoveImage, std::nullopt);
  collect();
  EXPECT_TRUE(records_->all().empty());
}

TEST_F(ImageBookTest, APartThatNobodyGoesOnWithGoes) {
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

TEST_F(ImageBookTest, NothingIsTouchedBeforeAnImageIsWanted) {
  for (int i = 0; i < 5; ++i) {
    clock_.advance(1h);
    collector_->look();
    settle();
  }
  EXPECT_EQ(engine_.touched(), base::EngineTouched{});
  EXPECT_FALSE(fs::exists(root_ + "/images"));
}

}  // namespace
}  // namespace holdfast::edge_agent
