// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/fetch_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/limits/git.hpp"
#include "base/time_text.hpp"
#include "gitops/git/fetch_job.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::Error;
using base::fail;
using base::Fd;
using base::Ready;
using base::Result;
using base::Status;

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Error::from_errno(errno, "a pipe for the fetching child"));
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

/// The child sees no environment of ours but the way out to the network.
std::vector<std::string> environment(const std::string& home) {
  std::vector<std::string> out{"PATH=/usr/bin:/bin", "HOME=" + home, "LC_ALL=C"};
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"}) {
    if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
  }
  return out;
}

/// posix_spawn's two option objects, freed together.
class SpawnOptions {
 public:
  SpawnOptions() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;

  void set(int input, int output) {
    ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Result<pid_t> spawn(const FetchProcess::Options& options, int input, int output) {
  SpawnOptions how;
  how.set(input, output);
  auto variables = environment(options.home);
  std::vector<char*> pointers;
  pointers.reserve(variables.size() + 1);
  for (auto& variable : variables) pointers.push_back(variable.data());
  pointers.push_back(nullptr);
  std::string program = options.program;
  std::array<char*, 2> arguments{program.data(), nullptr};
  pid_t pid = 0;
  const int problem = ::posix_spawn(&pid, program.c_str(), how.actions(), how.attributes(), arguments.data(),
                                    pointers.data());
  if (problem != 0) return fail(Error::from_errno(problem, "the fetching program " + program));
  return pid;
}

}  // namespace

Result<std::unique_ptr<FetchProcess>> FetchProcess::start(base::EventLoop& loop, const Options& options,
                                                          OnEnd on_end) {
  HF_TRY(Pipe input, make_pipe());
  HF_TRY(Pipe output, make_pipe());
  // Written before the child runs: it fits into the pipe, so this never blocks.
  const ssize_t put = ::write(input.write.get(), options.input.data(), options.input.size());
  if (put != static_cast<ssize_t>(options.input.size())) {
    return fail(Error::from_errno(errno, "the job of the fetching child"));
  }
  HF_TRY(const pid_t pid, spawn(options, input.read.get(), output.write.get()));
  std::unique_ptr<FetchProcess> process(
      new FetchProcess(loop, pid, std::move(output.read), options.timeout, std::move(on_end)));
  HF_CHECK(loop.watch(process->output_.get(), Ready::kRead, [self = process.get()](Ready) { self->read(); }));
  return process;
}

FetchProcess::FetchProcess(base::EventLoop& loop, pid_t pid, Fd output, std::chrono::milliseconds timeout,
                           OnEnd on_end)
    : loop_(loop), pid_(pid), output_(std::move(output)), timeout_(timeout), on_end_(std::move(on_end)) {
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  deadline_ = loop_.timer([this] {
    late_ = true;
    ::kill(-pid_, SIGKILL);  // the pipe closes, and read() sees the end
  });
  deadline_->set(timeout_);
}

FetchProcess::~FetchProcess() {
  loop_.unwatch(output_.get());
  if (pid_ > 0) reap();
}

/// Ends what is left of the process group; the child itself is dead or about to be.
int FetchProcess::reap() {
  int status = 0;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return status;
}

void FetchProcess::read() {
  std::array<char, 4'096> buffer{};
  for (;;) {
    const ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end();
    bytes_.append(buffer.data(), static_cast<std::size_t>(got));
    if (bytes_.size() > base::limits::kFetchAnswerBytesMax) return end();
  }
}

void FetchProcess::end() {
  loop_.unwatch(output_.get());
  deadline_->cancel();
  const Status result = answer(reap());
  const OnEnd on_end = std::move(on_end_);
  on_end(result);  // may destroy this
}

Status FetchProcess::answer(int status) const {
  if (late_) {
    return fail(Code::kTimeout, "the server did not finish within " + base::format_duration(timeout_));
  }
  if (!bytes_.empty() && bytes_.back() == '}') return decode_fetch_answer(bytes_);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    return fail(Code::kLimit, "the fetch took more processor time than it may");
  }
  if (WIFSIGNALED(status)) {
    return fail(Code::kInternal,
                "the fetching child was ended by signal " + std::to_string(WTERMSIG(status)));
  }
  return fail(Code::kInternal,
              "the fetching child ended with code " + std::to_string(WEXITSTATUS(status)) + " and no answer");
}

}  // namespace holdfast::gitops
