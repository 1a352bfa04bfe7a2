// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/image_book.hpp"

#include <set>

#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Result;
using Is = ImageLook::Is;

namespace {

/// Kubelet's.
base::BackoffPolicy image_backoff() {
  return {.base = base::limits::kImageBackoffBase,
          .factor = 2,
          .max = base::limits::kImageBackoffMax,
          .reset_after = std::chrono::milliseconds{0},
          .is_first_free = false};
}

ImageLook failure(const std::string& image, sync::PullPolicy policy, const base::Error& error) {
  ImageLook look{.is = Is::kFailed};
  if (error.code() != Code::kNotFound) {
    look.reason = "ImageInspectError";
    look.message = error.message();
    look.is_hosts_fault = true;
    return look;
  }
  const bool is_never = policy == sync::PullPolicy::kNever;
  look.reason = is_never ? "ErrImageNeverPull" : "ErrImagePull";
  look.message = "the container engine of this node has no image " + image +
                 (is_never ? ", and imagePullPolicy: Never says not to pull it; load it by hand"
                           : ", and this agent cannot pull one; load it by hand");
  return look;
}

}  // namespace

struct ImageBook::Entry {
  std::set<sync::Claim> askers;
  ImageLook look;
  base::Engine::CallId call = 0;
  base::Backoff backoff{image_backoff()};
};

ImageBook::ImageBook(Seams seams) : seams_(std::move(seams)) {}

ImageBook::~ImageBook() {
  for (const auto& [key, entry] : entries_) {
    if (entry->call != 0) seams_.engine.cancel(entry->call);
  }
}

void ImageBook::ask(const Key& key, Entry& entry) {
  if (entry.call != 0) return;
  entry.call = seams_.engine.image(
      key.first, [this, key](Result<base::ImageInfo> answer) { answered(key, std::move(answer)); });
}

void ImageBook::answered(const Key& key, Result<base::ImageInfo> answer) {
  Entry& entry = *entries_.at(key);
  entry.call = 0;
  if (answer) {
    entry.look = ImageLook{.is = Is::kThere, .image = *std::move(answer)};
    entry.backoff.reset();
  } else {
    const auto now = seams_.clock.monotonic();
    entry.look = failure(key.first, key.second, answer.error());
    entry.look.retry_at = now + entry.backoff.record(now);
  }
  const auto askers = entry.askers;
  for (const auto& asker : askers) seams_.on_due(asker);
}

ImageLook ImageBook::look(const sync::ImageRef& image, sync::PullPolicy policy, const sync::Claim& asker) {
  const Key key{image.text(), policy};
  auto& slot = entries_[key];
  if (!slot) {
    slot = std::make_unique<Entry>();
    ask(key, *slot);
  }
  slot->askers.insert(asker);
  auto& look = slot->look;
  if (look.is == Is::kFailed && look.retry_at <= seams_.clock.monotonic()) {
    // What was said before stands until there is another answer: a condition is not to flap.
    ask(key, *slot);
  } else if (look.is == Is::kFailed) {
    seams_.on_due_at(asker, *look.retry_at);
  }
  return look;
}

void ImageBook::lost(const sync::ImageRef& image) {
  for (auto& [key, entry] : entries_) {
    if (key.first != image.text() || entry->look.is != Is::kThere) continue;
    entry->look = ImageLook{};
    ask(key, *entry);
  }
}

void ImageBook::forget(const sync::Claim& asker) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    at->second->askers.erase(asker);
    if (!at->second->askers.empty()) {
      ++at;
      continue;
    }
    if (at->second->call != 0) seams_.engine.cancel(at->second->call);
    at = entries_.erase(at);
  }
}

}  // namespace holdfast::edge_agent
