// SPDX-License-Identifier: Apache-2.0
// ImageRecords: which images this agent brought here, under which names, and for whom. `images/book.json` in the data folder:
// without it nothing is removed, as nobody could tell whose an image is; what it names is fetched again at worst.
//
// An engine forgets under which digest an archive's image stands in its registry. So an image is loaded under a tag that says
// it, "registry/repository:hf-<digest of the manifest>", which nobody else uses: a name that a person gave is never moved.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "sync/model/image_ref.hpp"

namespace holdfast::edge_agent {

/// What led to an image: a reference, and whose (a pod's digest). Of a tag the newest is what the registry said last.
struct ImageUse {
  std::string reference;  ///< ImageRef::text()
  base::Digest wanted;
  bool operator==(const ImageUse&) const = default;
};

struct ImageRecord {
  std::string name;  ///< ours, in the engine
  base::Digest manifest;
  base::Digest config;
  std::string id;  ///< of the engine
  std::vector<base::Digest> layers;
  bool is_loaded = true;            ///< false: the engine had it already, under another's name
  std::vector<ImageUse> uses;       ///< the newest last
  std::uint64_t number = 0;         ///< grows with each use that is added
  base::WallTime unneeded_since{};  ///< zero: it is needed
  bool has_use(std::string_view reference) const;
  bool operator==(const ImageRecord&) const = default;
};

/// "registry/repository:hf-<manifest>"
std::string image_name(const sync::ImageRef& image, const base::Digest& manifest);

class ImageRecords {
 public:
  explicit ImageRecords(std::string file) : file_(std::move(file)) {}

  /// What is there, read when it is asked for first. One that cannot be read is set aside, and none are known.
  const std::vector<ImageRecord>& all();
  /// By the reference; of a tag, with `wanted`, the one that was chosen for it, else the newest. nullptr: none.
  const ImageRecord* find(const sync::ImageRef& image);
  const ImageRecord* find(const sync::ImageRef& image, const base::Digest& wanted);
  /// Of all that the reference led to, the newest last.
  std::vector<std::string> ids_of(const sync::ImageRef& image);
  /// Takes the place of one of the same name, whose uses it keeps. Durable when it returns.
  base::Status add(ImageRecord record, const ImageUse& use);
  /// By name, all with one write; nothing is written where nothing changes.
  base::Status set_unneeded(const std::map<std::string, base::WallTime>& since);
  base::Status remove(const std::string& name);

 private:
  base::Status save();
  void load();

  std::string file_;
  bool is_read_ = false;
  std::vector<ImageRecord> records_;
};

std::string encode_image_records(const std::vector<ImageRecord>& records);
base::Result<std::vector<ImageRecord>> decode_image_records(std::string_view text);

}  // namespace holdfast::edge_agent
