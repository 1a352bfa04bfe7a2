// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/image_book.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/limits/images.hpp"
#include "base/system_random.hpp"
#include "edge_agent/hosts_fault.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Error;
using base::Result;
using Is = ImageLook::Is;
namespace limits = base::limits;

namespace {

/// Kubelet's.
base::BackoffPolicy image_backoff() {
  return {.base = limits::kImageBackoffBase,
          .factor = 2,
          .max = limits::kImageBackoffMax,
          .reset_after = std::chrono::milliseconds{0},
          .is_first_free = false};
}

ImageLook engine_failure(const Error& error) {
  ImageLook look{.is = Is::kFailed};
  look.reason = "ImageInspectError";
  look.message = error.message();
  look.is_hosts_fault = true;
  return look;
}

ImageLook not_there(const std::string& image, sync::PullPolicy policy) {
  ImageLook look{.is = Is::kFailed};
  const bool is_never = policy == sync::PullPolicy::kNever;
  look.reason = is_never ? "ErrImageNeverPull" : "ErrImagePull";
  look.message = "the container engine of this node has no image " + image +
                 (is_never ? ", and imagePullPolicy: Never says not to pull it; load it by hand"
                           : ", and this agent cannot pull one; load it by hand");
  return look;
}

/// So much more that it is worth telling.
bool is_worth_telling(const PullProgress& told, const PullProgress& now) {
  return now.of != told.of || now.bytes >= told.bytes + std::max<std::uint64_t>(now.of / 20, 1) ||
         now.bytes == now.of;
}

}  // namespace

ImageLook pull_failure(const std::string& image, const Error& error, std::int64_t count) {
  ImageLook look{.is = Is::kFailed};
  look.reason = count > 1 ? "ImagePullBackOff" : "ErrImagePull";
  look.message = "image " + image + " cannot be pulled: " + error.message();
  look.is_hosts_fault = is_hosts_fault_of_pull(error);
  return look;
}

struct ImageBook::Entry {
  sync::ImageRef image;
  PullCredentials credentials;
  std::set<sync::Claim> askers;
  ImageLook look;
  std::vector<std::string> names;  ///< that are still to be asked of the engine, the next one last
  bool is_after_failure = false;   ///< the registry did not answer; what is there is taken
  std::optional<Error> failure{};
  std::optional<std::chrono::seconds> retry_after{};
  base::Engine::CallId call = 0;
  ImagePuller::Number pull = 0;
  PullProgress told{};
  PullProgress furthest{};  ///< of all tries: what is fetched a second time is no progress
  std::optional<base::MonotonicTime> told_at{};
  base::Backoff backoff{image_backoff()};
};

namespace {

std::string random_secret() {
  std::array<std::uint8_t, 32> out{};
  base::SystemRandom().fill(out);
  return {out.begin(), out.end()};
}

}  // namespace

ImageBook::ImageBook(Seams seams) : seams_(std::move(seams)), secret_(random_secret()) {}

ImageBook::~ImageBook() {
  for (const auto& [key, entry] : entries_) drop(*entry);
}

void ImageBook::drop(Entry& entry) {
  if (entry.call != 0) seams_.engine.cancel(std::exchange(entry.call, 0));
  if (entry.pull != 0) seams_.puller->cancel(std::exchange(entry.pull, 0));
}

base::Digest ImageBook::keyed(const PullCredentials& credentials) const {
  if (credentials.empty()) return {};
  return base::Digest::of(secret_ + base::Digest::of(secret_ + credentials.user).hex() +
                          credentials.password);
}

/// What a digest names never changes; a tag that must be there, or is taken as it is, is the same for all.
ImageBook::Key ImageBook::key_of(const sync::ImageRef& image, sync::PullPolicy policy,
                                 const ImageAsk& ask) const {
  const bool is_chosen = !image.digest && policy == sync::PullPolicy::kAlways && seams_.puller != nullptr;
  return {image.text(), policy, is_chosen ? ask.wanted : base::Digest(), keyed(ask.credentials)};
}

// ---- what the engine has ----

