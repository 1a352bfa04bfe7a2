// SPDX-License-Identifier: Apache-2.0
#include "base/temporary_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/digest.hpp"

namespace holdfast::base {
namespace {

constexpr std::string_view kPrefix = ".holdfast-";
constexpr std::string_view kSuffix = ".tmp";
constexpr std::size_t kRandomBytes = 8;
constexpr int kNamesTriedMax = 8;

Result<std::string> random_name() {
  std::array<char, kRandomBytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != ssize_t{kRandomBytes}) {
    return fail(Error::from_errno(errno, "no random bytes from the kernel"));
  }
  return std::string(kPrefix) + to_hex({bytes.data(), bytes.size()}) + std::string(kSuffix);
}

bool is_ours(std::string_view name) {
  if (name.size() != kPrefix.size() + 2 * kRandomBytes + kSuffix.size()) return false;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return false;
  return name.substr(kPrefix.size(), 2 * kRandomBytes).find_first_not_of("0123456789abcdef") ==
         std::string_view::npos;
}

}  // namespace

TemporaryFile::TemporaryFile(int folder, std::string name, std::string path, Fd file)
    : folder_(folder), name_(std::move(name)), path_(std::move(path)), file_(std::move(file)) {}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : folder_(other.folder_),
      name_(std::exchange(other.name_, {})),
      path_(std::move(other.path_)),
      file_(std::move(other.file_)) {}

TemporaryFile::~TemporaryFile() {
  if (!name_.empty()) ::unlinkat(folder_, name_.c_str(), 0);
}

Result<TemporaryFile> TemporaryFile::make(const Fd& folder, std::string path) {
  for (int tried = 0; tried < kNamesTriedMax; ++tried) {
    HF_TRY(std::string name, random_name());
    Fd file(::openat(folder.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file) return TemporaryFile(folder.get(), std::move(name), std::move(path), std::move(file));
    if (errno != EEXIST) return fail(Error::from_errno(errno, "cannot write beside '" + path + "'"));
  }
  return fail(Code::kIo, "no free name for a temporary file beside '" + path + "'");
}

Status TemporaryFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Error::from_errno(errno, "cannot write '" + path_ + "'"));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status TemporaryFile::sync_and_rename(const std::string& name) {
  if (::fsync(file_.get()) != 0) return fail(Error::from_errno(errno, "cannot sync '" + path_ + "'"));
  if (::renameat(folder_, name_.c_str(), folder_, name.c_str()) != 0) {
    if (errno == EISDIR) return fail(Code::kConflict, "'" + path_ + "' is a folder");
    return fail(Error::from_errno(errno, "cannot put '" + path_ + "' in place"));
  }
  name_.clear();
  return {};
}

void TemporaryFile::remove_leftovers(const Fd& folder) {
  const int copy = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return;
  const Handle<DIR, ::closedir> listing(::fdopendir(copy));
  if (!listing) {
    ::close(copy);
    return;
  }
  std::vector<std::string> leftovers;
  while (const dirent* entry = ::readdir(listing.get())) {
    if (is_ours(entry->d_name)) leftovers.emplace_back(entry->d_name);
  }
  for (const std::string& name : leftovers) {
    struct stat st{};
    const bool known = ::fstatat(folder.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (known && S_ISREG(st.st_mode)) ::unlinkat(folder.get(), name.c_str(), 0);
  }
}

}  // namespace holdfast::base
