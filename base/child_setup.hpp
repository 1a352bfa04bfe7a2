// SPDX-License-Identifier: Apache-2.0
// What a child does between fork and exec, for programs of an agent: the shim's workload and exec probes alike. Only
// system calls, nothing that allocates; the shim has no C++ library.
// Threads: a child has one.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace holdfast::base::child {

/// Each of them: whoever started the agent may ignore even those that the C library keeps for itself.
inline void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Nothing to read, and `output` for both of the others. False with errno.
inline bool connect_standard(int output) {
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  return null >= 0 && ::dup2(null, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
         ::dup2(output, STDERR_FILENO) >= 0;
}

/// False with errno. Without privilege there is one user we can be: ourselves.
inline bool become(uid_t uid, gid_t gid, const gid_t* groups, std::size_t group_count) {
  if (::geteuid() != 0 && uid == ::getuid() && gid == ::getgid()) return true;
  return ::setgroups(group_count, groups) == 0 && ::setgid(gid) == 0 && ::setuid(uid) == 0;
}

/// Ours are close-on-exec; this is for what we were started with and what libraries opened without it.
inline void close_inherited() {
#ifdef SYS_close_range
  constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC
  if (::syscall(SYS_close_range, 3U, ~0U, kCloseOnExec) == 0) return;
#endif
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  constexpr rlim_t kLooked = 65'536;
  const int limit = static_cast<int>(files.rlim_cur < kLooked ? files.rlim_cur : kLooked);
  for (int fd = 3; fd < limit; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace holdfast::base::child
