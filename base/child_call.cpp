// SPDX-License-Identifier: Apache-2.0
#include "base/child_call.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace holdfast::base {

namespace {

/// A file without a name, read from its beginning.
Result<Fd> in_memory(const ChildOrder& order) {
  const std::string what = "the job of " + order.name;
  Fd file(::memfd_create("holdfast-job", MFD_CLOEXEC));
  if (!file) return fail(Error::from_errno(errno, what));
  std::size_t done = 0;
  while (done < order.input.size()) {
    const ssize_t put = ::write(file.get(), order.input.data() + done, order.input.size() - done);
    if (put <= 0) return fail(Error::from_errno(errno, what));
    done += static_cast<std::size_t>(put);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
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

Result<pid_t> spawn(const ChildOrder& order, int input, int output) {
  SpawnOptions how;
  how.set(input, output);
  auto variables = order.environment;
  std::vector<char*> environment;
  environment.reserve(variables.size() + 1);
  for (auto& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::string program = order.program;
  std::array<char*, 2> arguments{program.data(), nullptr};
  pid_t pid = 0;
  const int problem = ::posix_spawn(&pid, program.c_str(), how.actions(), how.attributes(), arguments.data(),
                                    environment.data());
  if (problem != 0) return fail(Error::from_errno(problem, order.name + ", " + program));
  return pid;
}

}  // namespace

Error ChildEnd::no_answer(const std::string& name) const {
  if (WIFSIGNALED(status))
    return {Code::kInternal, name + " was ended by signal " + std::to_string(WTERMSIG(status))};
  return {Code::kInternal,
          name + " ended with code " + std::to_string(WEXITSTATUS(status)) + " and no answer"};
}

Result<std::unique_ptr<ChildCall>> ChildCall::start(EventLoop& loop, const ChildOrder& order, OnEnd on_end) {
  HF_TRY(const Fd input, in_memory(order));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Error::from_errno(errno, "a pipe for " + order.name));
  Fd output(ends[0]);
  const Fd write_end(ends[1]);
  ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
  HF_TRY(const pid_t pid, spawn(order, input.get(), write_end.get()));
  std::unique_ptr<ChildCall> call(new ChildCall(loop, pid, std::move(output), order, std::move(on_end)));
  HF_CHECK(loop.watch(call->output_.get(), Ready::kRead, [self = call.get()](Ready) { self->read(); }));
  return call;
}

ChildCall::ChildCall(EventLoop& loop, pid_t pid, Fd output, const ChildOrder& order, OnEnd on_end)
    : loop_(loop),
      pid_(pid),
      output_(std::move(output)),
      answer_bytes_max_(order.answer_bytes_max),
      on_end_(std::move(on_end)) {
  deadline_ = loop_.timer([this] {
    end_.is_late = true;
    ::kill(-pid_, SIGKILL);  // the pipe closes, and read() sees the end
  });
  deadline_->set(order.timeout);
}

ChildCall::~ChildCall() {
  if (output_) loop_.unwatch(output_.get());
  if (pid_ > 0) reap();
}

/// Ends what is left of the process group; the child itself is dead or about to be.
int ChildCall::reap() {
  int status = 0;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return status;
}

void ChildCall::read() {
  std::array<char, 65'536> buffer{};
  for (;;) {
    const ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end();
    end_.answer.append(buffer.data(), static_cast<std::size_t>(got));
    if (end_.answer.size() <= answer_bytes_max_) continue;
    end_.answer.resize(answer_bytes_max_);
    return end();
  }
}

void ChildCall::end() {
  loop_.unwatch(output_.get());
  deadline_->cancel();
  end_.status = reap();
  output_ = Fd();  // not before: how it ended is told, and a closed pipe would end it in another way
  const OnEnd on_end = std::move(on_end_);
  const ChildEnd end = std::move(end_);
  on_end(end);  // may destroy this
}

}  // namespace holdfast::base
