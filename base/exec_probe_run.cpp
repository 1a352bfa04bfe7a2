// SPDX-License-Identifier: Apache-2.0
#include "base/exec_probe_run.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/child_setup.hpp"
#include "base/limits/agent.hpp"
#include "base/run_format.hpp"

namespace holdfast::base {
namespace {

constexpr std::chrono::milliseconds kPollPause{20};

/// Everything the child needs, made before the fork: between fork and exec nothing may allocate.
class Command {
 public:
  explicit Command(const ExecProbe& probe) : folder_(probe.working_dir), arguments_(probe.argv) {
    for (const auto& [name, value] : probe.env) variables_.push_back(name + "=" + value);
    candidates_ = candidates_of(probe);
    for (std::string& argument : arguments_) argv_.push_back(argument.data());
    for (std::string& variable : variables_) envp_.push_back(variable.data());
    argv_.push_back(nullptr);
    envp_.push_back(nullptr);
  }

  const char* folder() const { return folder_.c_str(); }
  /// Returns only on failure, with errno.
  void execute() const {
    int error = ENOENT;
    for (const std::string& candidate : candidates_) {
      ::execve(candidate.c_str(), argv_.data(), envp_.data());
      if (errno != ENOENT && errno != ENOTDIR) error = errno;
    }
    errno = error;
  }

 private:
  static std::vector<std::string> candidates_of(const ExecProbe& probe) {
    const std::string& name = probe.argv.front();
    if (name.find('/') != std::string::npos) return {name};
    std::string path = run_format::kDefaultPath;
    for (const auto& [variable, value] : probe.env) {
      if (variable == "PATH") path = value;
    }
    std::vector<std::string> candidates;
    for (std::size_t at = 0; at <= path.size();) {
      const std::size_t colon = std::min(path.find(':', at), path.size());
      const std::string folder = path.substr(at, colon - at);
      candidates.push_back(folder.empty() ? name : folder + "/" + name);
      at = colon + 1;
    }
    return candidates;
  }

  std::string folder_;
  std::vector<std::string> arguments_;
  std::vector<std::string> variables_;
  std::vector<std::string> candidates_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
};

[[noreturn]] void run_child(const Command& command, const std::optional<Credentials>& user, int output,
                            int failure) {
  ::setpgid(0, 0);
  child::reset_signals();
  ::umask(022);
  child::close_inherited();
  const bool is_ready =
      child::connect_standard(output) &&
      (!user || child::become(user->uid, user->gid, user->groups.data(), user->groups.size()));
  if (is_ready && ::chdir(command.folder()) == 0) command.execute();
  const int error = errno;
  if (::write(failure, &error, sizeof error) < 0) {
    // Nobody listens any more.
  }
  ::_exit(run_format::kExitNotFound);
}

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Error::from_errno(errno, "cannot make a pipe"));
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

Result<ExecProbeRun::Child> ExecProbeRun::fork_child(const ExecProbe& probe,
                                                     const std::optional<Credentials>& user) {
  HF_TRY(Pipe output, make_pipe());
  HF_TRY(Pipe failure, make_pipe());
  const Command command(probe);
  const pid_t pid = ::fork();
  if (pid < 0) return fail(Error::from_errno(errno, "cannot fork"));
  if (pid == 0) run_child(command, user, output.write.get(), failure.write.get());
  ::setpgid(pid, pid);  // whichever of us is first
  return Child{pid, std::move(output.read), std::move(failure.read)};
}

Result<std::unique_ptr<RunningProbe>> ExecProbeRun::start(EventLoop& loop, ChildReaper& reaper,
                                                          const ExecProbe& probe, const Options& options,
                                                          OnEnd on_end) {
  HF_TRY(Child child, fork_child(probe, options.user));
  std::unique_ptr<ExecProbeRun> run(
      new ExecProbeRun(loop, reaper, probe.argv.front(), std::move(child), std::move(on_end)));
  HF_CHECK(run->listen(options.use_pidfd));
  return run;
}

ExecProbeRun::ExecProbeRun(EventLoop& loop, ChildReaper& reaper, std::string program, Child child,
                           OnEnd on_end)
    : loop_(loop),
      reaper_(reaper),
      program_(std::move(program)),
      child_(std::move(child)),
      poll_(loop.timer([this] { look(); })),
      on_end_(std::move(on_end)) {}

ExecProbeRun::~ExecProbeRun() {
  if (pidfd_) loop_.unwatch(pidfd_.get());
  if (child_.output) loop_.unwatch(child_.output.get());
  if (child_.pid > 0) reaper_.kill_and_reap(child_.pid);
}

Status ExecProbeRun::listen(bool use_pidfd) {
  HF_CHECK(loop_.watch(child_.output.get(), Ready::kRead, [this](Ready) { take_output(); }));
  if (use_pidfd) pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, child_.pid, 0)));
  if (pidfd_) return loop_.watch(pidfd_.get(), Ready::kRead, [this](Ready) { look(); });
  poll_->set(kPollPause);
  return {};
}

void ExecProbeRun::take_output() {
  std::array<char, 4096> buffer{};
  const ssize_t n = ::read(child_.output.get(), buffer.data(), buffer.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    loop_.unwatch(child_.output.get());
    child_.output.reset();
    return;
  }
  // Beyond the bound it is read and dropped, so that the program is not held up.
  const std::size_t room = limits::kProbeOutputBytesMax - output_.size();
  output_.append(buffer.data(), std::min(room, static_cast<std::size_t>(n)));
}

void ExecProbeRun::look() {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(child_.pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0) {
    if (!pidfd_) poll_->set(kPollPause);
    return;
  }
  if (pidfd_) loop_.unwatch(pidfd_.get());
  pidfd_.reset();
  // What it said last, if it still has anything to say, before what it left behind is killed with it.
  constexpr int kReadsMax = 16;
  for (int reads = 0; reads < kReadsMax && child_.output; ++reads) take_output();
  ::kill(-child_.pid, SIGKILL);
  int status = 0;
  ::waitpid(child_.pid, &status, 0);
  child_.pid = 0;
  end(status);
}

void ExecProbeRun::end(int status) {
  int error = 0;
  if (::read(child_.failure.get(), &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
    on_end_(false, Error::from_errno(error, "cannot execute '" + program_ + "'").message());
    return;
  }
  while (!output_.empty() && (output_.back() == '\n' || output_.back() == '\r')) output_.pop_back();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    on_end_(true, std::move(output_));
    return;
  }
  const std::string how = WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                                              : "exit code " + std::to_string(WEXITSTATUS(status));
  on_end_(false, output_.empty() ? how : how + ": " + output_);
}

}  // namespace holdfast::base
