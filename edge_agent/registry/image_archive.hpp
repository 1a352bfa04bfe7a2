// SPDX-License-Identifier: Apache-2.0
// ImageArchive: the archive that `docker save` writes and every engine loads, made of blobs as it is read, so that nothing is
// copied on the disk. Layers stay packed as they came: Docker and podman both unpack them, and check what comes out against the
// digests in the configuration.
//
//   <config>.json   <layer>.tar …   manifest.json [{"Config":…,"Layers":[…],"RepoTags":["registry/name:hf-<manifest>"]}]
//
// Threads: one. Reads a local disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"
#include "edge_agent/registry/blob_store.hpp"
#include "edge_agent/registry/image_manifest.hpp"

namespace holdfast::edge_agent {

class ImageArchive {
 public:
  /// `manifest` names one in the store. `name` is "registry/repository:tag". kNotFound: a blob is not there whole.
  static base::Result<ImageArchive> open(const BlobStore& store, const base::Digest& manifest,
                                         const std::string& name);
  /// The next bytes, at most that many; none is the end.
  base::Result<std::string> read(std::size_t bytes_max);
  std::uint64_t bytes() const { return bytes_; }  ///< of all of it

 private:
  struct Entry {
    std::string name;
    std::string content;  ///< or:
    std::string path;
    std::uint64_t size = 0;
  };
  explicit ImageArchive(std::vector<Entry> entries);
  base::Status begin_entry();
  base::Result<std::string> read_entry(std::size_t bytes_max);

  std::vector<Entry> entries_;
  std::size_t at_ = 0;  ///< entry
  std::string ready_;   ///< header, padding, end: made, not read yet
  base::Fd file_;
  std::uint64_t left_ = 0;  ///< of the entry's content
  bool is_open_ = false;    ///< the header of entries_[at_] is made
  bool is_closed_ = false;
  std::uint64_t bytes_ = 0;
};

/// One header of a ustar archive. REQUIRES: a name of at most 100 bytes, a size below 8 GiB.
std::string tar_header(const std::string& name, std::uint64_t size);

}  // namespace holdfast::edge_agent
