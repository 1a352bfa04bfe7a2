// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/image_archive.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <variant>

#include "base/json.hpp"
#include "base/limits/images.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

constexpr std::size_t kBlock = 512;

void put(std::string& header, std::size_t at, std::string_view text) {
  std::memcpy(header.data() + at, text.data(), text.size());
}

std::string octal(std::uint64_t value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
  return text.data();
}

std::string padding(std::uint64_t size) {
  return std::string(static_cast<std::size_t>((kBlock - size % kBlock) % kBlock), '\0');
}

}  // namespace

std::string tar_header(const std::string& name, std::uint64_t size) {
  std::string header(kBlock, '\0');
  put(header, 0, std::string_view(name).substr(0, 100));
  put(header, 100, "0000644");
  put(header, 108, "0000000");
  put(header, 116, "0000000");
  put(header, 124, octal(size, 11));
  put(header, 136, octal(0, 11));
  put(header, 148, "        ");
  header[156] = '0';
  put(header, 257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, 148, octal(sum, 6) + '\0');
  return header;
}

Result<ImageArchive> ImageArchive::open(const BlobStore& store, const base::Digest& manifest,
                                        const std::string& name) {
  HF_TRY(const std::string bytes, store.read(manifest, limits::kImageManifestBytesMax));
  HF_TRY(const auto parsed, parse_image_manifest(bytes));
  const auto* const image = std::get_if<ImageManifest>(&parsed);
  if (image == nullptr) return fail(Code::kInternal, "an archive of an index");
  HF_TRY(std::string config, store.read(image->config.digest, limits::kImageManifestBytesMax));

  const std::string config_name = image->config.digest.hex() + ".json";
  Json names = Json::array();
  std::vector<Entry> entries;
  const std::uint64_t config_size = config.size();
  entries.push_back({config_name, std::move(config), {}, config_size});
  std::set<base::Digest> seen;
  for (const BlobRef& layer : image->layers) {
    const std::string layer_name = layer.digest.hex() + ".tar";
    names.push_back(layer_name);
    if (!seen.insert(layer.digest).second) continue;
    if (!store.has(layer))
      return fail(Code::kNotFound, "'" + store.path(layer.digest) + "' is not there whole");
    entries.push_back({layer_name, {}, store.path(layer.digest), layer.size_bytes});
  }
  std::string list = base::canonical_json(Json::array(
      {Json{{"Config", config_name}, {"Layers", std::move(names)}, {"RepoTags", Json::array({name})}}}));
  const std::uint64_t list_size = list.size();
  entries.push_back({"manifest.json", std::move(list), {}, list_size});
  return ImageArchive(std::move(entries));
}

ImageArchive::ImageArchive(std::vector<Entry> entries) : entries_(std::move(entries)) {
  for (const Entry& entry : entries_) bytes_ += kBlock + entry.size + padding(entry.size).size();
  bytes_ += 2 * kBlock;
}

Status ImageArchive::begin_entry() {
  Entry& entry = entries_[at_];
  ready_ = tar_header(entry.name, entry.size);
  is_open_ = true;
  if (entry.path.empty()) {
    ready_ += entry.content + padding(entry.size);
    entry.content.clear();
    return {};
  }
  file_ = base::Fd(::open(entry.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file_) return fail(base::Error::from_errno(errno, "cannot open '" + entry.path + "'"));
  left_ = entry.size;
  return {};
}

Result<std::string> ImageArchive::read_entry(std::size_t bytes_max) {
  const Entry& entry = entries_[at_];
  std::string out(std::min<std::uint64_t>(bytes_max, left_), '\0');
  const ssize_t got = ::read(file_.get(), out.data(), out.size());
  if (got < 0) return fail(base::Error::from_errno(errno, "cannot read '" + entry.path + "'"));
  if (got == 0) return fail(Code::kCorrupt, "'" + entry.path + "' is shorter than it was");
  out.resize(static_cast<std::size_t>(got));
  left_ -= out.size();
  if (left_ == 0) {
    file_ = base::Fd();
    ready_ = padding(entry.size);
  }
  return out;
}

Result<std::string> ImageArchive::read(std::size_t bytes_max) {
  for (;;) {
    if (!ready_.empty()) {
      std::string out = ready_.substr(0, bytes_max);
      ready_.erase(0, out.size());
      return out;
    }
    if (left_ > 0) return read_entry(bytes_max);
    if (is_open_) {
      is_open_ = false;
      ++at_;
    }
    if (at_ < entries_.size()) {
      HF_CHECK(begin_entry());
    } else if (!is_closed_) {
      is_closed_ = true;
      ready_.assign(2 * kBlock, '\0');
    } else {
      return std::string();
    }
  }
}

}  // namespace holdfast::edge_agent
