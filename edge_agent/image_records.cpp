// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/image_records.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file_io.hpp"
#include "base/json.hpp"
#include "base/limits/images.hpp"
#include "base/log.hpp"
#include "sync/model/fields.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Digest;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

constexpr std::int64_t kForm = 1;

Json to_json(const ImageRecord& record) {
  Json layers = Json::array();
  for (const Digest& layer : record.layers) layers.push_back(layer.hex());
  Json uses = Json::array();
  for (const ImageUse& use : record.uses)
    uses.push_back({{"reference", use.reference}, {"wanted", use.wanted.hex()}});
  return {{"config", record.config.hex()},
          {"id", record.id},
          {"layers", std::move(layers)},
          {"loaded", record.is_loaded},
          {"manifest", record.manifest.hex()},
          {"name", record.name},
          {"number", base::to_decimal(record.number)},
          {"unneededSince", sync::to_milliseconds(record.unneeded_since)},
          {"uses", std::move(uses)}};
}

Result<ImageUse> read_use(const Json& value, const std::string& where) {
  ImageUse out;
  HF_CHECK(ObjectReader(value, where)
               .required("reference", out.reference)
               .required("wanted", sync::digest_field(out.wanted))
               .finish());
  return out;
}

Result<ImageRecord> read_record(const Json& value, const std::string& where) {
  ImageRecord out;
  HF_CHECK(ObjectReader(value, where)
               .required("config", sync::digest_field(out.config))
               .required("id", out.id)
               .each("layers", sync::text_elements(out.layers, limits::kImageLayersMax, Digest::from_hex))
               .required("loaded", out.is_loaded)
               .required("manifest", sync::digest_field(out.manifest))
               .required("name", out.name)
               .required("number", sync::counter_field(out.number))
               .required("unneededSince", sync::time_field(out.unneeded_since))
               .each("uses", sync::document_elements(out.uses, limits::kImageUsesMax, read_use))
               .finish());
  return out;
}

Status make_folder_of(const std::string& file) {
  const std::string folder = file.substr(0, file.rfind('/'));
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return fail(base::Error::from_errno(errno, "cannot make folder '" + folder + "'"));
}

}  // namespace

namespace {

/// The oldest whose reference has another use, so that none is forgotten as a whole; else the oldest.
std::vector<ImageUse>::iterator oldest_spare(std::vector<ImageUse>& uses) {
  const auto spare = std::ranges::find_if(uses, [&](const ImageUse& use) {
    return std::ranges::count(uses, use.reference, &ImageUse::reference) > 1;
  });
  return spare == uses.end() ? uses.begin() : spare;
}

}  // namespace

bool ImageRecord::has_use(std::string_view reference) const {
  return std::ranges::find(uses, reference, &ImageUse::reference) != uses.end();
}

std::string image_name(const sync::ImageRef& image, const Digest& manifest) {
  return image.registry + "/" + image.repository + ":hf-" + manifest.hex();
}

std::string encode_image_records(const std::vector<ImageRecord>& records) {
  Json list = Json::array();
  for (const ImageRecord& record : records) list.push_back(to_json(record));
  const std::string images = base::canonical_json(list);
  return base::canonical_json(
      Json{{"digest", Digest::of(images).hex()}, {"form", kForm}, {"images", std::move(list)}});
}

Result<std::vector<ImageRecord>> decode_image_records(std::string_view text) {
  HF_TRY(const Json json, base::parse_json(text));
  std::vector<ImageRecord> out;
  Digest digest;
  std::int64_t form = 0;
  HF_CHECK(ObjectReader(json, "images")
               .required("digest", sync::digest_field(digest))
               .required("form", form)
               .each("images", sync::document_elements(out, limits::kImagesKeptMax, read_record))
               .finish_open());
  if (form != kForm) return fail(Code::kTooNew, "written by a newer version");
  if (Digest::of(base::canonical_json(json.at("images"))) != digest)
    return fail(Code::kCorrupt, "its digest is another one");
  return out;
}

void ImageRecords::load() {
  if (std::exchange(is_read_, true)) return;
  const auto text = base::read_file(file_, limits::kImageBookBytesMax);
  if (!text && text.error().code() == Code::kNotFound) return;
  auto read = text ? decode_image_records(*text) : Result<std::vector<ImageRecord>>(fail(text.error()));
  if (read) {
    records_ = *std::move(read);
    return;
  }
  // What it named stays in the engine, and nobody removes it any more.
  base::log::error("the book of images cannot be read and is set aside",
                   {{"file", file_}, {"error", read.error().message()}});
  std::rename(file_.c_str(), (file_ + ".bad").c_str());
}

const std::vector<ImageRecord>& ImageRecords::all() {
  load();
  return records_;
}

const ImageRecord* ImageRecords::find(const sync::ImageRef& image) {
  const std::string text = image.text();
  const ImageRecord* newest = nullptr;
  for (const ImageRecord& record : all()) {
    if (record.has_use(text) && (newest == nullptr || record.number > newest->number)) newest = &record;
  }
  return newest;
}

const ImageRecord* ImageRecords::find(const sync::ImageRef& image, const Digest& wanted) {
  const ImageUse use{image.text(), wanted};
  for (const ImageRecord& record : all()) {
    if (std::ranges::find(record.uses, use) != record.uses.end()) return &record;
  }
  return nullptr;
}

std::vector<std::string> ImageRecords::ids_of(const sync::ImageRef& image) {
  const std::string text = image.text();
  std::map<std::uint64_t, std::string> by_number;
  for (const ImageRecord& record : all()) {
    if (record.has_use(text)) by_number.emplace(record.number, record.id);
  }
  std::vector<std::string> out;
  for (const auto& [number, id] : by_number) out.push_back(id);
  return out;
}

Status ImageRecords::add(ImageRecord record, const ImageUse& use) {
  load();
  std::uint64_t last = 0;
  for (ImageRecord& one : records_) {
    last = std::max(last, one.number);
    std::erase(one.uses, use);
  }
  const auto same = std::ranges::find(records_, record.name, &ImageRecord::name);
  if (same != records_.end()) {
    record.uses = same->uses;
    record.is_loaded = record.is_loaded || same->is_loaded;
  } else if (records_.size() == limits::kImagesKeptMax) {
    return fail(Code::kLimit,
                "more than " + std::to_string(limits::kImagesKeptMax) + " images are kept here");
  }
  record.uses.push_back(use);
  if (record.uses.size() > limits::kImageUsesMax) record.uses.erase(oldest_spare(record.uses));
  record.number = last + 1;
  record.unneeded_since = {};
  if (same != records_.end()) {
    *same = std::move(record);
  } else {
    records_.push_back(std::move(record));
  }
  return save();
}

Status ImageRecords::set_unneeded(const std::map<std::string, base::WallTime>& since) {
  load();
  bool is_changed = false;
  for (ImageRecord& record : records_) {
    const auto found = since.find(record.name);
    if (found == since.end() || found->second == record.unneeded_since) continue;
    record.unneeded_since = found->second;
    is_changed = true;
  }
  return is_changed ? save() : Status();
}

Status ImageRecords::remove(const std::string& name) {
  load();
  if (std::erase_if(records_, [&](const ImageRecord& one) { return one.name == name; }) == 0) return {};
  return save();
}

Status ImageRecords::save() {
  HF_CHECK(make_folder_of(file_));
  return base::write_file(file_, encode_image_records(records_), 0600);
}

}  // namespace holdfast::edge_agent
