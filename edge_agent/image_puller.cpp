// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/image_puller.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/limits/engine.hpp"
#include "base/log.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Digest;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::string_view kSha256 = "sha256:";

std::optional<Digest> digest_of(const base::ImageId& id) {
  std::string_view text = id.str();
  if (text.starts_with(kSha256)) text.remove_prefix(kSha256.size());
  const auto digest = Digest::from_hex(text);
  return digest ? std::optional(*digest) : std::nullopt;
}

/// By id, or under our name of it.
bool is_present(const ImageRecord& record, const std::vector<base::ImageInfo>& present) {
  return std::ranges::any_of(present, [&](const base::ImageInfo& image) {
    return image.id.str() == record.id || std::ranges::count(image.tags, record.name) > 0;
  });
}

bool has_name(const base::ImageInfo& image, const std::string& reference) {
  return std::ranges::count(image.tags, reference) > 0 || std::ranges::count(image.digests, reference) > 0;
}

}  // namespace

ImagePuller::ImagePuller(Seams seams, PullOptions options, std::string blobs)
    : seams_(std::move(seams)), options_(std::move(options)), blobs_(std::move(blobs)) {}

ImagePuller::~ImagePuller() {
  if (call_ != 0) seams_.engine.cancel(call_);
}

ImagePuller::Number ImagePuller::order(PullOrder order, OrderListener listener) {
  queue_.push_back({++last_, std::move(order), std::move(listener)});
  next_soon();
  return last_;
}

void ImagePuller::cancel(Number number) {
  const auto found = std::ranges::find(queue_, number, &Waiting::number);
  if (found == queue_.end()) return;
  const bool is_under_way = is_busy_ && found == queue_.begin();
  queue_.erase(found);
  if (!is_under_way) return;
  if (call_ != 0) seams_.engine.cancel(std::exchange(call_, 0));
  pull_.reset();
  archive_.reset();
  is_busy_ = false;
  next_soon();
}

/// Whoever asks is not called back from inside.
void ImagePuller::next_soon() {
  if (std::exchange(is_posted_, true)) return;
  seams_.post([this, alive = std::weak_ptr<int>(alive_)] {
    if (alive.expired()) return;
    is_posted_ = false;
    next();
  });
}

void ImagePuller::next() {
  if (is_busy_ || queue_.empty()) return;
  is_busy_ = true;
  list_images();
}

/// What the engine has already need not be fetched.
void ImagePuller::list_images() {
  call_ = seams_.engine.images([this](Result<std::vector<base::ImageInfo>> images) {
    call_ = 0;
    if (!images) return end(fail(std::move(images).error()));
    ask_folder(*images);
  });
}

/// Room is looked for there, too. One that does not say is asked for nothing more.
void ImagePuller::ask_folder(const std::vector<base::ImageInfo>& present) {
  call_ = seams_.engine.folder([this, present](const Result<std::string>& folder) {
    call_ = 0;
    start(present, folder.value_or(""));
  });
}

void ImagePuller::start(const std::vector<base::ImageInfo>& present, const std::string& engine_folder) {
  const PullOrder& order = queue_.front().order;
  PullJob job;
  job.image = order.image;
  job.platform = ImagePlatform::here();
  job.store = blobs_.folder();
  job.engine_folder = engine_folder;
  job.credentials = order.credentials;
  job.proxy = options_.proxy;
  job.no_proxy = options_.no_proxy;
  job.bytes_per_s_max = options_.bytes_per_s_max;
  job.spare = spare(present);
  job.others_are_to_come = others_are_to_come(present);
  for (const base::ImageInfo& image : present) {
    if (const auto digest = digest_of(image.id)) job.present.push_back(*digest);
  }
  if (const auto rule = options_.registries.find(order.image.registry); rule != options_.registries.end()) {
    job.is_plain = rule->second.is_plain;
    job.ca_file = rule->second.ca_file;
  }
  auto started = seams_.start_pull(
      job, {[this](const PullProgress& progress) { came_on(progress); },
            [this](Result<PulledImage> pulled, std::optional<std::chrono::seconds> retry_after) {
              this->pulled(std::move(pulled), retry_after);
            }});
  if (!started) return end(fail(std::move(started).error()));
  pull_ = *std::move(started);
  measured_since_ = seams_.clock.monotonic();
  measured_ = {};
}

void ImagePuller::came_on(const PullProgress& progress) {
  if (is_slow(progress)) {
    // Not from inside what it tells.
    seams_.post([this, number = queue_.front().number, alive = std::weak_ptr<int>(alive_)] {
      if (!alive.expired()) step_back(number);
    });
  }
  queue_.front().listener.on_progress(progress);
}

/// A registry that trickles is not silent, and would hold up all others for ever.
bool ImagePuller::is_slow(const PullProgress& progress) {
  // What lies here from before did not come now.
  if (progress.of != measured_.of) measured_ = progress;
  const auto now = seams_.clock.monotonic();
  const auto time = now - measured_since_;
  if (time < queue_.front().patience) return false;
  const std::uint64_t bytes = progress.bytes - std::min(progress.bytes, measured_.bytes);
  measured_since_ = now;
  measured_ = progress;
  const std::uint64_t limit = options_.bytes_per_s_max;
  const std::uint64_t least =
      limit == 0 ? base::limits::kPullSlowBytesPerS : std::min(base::limits::kPullSlowBytesPerS, limit / 2);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  return bytes < least * static_cast<std::uint64_t>(seconds);
}

