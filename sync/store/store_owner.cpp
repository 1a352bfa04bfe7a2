// SPDX-License-Identifier: Apache-2.0
#include "sync/store/store_owner.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <set>
#include <utility>

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

struct OpenHere {
  std::mutex mutex;
  std::set<std::string> paths;
};

OpenHere& open_here() {
  static OpenHere all;
  return all;
}

// The folder's device and inode and the file's name: the same for every spelling of a path.
base::Result<std::string> identity(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat info{};
  if (::stat(folder.c_str(), &info) != 0) return fail(base::Error::from_errno(errno, folder));
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + ":" +
         path.substr(slash == std::string::npos ? 0 : slash + 1);
}

std::string pid_of_owner(int fd) {
  std::array<char, 32> text{};
  const auto size = ::pread(fd, text.data(), text.size() - 1, 0);
  const long pid = size > 0 ? std::strtol(text.data(), nullptr, 10) : 0;
  return pid > 0 ? "process " + std::to_string(pid) : "another process";
}

void write_pid(int fd) {
  const std::string text = std::to_string(::getpid()) + "\n";
  // Only for the message of the next one: on a full disk the claim holds all the same.
  if (::ftruncate(fd, 0) != 0) return;
  if (::pwrite(fd, text.data(), text.size(), 0) < 0) return;
}

base::Result<base::Fd> lock_file(const std::string& path) {
  const std::string name = path + "-owner";
  base::Fd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd && errno == EROFS) return base::Fd{};
  if (!fd) return fail(base::Error::from_errno(errno, name));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
    write_pid(fd.get());
    return fd;
  }
  if (errno != EWOULDBLOCK) return fail(base::Error::from_errno(errno, name));
  return fail(Code::kConflict, path + " is in use by " + pid_of_owner(fd.get()) + "; stop it first");
}

}  // namespace

base::Result<StoreOwner> StoreOwner::claim_here(const std::string& path) {
  HF_TRY(std::string id, identity(path));
  const std::lock_guard guard(open_here().mutex);
  if (!open_here().paths.insert(id).second) {
    return fail(Code::kConflict, path + " is already open in this process");
  }
  StoreOwner owner;
  owner.here_ = std::move(id);
  return owner;
}

base::Result<StoreOwner> StoreOwner::claim(const std::string& path) {
  HF_TRY(StoreOwner owner, claim_here(path));
  HF_TRY(owner.lock_, lock_file(path));
  return owner;
}

StoreOwner::StoreOwner(StoreOwner&& other) noexcept
    : here_(std::exchange(other.here_, {})), lock_(std::move(other.lock_)) {}

StoreOwner& StoreOwner::operator=(StoreOwner&& other) noexcept {
  if (this != &other) {
    release();
    here_ = std::exchange(other.here_, {});
    lock_ = std::move(other.lock_);
  }
  return *this;
}

StoreOwner::~StoreOwner() { release(); }

void StoreOwner::release() {
  lock_.reset();
  if (here_.empty()) return;
  const std::lock_guard guard(open_here().mutex);
  open_here().paths.erase(std::exchange(here_, {}));
}

}  // namespace holdfast::sync
