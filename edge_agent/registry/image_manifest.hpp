// SPDX-License-Identifier: Apache-2.0
// What a registry says of an image: an index of manifests for several platforms, the manifest of one, its configuration.
// Docker's version 2 schema 2 and OCI's, which differ in their names only.
//
// What these bytes say decides what is fetched and what runs, so they are strict where two readers could differ: a
// document that could be index and manifest at once is neither.
// Threads: pure functions, plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"

namespace holdfast::edge_agent {

struct ImagePlatform {
  std::string os;            ///< as Go names it: "linux"
  std::string architecture;  ///< "amd64", "arm64", "arm"
  std::string variant;       ///< "v7", "v8", or empty
  bool operator==(const ImagePlatform&) const = default;
  std::string text() const;  ///< "linux/arm/v7"
  /// Of the machine for which this program was made.
  static ImagePlatform here();
};

struct BlobRef {
  base::Digest digest;
  std::uint64_t size_bytes = 0;
  bool operator==(const BlobRef&) const = default;
  auto operator<=>(const BlobRef&) const = default;
};

struct ImageManifest {
  BlobRef config;
  std::vector<BlobRef> layers;  ///< the lowest first; one may come twice
  /// Layers and configuration, each once: what lies in the store of blobs.
  std::vector<BlobRef> blobs() const;
  std::uint64_t layer_bytes() const;  ///< each layer once
  bool operator==(const ImageManifest&) const = default;
};
struct IndexEntry {
  BlobRef manifest;
  ImagePlatform platform;
  bool operator==(const IndexEntry&) const = default;
};
struct ImageIndex {
  std::vector<IndexEntry> entries;
  bool operator==(const ImageIndex&) const = default;
};

/// kCorrupt: not of its form. kLimit: too large, or too many. kUnsupported: a form that this agent does not pull.
base::Result<std::variant<ImageManifest, ImageIndex>> parse_image_manifest(std::string_view bytes);

/// The entry for `platform`: the same variant, else the nearest below it (v7 takes v6), else one that says none.
/// kUnsupported names what there is.
base::Result<BlobRef> choose_platform(const ImageIndex& index, const ImagePlatform& platform);

/// Refuses what another machine runs (kUnsupported), and a number of layers that is not the manifest's (kCorrupt).
base::Status check_image_config(std::string_view bytes, const ImageManifest& manifest,
                                const ImagePlatform& platform);

/// What a request for a manifest accepts.
std::string_view accepted_manifests();

}  // namespace holdfast::edge_agent
