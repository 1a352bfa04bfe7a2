// SPDX-License-Identifier: Apache-2.0
#include "sync/store/store_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "base/handle.hpp"
#include "base/limits/store.hpp"
#include "sync/store/lmdb_store.hpp"
#include "sync/store/store_owner.hpp"

namespace holdfast::sync {

std::size_t round_to_page(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return std::max(bytes / page, std::size_t{1}) * page;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

void close_on_exec(const std::string& path) {
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0) return;
  const base::Handle<DIR, ::closedir> folder(::opendir("/proc/self/fd"));
  if (!folder) return;
  while (const dirent* entry = ::readdir(folder.get())) {
    const int fd = static_cast<int>(std::strtol(entry->d_name, nullptr, 10));
    struct stat info{};
    if (entry->d_name[0] == '.' || ::fstat(fd, &info) != 0) continue;
    if (info.st_dev == file.st_dev && info.st_ino == file.st_ino) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

bool is_disk_full(const std::string& path) {
  constexpr std::uint64_t kFullBelowBytes = 64U << 10U;
  struct statvfs disk{};
  return ::statvfs(path.c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < kFullBelowBytes;
}

base::Status sync_folder_of(const std::string& path) {
  const std::string folder = folder_of(path);
  const base::Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return base::fail(base::Error::from_errno(errno, folder));
  // A read-only file system has nothing to sync.
  if (::fsync(fd.get()) != 0 && errno != EROFS) return base::fail(base::Error::from_errno(errno, folder));
  return {};
}

base::Result<std::string> set_aside_store(const std::string& path) {
  HF_TRY(const StoreOwner owner, StoreOwner::claim(path));
  std::string name;
  for (std::size_t n = 1; n <= base::limits::kStoreCorruptKept; ++n) {
    name = path + ".corrupt-" + std::to_string(n);
    if (::access(name.c_str(), F_OK) != 0) break;
  }
  if (::rename(path.c_str(), name.c_str()) != 0) return base::fail(base::Error::from_errno(errno, path));
  ::unlink((path + "-lock").c_str());  // only a table of readers; LMDB makes it anew
  HF_CHECK(sync_folder_of(path));
  return name;
}

}  // namespace holdfast::sync
