// SPDX-License-Identifier: Apache-2.0
// A library to be preloaded (LD_PRELOAD) into a program of ours: it kills the program at the n-th point at which a death
// matters (before each change of a file or folder beneath one folder, each sync, each message to a peer), and for a power cut takes back what was not
// synced. The program is the one that people run: nothing in it knows of this.
//
//   HOLDFAST_CRASH_PROGRAM  name of the program; every other lets the layer sleep (children, shells)
//   HOLDFAST_CRASH_UNDER    the folders that count, with ':' between
//   HOLDFAST_CRASH_PEER     the port of the peer to whom messages count
//   HOLDFAST_CRASH_AT       the point, from 1; 0: none
//   HOLDFAST_CRASH_POWER    absent: kill -9. 0: a power cut that loses all that was not synced; else a seed: some of it
//   HOLDFAST_CRASH_STASH    a folder on the same file system, for what may have to come back
//   HOLDFAST_CRASH_REPORT   a file that gets one line: the point, what was about to be done, and to what
// Not seen: changes by other processes, and by calls within the C library (fopen, std::ofstream making a file).
// Threads: any; a lock is held while a file changes.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "test/preload/undo_log.hpp"

namespace holdfast::crash {
namespace {

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

std::string link_of(const std::string& link) {
  std::string out(4096, '\0');
  const ssize_t n = ::readlink(link.c_str(), out.data(), out.size());
  out.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return out;
}

std::string port_of_peer(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return "";
  const bool is_internet = address.ss_family == AF_INET || address.ss_family == AF_INET6;
  // The port stands in the same place in both.
  return is_internet ? std::to_string(ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port)) : "";
}

class Layer {
 public:
  Layer() : undo_(variable("HOLDFAST_CRASH_STASH")) {
    const auto program = link_of("/proc/self/exe");
    const auto wanted = variable("HOLDFAST_CRASH_PROGRAM");
    if (wanted.empty() || !program.ends_with("/" + wanted)) return;
    at_ = std::strtoull(variable("HOLDFAST_CRASH_AT").c_str(), nullptr, 10);
    report_ = variable("HOLDFAST_CRASH_REPORT");
    peer_ = variable("HOLDFAST_CRASH_PEER");
    const auto power = variable("HOLDFAST_CRASH_POWER");
    if (!power.empty()) power_ = std::strtoull(power.c_str(), nullptr, 10);
    std::string under = variable("HOLDFAST_CRASH_UNDER") + ":";
    for (std::size_t end = 0; (end = under.find(':')) != std::string::npos; under.erase(0, end + 1)) {
      if (end > 0) under_.push_back(under.substr(0, end));
    }
    pid_ = ::getpid();
  }

  bool is_on() const { return pid_ != 0 && ::getpid() == pid_ && !is_inside_; }
  bool counts(const std::string& path) const {
    for (const auto& folder : under_) {
      if (path == folder || path.starts_with(folder + "/")) return true;
    }
    return false;
  }

  void message(int fd) {
    if (!is_on() || port_of_peer(fd) != peer_) return;
    const std::scoped_lock lock(mutex_);
    is_inside_ = true;
    point("message", "");
    is_inside_ = false;
  }

  /// A change that is made by `make`, after `note` has written down how it is undone.
  template <class Note, class Make>
  auto change(const char* what, const std::string& path, Note note, Make make) {
    if (!is_on() || !counts(path)) return make();
    const std::scoped_lock lock(mutex_);
    is_inside_ = true;
    point(what, path);
    if (power_) note(undo_);
    auto made = make();
    is_inside_ = false;
    return made;
  }

  /// A sync by `make`, of what `fd` is open on; -1: of everything.
  template <class Make>
  int sync(const std::string& path, int fd, Make make) {
    return change(
        "sync", path, [](UndoLog&) {},
        [&] {
          const int done = make();
          if (done == 0 && fd >= 0) undo_.synced(fd);
          if (done == 0 && fd < 0) undo_.all_synced();
          return done;
        });
  }

 private:
  void point(const char* what, const std::string& which) {
    if (++count_ == at_) die(what, which);
  }

  void die(const char* what, const std::string& which) {
    const std::string line = std::to_string(count_) + " " + what + " " + which + "\n";
    const int file = ::open(report_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file >= 0 && ::write(file, line.data(), line.size()) < 0) ::_exit(99);
    if (power_) undo_.cut(*power_);
    ::kill(pid_, SIGKILL);
    ::pause();
  }

