// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/blob_store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <map>
#include <utility>

#include "base/file_io.hpp"
#include "base/limits/images.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Digest;
using base::Error;
using base::fail;
using base::Fd;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

constexpr std::string_view kPart = ".part";

Error file_error(std::string_view doing, const std::string& path) {
  return Error::from_errno(errno, std::string(doing) + " '" + path + "'");
}

/// Hands on what is in the file from its beginning.
Status read_all(int fd, const std::string& path, std::uint64_t bytes_max,
                const std::function<void(std::string_view)>& take) {
  std::array<char, 65'536> buffer{};
  if (::lseek(fd, 0, SEEK_SET) != 0) return fail(file_error("cannot read", path));
  for (std::uint64_t left = bytes_max; left > 0;) {
    const ssize_t got = ::read(fd, buffer.data(), std::min<std::uint64_t>(left, buffer.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(file_error("cannot read", path));
    if (got == 0) return {};
    take({buffer.data(), static_cast<std::size_t>(got)});
    left -= static_cast<std::uint64_t>(got);
  }
  return {};
}

Status sync_folder(const std::string& path) {
  const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return fail(file_error("cannot sync", path));
  return {};
}

std::uint64_t size_of(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  return static_cast<std::uint64_t>(info.st_size);
}

bool is_file(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

Status BlobStore::make_folder() const {
  // images/blobs/sha256
  std::string path = folder_;
  std::vector<std::string> missing;
  while (::access(path.c_str(), F_OK) != 0 && path.find('/') != std::string::npos && missing.size() < 3) {
    missing.push_back(path);
    path.resize(path.rfind('/'));
  }
  for (auto one = missing.rbegin(); one != missing.rend(); ++one) {
    if (::mkdir(one->c_str(), 0700) != 0 && errno != EEXIST)
      return fail(file_error("cannot make folder", *one));
    HF_CHECK(sync_folder(one->substr(0, one->rfind('/'))));
  }
  return {};
}

bool BlobStore::has(const BlobRef& blob) const {
  return is_file(path(blob.digest)) && size_of(path(blob.digest)) == blob.size_bytes;
}

Result<bool> BlobStore::check(const BlobRef& blob, const OnRead& on_read) const {
  const std::string name = path(blob.digest);
  const Fd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file && errno == ENOENT) return false;
  if (!file) return fail(file_error("cannot open", name));
  base::Hasher hasher;
  std::uint64_t bytes = 0;
  HF_CHECK(read_all(file.get(), name, blob.size_bytes + 1, [&](std::string_view piece) {
    hasher.update(piece);
    bytes += piece.size();
    if (on_read) on_read();
  }));
  if (bytes == blob.size_bytes && hasher.finish() == blob.digest) return true;
  HF_CHECK(remove(blob.digest));
  return false;
}

std::uint64_t BlobStore::bytes_of(const BlobRef& blob) const {
  if (has(blob)) return blob.size_bytes;
  const std::uint64_t part = size_of(part_path(blob.digest));
  return part > blob.size_bytes ? 0 : part;
}

Result<std::string> BlobStore::read(const Digest& digest, std::size_t bytes_max) const {
  HF_TRY(std::string bytes, base::read_file(path(digest), bytes_max));
  if (Digest::of(bytes) != digest) return fail(Code::kCorrupt, "'" + path(digest) + "' has another digest");
  return bytes;
}

Status BlobStore::put(const Digest& digest, std::string_view bytes) const {
  HF_CHECK(make_folder());
  return base::write_file(path(digest), bytes, 0600);
}

Status BlobStore::remove(const Digest& digest) const {
  HF_CHECK(base::remove_file(path(digest)));
  return base::remove_file(part_path(digest));
}

Result<std::vector<FoundBlob>> BlobStore::list() const {
  std::map<Digest, base::WallTime> found;
  const base::Handle<DIR, ::closedir> folder(::opendir(folder_.c_str()));
  if (!folder && errno == ENOENT) return std::vector<FoundBlob>{};
  if (!folder) return fail(file_error("cannot list", folder_));
  while (const dirent* entry = ::readdir(folder.get())) {
    std::string_view name = entry->d_name;
    if (name.ends_with(kPart)) name.remove_suffix(kPart.size());
    const auto digest = Digest::from_hex(name);
    struct stat info{};
    if (!digest || ::fstatat(::dirfd(folder.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const base::WallTime changed(std::chrono::milliseconds(std::int64_t{info.st_mtime} * 1'000));
    found[*digest] = std::max(found[*digest], changed);
  }
  std::vector<FoundBlob> out;
  out.reserve(found.size());
  for (const auto& [digest, changed] : found) out.push_back({digest, changed});
  return out;
}

Result<std::uint64_t> BlobStore::free_bytes() const {
  struct statvfs info{};
  if (::statvfs(folder_.c_str(), &info) != 0) return fail(file_error("cannot look at", folder_));
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

std::optional<std::uint64_t> BlobStore::free_bytes_elsewhere(const std::string& folder) const {
  struct stat own{};
  struct stat other{};
  struct statvfs info{};
  const bool is_there = !folder.empty() && ::stat(folder_.c_str(), &own) == 0 &&
                        ::stat(folder.c_str(), &other) == 0 && ::statvfs(folder.c_str(), &info) == 0;
  if (!is_there || own.st_dev == other.st_dev) return std::nullopt;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

// ---- a blob that is being fetched ----

Result<BlobPart> BlobPart::open(const BlobStore& store, const BlobRef& blob,
                                const BlobStore::OnRead& on_read) {
  HF_CHECK(store.make_folder());
  const std::string name = store.part_path(blob.digest);
  Fd file(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail(file_error("cannot open", name));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Code::kConflict, "'" + name + "' is being fetched by another program");
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return fail(file_error("cannot look at", name));
  if (info.st_size == 0) HF_CHECK(sync_folder(store.folder()));  // the name of a new one is on the disk, too
  BlobPart part(store, blob, std::move(file));
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > blob.size_bytes) {
    HF_CHECK(part.restart());
  } else {
    HF_CHECK(part.read_what_is_there(size, on_read));
  }
  return part;
}

Status BlobPart::read_what_is_there(std::uint64_t size, const BlobStore::OnRead& on_read) {
  HF_CHECK(read_all(file_.get(), store_.part_path(blob_.digest), size, [&](std::string_view piece) {
    hasher_.update(piece);
    bytes_ += piece.size();
    if (on_read) on_read();
  }));
  synced_ = bytes_;
  return {};
}

Status BlobPart::append(std::string_view piece) {
  const std::string name = store_.part_path(blob_.digest);
  if (piece.size() > blob_.size_bytes - bytes_)
    return fail(Code::kCorrupt, "more than the " + std::to_string(blob_.size_bytes) + " bytes of the blob");
  while (!piece.empty()) {
    const ssize_t put = ::pwrite(file_.get(), piece.data(), piece.size(), static_cast<off_t>(bytes_));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return fail(file_error("cannot write", name));
    const auto size = static_cast<std::size_t>(put);
    hasher_.update(piece.substr(0, size));
    bytes_ += size;
    piece.remove_prefix(size);
  }
  return bytes_ - synced_ >= limits::kImageSyncBytes ? sync() : Status();
}

Status BlobPart::sync() {
  if (::fdatasync(file_.get()) != 0) return fail(file_error("cannot sync", store_.part_path(blob_.digest)));
  synced_ = bytes_;
  return {};
}

Status BlobPart::restart() {
  if (::ftruncate(file_.get(), 0) != 0) return fail(file_error("cannot cut", store_.part_path(blob_.digest)));
  hasher_ = base::Hasher();
  bytes_ = synced_ = 0;
  return {};
}

Status BlobPart::finish() {
  const Digest digest = hasher_.finish();
  hasher_ = base::Hasher();
  if (digest != blob_.digest) {
    HF_CHECK(restart());
    return fail(Code::kCorrupt,
                "what came has the digest sha256:" + digest.hex() + ", not sha256:" + blob_.digest.hex());
  }
  const std::string name = store_.part_path(blob_.digest);
  if (::fsync(file_.get()) != 0) return fail(file_error("cannot sync", name));
  if (::rename(name.c_str(), store_.path(blob_.digest).c_str()) != 0)
    return fail(file_error("cannot rename", name));
  return sync_folder(store_.folder());
}

}  // namespace holdfast::edge_agent
