// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/image_pull.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "base/limits/images.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using std::chrono::milliseconds;
namespace limits = base::limits;

namespace {

constexpr milliseconds kResumeAfter{1'000};
constexpr int kResumesMax = 100;

std::string megabytes(std::uint64_t bytes) { return std::to_string((bytes + 999'999) / 1'000'000) + " MB"; }

/// Worth to be asked again at once, from where it broke off: the connection, not the answer.
bool is_broken_off(const base::Error& error) {
  return error.code() == Code::kTimeout || error.code() == Code::kUnavailable ||
         error.code() == Code::kCorrupt;
}

}  // namespace

milliseconds Pace::after(std::uint64_t bytes, base::MonotonicTime now) {
  if (bytes_per_s_max_ == 0) return milliseconds(0);
  unpaid_ += bytes * 1'000;
  const milliseconds cost(static_cast<std::int64_t>(unpaid_ / bytes_per_s_max_));
  unpaid_ %= bytes_per_s_max_;
  free_at_ = std::max(free_at_.value_or(now), now) + cost;
  return std::chrono::duration_cast<milliseconds>(*free_at_ - now);
}

Status check_room(std::uint64_t to_fetch, std::uint64_t layer_bytes, const Room& here,
                  const std::optional<Room>& elsewhere) {
  const std::string fetched = megabytes(to_fetch) + " are to be fetched";
  const std::string unpacked = "the engine unpacks at least " + megabytes(layer_bytes);
  const auto check = [](std::uint64_t bytes, const Room& room, const std::string& what) -> Status {
    const std::uint64_t need = bytes + limits::kImageFreeBytesMin;
    if (need <= room.free_bytes) return {};
    return fail(Code::kNoSpace, "no room for it: " + what + "; with a rest that makes " + megabytes(need) +
                                    ", and " + room.folder + " has " + megabytes(room.free_bytes) + " free");
  };
  if (!elsewhere) return check(to_fetch + layer_bytes, here, fetched + ", and " + unpacked);
  HF_CHECK(check(to_fetch, here, fetched));
  return check(layer_bytes, *elsewhere, unpacked);
}

std::vector<base::Digest> unwanted_blobs(std::vector<FoundBlob> found, const PulledImage& own,
                                         const PullJob& job, base::WallTime now) {
  std::set<base::Digest> kept(own.layers.begin(), own.layers.end());
  kept.insert({own.manifest, own.config});
  kept.insert(job.spare.begin(), job.spare.end());
  std::erase_if(found, [&](const FoundBlob& blob) {
    const bool may_be_wanted = job.others_are_to_come && now - blob.changed < limits::kImagePartKept;
    return may_be_wanted || kept.contains(blob.digest);
  });
  std::ranges::sort(found, {}, &FoundBlob::changed);
  std::vector<base::Digest> out;
  for (const FoundBlob& blob : found) out.push_back(blob.digest);
  return out;
}

ImagePull::ImagePull(const PullJob& job, RegistryAccess access, const base::Clock& clock, Tell tell,
                     Sleep sleep)
    : job_(job),
      clock_(clock),
      store_(job.store),
      client_(job.image, std::move(access)),
      pace_(job.bytes_per_s_max),
      tell_(std::move(tell)),
      sleep_(std::move(sleep)) {}

Result<PulledImage> ImagePull::run() {
  HF_TRY(const ImageManifest manifest, this->manifest());
  out_.config = manifest.config.digest;
  for (const BlobRef& layer : manifest.layers) out_.layers.push_back(layer.digest);
  if (std::ranges::find(job_.present, out_.config) != job_.present.end()) {
    out_.is_in_engine = true;
    return out_;
  }
  // What its archive is made of is read from it, after a restart too.
  HF_CHECK(store_.put(out_.manifest, manifest_bytes_));
  HF_CHECK(small_blob(manifest.config));
  HF_TRY(const std::string config, store_.read(manifest.config.digest, limits::kImageManifestBytesMax));
  HF_CHECK(check_image_config(config, manifest, job_.platform));
  HF_CHECK(layers(manifest));
  return out_;
}

/// That of the platform, by way of an index where there is one.
Result<ImageManifest> ImagePull::manifest() {
  HF_TRY(FetchedManifest fetched, client_.manifest());
  out_.asked = fetched.digest;
  HF_TRY(auto parsed, parse_image_manifest(fetched.bytes));
  if (const auto* const index = std::get_if<ImageIndex>(&parsed)) {
    HF_TRY(const BlobRef chosen, choose_platform(*index, job_.platform));
    HF_TRY(fetched, client_.manifest(chosen));
    HF_TRY(parsed, parse_image_manifest(fetched.bytes));
  }
  const auto* const manifest = std::get_if<ImageManifest>(&parsed);
  if (manifest == nullptr) return fail(Code::kUnsupported, "an index within an index");
  out_.manifest = fetched.digest;
  manifest_bytes_ = std::move(fetched.bytes);
  return *manifest;
}

Status ImagePull::small_blob(const BlobRef& blob) { return layer(blob); }

Status ImagePull::layers(const ImageManifest& manifest) {
  std::set<BlobRef> each(manifest.layers.begin(), manifest.layers.end());
  std::uint64_t to_fetch = 0;
  for (const BlobRef& blob : each) {
    // Anything may have happened to it since; and a part is read when it is gone on with.
    if (store_.has(blob)) HF_CHECK(store_.check(blob, [this] { tell(false); }));
    const std::uint64_t here = store_.bytes_of(blob);
    to_fetch += blob.size_bytes - here;
    progress_.bytes += here;
    progress_.of += blob.size_bytes;
  }
  HF_CHECK(make_room(to_fetch, manifest));
  tell(true);
  for (const BlobRef& blob : each) {
    if (!store_.has(blob)) HF_CHECK(layer(blob));
  }
  tell(true);
  return {};
}

Status ImagePull::look_for_room(std::uint64_t to_fetch, const ImageManifest& manifest) const {
  HF_TRY(const std::uint64_t free_bytes, store_.free_bytes());
  std::optional<Room> elsewhere;
  if (const auto free = store_.free_bytes_elsewhere(job_.engine_folder))
    elsewhere = Room{.free_bytes = *free, .folder = job_.engine_folder};
  return check_room(to_fetch, manifest.layer_bytes(), {.free_bytes = free_bytes, .folder = store_.folder()},
                    elsewhere);
}

Status ImagePull::make_room(std::uint64_t to_fetch, const ImageManifest& manifest) {
  if (look_for_room(to_fetch, manifest)) return {};
  HF_TRY(auto found, store_.list());
  for (const base::Digest& blob : unwanted_blobs(std::move(found), out_, job_, clock_.wall())) {
    HF_CHECK(store_.remove(blob));
    if (look_for_room(to_fetch, manifest)) return {};
  }
  for (const base::Digest& blob : job_.spare) {
    const bool is_own = std::ranges::find(manifest.layers, blob, &BlobRef::digest) != manifest.layers.end();
    if (!is_own) HF_CHECK(store_.remove(blob));
  }
  return look_for_room(to_fetch, manifest);
}

/// Once more from nothing where what was there already spoils it.
Status ImagePull::layer(const BlobRef& blob) {
  HF_TRY(auto part, BlobPart::open(store_, blob, [this] { tell(false); }));
  const bool is_resumed = part.bytes() > 0;
  const std::uint64_t before = progress_.bytes - std::min(progress_.bytes, part.bytes());
  Status done = fill(part, blob);
  if (done) done = part.finish();
  if (done || !is_resumed || part.bytes() > 0 || done.error().code() != Code::kCorrupt) return done;
  progress_.bytes = before;
  HF_CHECK(fill(part, blob));
  return part.finish();
}

Status ImagePull::fill(BlobPart& part, const BlobRef& blob) {
  for (int resumes = 0; !part.is_full();) {
    const std::uint64_t before = part.bytes();
    const auto fetched = client_.blob(
        blob, before, [&](std::string_view piece) { return take(part, piece); },
        [this](std::size_t bytes) { pass(bytes); });
    if (fetched && part.is_full()) break;
    HF_CHECK(part.sync());
    const base::Error error =
        fetched ? base::Error(Code::kCorrupt, "the registry ended a layer early") : fetched.error();
    if (error.code() == Code::kInvalid) {
      // The registry has less than what lies here: so that is of something else.
      HF_CHECK(part.restart());
      return fail(Code::kCorrupt, error.message());
    }
    const bool has_come_on = part.bytes() > before;
    if (!is_broken_off(error) || !has_come_on || ++resumes > kResumesMax || client_.retry_after())
      return fail(error);
    sleep_(kResumeAfter);
  }
  return {};
}

Status ImagePull::take(BlobPart& part, std::string_view piece) {
  HF_CHECK(part.append(piece));
  progress_.bytes += progress_.of == 0 ? 0 : piece.size();
  pass(piece.size());
  return {};
}

/// So many bytes came, of use or not: they are paid for, and a sign of life.
void ImagePull::pass(std::size_t bytes) {
  tell(false);
  const milliseconds pause = pace_.after(bytes, clock_.monotonic());
  if (pause > milliseconds(0)) sleep_(pause);
}

void ImagePull::tell(bool is_due) {
  const base::MonotonicTime now = clock_.monotonic();
  if (!is_due && now - told_ < limits::kPullProgressInterval) return;
  told_ = now;
  tell_(progress_);
}

}  // namespace holdfast::edge_agent
