// SPDX-License-Identifier: Apache-2.0
// The part of the C library that the shim uses, and its entry point, for the machines Holdfast is made for. A
// static glibc maps half a megabyte into every process before main; there is one shim for each supervised
// process, so here are forty system calls and a few string functions instead (docs/decisions: shim without a
// C library). On any other machine this file is empty and the shim links the C library: the rest of it is
// ordinary POSIX code.
//
// Headers of the C library are not included where they declare what is defined here; shapes are the kernel's.
// Threads: one.
#if defined(__x86_64__) || defined(__aarch64__)

#include <linux/fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstdint>

namespace {

constexpr long kErrorsFrom = -4095;  // results above this, below zero, are a negated errno
constexpr unsigned long kKernelSetBytes = 8;
constexpr long kSignalChild = 17;
constexpr int kAuxRandom = 25;
int error_number = 0;

long invoke(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
#if defined(__x86_64__)
  long result = 0;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
#else
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#endif
}

long checked(long result) {
  if (result >= kErrorsFrom && result < 0) {
    error_number = static_cast<int>(-result);
    return -1;
  }
  return result;
}

template <class T>
long word(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

/// Keeps the compiler from recognizing a loop as the very function it stands in.
void not_a_builtin() { asm volatile("" ::: "memory"); }

struct KernelTime {
  long seconds;
  long nanoseconds;
};

struct KernelSignalAction {
  const void* handler;
  unsigned long flags;
  const void* restorer;
  unsigned long mask;
};

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the names are what compilers and callers ask for.
extern "C" {

int shim_main(int argc, char** argv) asm("main");
/// What the stack protector compares, from the kernel's random bytes.
extern std::uintptr_t __stack_chk_guard;
std::uintptr_t __stack_chk_guard = 0;

[[noreturn]] void _exit(int status);
[[noreturn]] void __stack_chk_fail();
[[noreturn]] void shim_start(long* stack);
int* __errno_location();
void* memcpy(void* to, const void* from, std::size_t size);
void* memset(void* at, int value, std::size_t size);
void* memchr(const void* at, int value, std::size_t size);
std::size_t strlen(const char* text);
int strcmp(const char* a, const char* b);
int strncmp(const char* a, const char* b, std::size_t size);
char* strchr(const char* text, int wanted);
char* strrchr(const char* text, int wanted);
char* strstr(const char* text, const char* wanted);
std::size_t strcspn(const char* text, const char* reject);

int* __errno_location() { return &error_number; }

void _exit(int status) {
  while (true) invoke(SYS_exit_group, status);
}

void __stack_chk_fail() {
  constexpr long kAbort = 6;
  invoke(SYS_kill, invoke(SYS_getpid), kAbort);
  _exit(127);
}

/// REQUIRES: the stack as the kernel hands it over: argc, argv, null, environment, null, auxiliary vector.
__attribute__((no_stack_protector)) void shim_start(long* stack) {
  const long argc = stack[0];
  char** argv = reinterpret_cast<char**>(stack + 1);
  long* at = stack + 1 + argc + 1;
  while (*at != 0) ++at;
  for (++at; at[0] != 0; at += 2) {
    if (at[0] == kAuxRandom)
      __stack_chk_guard = *reinterpret_cast<const std::uintptr_t*>(at[1]) & ~std::uintptr_t{0xff};
  }
  _exit(shim_main(static_cast<int>(argc), argv));
}

// ---- strings ----

void* memcpy(void* to, const void* from, std::size_t size) {
  char* out = static_cast<char*>(to);
  const char* in = static_cast<const char*>(from);
  for (; size > 0; --size) {
    *out++ = *in++;
    not_a_builtin();
  }
  return to;
}

void* memset(void* at, int value, std::size_t size) {
  for (char* out = static_cast<char*>(at); size > 0; --size) {
    *out++ = static_cast<char>(value);
    not_a_builtin();
  }
  return at;
}

void* memchr(const void* at, int value, std::size_t size) {
  const char* in = static_cast<const char*>(at);
  for (; size > 0; --size, ++in) {
    if (*in == static_cast<char>(value)) return const_cast<char*>(in);
  }
  return nullptr;
}

std::size_t strlen(const char* text) {
  std::size_t size = 0;
  for (; text[size] != '\0'; ++size) not_a_builtin();
  return size;
}

int strcmp(const char* a, const char* b) { return strncmp(a, b, SIZE_MAX); }

int strncmp(const char* a, const char* b, std::size_t size) {
  for (; size > 0; --size, ++a, ++b) {
    if (*a != *b) return static_cast<unsigned char>(*a) - static_cast<unsigned char>(*b);
    if (*a == '\0') return 0;
  }
  return 0;
}

char* strchr(const char* text, int wanted) {
  for (;; ++text) {
    if (*text == static_cast<char>(wanted)) return const_cast<char*>(text);
    if (*text == '\0') return nullptr;
  }
}

char* strrchr(const char* text, int wanted) {
  const char* found = nullptr;
  for (;; ++text) {
    if (*text == static_cast<char>(wanted)) found = text;
    if (*text == '\0') return const_cast<char*>(found);
  }
}

char* strstr(const char* text, const char* wanted) {
  const std::size_t size = strlen(wanted);
  for (; *text != '\0'; ++text) {
    if (strncmp(text, wanted, size) == 0) return const_cast<char*>(text);
  }
  return size == 0 ? const_cast<char*>(text) : nullptr;
}

std::size_t strcspn(const char* text, const char* reject) {
  std::size_t size = 0;
  while (text[size] != '\0' && strchr(reject, text[size]) == nullptr) ++size;
  return size;
}

// ---- system calls ----
// With the kernel's own types where those of the C library would bring its declarations. Arguments that stand
// for
// "..." are in the registers of the named ones on both machines.

#define SHIM_CALL(type, name, parameters, ...) \
  type name parameters;                        \
  type name parameters { return static_cast<type>(checked(invoke(__VA_ARGS__))); }

SHIM_CALL(long, syscall, (long n, long a, long b, long c, long d, long e, long f), n, a, b, c, d, e, f)
SHIM_CALL(int, openat, (int at, const char* path, int flags, unsigned mode), SYS_openat, at, word(path),
          flags, mode)
SHIM_CALL(int, open, (const char* path, int flags, unsigned mode), SYS_openat, AT_FDCWD, word(path), flags,
          mode)
SHIM_CALL(int, close, (int fd), SYS_close, fd)
SHIM_CALL(long, read, (int fd, void* to, unsigned long size), SYS_read, fd, word(to), static_cast<long>(size))
SHIM_CALL(long, write, (int fd, const void* from, unsigned long size), SYS_write, fd, word(from),
          static_cast<long>(size))
SHIM_CALL(long, pread, (int fd, void* to, unsigned long size, long at), SYS_pread64, fd, word(to),
          static_cast<long>(size), at)
SHIM_CALL(long, pwrite, (int fd, const void* from, unsigned long size, long at), SYS_pwrite64, fd, word(from),
          static_cast<long>(size), at)
SHIM_CALL(int, fsync, (int fd), SYS_fsync, fd)
SHIM_CALL(int, ftruncate, (int fd, long size), SYS_ftruncate, fd, size)
SHIM_CALL(int, fstat, (int fd, void* out), SYS_fstat, fd, word(out))
SHIM_CALL(int, fstatat, (int at, const char* path, void* out, int flags), SYS_newfstatat, at, word(path),
          word(out), flags)
SHIM_CALL(int, fchown, (int fd, unsigned uid, unsigned gid), SYS_fchown, fd, uid, gid)
SHIM_CALL(int, fcntl, (int fd, int command, long argument), SYS_fcntl, fd, command, argument)
SHIM_CALL(int, dup2, (int from, int to), SYS_dup3, from, to, 0)
SHIM_CALL(int, pipe2, (int* ends, int flags), SYS_pipe2, word(ends), flags)
SHIM_CALL(int, mkdir, (const char* path, unsigned mode), SYS_mkdirat, AT_FDCWD, word(path), mode)
SHIM_CALL(int, mkfifoat, (int at, const char* path, unsigned mode), SYS_mknodat, at, word(path),
          mode | S_IFIFO, 0)
SHIM_CALL(int, unlinkat, (int at, const char* path, int flags), SYS_unlinkat, at, word(path), flags)
SHIM_CALL(int, rmdir, (const char* path), SYS_unlinkat, AT_FDCWD, word(path), AT_REMOVEDIR)
SHIM_CALL(int, renameat, (int a, const char* from, int b, const char* to), SYS_renameat, a, word(from), b,
          word(to))
SHIM_CALL(int, chdir, (const char* path), SYS_chdir, word(path))
SHIM_CALL(unsigned, umask, (unsigned mask), SYS_umask, mask)
SHIM_CALL(int, fork, (), SYS_clone, kSignalChild)
SHIM_CALL(int, execve, (const char* path, char** argv, char** envp), SYS_execve, word(path), word(argv),
          word(envp))
SHIM_CALL(int, waitpid, (int pid, int* status, int options), SYS_wait4, pid, word(status), options, 0)
SHIM_CALL(int, kill, (int pid, int signal), SYS_kill, pid, signal)
SHIM_CALL(int, getpid, (), SYS_getpid)
SHIM_CALL(unsigned, getuid, (), SYS_getuid)
SHIM_CALL(unsigned, geteuid, (), SYS_geteuid)
SHIM_CALL(unsigned, getgid, (), SYS_getgid)
SHIM_CALL(int, setsid, (), SYS_setsid)
SHIM_CALL(int, setuid, (unsigned uid), SYS_setuid, uid)
SHIM_CALL(int, setgid, (unsigned gid), SYS_setgid, gid)
SHIM_CALL(int, setgroups, (unsigned long count, const unsigned* groups), SYS_setgroups,
          static_cast<long>(count), word(groups))
SHIM_CALL(int, prctl, (int option, long a, long b, long c, long d), SYS_prctl, option, a, b, c, d)
SHIM_CALL(int, getrlimit, (int which, void* out), SYS_prlimit64, 0, which, 0, word(out))
SHIM_CALL(int, munmap, (void* at, unsigned long size), SYS_munmap, word(at), static_cast<long>(size))
SHIM_CALL(int, clock_gettime, (int clock, void* out), SYS_clock_gettime, clock, word(out))
SHIM_CALL(int, nanosleep, (const void* span, void* left), SYS_nanosleep, word(span), word(left))
SHIM_CALL(int, signalfd, (int fd, const void* set, int flags), SYS_signalfd4, fd, word(set),
          static_cast<long>(kKernelSetBytes), flags)
SHIM_CALL(int, sigprocmask, (int how, const void* set, void* old), SYS_rt_sigprocmask, how, word(set),
          word(old), static_cast<long>(kKernelSetBytes))

void* mmap(void* at, unsigned long size, int protection, int flags, int fd, long offset);
void* mmap(void* at, unsigned long size, int protection, int flags, int fd, long offset) {
  return reinterpret_cast<void*>(
      checked(invoke(SYS_mmap, word(at), static_cast<long>(size), protection, flags, fd, offset)));
}

int poll(void* waited, unsigned long count, int timeout_ms);
int poll(void* waited, unsigned long count, int timeout_ms) {
  KernelTime timeout{timeout_ms / 1000, timeout_ms % 1000 * 1'000'000L};
  return static_cast<int>(
      checked(invoke(SYS_ppoll, word(waited), static_cast<long>(count), timeout_ms < 0 ? 0 : word(&timeout),
                     0, static_cast<long>(kKernelSetBytes))));
}

/// Only ever SIG_DFL and SIG_IGN: a handler of ours would need a way back.
const void* signal(int number, const void* handler);
const void* signal(int number, const void* handler) {
  const KernelSignalAction action{handler, 0, nullptr, 0};
  checked(invoke(SYS_rt_sigaction, number, word(&action), 0, static_cast<long>(kKernelSetBytes)));
  return nullptr;
}

int sigemptyset(std::uint64_t* set);
int sigemptyset(std::uint64_t* set) {
  constexpr int kWords = 16;  // of the C library's sigset_t; the kernel reads the first
  for (int i = 0; i < kWords; ++i) set[i] = 0;
  return 0;
}

int sigaddset(std::uint64_t* set, int number);
int sigaddset(std::uint64_t* set, int number) {
  set[0] |= std::uint64_t{1} << (number - 1);
  return 0;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

#if defined(__x86_64__)
asm(".globl _start\n.type _start,@function\n_start:\n  xor %ebp,%ebp\n  mov %rsp,%rdi\n  and $-16,%rsp\n  "
    "call shim_start\n");
#else
asm(".globl _start\n.type _start,%function\n_start:\n  mov x29,#0\n  mov x30,#0\n  mov x0,sp\n  b "
    "shim_start\n");
#endif

#endif
