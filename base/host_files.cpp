// SPDX-License-Identifier: Apache-2.0
#include "base/host_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"
#include "base/temporary_file.hpp"

namespace holdfast::base {
namespace {

constexpr const char* kMarkAttribute = "user.holdfast.mark";
constexpr std::uint32_t kModeBits = 07777;
constexpr std::size_t kReadChunkBytes = 64U << 10U;
constexpr std::size_t kRememberedFoldersMax = 10'000;

std::string cannot(std::string_view verb, const std::string& path) {
  return "cannot " + std::string(verb) + " '" + path + "'";
}

FileType type_of(mode_t mode) {
  if (S_ISREG(mode)) return FileType::kRegular;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  if (S_ISLNK(mode)) return FileType::kSymlink;
  return FileType::kOther;
}

FileInfo info_of(const struct stat& st) {
  FileInfo info;
  info.type = type_of(st.st_mode);
  info.mode = st.st_mode & kModeBits;
  info.uid = st.st_uid;
  info.gid = st.st_gid;
  info.stamp.device = st.st_dev;
  info.stamp.inode = st.st_ino;
  info.stamp.size = static_cast<std::uint64_t>(st.st_size);
  info.stamp.ctime_ns = std::int64_t{st.st_ctim.tv_sec} * 1'000'000'000 + st.st_ctim.tv_nsec;
  return info;
}

Result<FileInfo> stat_at(const Beneath::Place& place, const std::string& path) {
  struct stat st{};
  if (::fstatat(place.folder.get(), place.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return fail(Code::kNotFound, "there is no '" + path + "'");
    return fail(Error::from_errno(errno, cannot("stat", path)));
  }
  return info_of(st);
}

Status must_be_regular(const FileInfo& info, const std::string& path) {
  switch (info.type) {
    case FileType::kRegular: return {};
    case FileType::kSymlink: return fail(Code::kPermission, "'" + path + "' is a symbolic link");
    case FileType::kDirectory: return fail(Code::kConflict, "'" + path + "' is a folder");
    case FileType::kOther: return fail(Code::kConflict, "'" + path + "' is not a regular file");
  }
  return {};
}

/// Opens a regular file and nothing else: looked at first, because opening a device can do something, and
/// after, because it may have been changed in between. O_NONBLOCK so that a FIFO cannot hold us.
Result<Fd> open_regular(const Beneath& beneath, const std::string& path) {
  HF_TRY(const Beneath::Place place, beneath.place(path, Beneath::Use::kLook));
  HF_TRY(const FileInfo before, stat_at(place, path));
  HF_CHECK(must_be_regular(before, path));
  constexpr int kHow = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  // That we looked is nothing to write to the flash; only the file's owner and root may keep it quiet.
  Fd file(::openat(place.folder.get(), place.name.c_str(), kHow | O_NOATIME));
  if (!file && errno == EPERM) file = Fd(::openat(place.folder.get(), place.name.c_str(), kHow));
  if (!file) return fail(Error::from_errno(errno, cannot("open", path)));
  struct stat st{};
  if (::fstat(file.get(), &st) != 0) return fail(Error::from_errno(errno, cannot("stat", path)));
  HF_CHECK(must_be_regular(info_of(st), path));
  return file;
}

/// Calls `take` with the file's bytes, piece by piece, until it says no or the file ends.
template <class Take>
Status read_pieces(const Fd& file, const std::string& path, Take take) {
  std::string buffer(kReadChunkBytes, '\0');
  while (true) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Error::from_errno(errno, cannot("read", path)));
    if (n == 0) return {};
    HF_CHECK(take(std::string_view(buffer.data(), static_cast<std::size_t>(n))));
  }
}

Status check_write(const FileWrite& write) {
  if (write.mode > kModeBits)
    return fail(Code::kInvalid, "the mode of '" + write.path + "' has bits beyond 07777");
  if (write.content.size() > limits::kFileContentBytesMax) {
    return fail(Code::kLimit, "the content of '" + write.path + "' is larger than " +
                                  std::to_string(limits::kFileContentBytesMax) + " bytes");
  }
  if (write.mark.size() > limits::kMarkBytesMax) {
    return fail(Code::kLimit, "the mark of '" + write.path + "' is larger than " +
                                  std::to_string(limits::kMarkBytesMax) + " bytes");
  }
  return {};
}

Status set_mark(const Fd& file, const std::string& path, const std::string& mark) {
  if (::fsetxattr(file.get(), kMarkAttribute, mark.data(), mark.size(), 0) == 0) return {};
  return fail(Error::from_errno(errno, cannot("mark", path)));
}

constexpr uid_t id_or_keep(std::optional<std::uint32_t> id) { return id.value_or(static_cast<uid_t>(-1)); }

/// Owner before mode: a change of owner clears the set-user-id bits.
Status set_owner_and_mode(const Fd& file, const FileWrite& write) {
  if (write.uid || write.gid) {
    if (::fchown(file.get(), id_or_keep(write.uid), id_or_keep(write.gid)) != 0) {
      return fail(Error::from_errno(errno, cannot("set the owner of", write.path)));
    }
  }
  if (::fchmod(file.get(), write.mode) != 0)
    return fail(Error::from_errno(errno, cannot("set the mode of", write.path)));
  return {};
}

Status sync_folder(const Fd& folder, const std::string& path) {
  // EINVAL: a file system that cannot sync folders.
  if (::fsync(folder.get()) == 0 || errno == EINVAL) return {};
  return fail(Error::from_errno(errno, cannot("sync the folder of", path)));
}

/// Through its own link in /proc, so that it is the very inode behind `file`. Read or write, whichever its mode allows
/// us; no descriptor where it allows neither.
Fd open_for_sync(const std::string& link, mode_t type) {
  constexpr int kHarmless = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  Fd opened(::open(link.c_str(), O_RDONLY | kHarmless));
  if (!opened && S_ISREG(type)) opened = Fd(::open(link.c_str(), O_WRONLY | kHarmless));
  return opened;
}

/// Mode and owner are on the disk when it returns. `before`: opened before they changed, which may have shut us out.
Status sync_attributes(Fd before, const std::string& link, mode_t type, const std::string& path) {
  if (!before) before = open_for_sync(link, type);
  if (!before) {
    ::sync();  // neither the old mode nor the new one lets us in: everything, then
    return {};
  }
  if (::fsync(before.get()) == 0 || errno == EINVAL) return {};
  return fail(Error::from_errno(errno, cannot("sync", path)));
}

}  // namespace

