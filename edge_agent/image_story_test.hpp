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
#include "edge_agent/image_book.hpp"
#include "edge_agent/image_collector.hpp"

namespace holdfast::edge_agent {

/// Pulls that tests let come on and end. What they "fetch" lies in the store of blobs.
class FakePulls {
 public:
  explicit FakePulls(BlobStore store) : store_(std::move(store)) {}

  StartPull start() {
    return [this](const PullJob& job, PullListener listener) -> base::Result<std::unique_ptr<RunningPull>> {
      jobs.push_back(job);
      listener_ = std::move(listener);
      ++running;
      return std::make_unique<Handle>(*this);
    };
  }
  void come_on(std::uint64_t bytes, std::uint64_t of) { listener_.on_progress({bytes, of}); }
  void fail_with(base::Code code, std::optional<std::chrono::seconds> retry_after = {}) {
    const auto on_end = listener_.on_end;
    on_end(base::fail(code, "it is so"), retry_after);
  }
  /// An image of one layer; its archive is known to the engine under the name that the agent gives it.
  PulledImage end(base::FakeEngine& engine, const std::string& content) {
    const auto put = [&](const std::string& bytes, const std::string& type) {
      EXPECT_TRUE(store_.put(base::Digest::of(bytes), bytes));
      return R"({"mediaType":")" + type + R"(","size":)" + std::to_string(bytes.size()) +
             R"(,"digest":"sha256:)" + base::Digest::of(bytes).hex() + "\"}";
    };
    const std::string config = "config of " + content;
    const std::string manifest = R"({"config":)" + put(config, "application/vnd.oci.image.config.v1+json") +
                                 R"(,"layers":[)" + put(content, "application/vnd.oci.image.layer.v1.tar") +
                                 "]}";
    put(manifest, "");
    PulledImage out;
    out.manifest = out.asked = base::Digest::of(manifest);
    out.config = base::Digest::of(config);
    out.layers = {base::Digest::of(content)};
    const std::string name = image_name(jobs.back().image, out.manifest);
    auto archive = ImageArchive::open(store_, out.manifest, name);
    std::string bytes;
    for (auto got = archive->read(4'096); !got->empty(); got = archive->read(4'096)) bytes += *got;
    engine.know_archive(bytes, {.id = base::ImageId("sha256:" + out.config.hex()),
                                .tags = {name},
                                .digests = {},
                                .architecture = "amd64",
                                .os = "linux",
                                .size_bytes = 1});
    const auto on_end = listener_.on_end;
    on_end(out, std::nullopt);
    return out;
  }
  void end_present(const PulledImage& image) {
    PulledImage out = image;
    out.is_in_engine = true;
    const auto on_end = listener_.on_end;
    on_end(out, std::nullopt);
  }

  std::vector<PullJob> jobs;
  int running = 0;

 private:
  class Handle final : public RunningPull {
   public:
    explicit Handle(FakePulls& pulls) : pulls_(pulls) {}
    ~Handle() override { --pulls_.running; }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

   private:
    FakePulls& pulls_;
  };
  BlobStore store_;
  PullListener listener_;
};

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
                           [this](std::function<void()> work) { posted_.push_back(std::move(work)); }},
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
