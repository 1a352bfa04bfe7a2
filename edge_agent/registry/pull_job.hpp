// SPDX-License-Identifier: Apache-2.0
// PullJob: what the child that pulls an image is given, what it says while it does, and how it ended. Lines of JSON.
//
//     {"bytes":"34000000","of":"120000000"}                     how far it is
//     {"config":"<hex>","layers":["<hex>"…],"manifest":"<hex>"}   done: all blobs are in the store
//     {"code":"…","message":"…","retryAfterS":30}                 failed
//
// Threads: plain values, pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "edge_agent/registry/image_manifest.hpp"
#include "edge_agent/registry/pull_credentials.hpp"
#include "sync/model/image_ref.hpp"

namespace holdfast::edge_agent {

struct PullJob {
  sync::ImageRef image;
  ImagePlatform platform;
  std::string store;                  ///< folder of the BlobStore
  std::string engine_folder;          ///< where the engine unpacks; empty: not known
  std::vector<base::Digest> present;  ///< configurations of images that the engine has
  std::vector<base::Digest> spare;    ///< blobs that may be given up where room is short
  bool others_are_to_come = false;    ///< images, whose parts may lie in the store
  bool is_plain = false;              ///< http:// is allowed
  std::string ca_file;
  PullCredentials credentials;
  std::string proxy;  ///< as in the agent's options
  std::string no_proxy;
  std::uint64_t bytes_per_s_max = 0;  ///< 0: as fast as it goes
  bool operator==(const PullJob&) const = default;
};

struct PullProgress {
  std::uint64_t bytes = 0;
  std::uint64_t of = 0;
  bool operator==(const PullProgress&) const = default;
};
struct PulledImage {
  base::Digest manifest;  ///< of this platform
  base::Digest asked;     ///< what the tag led to: the same, or the index
  base::Digest config;
  std::vector<base::Digest> layers;  ///< as the manifest has them
  bool is_in_engine = false;         ///< its layers were not fetched
  bool operator==(const PulledImage&) const = default;
};
struct PullFailure {
  base::Error error;
  std::optional<std::chrono::seconds> retry_after;
  bool operator==(const PullFailure&) const = default;
};
using PullWord = std::variant<PullProgress, PulledImage, PullFailure>;

std::string encode_pull_job(const PullJob& job);
base::Result<PullJob> decode_pull_job(std::string_view bytes);
/// Without the end of the line.
std::string encode_pull_word(const PullWord& word);
base::Result<PullWord> decode_pull_word(std::string_view line);

}  // namespace holdfast::edge_agent
