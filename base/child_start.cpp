// SPDX-License-Identifier: Apache-2.0
#include "base/child_start.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
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
  auto words = order.arguments;
  std::vector<char*> arguments{program.data()};
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int problem = ::posix_spawn(&pid, program.c_str(), how.actions(), how.attributes(), arguments.data(),
                                    environment.data());
  if (problem != 0) return fail(Error::from_errno(problem, order.name + ", " + program));
  return pid;
}

}  // namespace

Result<StartedChild> start_child(const ChildOrder& order) {
  HF_TRY(const Fd input, in_memory(order));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Error::from_errno(errno, "a pipe for " + order.name));
  StartedChild out{0, Fd(ends[0])};
  const Fd write_end(ends[1]);
  ::fcntl(out.output.get(), F_SETFL, O_NONBLOCK);
  HF_TRY(out.pid, spawn(order, input.get(), write_end.get()));
  return out;
}

}  // namespace holdfast::base
