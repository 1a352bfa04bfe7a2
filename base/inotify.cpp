// SPDX-License-Identifier: Apache-2.0
#include "base/inotify.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace holdfast::base {
namespace {

constexpr std::size_t kBufferBytes = 16U << 10U;
/// So that a folder that never rests cannot keep the loop to itself.
constexpr int kReadsMax = 64;

void append_events(const char* bytes, std::size_t size, std::vector<InotifyEvent>& events) {
  std::size_t at = 0;
  while (at + sizeof(inotify_event) <= size) {
    inotify_event header{};
    std::memcpy(&header, bytes + at, sizeof header);
    const char* name = bytes + at + sizeof header;
    events.push_back({header.wd, header.mask, header.len > 0 ? std::string(name) : std::string()});
    at += sizeof header + header.len;
  }
}

}  // namespace

Result<Inotify> Inotify::create() {
  Fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd && errno == EMFILE) {
    return fail(Code::kLimit, "no inotify instance is free: raise fs.inotify.max_user_instances");
  }
  if (!fd) return fail(Error::from_errno(errno, "cannot watch files"));
  return Inotify(std::move(fd));
}

Result<int> Inotify::add(const Fd& folder, std::uint32_t mask) {
  const std::string link = "/proc/self/fd/" + std::to_string(folder.get());
  const int watch = ::inotify_add_watch(fd_.get(), link.c_str(), mask | IN_ONLYDIR);
  if (watch >= 0) return watch;
  if (errno == ENOSPC) return fail(Code::kLimit, "no file watch is free: raise fs.inotify.max_user_watches");
  return fail(Error::from_errno(errno, "cannot watch a folder"));
}

void Inotify::remove(int watch) { ::inotify_rm_watch(fd_.get(), watch); }

std::vector<InotifyEvent> Inotify::read() {
  std::vector<InotifyEvent> events;
  std::array<char, kBufferBytes> buffer{};
  for (int reads = 0; reads < kReadsMax; ++reads) {
    const ssize_t n = ::read(fd_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    append_events(buffer.data(), static_cast<std::size_t>(n), events);
  }
  return events;
}

}  // namespace holdfast::base