/// Behind the others, where one of another registry waits. What it fetched stays, and it has twice the time when it goes on: it
/// may have been a disk that was slow.
void ImagePuller::step_back(Number number) {
  if (pull_ == nullptr || queue_.empty() || queue_.front().number != number) return;
  const std::string registry = queue_.front().order.image.registry;
  const auto other =
      std::ranges::find_if(queue_, [&](const Waiting& one) { return one.order.image.registry != registry; });
  if (other == queue_.end()) return;
  pull_.reset();
  is_busy_ = false;
  Waiting next = std::move(*other);
  queue_.erase(other);
  Waiting slow = std::move(queue_.front());
  queue_.pop_front();
  base::log::info("a pull that hardly comes on waits behind the others",
                  {{"image", slow.order.image.text()}, {"next", next.order.image.text()}});
  slow.patience *= 2;
  queue_.push_front(std::move(next));
  queue_.push_back(std::move(slow));
  next_soon();
}

/// Of images that are in the engine: kept for the layers that a next version shares with them, given up where room is short.
std::vector<Digest> ImagePuller::spare(const std::vector<base::ImageInfo>& present) const {
  std::set<Digest> out;
  for (const ImageRecord& record : seams_.records.all()) {
    if (is_present(record, present)) out.insert(record.layers.begin(), record.layers.end());
  }
  return {out.begin(), out.end()};
}

/// Beside the one that is pulled now: what was fetched in part may be of one of these.
bool ImagePuller::others_are_to_come(const std::vector<base::ImageInfo>& present) const {
  if (!seams_.needed) return true;
  const auto needed = seams_.needed();
  if (!needed) return true;
  const std::string own = queue_.front().order.image.text();
  const auto& records = seams_.records.all();
  return std::ranges::any_of(*needed, [&](const std::string& reference) {
    if (reference == own) return false;
    const bool is_here =
        std::ranges::any_of(present, [&](const auto& image) { return has_name(image, reference); });
    return !is_here && std::ranges::none_of(records, [&](const ImageRecord& record) {
      return record.has_use(reference) && is_present(record, present);
    });
  });
}

void ImagePuller::pulled(Result<PulledImage> pulled, std::optional<std::chrono::seconds> retry_after) {
  pull_.reset();
  if (!pulled) return end(fail(std::move(pulled).error()), retry_after);
  if (pulled->is_in_engine) return look(*pulled, std::string(kSha256) + pulled->config.hex(), false);
  load(*pulled);
}

void ImagePuller::load(const PulledImage& pulled) {
  const std::string name = image_name(queue_.front().order.image, pulled.manifest);
  auto archive = ImageArchive::open(blobs_, pulled.manifest, name);
  if (!archive) return end(fail(std::move(archive).error()));
  archive_ = std::make_shared<ImageArchive>(*std::move(archive));
  // Before it is in the engine: what this agent does not live to see would be nobody's.
  const base::ImageId expected(std::string(kSha256) + pulled.config.hex());
  if (auto noted = note(pulled, expected, true); !noted) {
    archive_.reset();
    return end(fail(std::move(noted).error()));
  }
  call_ = seams_.engine.load_image(
      [archive = archive_](std::size_t bytes_max) { return archive->read(bytes_max); },
      [this, pulled, name](Status loaded) {
        call_ = 0;
        archive_.reset();
        if (!loaded) {
          not_loaded(name, loaded.error());
          return end(fail(std::move(loaded).error()));
        }
        look(pulled, name, true);
      });
}

/// An engine that said no has it not; of one that said nothing nobody knows.
void ImagePuller::not_loaded(const std::string& name, const base::Error& error) {
  if (error.code() == Code::kUnavailable || error.code() == Code::kTimeout) return;
  if (const auto removed = seams_.records.remove(name); !removed)
    base::log::failure("the book of images cannot be written", "images", removed.error());
}

void ImagePuller::look(const PulledImage& pulled, const std::string& reference, bool is_loaded) {
  call_ = seams_.engine.image(reference, [this, pulled, is_loaded](Result<base::ImageInfo> image) {
    call_ = 0;
    if (!image) return end(std::move(image));
    base::log::info("an image is there",
                    {{"image", queue_.front().order.image.text()}, {"id", image->id.str()}});
    if (auto noted = note(pulled, image->id, is_loaded); !noted) return end(fail(std::move(noted).error()));
    end(std::move(image));
  });
}

Status ImagePuller::note(const PulledImage& pulled, const base::ImageId& id, bool is_loaded) {
  const PullOrder& order = queue_.front().order;
  ImageRecord record;
  record.name = image_name(order.image, pulled.manifest);
  record.manifest = pulled.manifest;
  record.config = pulled.config;
  record.id = id.str();
  record.layers = pulled.layers;
  record.is_loaded = is_loaded;
  return seams_.records.add(std::move(record), {order.image.text(), order.wanted});
}

void ImagePuller::end(Result<base::ImageInfo> result, std::optional<std::chrono::seconds> retry_after) {
  const Waiting done = std::move(queue_.front());
  queue_.pop_front();
  is_busy_ = false;
  next_soon();
  done.listener.on_end(std::move(result), retry_after);
}

}  // namespace holdfast::edge_agent
