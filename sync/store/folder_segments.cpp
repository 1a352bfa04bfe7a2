// SPDX-License-Identifier: Apache-2.0
#include "sync/store/folder_segments.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_io.hpp"

namespace holdfast::sync {

using base::Error;
using base::fail;
using base::Result;
using base::Status;

namespace {

Status write_all(int fd, std::size_t offset, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Error::from_errno(errno, path));
    offset += static_cast<std::size_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

std::string FolderSegments::path_of(std::size_t number) const {
  return folder_ + "/" + std::to_string(number) + ".segment";
}

Result<std::string> FolderSegments::read(std::size_t number, std::size_t offset, std::size_t bytes) {
  const auto path = path_of(number);
  const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return std::string();
  if (!fd) return fail(Error::from_errno(errno, path));
  std::string out(bytes, '\0');
  std::size_t size = 0;
  while (size < bytes) {
    const ssize_t n = ::pread(fd.get(), out.data() + size, bytes - size, static_cast<off_t>(offset + size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Error::from_errno(errno, path));
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  out.resize(size);
  return out;
}

Result<int> FolderSegments::file(std::size_t number) {
  if (files_.size() <= number) files_.resize(number + 1);
  if (!files_[number]) {
    const auto path = path_of(number);
    files_[number].reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    if (!files_[number]) return fail(Error::from_errno(errno, path));
  }
  return files_[number].get();
}

Status FolderSegments::reserve(std::size_t number, std::size_t bytes) {
  const auto path = path_of(number);
  struct stat info{};
  const bool is_there = ::stat(path.c_str(), &info) == 0;
  if (is_there && S_ISREG(info.st_mode) && static_cast<std::size_t>(info.st_size) == bytes) return {};
  if (!is_there) {
    HF_CHECK(base::make_private_directory(folder_));
    const base::Fd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!made) return fail(Error::from_errno(errno, path));
    is_folder_synced_ = false;
    info.st_size = 0;
  }
  HF_TRY(const int fd, file(number));
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size > bytes)
    return ::ftruncate(fd, static_cast<off_t>(bytes)) == 0 ? Status() : fail(Error::from_errno(errno, path));
  auto filled = write_all(fd, size, std::string(bytes - size, '\0'), path);
  // What does not fit would only hold on to what others need.
  if (!filled && ::ftruncate(fd, info.st_size) != 0) return fail(Error::from_errno(errno, path));
  return filled;
}

Status FolderSegments::remove(std::size_t count) {
  files_.clear();
  struct stat info{};
  if (::stat(folder_.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return {};
  for (std::size_t number = 0; number < count; ++number) HF_CHECK(base::remove_file(path_of(number)));
  if (::rmdir(folder_.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY)
    return fail(Error::from_errno(errno, folder_));
  return {};
}

Status FolderSegments::write(std::size_t number, std::size_t offset, std::string_view bytes) {
  HF_TRY(const int fd, file(number));
  return write_all(fd, offset, bytes, path_of(number));
}

Status FolderSegments::sync(std::size_t number) {
  HF_TRY(const int fd, file(number));
  if (::fdatasync(fd) != 0) return fail(Error::from_errno(errno, path_of(number)));
  if (is_folder_synced_) return {};
  const base::Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return fail(Error::from_errno(errno, folder_));
  is_folder_synced_ = true;
  return {};
}

}  // namespace holdfast::sync
