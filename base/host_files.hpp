// SPDX-License-Identifier: Apache-2.0
// HostFiles: the file half of LinuxHost. Every path goes through Beneath; every write is a temporary file,
// synced, then renamed, so that a power cut leaves the old file or the new one. What each call promises
// stands at base/host.hpp.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/beneath.hpp"
#include "base/host.hpp"

namespace holdfast::base {

class HostFiles {
 public:
  explicit HostFiles(Beneath beneath) : beneath_(std::move(beneath)) {}

  Result<FileInfo> stat(const std::string& path) const;
  Result<std::string> read(const std::string& path, std::size_t bytes_max) const;
  Result<Digest> digest(const std::string& path) const;
  Result<FileInfo> write(const FileWrite& write);
  Result<FileInfo> set_attributes(const std::string& path, std::uint32_t mode,
                                  std::optional<std::uint32_t> uid, std::optional<std::uint32_t> gid) const;
  Status remove(const std::string& path) const;
  Result<std::string> read_mark(const std::string& path) const;
  Status write_mark(const std::string& path, const std::string& mark) const;

  const Beneath& beneath() const { return beneath_; }

 private:
  Result<FileInfo> write_in(const Beneath::Place& place, const FileWrite& write) const;
  void clear_leftovers(const Beneath::Place& place);

  Beneath beneath_;
  /// Folders (device, inode) in which no temporary file of an earlier crash can be left.
  std::set<std::pair<std::uint64_t, std::uint64_t>> cleared_;
};

}  // namespace holdfast::base
