// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/image_collector.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/limits/images.hpp"
#include "base/log.hpp"
#include "sync/model/image_ref.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Digest;
using base::Status;
namespace limits = base::limits;

namespace {

constexpr const char* kCannotCollect = "images that nobody needs cannot be removed";

/// As many as there are states to go back to.
constexpr std::size_t kChosenKept = limits::kLastGoodKept + 1;

}  // namespace

ImageCollector::ImageCollector(Seams seams, std::string blobs)
    : seams_(std::move(seams)), blobs_(std::move(blobs)) {}

ImageCollector::~ImageCollector() {
  if (call_ != 0) seams_.engine.cancel(call_);
}

void ImageCollector::look() {
  const auto now = seams_.clock.monotonic();
  if (call_ != 0 || (next_ && now < *next_)) return;
  next_ = now + limits::kImageCollectInterval;
  const auto blobs = blobs_.list();
  if (seams_.records.all().empty() && (!blobs || blobs->empty())) return;
  const auto needed = seams_.needed();
  if (!needed) return base::log::failure(kCannotCollect, "images", needed.error());
  base::log::recovered(kCannotCollect, "images");
  mark(*needed);
  if (!seams_.is_pulling()) drop_blobs(*needed);
  kept_.clear();
  if (!is_checked_ && !seams_.is_pulling()) return check_records();
  remove_next();
}

/// Once in an agent's life: a record is written before its image is loaded, and the agent before may not have lived to see it.
void ImageCollector::check_records() {
  call_ = seams_.engine.images([this](base::Result<std::vector<base::ImageInfo>> present) {
    call_ = 0;
    is_checked_ = present.has_value();
    if (present && !seams_.is_pulling()) drop_records_without(*present);
    remove_next();
  });
}

/// What was fetched stays for the next pull.
void ImageCollector::drop_records_without(const std::vector<base::ImageInfo>& present) {
  std::set<std::string> there;
  for (const auto& image : present) {
    there.insert(image.id.str());
    there.insert(image.tags.begin(), image.tags.end());
  }
  std::vector<std::string> without;
  for (const ImageRecord& record : seams_.records.all()) {
    if (!there.contains(record.id) && !there.contains(record.name)) without.push_back(record.name);
  }
  for (const auto& name : without) {
    base::log::info("a record of an image that is not in the engine is dropped", {{"image", name}});
    if (const auto done = seams_.records.remove(name); !done)
      base::log::failure(kCannotCollect, "images", done.error());
  }
}

namespace {

/// "registry/repository" and the digest; empty where there is none.
std::pair<std::string, std::string> digest_part(const std::string& reference) {
  const auto read = sync::ImageRef::parse(reference);
  if (!read || !read->digest) return {};
  return {read->registry + "/" + read->repository, read->digest->hex()};
}

/// What names its digest means this image, with whatever tag beside it.
bool is_named_by_digest(const ImageRecord& record, const std::string& reference) {
  const auto [repository, digest] = digest_part(reference);
  if (digest.empty()) return false;
  if (record.name == repository + ":hf-" + digest) return true;
  return std::ranges::any_of(record.uses, [&](const ImageUse& use) {
    return digest_part(use.reference) == std::pair(repository, digest);
  });
}

}  // namespace

/// Of the images to which one tag led, the newest are needed: each may be what a last good state ran.
bool ImageCollector::is_needed(const ImageRecord& record, const std::set<std::string>& needed) const {
  if (std::ranges::any_of(needed,
                          [&](const auto& reference) { return is_named_by_digest(record, reference); }))
    return true;
  return std::ranges::any_of(record.uses, [&](const ImageUse& use) {
    if (!needed.contains(use.reference)) return false;
    const auto& all = seams_.records.all();
    const auto newer = std::ranges::count_if(all, [&](const ImageRecord& other) {
      return other.number > record.number && other.has_use(use.reference);
    });
    return static_cast<std::size_t>(newer) < kChosenKept;
  });
}

