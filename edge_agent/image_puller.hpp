// SPDX-License-Identifier: Apache-2.0
// ImagePuller: brings images here, one at a time, in the order in which they were asked for: a child fetches the blobs
// (registry/pull_process.hpp), the engine loads them as an archive, the book of records says whose it is. It tries once; when
// again is for who asks. One that hardly comes on lets an image of another registry go first.
// Threads: one, the engine's.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/engine.hpp"
#include "base/limits/images.hpp"
#include "base/result.hpp"
#include "edge_agent/image_records.hpp"
#include "edge_agent/registry/blob_store.hpp"
#include "edge_agent/registry/image_archive.hpp"
#include "edge_agent/registry/running_pull.hpp"
#include "sync/model/image_ref.hpp"

namespace holdfast::edge_agent {

/// How one registry is spoken to, from the agent's configuration.
struct RegistryRule {
  bool is_plain = false;
  std::string ca_file;
  bool operator==(const RegistryRule&) const = default;
};
struct PullOptions {
  std::string proxy;
  std::string no_proxy;
  std::uint64_t bytes_per_s_max = 0;               ///< 0: as fast as it goes
  std::map<std::string, RegistryRule> registries;  ///< by host, or host:port, as a reference names it
};

struct PullOrder {
  sync::ImageRef image;
  base::Digest wanted;  ///< of what asks: a tag is resolved for it
  PullCredentials credentials;
};
struct OrderListener {
  std::function<void(const PullProgress&)> on_progress;
  /// Once, never from inside order() or cancel().
  std::function<void(base::Result<base::ImageInfo>, std::optional<std::chrono::seconds> retry_after)> on_end;
};

class ImagePuller {
 public:
  struct Seams {
    base::Engine& engine;
    ImageRecords& records;
    StartPull start_pull;
    std::function<void(std::function<void()>)> post;  ///< runs it soon, from the loop
    const base::Clock& clock;
    /// References that sections name, as the collector is told; none: not known, so other images may be to come.
    std::function<base::Result<std::set<std::string>>()> needed{};
  };
  ImagePuller(Seams seams, PullOptions options, std::string blobs);
  ~ImagePuller();
  ImagePuller(const ImagePuller&) = delete;
  ImagePuller& operator=(const ImagePuller&) = delete;

  using Number = std::uint64_t;  ///< never 0
  Number order(PullOrder order, OrderListener listener);
  /// What it fetched stays, and is gone on with another time.
  void cancel(Number number);
  bool is_idle() const { return queue_.empty(); }
  ImageRecords& records() { return seams_.records; }

 private:
  struct Waiting {
    Number number = 0;
    PullOrder order;
    OrderListener listener;
    std::chrono::milliseconds patience{base::limits::kPullSlowAfter};  ///< before it is slow
  };
  void next();
  void next_soon();
  void list_images();
  void ask_folder(const std::vector<base::ImageInfo>& present);
  void start(const std::vector<base::ImageInfo>& present, const std::string& engine_folder);
  void came_on(const PullProgress& progress);
  bool is_slow(const PullProgress& progress);
  void step_back(Number number);
  bool others_are_to_come(const std::vector<base::ImageInfo>& present) const;
  void pulled(base::Result<PulledImage> pulled, std::optional<std::chrono::seconds> retry_after);
  void load(const PulledImage& pulled);
  void look(const PulledImage& pulled, const std::string& reference, bool is_loaded);
  base::Status note(const PulledImage& pulled, const base::ImageId& id, bool is_loaded);
  void not_loaded(const std::string& name, const base::Error& error);
  void end(base::Result<base::ImageInfo> result, std::optional<std::chrono::seconds> retry_after = {});
  std::vector<base::Digest> spare(const std::vector<base::ImageInfo>& present) const;

  Seams seams_;
  PullOptions options_;
  BlobStore blobs_;
  std::deque<Waiting> queue_;  ///< the first one is under way when is_busy_
  bool is_busy_ = false;
  bool is_posted_ = false;
  Number last_ = 0;
  base::Engine::CallId call_ = 0;
  std::unique_ptr<RunningPull> pull_;
  base::MonotonicTime measured_since_{};  ///< how fast the pull is
  PullProgress measured_{};
  std::shared_ptr<ImageArchive> archive_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  ///< what was posted does not outlive this
};

}  // namespace holdfast::edge_agent
