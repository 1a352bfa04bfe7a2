// SPDX-License-Identifier: Apache-2.0
#include "sync/link/tpm_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/handle.hpp"
#include "base/limits/https.hpp"
#include "base/system_clock.hpp"

namespace holdfast::sync {

using base::Code;
using base::Error;
using base::fail;
using base::Fd;
using base::Result;

namespace {

constexpr std::string_view kProgram = "holdfast-tpm";
constexpr std::string_view kSilent = "the TPM did not answer in time";
constexpr std::chrono::milliseconds kReapPause{2};
constexpr std::chrono::milliseconds kKillPatience{200};

struct Asking {
  std::mutex mutex;
  std::string program;  ///< empty: is looked for
  std::chrono::milliseconds timeout = base::limits::kTpmTimeout;
  base::MonotonicTime silent_until{};  ///< after one that did not answer
  std::vector<pid_t> killed;           ///< and has not ended yet
};

Asking& asking() {
  // Never destroyed: a thread that waits for a child may outlive main().
  static Asking& all = *new Asking;
  return all;
}

Result<std::string> find_program(const std::string& said) {
  std::array<char, 4096> path{};
  const auto size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string own(path.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::string beside = own.substr(0, own.rfind('/') + 1) + std::string(kProgram);
  for (const auto& candidate : {said, beside, "/usr/bin/" + std::string(kProgram)}) {
    if (!candidate.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return fail(Code::kUnsupported, "a key in a TPM needs the program holdfast-tpm, which is neither at " +
                                      beside + " nor in /usr/bin: install it from the same release");
}

Result<Fd> in_memory(std::string_view bytes) {
  Fd file(::memfd_create("holdfast-tpm", MFD_CLOEXEC));
  if (!file || ::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    return fail(Error::from_errno(errno, "what a TPM is to sign"));
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// It sees our environment, in which stands where the TPM is, and nothing of our descriptors.
Result<pid_t> spawn(std::string program, std::string job, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::array<char*, 3> arguments{program.data(), job.data(), nullptr};
  pid_t pid = 0;
  const int problem = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (problem != 0) return fail(Error::from_errno(problem, program));
  return pid;
}

/// All that comes until the other end is closed.
Result<std::string> read_until(int fd, base::MonotonicTime deadline) {
  base::SystemClock clock;
  std::string out;
  for (;;) {
    const auto left = deadline - clock.monotonic();
    pollfd one{fd, POLLIN, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&one, 1, static_cast<int>(left.count()));
    if (ready == 0) return fail(Code::kTimeout, std::string(kSilent));
    if (ready < 0 && errno == EINTR) continue;
    std::array<char, 4096> buffer{};
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Error::from_errno(errno, "reading what the TPM answers"));
    if (got == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.size() > base::limits::kTpmJobBytesMax) return fail(Code::kLimit, "the TPM's answer is too long");
  }
}

/// Its status; none: it did not end in time. A driver may keep a child that was killed, so nobody waits for good.
std::optional<int> reap(pid_t pid, base::MonotonicTime deadline) {
  base::SystemClock clock;
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) return status;
    if (ended < 0 && errno != EINTR) return std::nullopt;
    if (clock.monotonic() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(kReapPause);
  }
}

/// For those that reap() gave up.
void reap_later(pid_t pid) {
  auto& all = asking();
  const std::lock_guard guard(all.mutex);
  all.killed.push_back(pid);
}

Result<std::string> run(const std::string& program, const char* job, std::string_view input,
                        base::MonotonicTime deadline) {
  HF_TRY(const Fd given, in_memory(input));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Error::from_errno(errno, "a pipe to holdfast-tpm"));
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  HF_TRY(const pid_t pid, spawn(program, job, given.get(), write_end.get()));
  write_end.reset();
  auto answer = read_until(read_end.get(), deadline);
  const auto ended = answer ? reap(pid, deadline) : std::nullopt;
  if (!ended) {
    ::kill(pid, SIGKILL);
    if (!reap(pid, base::SystemClock().monotonic() + kKillPatience)) reap_later(pid);
    return answer ? fail(Code::kTimeout, std::string(kSilent)) : answer;
  }
  if (WIFEXITED(*ended) && WEXITSTATUS(*ended) == 0) return answer;
  if (WIFEXITED(*ended) && !answer->empty()) return fail(tpm_error_of_exit(WEXITSTATUS(*ended)), *answer);
  return fail(Code::kUnavailable, "holdfast-tpm ended without an answer; see what `holdfast-tpm check` says");
}

Result<std::string> ask(const char* job, std::string_view input) {
  auto& all = asking();
  std::unique_lock guard(all.mutex);
  std::erase_if(all.killed, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
  const auto now = base::SystemClock().monotonic();
  if (now < all.silent_until) {
    return fail(Code::kTimeout,
                "the TPM did not answer in time, and is asked again within a minute; see what `holdfast-tpm "
                "check` says");
  }
  HF_TRY(const auto program, find_program(all.program));
  const auto deadline = now + all.timeout;
  guard.unlock();
  auto answer = run(program, job, input, deadline);
  const bool is_late = !answer && answer.error().code() == Code::kTimeout;
  guard.lock();
  if (is_late) all.silent_until = base::SystemClock().monotonic() + base::limits::kTpmSilence;
  return answer;
}

}  // namespace

void use_tpm_program(std::string path, std::chrono::milliseconds timeout) {
  const std::lock_guard guard(asking().mutex);
  asking().program = std::move(path);
  asking().timeout = timeout;
  asking().silent_until = {};
}

Result<std::string> make_tpm_key() { return ask("make", ""); }

Result<std::string> sign_in_tpm(std::string_view pem, std::string_view digest) {
  if (digest.size() != kTpmDigestBytes) return fail(Code::kUnsupported, "a key in a TPM signs SHA-256 alone");
  return ask("sign", std::string(digest).append(pem));
}

}  // namespace holdfast::sync
