// SPDX-License-Identifier: Apache-2.0
// ImageCollector: removes images, and blobs, that this agent brought here and no section needs any more: neither what is accepted
// nor what is applied nor any of the last good ones. Not at once, and never what another brought.
// Threads: one, the engine's.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "base/engine.hpp"
#include "base/result.hpp"
#include "edge_agent/image_records.hpp"
#include "edge_agent/registry/blob_store.hpp"

namespace holdfast::edge_agent {

class ImageCollector {
 public:
  struct Seams {
    base::Engine& engine;
    base::Clock& clock;
    ImageRecords& records;
    /// References in full form; an error: it cannot be told, and nothing is removed.
    std::function<base::Result<std::set<std::string>>()> needed;
    std::function<bool()> is_pulling;
  };
  ImageCollector(Seams seams, std::string blobs);
  ~ImageCollector();
  ImageCollector(const ImageCollector&) = delete;
  ImageCollector& operator=(const ImageCollector&) = delete;

  /// Often and at no cost: looks only every limits::kImageCollectInterval, and where there is something of ours.
  void look();

 private:
  void mark(const std::set<std::string>& needed);
  bool is_needed(const ImageRecord& record, const std::set<std::string>& needed) const;
  bool is_only_name_of_another(const ImageRecord& record) const;
  void remove_next();
  void check_records();
  void drop_records_without(const std::vector<base::ImageInfo>& present);
  void drop(const std::string& name);
  void drop_blobs(const std::set<std::string>& needed);

  Seams seams_;
  BlobStore blobs_;
  std::optional<base::MonotonicTime> next_;
  base::Engine::CallId call_ = 0;
  bool is_checked_ = false;
  std::set<std::string> kept_;  ///< names that the engine would not give up in this look
};

}  // namespace holdfast::edge_agent