void ImageBook::begin(const Key& key, Entry& entry) {
  if (entry.call != 0 || entry.pull != 0) return;
  entry.failure.reset();
  entry.retry_after.reset();
  entry.is_after_failure = false;
  entry.names = names_of(key, entry);
  if (seams_.puller != nullptr) {
    ImageRecords& records = seams_.puller->records();
    if (key.wanted.is_none()) {
      // The newest may not have come to be loaded.
      std::ranges::copy(records.ids_of(entry.image), std::back_inserter(entry.names));
    } else if (const ImageRecord* const record = records.find(entry.image, key.wanted)) {
      entry.names.push_back(record->id);
    }
  }
  ask_next(key, entry);
}

/// Under which the engine may have it, the likeliest last. A tag that must be asked of the registry is not looked up.
std::vector<std::string> ImageBook::names_of(const Key& key, const Entry& entry) const {
  if (!entry.image.digest && key.policy == sync::PullPolicy::kAlways && seams_.puller != nullptr) return {};
  std::vector<std::string> out;
  if (entry.image.digest) out.push_back(image_name(entry.image, *entry.image.digest));
  out.push_back(key.image);
  return out;
}

void ImageBook::ask_next(const Key& key, Entry& entry) {
  if (entry.names.empty()) return none_there(key, entry);
  const std::string name = std::move(entry.names.back());
  entry.names.pop_back();
  entry.call = seams_.engine.image(
      name, [this, key](Result<base::ImageInfo> answer) { answered(key, std::move(answer)); });
}

void ImageBook::answered(const Key& key, Result<base::ImageInfo> answer) {
  Entry& entry = *entries_.at(key);
  entry.call = 0;
  if (answer) return there(entry, *std::move(answer));
  if (answer.error().code() == Code::kNotFound) return ask_next(key, entry);
  entry.look = engine_failure(answer.error());
  const auto now = seams_.clock.monotonic();
  entry.look.retry_at = now + entry.backoff.record(now);
  tell(entry);
}

void ImageBook::there(Entry& entry, base::ImageInfo image) {
  entry.look = ImageLook{.is = Is::kThere, .image = std::move(image)};
  entry.credentials = {};
  entry.backoff.reset();
  tell(entry);
}

/// What one brought with its credentials is there for those who have others, or none.
void ImageBook::share(const Key& key) {
  for (auto& [other, entry] : entries_) {
    const bool is_same = other.image == key.image && other.policy == key.policy && other.wanted == key.wanted;
    if (!is_same || entry->look.is == Is::kThere || entry->call != 0) continue;
    if (entry->pull != 0) seams_.puller->cancel(std::exchange(entry->pull, 0));
    begin(other, *entry);
  }
}

void ImageBook::none_there(const Key& key, Entry& entry) {
  if (entry.is_after_failure) return failed(key, entry, *entry.failure, entry.retry_after);
  if (key.policy != sync::PullPolicy::kNever && seams_.puller != nullptr) return pull(key, entry);
  const auto now = seams_.clock.monotonic();
  entry.look = not_there(key.image, key.policy);
  entry.look.retry_at = now + entry.backoff.record(now);
  tell(entry);
}

// ---- what it has not ----

void ImageBook::pull(const Key& key, Entry& entry) {
  entry.pull = seams_.puller->order(
      {entry.image, key.wanted, entry.credentials},
      {[this, key](const PullProgress& progress) { came_on(key, progress); },
       [this, key](Result<base::ImageInfo> image, std::optional<std::chrono::seconds> retry_after) {
         pulled(key, std::move(image), retry_after);
       }});
}

void ImageBook::came_on(const Key& key, const PullProgress& progress) {
  Entry& entry = *entries_.at(key);
  if (progress.of == 0) return;  // it lives, and no more
  const bool is_first = entry.look.is != Is::kPulling || !entry.told_at;
  if (entry.look.is != Is::kPulling) entry.look = ImageLook{.is = Is::kPulling};
  entry.look.bytes = progress.bytes;
  entry.look.of = progress.of;
  // It gets on: the next failure is a first one. Bytes that came before and were thrown away, as they were wrong, do not count.
  const bool is_same = progress.of == entry.furthest.of;
  if (is_same && progress.bytes > entry.furthest.bytes) entry.backoff.reset();
  if (!is_same || progress.bytes > entry.furthest.bytes) entry.furthest = progress;
  const auto now = seams_.clock.monotonic();
  const bool is_due = is_first || now - *entry.told_at >= limits::kPullTellInterval;
  if (!is_due || !is_worth_telling(entry.told, progress)) return;
  entry.told = progress;
  entry.told_at = now;
  tell(entry);
}

