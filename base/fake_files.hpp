// SPDX-License-Identifier: Apache-2.0
// FakeFiles: the file half of FakeHost, in memory: what is there, what of it a power cut leaves, and faults
// by path.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/host.hpp"

namespace holdfast::base {

/// What goes wrong at or below a path.
enum class FileFault {
  kNoSpace,     ///< writing fails, removing works
  kReadOnly,    ///< every change fails
  kPermission,  ///< everything fails
  kIo,          ///< everything fails
};

class FakeFiles {
 public:
  struct Entry {
    FileType type = FileType::kRegular;
    std::string content;
    std::uint32_t mode = 0644;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string mark;
    std::uint64_t inode = 0;
    std::int64_t ctime_ns = 0;
    bool operator==(const Entry&) const = default;
  };
  using Entries = std::map<std::string, Entry>;

  explicit FakeFiles(const Clock& clock) : clock_(clock) {}

  // As at Host.
  Result<FileInfo> stat(const std::string& path) const;
  Result<std::string> read(const std::string& path, std::size_t bytes_max) const;
  Result<FileInfo> write(const FileWrite& write);
  Result<FileInfo> set_attributes(const std::string& path, std::uint32_t mode,
                                  std::optional<std::uint32_t> uid, std::optional<std::uint32_t> gid);
  Status remove(const std::string& path);
  Result<std::string> read_mark(const std::string& path) const;
  Status write_mark(const std::string& path, const std::string& mark);

  /// By hand: no check, no fault; durable. Parents are made.
  void put(const std::string& path, Entry entry);
  /// By hand: with everything beneath.
  void erase(const std::string& path);
  const Entry* find(const std::string& path) const;
  const Entries& entries() const { return now_; }

  void set_fault(const std::string& path, std::optional<FileFault> fault);
  void clear_faults() { faults_.clear(); }
  void support_marks(bool supported) { marks_supported_ = supported; }
  /// Off: the agent is an ordinary user, the owner of what has uid 0; modes shut it out, and others' files are theirs.
  void set_privileged(bool privileged) { is_privileged_ = privileged; }
  /// By hand, within the same tick of the file system's clock: the stamp stays what it was.
  void rewrite_within_tick(const std::string& path, std::string content);
  /// What no call promised to be durable is as it was before.
  void power_cut() { now_ = durable_; }
  /// Paths that changed since the last call, in order.
  std::vector<std::string> take_changed();

 private:
  enum class Use { kLook, kRead, kMake, kChange, kRemove };
  Status check(const std::string& path, Use use) const;
  Status check_parents(const std::string& path, bool for_write) const;
  Result<Entry*> regular(const std::string& path, Use use);
  Status check_access(const std::string& path, const Entry& entry, Use use) const;
  void make_parents(const std::string& path);
  FileInfo info_of(const Entry& entry) const;
  void touch(const std::string& path, Entry& entry, bool new_inode);
  void sync(const std::string& path);

  const Clock& clock_;
  Entries now_;
  Entries durable_;
  std::map<std::string, FileFault> faults_;
  bool marks_supported_ = true;
  bool is_privileged_ = true;
  std::uint64_t last_inode_ = 100;
  std::int64_t last_change_ = 0;  ///< so that two changes at one virtual time differ
  std::vector<std::string> changed_;
};

}  // namespace holdfast::base
