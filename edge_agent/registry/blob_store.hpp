// SPDX-License-Identifier: Apache-2.0
// BlobStore: what was fetched of images and is not in the engine yet, by digest.
//
//   <hex>        whole, and checked before it got this name        <hex>.part   what has come so far; the rest is fetched behind it
//
// A blob gets its name after its bytes are on the disk, so that a power cut leaves a .part or a whole blob. A .part may hold
// anything after one: what it holds counts only when the digest of the whole is right.
// Threads: one at a time for each blob; two programs that fetch the same one are told apart by a lock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"
#include "edge_agent/registry/image_manifest.hpp"

namespace holdfast::edge_agent {

struct FoundBlob {
  base::Digest digest;
  base::WallTime changed;  ///< the newest, of whole and part
};

class BlobStore {
 public:
  /// `folder` is made where something is put into it.
  explicit BlobStore(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }
  std::string path(const base::Digest& digest) const { return folder_ + "/" + digest.hex(); }
  std::string part_path(const base::Digest& digest) const { return path(digest) + ".part"; }

  base::Status make_folder() const;
  /// By its name and size alone.
  bool has(const BlobRef& blob) const;
  /// Called again and again while gigabytes are read.
  using OnRead = std::function<void()>;
  /// Reads it. False: it is not there, or was wrong and is thrown away.
  base::Result<bool> check(const BlobRef& blob, const OnRead& on_read = {}) const;
  /// Bytes of it that are here, whole or not.
  std::uint64_t bytes_of(const BlobRef& blob) const;
  /// A small one, checked. kNotFound, kCorrupt.
  base::Result<std::string> read(const base::Digest& digest, std::size_t bytes_max) const;
  base::Status put(const base::Digest& digest, std::string_view bytes) const;
  /// Whole or not; one that is not there is removed already.
  base::Status remove(const base::Digest& digest) const;
  /// Everything that looks like a blob, whole or not, each digest once. An empty list where there is no folder.
  base::Result<std::vector<FoundBlob>> list() const;
  /// What an ordinary program may still write there. kIo where it cannot be told.
  base::Result<std::uint64_t> free_bytes() const;
  /// Of the disk of another folder, such as the engine's; nothing where it is the same disk, or cannot be reached from here.
  std::optional<std::uint64_t> free_bytes_elsewhere(const std::string& folder) const;

 private:
  std::string folder_;
};

/// A blob that is being fetched.
class BlobPart {
 public:
  /// Goes on where it broke off: what is there is read. kConflict: another program fetches it.
  static base::Result<BlobPart> open(const BlobStore& store, const BlobRef& blob,
                                     const BlobStore::OnRead& on_read = {});
  std::uint64_t bytes() const { return bytes_; }
  bool is_full() const { return bytes_ == blob_.size_bytes; }
  /// kCorrupt: more than the blob has. kNoSpace.
  base::Status append(std::string_view piece);
  /// Throws away what is there.
  base::Status restart();
  /// REQUIRES: is_full(). On disk under its name. kCorrupt: the digest is another one; then all of it is thrown away.
  base::Status finish();
  /// So that a power cut does not take what came.
  base::Status sync();

 private:
  BlobPart(const BlobStore& store, const BlobRef& blob, base::Fd file)
      : store_(store), blob_(blob), file_(std::move(file)) {}
  base::Status read_what_is_there(std::uint64_t size, const BlobStore::OnRead& on_read);

  BlobStore store_;
  BlobRef blob_;
  base::Fd file_;
  base::Hasher hasher_;
  std::uint64_t bytes_ = 0;
  std::uint64_t synced_ = 0;
};

}  // namespace holdfast::edge_agent