void ImageBook::pulled(const Key& key, Result<base::ImageInfo> image,
                       std::optional<std::chrono::seconds> retry_after) {
  Entry& entry = *entries_.at(key);
  entry.pull = 0;
  if (image) {
    const Key own = key;  // whoever is told may forget it
    there(entry, *std::move(image));
    return share(own);
  }
  const bool is_tag_asked = key.policy == sync::PullPolicy::kAlways && !entry.image.digest;
  if (!is_tag_asked || !is_hosts_fault_of_pull(image.error()))
    return failed(key, entry, image.error(), retry_after);
  // Without a network an image that is there is taken; the registry is asked again for the next pod.
  entry.is_after_failure = true;
  entry.failure = image.error();
  entry.retry_after = retry_after;
  entry.names = {key.image};
  std::ranges::copy(seams_.puller->records().ids_of(entry.image), std::back_inserter(entry.names));
  ask_next(key, entry);
}

void ImageBook::failed(const Key& key, Entry& entry, const Error& error,
                       std::optional<std::chrono::seconds> retry_after) {
  const auto now = seams_.clock.monotonic();
  const std::chrono::milliseconds wait = entry.backoff.record(now);
  const auto bytes = entry.look.bytes;
  const auto of = entry.look.of;
  entry.look = pull_failure(key.image, error, entry.backoff.count());
  entry.look.bytes = bytes;
  entry.look.of = of;
  entry.look.retry_at =
      now + std::max<std::chrono::milliseconds>(wait, retry_after.value_or(std::chrono::seconds(0)));
  entry.told = {};
  entry.told_at.reset();
  tell(entry);
}

/// Not by reference: who is told may ask again, or forget.
void ImageBook::tell(const Entry& entry) {
  const auto askers = entry.askers;
  for (const auto& asker : askers) seams_.on_due(asker);
}

ImageLook ImageBook::look(const sync::ImageRef& image, sync::PullPolicy policy, const sync::Claim& asker,
                          const ImageAsk& ask) {
  const Key key = key_of(image, policy, ask);
  auto& slot = entries_[key];
  const bool is_new = slot == nullptr;
  if (is_new) {
    slot = std::make_unique<Entry>();
    slot->image = image;
  }
  if (slot->look.is != Is::kThere) slot->credentials = ask.credentials;
  slot->askers.insert(asker);
  if (is_new) begin(key, *slot);
  auto& look = slot->look;
  if (look.is == Is::kFailed && look.retry_at <= seams_.clock.monotonic()) {
    // What was said before stands until there is another answer: a condition is not to flap.
    begin(key, *slot);
  } else if (look.is == Is::kFailed) {
    seams_.on_due_at(asker, *look.retry_at);
  }
  return look;
}

void ImageBook::lost(const sync::ImageRef& image) {
  for (auto& [key, entry] : entries_) {
    if (key.image != image.text() || entry->look.is != Is::kThere) continue;
    entry->look = ImageLook{};
    begin(key, *entry);
  }
}

void ImageBook::forget(const sync::Claim& asker) {
  forget_if(asker, [](const Key&) { return true; });
}

void ImageBook::keep_only(const sync::Claim& asker, const std::vector<sync::ImageRef>& images) {
  std::set<std::string> kept;
  for (const auto& image : images) kept.insert(image.text());
  forget_if(asker, [&](const Key& key) { return !kept.contains(key.image); });
}

void ImageBook::forget_if(const sync::Claim& asker, const std::function<bool(const Key&)>& is_forgotten) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = *at->second;
    if (!entry.askers.contains(asker) || !is_forgotten(at->first)) {
      ++at;
      continue;
    }
    entry.askers.erase(asker);
    if (!entry.askers.empty()) {
      ++at;
      continue;
    }
    drop(entry);
    at = entries_.erase(at);
  }
}

}  // namespace holdfast::edge_agent
