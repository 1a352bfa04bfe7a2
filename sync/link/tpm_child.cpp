// SPDX-License-Identifier: Apache-2.0
#include "sync/link/tpm_child.hpp"

#include <poll.h>
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

#include "base/child_start.hpp"
#include "base/limits/https.hpp"
#include "base/system_clock.hpp"

namespace holdfast::sync {

using base::Code;
using base::Error;
using base::fail;
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
  // What was said is the only one; and never one of the folder that somebody happens to stand in.
  const std::array candidates{said.empty() ? beside : said, "/usr/bin/" + std::string(kProgram)};
  for (std::size_t i = 0; i < (said.empty() ? candidates.size() : 1); ++i) {
    if (candidates[i].starts_with('/') && ::access(candidates[i].c_str(), X_OK) == 0) return candidates[i];
  }
  return fail(Code::kUnsupported, "a key in a TPM needs the program holdfast-tpm, which is neither at " +
                                      candidates[0] + " nor in /usr/bin: install it from the same release");
}

/// In it stands where the TPM is.
std::vector<std::string> own_environment() {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
  return out;
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
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
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

Result<std::string> run(const std::string& program, std::string job, base::MonotonicTime deadline) {
  HF_TRY(const base::StartedChild child, base::start_child({.program = program,
                                                            .name = std::string(kProgram),
                                                            .input = std::move(job),
                                                            .environment = own_environment()}));
  auto answer = read_until(child.output.get(), deadline);
  const auto ended = answer ? reap(child.pid, deadline) : std::nullopt;
  if (!ended) {
    ::kill(-child.pid, SIGKILL);
    if (!reap(child.pid, base::SystemClock().monotonic() + kKillPatience)) reap_later(child.pid);
    return answer ? fail(Code::kTimeout, std::string(kSilent)) : answer;
  }
  if (WIFEXITED(*ended) && WEXITSTATUS(*ended) == 0) return answer;
  if (WIFEXITED(*ended) && !answer->empty()) return fail(tpm_error_of_exit(WEXITSTATUS(*ended)), *answer);
  return fail(Code::kUnavailable, "holdfast-tpm ended without an answer; see what `holdfast-tpm check` says");
}

Result<std::string> ask(std::string job) {
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
  auto answer = run(program, std::move(job), deadline);
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

Result<std::string> make_tpm_key() { return ask(std::string(kTpmMake)); }

Result<std::string> sign_in_tpm(std::string_view pem, std::string_view digest) {
  if (digest.size() != kTpmDigestBytes) return fail(Code::kUnsupported, "a key in a TPM signs SHA-256 alone");
  return ask(std::string(kTpmSign).append(digest).append(pem));
}

}  // namespace holdfast::sync
