// SPDX-License-Identifier: Apache-2.0
#include "test/preload/undo_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

namespace holdfast::crash {
namespace {

constexpr std::size_t kAttributeBytesMax = 4096;

std::optional<Inode> inode_of(int fd) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) return std::nullopt;
  return Inode{st.st_dev, st.st_ino};
}

std::optional<Inode> folder_of(const std::string& path) {
  struct stat st{};
  const auto folder = path.substr(0, path.rfind('/') + 1);
  if (::stat(folder.c_str(), &st) != 0) return std::nullopt;
  return Inode{st.st_dev, st.st_ino};
}

bool is_there(const std::string& path) {
  struct stat st{};
  return ::lstat(path.c_str(), &st) == 0;
}

off_t size_of(int fd) {
  struct stat st{};
  return ::fstat(fd, &st) == 0 ? st.st_size : 0;
}

std::string bytes_at(int fd, off_t offset, std::size_t bytes) {
  std::string out(bytes, '\0');
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t n = ::pread(fd, out.data() + done, bytes - done, offset + static_cast<off_t>(done));
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

void put_back(int fd, off_t offset, const std::string& bytes, off_t size) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n =
        ::pwrite(fd, bytes.data() + done, bytes.size() - done, offset + static_cast<off_t>(done));
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  if (::ftruncate(fd, size) != 0) return;  // nothing to be done about it in the moment of death
}

}  // namespace

int UndoLog::own(int fd, const Inode& inode) {
  const auto [found, is_new] = own_.try_emplace(inode, -1);
  if (is_new) found->second = ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC);
  return found->second;
}

std::string UndoLog::keep_link(const std::string& path) {
  const auto kept = stash_ + "/" + std::to_string(::getpid()) + "-" + std::to_string(++kept_);
  return ::link(path.c_str(), kept.c_str()) == 0 ? kept : std::string();
}

void UndoLog::before_write(int fd, off_t offset, std::size_t bytes) {
  const auto inode = inode_of(fd);
  const int file = inode ? own(fd, *inode) : -1;
  if (file < 0) return;
  const off_t size = size_of(file);
  auto old = bytes_at(file, offset, bytes);
  const bool replaces = offset + static_cast<off_t>(bytes) <= size;
  changes_.push_back({*inode, replaces ? offset : 0, replaces ? offset + static_cast<off_t>(bytes) : 0,
                      [file, offset, old = std::move(old), size] { put_back(file, offset, old, size); }});
}

void UndoLog::before_resize(int fd) {
  const auto inode = inode_of(fd);
  const int file = inode ? own(fd, *inode) : -1;
  if (file < 0) return;
  const off_t size = size_of(file);
  auto old = bytes_at(file, 0, static_cast<std::size_t>(size));
  add(*inode, [file, old = std::move(old), size] { put_back(file, 0, old, size); });
}

void UndoLog::before_mode(int fd) {
  struct stat st{};
  const auto inode = inode_of(fd);
  const int file = inode ? own(fd, *inode) : -1;
  if (file < 0 || ::fstat(fd, &st) != 0) return;
  add(*inode, [file, mode = st.st_mode & 07777U] {
    if (::fchmod(file, mode) != 0) return;
  });
}

void UndoLog::before_attribute(int fd, const char* name) {
  const auto inode = inode_of(fd);
  const int file = inode ? own(fd, *inode) : -1;
  if (file < 0) return;
  std::string old(kAttributeBytesMax, '\0');
  const ssize_t n = ::fgetxattr(file, name, old.data(), old.size());
  old.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  add(*inode, [file, name = std::string(name), old, had = n >= 0] {
    const int done =
        had ? ::fsetxattr(file, name.c_str(), old.data(), old.size(), 0) : ::fremovexattr(file, name.c_str());
    if (done != 0) return;
  });
}

void UndoLog::before_create(const std::string& path) {
  const auto folder = folder_of(path);
  if (!folder || is_there(path)) return;
  add(*folder, [path] { ::unlink(path.c_str()); });
}

void UndoLog::before_make_folder(const std::string& path) {
  const auto folder = folder_of(path);
  if (!folder || is_there(path)) return;
  add(*folder, [path] { ::rmdir(path.c_str()); });
}

void UndoLog::before_remove(const std::string& path) {
  const auto folder = folder_of(path);
  if (!folder || !is_there(path)) return;
  const auto kept = keep_link(path);
  if (kept.empty()) return;  // a folder: nothing of ours removes one that anybody misses
  add(*folder, [path, kept] { ::rename(kept.c_str(), path.c_str()); });
}

void UndoLog::before_rename(const std::string& from, const std::string& to) {
  const auto folder = folder_of(to);
  if (!folder || !is_there(from)) return;
  const auto kept = is_there(to) ? keep_link(to) : std::string();
  add(*folder, [from, to, kept] {
    ::rename(to.c_str(), from.c_str());
    if (!kept.empty()) ::rename(kept.c_str(), to.c_str());
  });
}

void UndoLog::synced(int fd) {
  const auto inode = inode_of(fd);
  if (!inode) return;
  std::erase_if(changes_, [&](const Change& change) { return change.safe_with == *inode; });
  const auto found = own_.find(*inode);
  if (found == own_.end()) return;
  if (found->second >= 0) ::close(found->second);
  own_.erase(found);
}

void UndoLog::all_synced() {
  changes_.clear();
  for (const auto& [inode, fd] : own_) {
    if (fd >= 0) ::close(fd);
  }
  own_.clear();
}

bool UndoLog::is_written_again(std::size_t change) const {
  const auto& first = changes_[change];
  for (std::size_t i = change + 1; i < changes_.size(); ++i) {
    const auto& later = changes_[i];
    if (later.safe_with != first.safe_with) continue;
    const bool is_apart = later.end != 0 && (later.end <= first.begin || later.begin >= first.end);
    if (!is_apart) return true;
  }
  return false;
}

void UndoLog::cut(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::map<Inode, bool> is_lost;
  const auto coin = [&] { return seed == 0 || (random() & 1U) != 0; };
  for (std::size_t i = changes_.size(); i-- > 0;) {
    const auto& change = changes_[i];
    // A disk writes the pages of a file in any order, so each for itself may be lost.
    const bool is_alone = change.end != 0 && !is_written_again(i);
    const bool lost = is_alone ? coin() : is_lost.try_emplace(change.safe_with, coin()).first->second;
    if (lost) change.undo();
  }
  changes_.clear();
}

}  // namespace holdfast::crash