  pid_t pid_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t count_ = 0;
  std::string report_;
  std::string peer_;
  std::vector<std::string> under_;
  std::optional<std::uint64_t> power_;
  std::mutex mutex_;
  static inline thread_local bool is_inside_ = false;
  UndoLog undo_;
};

Layer& layer() {
  static auto& one = *new Layer();  // outlives every destructor that still writes
  return one;
}

/// The C library's own function of that name.
template <class Function>
Function* real(Function* /*type*/, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string path_of(int fd) { return link_of("/proc/self/fd/" + std::to_string(fd)); }

std::string path_at(int folder, const char* name) {
  if (name[0] == '/') return name;
  return (folder == AT_FDCWD ? link_of("/proc/self/cwd") : path_of(folder)) + "/" + name;
}

bool is_regular(int fd) {
  struct stat st{};
  return ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/// Bytes that a write with O_DSYNC or O_SYNC put down are safe when it returns.
bool is_safe_at_once(int fd) { return (::fcntl(fd, F_GETFL) & (O_DSYNC | O_SYNC)) != 0; }

off_t place_of_write(int fd) {
  struct stat st{};
  if ((::fcntl(fd, F_GETFL) & O_APPEND) != 0 && ::fstat(fd, &st) == 0) return st.st_size;
  return ::lseek(fd, 0, SEEK_CUR);
}

template <class Make>
ssize_t written(int fd, std::optional<off_t> offset, std::size_t bytes, Make make) {
  if (!layer().is_on()) return make();
  if (is_regular(fd)) {
    return layer().change(
        "write", path_of(fd),
        [&](UndoLog& undo) {
          if (!is_safe_at_once(fd)) undo.before_write(fd, offset ? *offset : place_of_write(fd), bytes);
        },
        make);
  }
  layer().message(fd);
  return make();
}

std::size_t bytes_in(const iovec* pieces, int count) {
  std::size_t out = 0;
  for (int i = 0; i < count; ++i) out += pieces[i].iov_len;
  return out;
}

mode_t mode_in(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

template <class Make>
int opened(int folder, const char* name, int flags, Make make) {
  if ((flags & (O_CREAT | O_TRUNC)) == 0 || !layer().is_on()) return make();
  const std::string path = path_at(folder, name);
  return layer().change(
      "open", path,
      [&](UndoLog& undo) {
        undo.before_create(path);
        if ((flags & O_TRUNC) == 0) return;
        const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        if (fd < 0) return;
        undo.before_resize(fd);
        ::close(fd);
      },
      make);
}

}  // namespace
}  // namespace holdfast::crash

using holdfast::crash::layer;
using holdfast::crash::path_at;
using holdfast::crash::path_of;
using holdfast::crash::UndoLog;

// What the programs and their libraries call; each stands for the C library's function of its name.
extern "C" {

ssize_t write(int fd, const void* bytes, size_t count) {
  static auto* const next = holdfast::crash::real(&::write, "write");
  return holdfast::crash::written(fd, {}, count, [&] { return next(fd, bytes, count); });
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  static auto* const next = holdfast::crash::real(&::pwrite, "pwrite");
  return holdfast::crash::written(fd, offset, count, [&] { return next(fd, bytes, count, offset); });
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  return pwrite(fd, bytes, count, offset);
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  static auto* const next = holdfast::crash::real(&::writev, "writev");
  return holdfast::crash::written(fd, {}, holdfast::crash::bytes_in(pieces, count),
                                  [&] { return next(fd, pieces, count); });
}

ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset) {
  static auto* const next = holdfast::crash::real(&::pwritev, "pwritev");
  return holdfast::crash::written(fd, offset, holdfast::crash::bytes_in(pieces, count),
                                  [&] { return next(fd, pieces, count, offset); });
}
ssize_t pwritev64(int fd, const iovec* pieces, int count, off64_t offset) {
  return pwritev(fd, pieces, count, offset);
}

ssize_t send(int fd, const void* bytes, size_t count, int flags) {
  static auto* const next = holdfast::crash::real(&::send, "send");
  return holdfast::crash::written(fd, {}, count, [&] { return next(fd, bytes, count, flags); });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const next = holdfast::crash::real(&::sendmsg, "sendmsg");
  return holdfast::crash::written(fd, {}, 0, [&] { return next(fd, message, flags); });
}

int ftruncate(int fd, off_t size) noexcept {
  static auto* const next = holdfast::crash::real(&::ftruncate, "ftruncate");
  return layer().change(
      "resize", path_of(fd), [&](UndoLog& undo) { undo.before_resize(fd); }, [&] { return next(fd, size); });
}
int ftruncate64(int fd, off64_t size) noexcept { return ftruncate(fd, size); }

int fallocate(int fd, int mode, off_t offset, off_t size) {
  static auto* const next = holdfast::crash::real(&::fallocate, "fallocate");
  return layer().change(
      "allocate", path_of(fd), [&](UndoLog& undo) { undo.before_resize(fd); },
      [&] { return next(fd, mode, offset, size); });
}
int fallocate64(int fd, int mode, off64_t offset, off64_t size) { return fallocate(fd, mode, offset, size); }

int fsync(int fd) {
  static auto* const next = holdfast::crash::real(&::fsync, "fsync");
  return layer().sync(path_of(fd), fd, [&] { return next(fd); });
}

int fdatasync(int fd) {
  static auto* const next = holdfast::crash::real(&::fdatasync, "fdatasync");
  return layer().sync(path_of(fd), fd, [&] { return next(fd); });
}

int syncfs(int fd) noexcept {
  static auto* const next = holdfast::crash::real(&::syncfs, "syncfs");
  return layer().sync(path_of(fd), -1, [&] { return next(fd); });
}

int open(const char* path, int flags, ...) {
  static auto* const next = holdfast::crash::real(&::open, "open");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = holdfast::crash::mode_in(flags, arguments);
  va_end(arguments);
  return holdfast::crash::opened(AT_FDCWD, path, flags, [&] { return next(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = holdfast::crash::mode_in(flags, arguments);
  va_end(arguments);
  return open(path, flags, mode);
}

int openat(int folder, const char* name, int flags, ...) {
  static auto* const next = holdfast::crash::real(&::openat, "openat");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = holdfast::crash::mode_in(flags, arguments);
  va_end(arguments);
  return holdfast::crash::opened(folder, name, flags, [&] { return next(folder, name, flags, mode); });
}

int openat64(int folder, const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = holdfast::crash::mode_in(flags, arguments);
  va_end(arguments);
  return openat(folder, name, flags, mode);
}

int mkdirat(int folder, const char* name, mode_t mode) noexcept {
  static auto* const next = holdfast::crash::real(&::mkdirat, "mkdirat");
  const auto path = path_at(folder, name);
  return layer().change(
      "make folder", path, [&](UndoLog& undo) { undo.before_make_folder(path); },
      [&] { return next(folder, name, mode); });
}
int mkdir(const char* path, mode_t mode) noexcept { return mkdirat(AT_FDCWD, path, mode); }

int unlinkat(int folder, const char* name, int flags) noexcept {
  static auto* const next = holdfast::crash::real(&::unlinkat, "unlinkat");
  const auto path = path_at(folder, name);
  return layer().change(
      "remove", path, [&](UndoLog& undo) { undo.before_remove(path); },
      [&] { return next(folder, name, flags); });
}
int unlink(const char* path) noexcept { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) noexcept { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) noexcept {
  const int done = unlink(path);
  return done != 0 && errno == EISDIR ? rmdir(path) : done;
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  static auto* const next = holdfast::crash::real(&::renameat, "renameat");
  const auto before = path_at(from_folder, from);
  const auto after = path_at(to_folder, to);
  return layer().change(
      "rename", after, [&](UndoLog& undo) { undo.before_rename(before, after); },
      [&] { return next(from_folder, from, to_folder, to); });
}
int rename(const char* from, const char* to) noexcept { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int fchmod(int fd, mode_t mode) noexcept {
  static auto* const next = holdfast::crash::real(&::fchmod, "fchmod");
  return layer().change(
      "mode", path_of(fd), [&](UndoLog& undo) { undo.before_mode(fd); }, [&] { return next(fd, mode); });
}

int fsetxattr(int fd, const char* name, const void* value, size_t size, int flags) noexcept {
  static auto* const next = holdfast::crash::real(&::fsetxattr, "fsetxattr");
  return layer().change(
      "mark", path_of(fd), [&](UndoLog& undo) { undo.before_attribute(fd, name); },
      [&] { return next(fd, name, value, size, flags); });
}

}  // extern "C"
