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
  job.spare = spare();
  for (const base::ImageInfo& image : present) {
    if (const auto digest = digest_of(image.id)) job.present.push_back(*digest);
  }
  if (const auto rule = options_.registries.find(order.image.registry); rule != options_.registries.end()) {
    job.is_plain = rule->second.is_plain;
    job.ca_file = rule->second.ca_file;
  }
  auto started = seams_.start_pull(
      job, {[this](const PullProgress& progress) { queue_.front().listener.on_progress(progress); },
            [this](Result<PulledImage> pulled, std::optional<std::chrono::seconds> retry_after) {
              this->pulled(std::move(pulled), retry_after);
            }});
  if (!started) return end(fail(std::move(started).error()));
  pull_ = *std::move(started);
}

/// Of images that are in the engine: kept for the layers that a next version shares with them, given up where room is short.
std::vector<Digest> ImagePuller::spare() const {
  std::set<Digest> out;
  for (const ImageRecord& record : seams_.records.all())
    out.insert(record.layers.begin(), record.layers.end());
  return {out.begin(), out.end()};
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
  call_ = seams_.engine.load_image(
      [archive = archive_](std::size_t bytes_max) { return archive->read(bytes_max); },
      [this, pulled, name](Status loaded) {
        call_ = 0;
        archive_.reset();
        if (!loaded) return end(fail(std::move(loaded).error()));
        look(pulled, name, true);
      });
}

void ImagePuller::look(const PulledImage& pulled, const std::string& reference, bool is_loaded) {
  call_ = seams_.engine.image(reference, [this, pulled, is_loaded](Result<base::ImageInfo> image) {
    call_ = 0;
    if (!image) return end(std::move(image));
    if (auto noted = note(pulled, *image, is_loaded); !noted) return end(fail(std::move(noted).error()));
    end(std::move(image));
  });
}

Status ImagePuller::note(const PulledImage& pulled, const base::ImageInfo& info, bool is_loaded) {
  const PullOrder& order = queue_.front().order;
  ImageRecord record;
  record.name = image_name(order.image, pulled.manifest);
  record.manifest = pulled.manifest;
  record.config = pulled.config;
  record.id = info.id.str();
  record.layers = pulled.layers;
  record.is_loaded = is_loaded;
  base::log::info("an image is there",
                  {{"image", order.image.text()}, {"name", record.name}, {"id", record.id}});
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