void ImageCollector::mark(const std::set<std::string>& needed) {
  const auto now = seams_.clock.wall();
  std::map<std::string, base::WallTime> since;
  for (const ImageRecord& record : seams_.records.all()) {
    const bool is_marked = record.unneeded_since != base::WallTime{};
    // A clock that was set back would have it wait for years.
    const bool is_ahead = record.unneeded_since > now;
    if (is_needed(record, needed)) {
      since.emplace(record.name, base::WallTime{});
    } else if (!is_marked || is_ahead) {
      since.emplace(record.name, now);
    }
  }
  if (const auto done = seams_.records.set_unneeded(since); !done)
    base::log::failure(kCannotCollect, "images", done.error());
}

void ImageCollector::remove_next() {
  const auto now = seams_.clock.wall();
  for (const ImageRecord& record : seams_.records.all()) {
    const bool is_due =
        record.unneeded_since != base::WallTime{} && now - record.unneeded_since >= limits::kImageGrace;
    if (!is_due || kept_.contains(record.name)) continue;
    const std::string name = record.name;
    kept_.insert(name);  // once in this look
    // Time has passed since the last one, and what is needed may have changed.
    const auto needed = seams_.needed();
    if (!needed || is_needed(record, *needed) || is_only_name_of_another(record)) continue;
    if (!record.is_loaded) {
      drop(name);
      return remove_next();
    }
    call_ = seams_.engine.remove_image(name, [this, name](Status removed) {
      call_ = 0;
      // In use: by a container that is on its way out, or by another's. It is asked again.
      if (removed || removed.error().code() == Code::kNotFound) drop(name);
      remove_next();
    });
    return;
  }
}

/// The engine knows one image by our name of this record alone, and another record, which is needed, means it too.
bool ImageCollector::is_only_name_of_another(const ImageRecord& record) const {
  return record.is_loaded && std::ranges::any_of(seams_.records.all(), [&](const ImageRecord& other) {
           return other.name != record.name && other.id == record.id && !other.is_loaded &&
                  other.unneeded_since == base::WallTime{};
         });
}

void ImageCollector::drop(const std::string& name) {
  const auto& all = seams_.records.all();
  const auto found = std::ranges::find(all, name, &ImageRecord::name);
  if (found == all.end()) return;
  const ImageRecord record = *found;
  if (const auto done = seams_.records.remove(name); !done)
    return base::log::failure(kCannotCollect, "images", done.error());
  base::log::info("an image that nobody needs any more is removed", {{"image", name}});
  // A pull that is under way may count on them; what is left over is found as a part that nobody goes on with.
  if (seams_.is_pulling()) return;
  std::vector<Digest> blobs = record.layers;
  blobs.insert(blobs.end(), {record.config, record.manifest});
  for (const Digest& blob : blobs) {
    const bool is_shared = std::ranges::any_of(seams_.records.all(), [&](const ImageRecord& other) {
      return other.config == blob || other.manifest == blob ||
             std::ranges::find(other.layers, blob) != other.layers.end();
    });
    if (is_shared) continue;
    if (const auto done = blobs_.remove(blob); !done)
      base::log::failure(kCannotCollect, "images", done.error());
  }
}

/// What no record speaks of came of a pull that did not end. Where an image is still to come it may be just that one.
void ImageCollector::drop_blobs(const std::set<std::string>& needed) {
  const auto& all = seams_.records.all();
  std::set<Digest> known;
  for (const ImageRecord& record : all) {
    known.insert(record.layers.begin(), record.layers.end());
    known.insert({record.config, record.manifest});
  }
  const bool is_all_there = std::ranges::all_of(needed, [&](const std::string& reference) {
    return std::ranges::any_of(all, [&](const ImageRecord& record) { return record.has_use(reference); });
  });
  const auto kept = is_all_there ? limits::kImagePartKept : limits::kImagePartKeptMax;
  const auto now = seams_.clock.wall();
  const auto blobs = blobs_.list();
  if (!blobs) return;
  for (const FoundBlob& blob : *blobs) {
    if (known.contains(blob.digest) || now - blob.changed < kept) continue;
    if (const auto done = blobs_.remove(blob.digest); !done)
      base::log::failure(kCannotCollect, "images", done.error());
  }
}

}  // namespace holdfast::edge_agent
