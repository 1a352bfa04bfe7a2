// SPDX-License-Identifier: Apache-2.0
#include "base/shim/segments.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/limits/agent.hpp"
#include "base/run_format.hpp"
#include "base/shim/system.hpp"
#include "base/shim/text.hpp"

namespace holdfast::base::shim {
namespace {

constexpr std::size_t kEntryNameAt = 19;  // of a getdents64 record
constexpr std::size_t kEntrySizeAt = 16;

using Name = Text<32>;

Name name_of(std::int64_t sequence) {
  Name digits;
  digits.add_number(sequence);
  Name name;
  for (std::size_t i = digits.size(); i < run_format::kSegmentDigits; ++i) name.add("0");
  name.add(digits.c_str()).add(run_format::kSegmentSuffix);
  return name;
}

/// The sequence of a segment in whatever form (also compressed by the agent); -1 for other files.
std::int64_t sequence_of(const char* name, bool& raw) {
  const char* at = name;
  const std::int64_t sequence = take_number(at);
  raw = std::strcmp(at, run_format::kSegmentSuffix) == 0;
  return sequence >= 0 && *at == '.' ? sequence : -1;
}

struct Listing {
  std::int64_t newest = 0;  ///< of all
  std::int64_t oldest_raw = 0;
  std::size_t raw = 0;
};

void count(const char* name, Listing& listing) {
  bool raw = false;
  const std::int64_t sequence = sequence_of(name, raw);
  if (sequence < 0) return;
  if (sequence > listing.newest) listing.newest = sequence;
  if (!raw) return;
  if (listing.raw++ == 0 || sequence < listing.oldest_raw) listing.oldest_raw = sequence;
}

Listing list(int folder) {
  Listing listing;
  const int fd = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return listing;
  char buffer[2048];
  while (true) {
    const long n = ::syscall(SYS_getdents64, fd, buffer, sizeof buffer);
    if (n <= 0) break;
    for (long at = 0; at < n;) {
      std::uint16_t size = 0;
      std::memcpy(&size, buffer + at + kEntrySizeAt, sizeof size);
      count(buffer + at + kEntryNameAt, listing);
      at += size;
    }
  }
  ::close(fd);
  return listing;
}

void cut(int file, std::size_t size) {
  if (::ftruncate(file, static_cast<off_t>(size)) != 0) {
    // The next write goes over the rest; a reader passes over half a line.
  }
}

/// Makes every missing folder of `path`, as mkdir -p.
void make_folders(const char* path) {
  Text<4096> part;
  for (const char* at = path; *at != '\0'; ++at) {
    if (*at == '/' && !part.empty()) ::mkdir(part.c_str(), 0700);
    part.add(at, 1);
  }
  ::mkdir(part.c_str(), 0700);
}

}  // namespace

bool Segments::open_folder() {
  if (folder_ >= 0) ::close(folder_);
  make_folders(path_);
  folder_ = ::open(path_, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return folder_ >= 0;
}

/// Keeps room for one more raw segment; tells the bytes lost and the newest sequence in use.
std::int64_t Segments::drop_oldest(std::int64_t& newest) {
  std::int64_t lost = 0;
  Listing listing = list(folder_);
  newest = listing.newest;
  while (listing.raw >= limits::kLogSegmentsMax) {
    const Name oldest = name_of(listing.oldest_raw);
    struct stat st{};
    if (::fstatat(folder_, oldest.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) lost += st.st_size;
    if (::unlinkat(folder_, oldest.c_str(), 0) != 0) break;
    listing = list(folder_);
  }
  return lost;
}

bool Segments::next_segment() {
  // The folder may have been removed by hand since: then its descriptor leads nowhere.
  struct stat st{};
  if (folder_ < 0 || ::fstat(folder_, &st) != 0 || st.st_nlink == 0) {
    if (!open_folder()) return false;
  }
  if (file_ >= 0) {
    cut(file_, size_);
    ::close(file_);
    file_ = -1;
  }
  std::int64_t newest = 0;
  dropped_ += static_cast<std::uint64_t>(drop_oldest(newest));
  file_ = ::openat(folder_, name_of(newest + 1).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                   0600);
  size_ = 0;
  return file_ >= 0;
}

/// At a place of our own rather than at the end of the file: half a line left by a full disk is written over.
bool Segments::put(const char* bytes, std::size_t size) {
  std::size_t written = 0;
  while (written < size) {
    const ssize_t n = ::pwrite(file_, bytes + written, size - written, static_cast<off_t>(size_ + written));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      cut(file_, size_);
      return false;
    }
    written += static_cast<std::size_t>(n);
  }
  size_ += size;
  return true;
}

bool Segments::remark() {
  if (dropped_ == 0) return true;
  Text<128> line;
  line.add_number(wall_ms())
      .add(" - ")
      .add_number(static_cast<std::int64_t>(dropped_))
      .add(" bytes dropped\n");
  if (!put(line.data(), line.size())) return false;
  dropped_ = 0;
  return true;
}

void Segments::append(const char* lines, std::size_t size) {
  if (size == 0) return;
  const bool full = file_ >= 0 && size_ + size > limits::kLogSegmentBytesMax;
  if ((file_ < 0 || full) && !next_segment()) {
    dropped_ += size;
    return;
  }
  if (!remark() || !put(lines, size)) dropped_ += size;
}

}  // namespace holdfast::base::shim
