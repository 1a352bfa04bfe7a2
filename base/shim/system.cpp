// SPDX-License-Identifier: Apache-2.0
#include "base/shim/system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/shim/text.hpp"

namespace holdfast::base::shim {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr int kParentField = 4;  // of /proc/PID/stat, counted from 1
constexpr int kStartTimeField = 22;

std::int64_t now_ms(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * kMsPerSecond + now.tv_nsec / kNsPerMs;
}

/// A numeric field of /proc/PID/stat; -1 if there is no such process. The name in field 2 may hold anything,
/// so counting starts behind its last parenthesis.
std::int64_t stat_field(pid_t pid, int field) {
  Text<64> path;
  path.add("/proc/").add_number(pid).add("/stat");
  char stat[1024];
  if (read_whole(AT_FDCWD, path.c_str(), stat, sizeof stat) < 0) return -1;
  const char* at = std::strrchr(stat, ')');
  if (at == nullptr) return -1;
  for (int skipped = 2; skipped < field; ++skipped) {
    at = std::strchr(at + 1, ' ');
    if (at == nullptr) return -1;
  }
  ++at;
  return take_number(at);
}

/// As the kernel's getdents64 lays it out.
struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  std::uint8_t type;
  char name[1];
};

int signal_if_child(const char* name, pid_t self, int signal) {
  const char* at = name;
  const std::int64_t pid = take_number(at);
  if (pid <= 0 || *at != '\0') return 0;
  if (stat_field(static_cast<pid_t>(pid), kParentField) != self) return 0;
  ::kill(static_cast<pid_t>(pid), signal);
  return 1;
}

}  // namespace

std::int64_t wall_ms() { return now_ms(CLOCK_REALTIME); }
std::int64_t monotonic_ms() { return now_ms(CLOCK_MONOTONIC); }

std::int64_t start_time_of(pid_t pid) {
  const std::int64_t start = stat_field(pid, kStartTimeField);
  return start < 0 ? 0 : start;
}

ssize_t read_whole(int folder, const char* name, char* out, std::size_t size) {
  const int fd = ::openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return -1;
  std::size_t got = 0;
  ssize_t n = 0;
  while (got + 1 < size) {
    n = ::read(fd, out + got, size - 1 - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  ::close(fd);
  out[got] = '\0';
  return n < 0 ? -1 : static_cast<ssize_t>(got);
}

bool write_whole(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool write_control(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = write_whole(fd, text, std::strlen(text));
  const int error = errno;
  ::close(fd);
  errno = error;
  return written;
}

int signal_children(int signal) {
  const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return 0;
  const pid_t self = ::getpid();
  int children = 0;
  alignas(DirectoryEntry) char buffer[2048];
  while (true) {
    const long n = ::syscall(SYS_getdents64, proc, buffer, sizeof buffer);
    if (n <= 0) break;
    for (long at = 0; at < n;) {
      const char* entry = buffer + at;
      std::uint16_t size = 0;
      std::memcpy(&size, entry + offsetof(DirectoryEntry, size), sizeof size);
      children += signal_if_child(entry + offsetof(DirectoryEntry, name), self, signal);
      at += size;
    }
  }
  ::close(proc);
  return children;
}

}  // namespace holdfast::base::shim
