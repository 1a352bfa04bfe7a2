// SPDX-License-Identifier: Apache-2.0
// MachineTree: the small files in which a kernel tells of its machine (/proc, /sys, some of /etc), below a root, so that a folder
// with a board's files stands for that board. Each read is bounded; what is missing or cannot be read is nothing, never an error.
// Threads: any, one at a time; reads files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::edge_agent {

class MachineTree {
 public:
  /// `root`: of the file system, "" for the machine's own.
  explicit MachineTree(std::string root = {}) : root_(std::move(root)) {}

  /// As they are, cut at limits::kMachineFileBytesMax.
  std::string bytes(const std::string& path) const;
  /// A file of people's or programs', cut at limits::kCdiFileBytesMax.
  std::string large(const std::string& path) const;
  /// Without NULs, and without space around it.
  std::string text(const std::string& path) const;
  /// Of a file that holds one decimal number.
  std::optional<std::int64_t> number(const std::string& path) const;
  /// Names in a folder that begin with `prefix`, sorted; of the first limits::kMachineNamesMax.
  std::vector<std::string> names(const std::string& folder, std::string_view prefix = {}) const;
  bool exists(const std::string& path) const;
  /// Files read so far.
  std::size_t reads() const { return reads_; }

 private:
  std::string read(const std::string& path, std::size_t bytes_max) const;

  std::string root_;
  mutable std::size_t reads_ = 0;
};

}  // namespace holdfast::edge_agent
