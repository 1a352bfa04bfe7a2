// SPDX-License-Identifier: Apache-2.0
// ImagePull: brings what is missing of one image into the store of blobs: manifest, configuration, layers, each checked by its
// digest; goes on where an earlier one broke off, as fast as it is allowed, and not where there is no room for it.
// Threads: a program that does nothing else: it blocks.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge_agent/registry/blob_store.hpp"
#include "edge_agent/registry/pull_job.hpp"
#include "edge_agent/registry/registry_client.hpp"

namespace holdfast::edge_agent {

/// How long to wait so that no more than `bytes_per_s_max` go through.
class Pace {
 public:
  explicit Pace(std::uint64_t bytes_per_s_max) : bytes_per_s_max_(bytes_per_s_max) {}
  /// After so many bytes at `now`; zero where there is no limit.
  std::chrono::milliseconds after(std::uint64_t bytes, base::MonotonicTime now);

 private:
  std::uint64_t bytes_per_s_max_;
  std::uint64_t unpaid_ = 0;                    ///< thousandths of a byte, less than a millisecond's
  std::optional<base::MonotonicTime> free_at_;  ///< until then, what came is paid for
};

struct Room {
  std::uint64_t free_bytes = 0;
  std::string folder;
  bool operator==(const Room&) const = default;
};
/// kNoSpace where more than is free is needed: for what is to be fetched, as much again for what the engine unpacks, and a
/// rest. `elsewhere`: the engine unpacks on another disk than `here`. Names the folder and the numbers.
base::Status check_room(std::uint64_t to_fetch, std::uint64_t layer_bytes, const Room& here,
                        const std::optional<Room>& elsewhere);

/// What lies in the store of images that nobody wants any more, the oldest first: blobs, whole or not, that are neither of
/// `manifest` nor spare. While other images are to come, only what nobody went on with for limits::kImagePartKept.
std::vector<base::Digest> unwanted_blobs(std::vector<FoundBlob> found, const PulledImage& own,
                                         const PullJob& job, base::WallTime now);

class ImagePull {
 public:
  using Tell = std::function<void(const PullProgress&)>;
  using Sleep = std::function<void(std::chrono::milliseconds)>;
  ImagePull(const PullJob& job, RegistryAccess access, const base::Clock& clock, Tell tell, Sleep sleep);

  base::Result<PulledImage> run();
  std::optional<std::chrono::seconds> retry_after() const { return client_.retry_after(); }

 private:
  base::Result<ImageManifest> manifest();
  base::Status small_blob(const BlobRef& blob);
  base::Status look_for_room(std::uint64_t to_fetch, const ImageManifest& manifest) const;
  base::Status make_room(std::uint64_t to_fetch, const ImageManifest& manifest);
  base::Status layers(const ImageManifest& manifest);
  base::Status layer(const BlobRef& blob);
  base::Status fill(BlobPart& part, const BlobRef& blob);
  base::Status take(BlobPart& part, std::string_view piece);
  void pass(std::size_t bytes);
  void tell(bool is_due);

  const PullJob& job_;
  const base::Clock& clock_;
  BlobStore store_;
  RegistryClient client_;
  Pace pace_;
  Tell tell_;
  Sleep sleep_;
  PulledImage out_;
  std::string manifest_bytes_;
  PullProgress progress_;
  base::MonotonicTime told_{};
};

}  // namespace holdfast::edge_agent
