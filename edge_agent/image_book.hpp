// SPDX-License-Identifier: Apache-2.0
// ImageBook: whether the image of a container is there, for whoever is about to create one. It knows what it was asked for
// until it is told to forget; who asked is told through on_due when the answer may be another one.
// The engine is asked first; what it does not have is pulled where there is a puller, ahead of whatever the container replaces.
// A tag is asked of the registry again only for another pod than the one for which it was asked before, a digest never.
// Threads: one, the engine's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/engine.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/image_puller.hpp"
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

/// What more is known of who asks.
struct ImageAsk {
  base::Digest wanted{};  ///< of the pod: what a tag leads to is chosen once for each
  PullCredentials credentials{};
};

class ImageBook {
 public:
  struct Seams {
    base::Engine& engine;
    base::Clock& clock;
    DueListener on_due;
    DueAtListener on_due_at;
    ImagePuller* puller = nullptr;  ///< none: nothing is pulled
  };
  explicit ImageBook(Seams seams);
  ~ImageBook();
  ImageBook(const ImageBook&) = delete;
  ImageBook& operator=(const ImageBook&) = delete;

  /// `asker` is told when the answer changes. Asked again and again, it begins nothing twice.
  ImageLook look(const sync::ImageRef& image, sync::PullPolicy policy, const sync::Claim& asker,
                 const ImageAsk& ask = {});
  /// The engine said that it has no such image although it was there: it is looked for anew.
  void lost(const sync::ImageRef& image);
  /// What this asker wants are these and no others: what it asked for before is not pulled for it any more.
  void keep_only(const sync::Claim& asker, const std::vector<sync::ImageRef>& images);
  /// What this asker wanted is made, or not wanted any more.
  void forget(const sync::Claim& asker);

 private:
  struct Entry;
  struct Key {
    std::string image;
    sync::PullPolicy policy{};
    base::Digest wanted;       ///< where it matters
    base::Digest credentials;  ///< keyed; none without any: whose password is wrong fails nobody else
    auto operator<=>(const Key&) const = default;
  };
  Key key_of(const sync::ImageRef& image, sync::PullPolicy policy, const ImageAsk& ask) const;
  void begin(const Key& key, Entry& entry);
  std::vector<std::string> names_of(const Key& key, const Entry& entry) const;
  void ask_next(const Key& key, Entry& entry);
  void answered(const Key& key, base::Result<base::ImageInfo> answer);
  void none_there(const Key& key, Entry& entry);
  void pull(const Key& key, Entry& entry);
  void came_on(const Key& key, const PullProgress& progress);
  void pulled(const Key& key, base::Result<base::ImageInfo> image,
              std::optional<std::chrono::seconds> retry_after);
  void there(Entry& entry, base::ImageInfo image);
  void share(const Key& key);
  base::Digest keyed(const PullCredentials& credentials) const;
  void failed(const Key& key, Entry& entry, const base::Error& error,
              std::optional<std::chrono::seconds> retry_after);
  void drop(Entry& entry);
  void forget_if(const sync::Claim& asker, const std::function<bool(const Key&)>& is_forgotten);
  void tell(const Entry& entry);

  Seams seams_;
  std::map<Key, std::unique_ptr<Entry>> entries_;
  const std::string secret_;  ///< of this agent's life: a digest of a password alone could be guessed
};

/// What a pull that failed is called, and whose fault it is. `count`: the how many-th time in a row.
ImageLook pull_failure(const std::string& image, const base::Error& error, std::int64_t count);

}  // namespace holdfast::edge_agent