Result<FileInfo> HostFiles::stat(const std::string& path) const {
  HF_TRY(const Beneath::Place place, beneath_.place(path, Beneath::Use::kLook));
  return stat_at(place, path);
}

Result<std::string> HostFiles::read(const std::string& path, std::size_t bytes_max) const {
  HF_TRY(const Fd file, open_regular(beneath_, path));
  std::string content;
  HF_CHECK(read_pieces(file, path, [&](std::string_view piece) -> Status {
    if (content.size() + piece.size() > bytes_max) {
      return fail(Code::kLimit, "'" + path + "' is larger than " + std::to_string(bytes_max) + " bytes");
    }
    content.append(piece);
    return {};
  }));
  return content;
}

Result<Digest> HostFiles::digest(const std::string& path) const {
  HF_TRY(const Fd file, open_regular(beneath_, path));
  Hasher hasher;
  std::size_t total = 0;
  HF_CHECK(read_pieces(file, path, [&](std::string_view piece) -> Status {
    total += piece.size();
    if (total > limits::kDigestFileBytesMax) {
      return fail(Code::kLimit, "'" + path + "' is too large to be hashed: more than " +
                                    std::to_string(limits::kDigestFileBytesMax) + " bytes");
    }
    hasher.update(piece);
    return {};
  }));
  return hasher.finish();
}

Result<FileInfo> HostFiles::write(const FileWrite& write) {
  HF_CHECK(check_write(write));
  HF_TRY(const Beneath::Place place, beneath_.make_place(write.path));
  clear_leftovers(place);
  auto written = write_in(place, write);
  if (!written) beneath_.unmake(place);
  return written;
}

Result<FileInfo> HostFiles::write_in(const Beneath::Place& place, const FileWrite& write) const {
  if (const auto existing = stat_at(place, write.path); existing && existing->type == FileType::kDirectory) {
    return fail(Code::kConflict, "'" + write.path + "' is a folder");
  }
  HF_TRY(TemporaryFile temporary, TemporaryFile::make(place.folder, write.path));
  HF_CHECK(temporary.append(write.content));
  // Before the mode: a file made read-only takes no attribute from anyone but root.
  if (!write.mark.empty()) {
    auto marked = set_mark(temporary.fd(), write.path, write.mark);
    if (!marked && marked.error().code() != Code::kUnsupported) return fail(std::move(marked).error());
  }
  HF_CHECK(set_owner_and_mode(temporary.fd(), write));
  HF_CHECK(temporary.sync_and_rename(place.name));
  HF_CHECK(sync_folder(place.folder, write.path));
  struct stat st{};
  if (::fstat(temporary.fd().get(), &st) != 0)
    return fail(Error::from_errno(errno, cannot("stat", write.path)));
  return info_of(st);
}

