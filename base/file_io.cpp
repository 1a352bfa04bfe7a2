// SPDX-License-Identifier: Apache-2.0
#include "base/file_io.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/temporary_file.hpp"

namespace holdfast::base {
namespace {

constexpr std::uint32_t kPermissions = 07777;
constexpr const char* kLockName = "lock";

Error file_error(std::string_view doing, const std::string& path) {
  return Error::from_errno(errno, std::string(doing) + " '" + path + "'");
}

std::string octal(std::uint32_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode);
  return text.data();
}

/// Reads until the end or one byte over `bytes_max`, whatever size the file claims (those in /proc say 0).
Result<std::string> read_all(const Fd& file, const std::string& path, std::size_t bytes_max) {
  std::string content;
  std::array<char, 16384> piece{};
  while (content.size() <= bytes_max) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(file_error("cannot read", path));
    if (got == 0) return content;
    content.append(piece.data(), static_cast<std::size_t>(got));
  }
  return fail(Code::kLimit, "'" + path + "' has more than " + std::to_string(bytes_max) + " bytes");
}

/// A path as the folder and the name in it: "a/b" is {"a", "b"}, "b" is {".", "b"}.
struct Split {
  std::string folder;
  std::string name;
};

Split split(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

/// What would make a C call take another path than the one that was meant.
Status check_path(const std::string& path) {
  if (path.empty()) return fail(Code::kInvalid, "a path is empty");
  if (path.find('\0') != std::string::npos) return fail(Code::kInvalid, "a path has a NUL byte in it");
  return {};
}

Result<Fd> open_folder(const std::string& path) {
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return fail(file_error("cannot open folder", path));
  return folder;
}

Status sync(const Fd& file, const std::string& path) {
  if (::fsync(file.get()) != 0) return fail(file_error("cannot sync", path));
  return {};
}

/// mkdir and the fsync of the folder above it; true where it was made here.
Result<bool> make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) {
    if (errno == EEXIST) return false;
    return fail(file_error("cannot make folder", path));
  }
  const std::string above = split(path).folder;
  HF_TRY(const Fd folder, open_folder(above));
  HF_CHECK(sync(folder, above));
  return true;
}

Status make_parents(const std::string& path) {
  for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (path[slash - 1] == '/') continue;
    HF_CHECK(make_folder(path.substr(0, slash), 0755));
  }
  return {};
}

Result<bool> is_empty(const std::string& path) {
  const Handle<DIR, ::closedir> listing(::opendir(path.c_str()));
  if (!listing) return fail(file_error("cannot list", path));
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return false;
  }
  return true;
}

Status check_private(const Fd& folder, const std::string& path) {
  struct stat info{};
  if (::fstat(folder.get(), &info) != 0) return fail(file_error("cannot look at", path));
  if (info.st_uid != ::geteuid()) {
    return fail(Code::kPermission, "'" + path + "' belongs to user " + std::to_string(info.st_uid) +
                                       ", not to " + std::to_string(::geteuid()) +
                                       " who runs this; choose another folder or run as its owner");
  }
  if ((info.st_mode & 077U) == 0) return {};
  HF_TRY(const bool empty, is_empty(path));
  if (empty) {
    if (::fchmod(folder.get(), 0700) == 0) return {};
    return fail(file_error("cannot close to others", path));
  }
  // It may be anything, even /etc: closing it is for a person to decide.
  return fail(Code::kPermission, "'" + path + "' is open to others (mode " +
                                     octal(info.st_mode & kPermissions) +
                                     "); choose an empty folder, or: chmod 700 '" + path + "'");
}

/// "process 4711 (holdfast-hub)" from what the holder wrote into its lock file.
std::string holder_of(const Fd& lock) {
  constexpr std::size_t kTextMax = 32;
  std::array<char, kTextMax> text{};
  const ssize_t got = ::pread(lock.get(), text.data(), text.size(), 0);
  std::string pid(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  pid.resize(std::min(pid.find_first_not_of("0123456789"), pid.size()));
  if (pid.empty()) return "another process";
  std::string who = "process " + pid;
  if (auto name = read_file("/proc/" + pid + "/comm", kTextMax)) {
    who += " (" + name->substr(0, name->find('\n')) + ")";
  }
  return who;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  HF_CHECK(check_path(path));
  // O_NONBLOCK: a FIFO must not hold us up before we can see that it is one.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return fail(file_error("cannot open", path));
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return fail(file_error("cannot look at", path));
  if (!S_ISREG(info.st_mode)) return fail(Code::kInvalid, "'" + path + "' is no regular file");
  return read_all(file, path, bytes_max);
}

Status write_file(const std::string& path, std::string_view content, std::uint32_t mode) {
  HF_CHECK(check_path(path));
  const Split place = split(path);
  HF_TRY(const Fd folder, open_folder(place.folder));
  HF_TRY(TemporaryFile file, TemporaryFile::make(folder, path));
  HF_CHECK(file.append(content));
  if (::fchmod(file.fd().get(), mode & kPermissions) != 0)
    return fail(file_error("cannot set the mode of", path));
  HF_CHECK(file.sync_and_rename(place.name));
  return sync(folder, place.folder);
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail(file_error("cannot remove", path));
}

Status make_private_directory(const std::string& path) {
  HF_CHECK(check_path(path));
  HF_CHECK(make_parents(path));
  HF_CHECK(make_folder(path, 0700));
  HF_TRY(const Fd folder, open_folder(path));
  return check_private(folder, path);
}

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  HF_CHECK(check_path(directory));
  const std::string path = directory + "/" + kLockName;
  HF_TRY(const Fd folder, open_folder(directory));
  Fd file(::openat(folder.get(), kLockName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail(file_error("cannot open", path));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(file_error("cannot lock", path));
    return fail(Error(
        Code::kConflict, Disposition::kStalled,
        "'" + directory + "' is in use by " + holder_of(file) + "; stop it first or use another folder"));
  }
  // The number is only for that message; the lock itself is the kernel's, and holds on a full disk, too.
  const std::string pid = std::to_string(::getpid()) + "\n";
  const bool is_named =
      ::ftruncate(file.get(), 0) == 0 && ::pwrite(file.get(), pid.data(), pid.size(), 0) > 0;
  static_cast<void>(is_named);
  TemporaryFile::remove_leftovers(folder);
  return DirectoryLock(std::move(file));
}

}  // namespace holdfast::base
