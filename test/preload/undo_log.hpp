// SPDX-License-Identifier: Apache-2.0
// UndoLog: what a power cut would take back. Every change of a file or folder that was not synced since stands here with
// the way to undo it; cut() undoes all of them, or some by a seed, in reverse. The model is POSIX's, which promises less
// than any file system gives: a file's bytes are safe after fsync of the file, a name after fsync of its folder.
// Threads: one at a time; the layer holds its lock.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::crash {

/// What an fsync makes safe: a file's bytes and attributes, or the names in a folder.
using Inode = std::pair<dev_t, ino_t>;

class UndoLog {
 public:
  /// Hard links to what was removed or replaced stand in `stash`, on the same file system, until it is safe.
  explicit UndoLog(std::string stash) : stash_(std::move(stash)) {}

  // ---- before a change is made ----
  void before_write(int fd, off_t offset, std::size_t bytes);
  void before_resize(int fd);
  void before_mode(int fd);
  void before_attribute(int fd, const char* name);
  void before_create(const std::string& path);
  void before_make_folder(const std::string& path);
  void before_remove(const std::string& path);
  void before_rename(const std::string& from, const std::string& to);

  void synced(int fd);
  void all_synced();
  /// 0: everything that is not safe is lost; else of each file, and of each folder, or not, as the seed has it.
  void cut(std::uint64_t seed);

 private:
  struct Change {
    Inode safe_with;
    off_t begin = 0;  ///< of a write that only replaced bytes
    off_t end = 0;
    std::function<void()> undo;
  };
  void add(const Inode& safe_with, std::function<void()> undo) {
    changes_.push_back({safe_with, 0, 0, std::move(undo)});
  }
  /// A descriptor of our own, to read and write by; -1: there is none to be had.
  int own(int fd, const Inode& inode);
  std::string keep_link(const std::string& path);
  bool is_written_again(std::size_t change) const;

  std::string stash_;
  std::uint64_t kept_ = 0;
  std::map<Inode, int> own_;
  std::vector<Change> changes_;
};

}  // namespace holdfast::crash