void HostFiles::clear_leftovers(const Beneath::Place& place) {
  struct stat st{};
  if (::fstat(place.folder.get(), &st) != 0) return;
  // Only a crash leaves any, so once in the life of this object is enough.
  if (cleared_.size() >= kRememberedFoldersMax) cleared_.clear();
  if (cleared_.emplace(st.st_dev, st.st_ino).second) TemporaryFile::remove_leftovers(place.folder);
}

Result<FileInfo> HostFiles::set_attributes(const std::string& path, std::uint32_t mode,
                                           std::optional<std::uint32_t> uid,
                                           std::optional<std::uint32_t> gid) const {
  if (mode > kModeBits) return fail(Code::kInvalid, "the mode of '" + path + "' has bits beyond 07777");
  HF_TRY(const Beneath::Place place, beneath_.place(path, Beneath::Use::kLook));
  // O_PATH: neither needs read permission nor wakes a device.
  const Fd file(::openat(place.folder.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!file && errno == ENOENT) return fail(Code::kNotFound, "there is no '" + path + "'");
  if (!file) return fail(Error::from_errno(errno, cannot("open", path)));
  struct stat st{};
  if (::fstat(file.get(), &st) != 0) return fail(Error::from_errno(errno, cannot("stat", path)));
  if (!S_ISDIR(st.st_mode)) HF_CHECK(must_be_regular(info_of(st), path));
  const std::string link = "/proc/self/fd/" + std::to_string(file.get());
  Fd synced = open_for_sync(link, st.st_mode);

  if ((uid || gid) && ::fchownat(file.get(), "", id_or_keep(uid), id_or_keep(gid), AT_EMPTY_PATH) != 0) {
    return fail(Error::from_errno(errno, cannot("set the owner of", path)));
  }
  // fchmod refuses O_PATH; the descriptor's own link in /proc leads to exactly this inode.
  if (::chmod(link.c_str(), mode) != 0)
    return fail(Error::from_errno(errno, cannot("set the mode of", path)));
  HF_CHECK(sync_attributes(std::move(synced), link, st.st_mode, path));
  if (::fstat(file.get(), &st) != 0) return fail(Error::from_errno(errno, cannot("stat", path)));
  return info_of(st);
}

Status HostFiles::remove(const std::string& path) const {
  const auto place = beneath_.place(path, Beneath::Use::kChange);
  if (!place && place.error().code() == Code::kNotFound) return {};
  if (!place) return fail(place.error());
  const auto info = stat_at(*place, path);
  if (!info && info.error().code() == Code::kNotFound) return {};
  if (!info) return fail(info.error());
  if (info->type == FileType::kDirectory) return fail(Code::kConflict, "'" + path + "' is a folder");
  if (::unlinkat(place->folder.get(), place->name.c_str(), 0) != 0 && errno != ENOENT) {
    return fail(Error::from_errno(errno, cannot("remove", path)));
  }
  return sync_folder(place->folder, path);
}

Result<std::string> HostFiles::read_mark(const std::string& path) const {
  HF_TRY(const Fd file, open_regular(beneath_, path));
  std::array<char, limits::kMarkBytesMax> mark{};
  const ssize_t n = ::fgetxattr(file.get(), kMarkAttribute, mark.data(), mark.size());
  if (n >= 0) return std::string(mark.data(), static_cast<std::size_t>(n));
  if (errno == ENODATA) return std::string();
  if (errno == ERANGE) return fail(Code::kCorrupt, "the mark of '" + path + "' is larger than any of ours");
  return fail(Error::from_errno(errno, cannot("read the mark of", path)));
}

Status HostFiles::write_mark(const std::string& path, const std::string& mark) const {
  if (mark.size() > limits::kMarkBytesMax) {
    return fail(Code::kLimit, "the mark of '" + path + "' is larger than " +
                                  std::to_string(limits::kMarkBytesMax) + " bytes");
  }
  HF_TRY(const Fd file, open_regular(beneath_, path));
  HF_CHECK(set_mark(file, path, mark));
  if (::fsync(file.get()) != 0) return fail(Error::from_errno(errno, cannot("sync", path)));
  return {};
}

}  // namespace holdfast::base
