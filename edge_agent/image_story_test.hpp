// SPDX-License-Identifier: Apache-2.0
// ImageStory: book, puller and collector of images on a fake engine, and pulls that tests let come on and end.
// Threads: one.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/fake_clock.hpp"
#include "base/fake_engine.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/images.hpp"
#include "edge_agent/fake_pulls.hpp"
#include "edge_agent/image_book.hpp"
#include "edge_agent/image_collector.hpp"

namespace holdfast::edge_agent {

class ImageStory : public testing::Test {
 protected:
  ImageStory() {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directory(root_);
    start();
  }
  ~ImageStory() override {
    book_.reset();
    collector_.reset();
    puller_.reset();
    std::filesystem::remove_all(root_);
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
                           [this](std::function<void()> work) { posted_.push_back(std::move(work)); }, clock_,
                           [this]() -> base::Result<std::set<std::string>> { return needed_; }},
        options_, store_.folder());
    book_ = std::make_unique<ImageBook>(
        ImageBook::Seams{engine_, clock_, [this](const sync::Claim& claim) { ++told_[claim.text()]; },
                         [](const sync::Claim&, base::MonotonicTime) {}, puller_.get()});
    collector_ = std::make_unique<ImageCollector>(
        ImageCollector::Seams{engine_, clock_, *records_,
                              [this]() -> base::Result<std::set<std::string>> {
                                if (needed_is_unknown_)
                                  return base::fail(base::Code::kCorrupt, "a section cannot be read");
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
  ImageLook look(const std::string& image, sync::PullPolicy policy = sync::PullPolicy::kIfNotPresent,
                 const std::string& pod = "a", const ImageAsk& ask = {}) {
    return book_->look(ref(image), policy, claim(pod), ask);
  }
  ImageLook settled(const std::string& image, sync::PullPolicy policy = sync::PullPolicy::kIfNotPresent,
                    const std::string& pod = "a", const ImageAsk& ask = {}) {
    look(image, policy, pod, ask);
    settle();
    return look(image, policy, pod, ask);
  }
  /// As pods do: ask, have it pulled, create, forget.
  PulledImage pull(const std::string& image, const std::string& content,
                   sync::PullPolicy policy = sync::PullPolicy::kIfNotPresent, const ImageAsk& ask = {}) {
    settled(image, policy, "a", ask);
    const auto pulled = pulls_.end(engine_, content);
    EXPECT_EQ(settled(image, policy, "a", ask).is, ImageLook::Is::kThere);
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
    return {.id = base::ImageId("sha256:" + base::Digest::of(tag).hex()),
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

}  // namespace holdfast::edge_agent
