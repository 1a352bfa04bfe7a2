// SPDX-License-Identifier: Apache-2.0
#include "base/shim_launch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/run_format.hpp"

namespace holdfast::base {
namespace {

constexpr std::size_t kReportBytesMax = 2048;
/// Above the numbers that the shim expects, so that none overwrites another on the way there.
constexpr int kClearOfShimFds = 16;

/// posix_spawn's two argument objects, freed together.
class SpawnSetup {
 public:
  SpawnSetup() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  void connect(int report, int lock) {
    for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      ::posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_RDWR, 0);
    }
    ::posix_spawn_file_actions_adddup2(&actions_, report, run_format::kReportFd);
    ::posix_spawn_file_actions_adddup2(&actions_, lock, run_format::kLockFd);
  }
  void default_signals() {
    sigset_t none;
    ::sigemptyset(&none);
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  int spawn(pid_t& pid, const ShimLaunch& launch) {
    std::string shim = launch.shim_path;
    std::string run_folder = launch.run_folder;
    std::string log_folder = launch.log_folder;
    std::array<char*, 4> argv{shim.data(), run_folder.data(), log_folder.data(), nullptr};
    std::array<char*, 1> envp{nullptr};
    return ::posix_spawn(&pid, shim.c_str(), &actions_, &attributes_, argv.data(), envp.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Error::from_errno(errno, "cannot make a pipe"));
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

/// One line, or what there is of it when the other side ends or the time is over.
Result<std::string> read_line(const Fd& from, std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  std::string line;
  while (line.size() < kReportBytesMax && line.find('\n') == std::string::npos) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(Code::kTimeout, "holdfast-shim does not answer");
    pollfd waited{from.get(), POLLIN, 0};
    if (::poll(&waited, 1, static_cast<int>(left.count())) <= 0) continue;
    std::array<char, 512> buffer{};
    const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    line.append(buffer.data(), static_cast<std::size_t>(n));
  }
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

/// "ok" or "error <errno> <text>".
Status parse_report(std::string_view line) {
  constexpr std::string_view kErrorWord = "error ";
  if (line == "ok") return {};
  if (!line.starts_with(kErrorWord)) return fail(Code::kUnavailable, "holdfast-shim ended without an answer");
  line.remove_prefix(kErrorWord.size());
  int error = 0;
  const auto [end, bad] = std::from_chars(line.data(), line.data() + line.size(), error);
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (line.starts_with(' ')) line.remove_prefix(1);
  if (bad != std::errc{}) error = EIO;
  // A program may be installed or made executable at any time, and no event tells.
  return fail(Error::from_errno(error, line).with_disposition(Disposition::kRetry));
}

/// The shim's first process forks and ends at once; the shim itself is not our child.
void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Status launch_shim(const ShimLaunch& launch, const Fd& lock) {
  HF_TRY(Pipe report, make_pipe());
  Fd report_end(::fcntl(report.write.get(), F_DUPFD_CLOEXEC, kClearOfShimFds));
  const Fd lock_end(::fcntl(lock.get(), F_DUPFD_CLOEXEC, kClearOfShimFds));
  if (!report_end || !lock_end) return fail(Error::from_errno(errno, "cannot start holdfast-shim"));
  report.write.reset();

  SpawnSetup setup;
  setup.connect(report_end.get(), lock_end.get());
  setup.default_signals();
  pid_t pid = 0;
  const int error = setup.spawn(pid, launch);
  if (error != 0) {
    return fail(Error::from_errno(error, "cannot start '" + launch.shim_path + "'")
                    .with_disposition(Disposition::kRetry));
  }
  // Ours would keep the pipe from ending.
  report_end.reset();
  const auto line = read_line(report.read, launch.timeout);
  if (!line) ::kill(pid, SIGKILL);
  reap(pid);
  return line ? parse_report(*line) : Status(fail(line.error()));
}

}  // namespace holdfast::base
