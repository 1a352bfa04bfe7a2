// SPDX-License-Identifier: Apache-2.0
#include "hub/seal_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/limits/secrets.hpp"

namespace holdfast::hub {

using base::Code;
using base::Error;
using base::fail;
using base::Fd;
using base::Ready;
using base::Result;
using base::Status;

namespace {

/// A file without a name, read from its beginning.
Result<Fd> in_memory(const std::string& bytes) {
  Fd file(::memfd_create("holdfast-seal", MFD_CLOEXEC));
  if (!file) return fail(Error::from_errno(errno, "the job of the sealing child"));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (put <= 0) return fail(Error::from_errno(errno, "the job of the sealing child"));
    done += static_cast<std::size_t>(put);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// The child sees no environment, no arguments and none of our descriptors.
Result<pid_t> spawn(std::string program, int input, int output) {
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
  std::array<char*, 2> arguments{program.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t pid = 0;
  const int problem =
      ::posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (problem != 0) return fail(Error::from_errno(problem, "the sealing program " + program));
  return pid;
}

}  // namespace

SealProcess::~SealProcess() {
  if (output_) loop_.unwatch(output_.get());
  if (pid_ > 0) reap();
}

void SealProcess::seal(std::vector<SealOrder> orders, Done done) {
  done_ = std::move(done);
  if (auto started = start(orders); !started) std::exchange(done_, {})(fail(std::move(started).error()));
}

Status SealProcess::start(const std::vector<SealOrder>& orders) {
  const std::string job = encode_seal_job({options_.keys_file, orders});
  if (job.size() > base::limits::kSealJobBytesMax)
    return fail(Code::kLimit, "the job of the sealing child is too large");
  HF_TRY(const Fd input, in_memory(job));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Error::from_errno(errno, "a pipe for the sealing child"));
  Fd read_end(ends[0]);
  const Fd write_end(ends[1]);
  ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  HF_CHECK(loop_.watch(read_end.get(), Ready::kRead, [this](Ready) { read(); }));
  auto pid = spawn(options_.program, input.get(), write_end.get());
  if (!pid) {
    loop_.unwatch(read_end.get());
    return fail(std::move(pid).error());
  }
  pid_ = *pid;
  output_ = std::move(read_end);
  bytes_.clear();
  is_late_ = false;
  if (!deadline_) {
    deadline_ = loop_.timer([this] {
      is_late_ = true;
      ::kill(pid_, SIGKILL);  // the pipe closes, and read() sees the end
    });
  }
  deadline_->set(base::limits::kSealTimeout);
  return {};
}

int SealProcess::reap() {
  int status = 0;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return status;
}

void SealProcess::read() {
  std::array<char, 65'536> buffer{};
  for (;;) {
    const ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end();
    bytes_.append(buffer.data(), static_cast<std::size_t>(got));
    if (bytes_.size() > 2 * base::limits::kSealJobBytesMax) return end();
  }
}

void SealProcess::end() {
  loop_.unwatch(output_.get());
  output_ = Fd();
  deadline_->cancel();
  const auto result = answer(reap());
  bytes_ = {};
  std::exchange(done_, {})(result);
}

Result<SealAnswer> SealProcess::answer(int status) const {
  if (is_late_) return fail(Code::kTimeout, "the sealing child did not finish in time");
  if (!bytes_.empty()) return decode_seal_answer(bytes_);
  return fail(
      Code::kInternal,
      WIFSIGNALED(status)
          ? "the sealing child was ended by signal " + std::to_string(WTERMSIG(status))
          : "the sealing child ended with code " + std::to_string(WEXITSTATUS(status)) + " and no answer");
}

}  // namespace holdfast::hub
