// SPDX-License-Identifier: Apache-2.0
// ImageBook: whether the image of a container is there, for whoever is about to create one. It knows what it was asked for
// until it is told to forget; who asked is told through on_due when the answer may be another one.
// This version asks the container engine alone; it pulls nothing.
// Threads: one, the engine's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/engine.hpp"
#include "edge_agent/driver.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/container_spec.hpp"
#include "sync/model/image_ref.hpp"

namespace holdfast::edge_agent {

/// What is known of an image now.
struct ImageLook {
  enum class Is {
    kThere,    ///< `image`: create the container from its id, and nothing is looked up again
    kPulling,  ///< an event tells
    kFailed,   ///< on_due tells when it is tried again, at `retry_at`
  };
  Is is = Is::kPulling;
  base::ImageInfo image{};
  std::uint64_t bytes = 0;  ///< pulled so far
  std::uint64_t of = 0;     ///< 0: not known yet
  std::string reason{};     ///< of a condition, in kubelet's words: "ErrImageNeverPull", "ImagePullBackOff"
  std::string message{};    ///< for people: the image, what is wrong and the way out
  /// Another revision would meet the same (no network, no room, no engine), so this one is not to blame.
  bool is_hosts_fault = false;
  std::optional<base::MonotonicTime> retry_at{};
};

class ImageBook {
 public:
  struct Seams {
    base::Engine& engine;
    base::Clock& clock;
    DueListener on_due;
    DueAtListener on_due_at;
  };
  explicit ImageBook(Seams seams);
  ~ImageBook();
  ImageBook(const ImageBook&) = delete;
  ImageBook& operator=(const ImageBook&) = delete;

  /// `asker` is told when the answer changes. Asked again and again, it begins nothing twice.
  ImageLook look(const sync::ImageRef& image, sync::PullPolicy policy, const sync::Claim& asker);
  /// The engine said that it has no such image although it was there: it is looked for anew.
  void lost(const sync::ImageRef& image);
  /// What this asker wanted is made, or not wanted any more.
  void forget(const sync::Claim& asker);

 private:
  struct Entry;
  using Key = std::pair<std::string, sync::PullPolicy>;
  void ask(const Key& key, Entry& entry);
  void answered(const Key& key, base::Result<base::ImageInfo> answer);

  Seams seams_;
  std::map<Key, std::unique_ptr<Entry>> entries_;
};

}  // namespace holdfast::edge_agent
