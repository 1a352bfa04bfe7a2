// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/pull_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>
#include <variant>

#include "base/child_start.hpp"
#include "base/limits/images.hpp"
#include "edge_agent/registry/pull_child.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Error;
using base::fail;
using base::Result;
namespace limits = base::limits;

Result<std::unique_ptr<RunningPull>> PullProcess::start(Seams seams, const std::string& program,
                                                        const PullJob& job, PullListener listener) {
  base::ChildOrder order;
  order.program = program;
  order.name = "the pulling child";
  order.input = encode_pull_job(job);
  order.arguments = {std::string(kPullWord)};
  HF_TRY(base::StartedChild child, base::start_child(order));
  std::unique_ptr<PullProcess> pull(
      new PullProcess(seams, child.pid, std::move(child.output), std::move(listener)));
  HF_CHECK(seams.loop.watch(pull->output_.get(), base::Ready::kRead,
                            [self = pull.get()](base::Ready) { self->read(); }));
  return std::unique_ptr<RunningPull>(std::move(pull));
}

PullProcess::PullProcess(Seams seams, pid_t pid, base::Fd output, PullListener listener)
    : seams_(seams), pid_(pid), output_(std::move(output)), listener_(std::move(listener)) {
  silence_ = seams_.loop.timer([this] {
    last_ = PullFailure{Error(Code::kTimeout, "the pulling child says nothing any more"), std::nullopt};
    ::kill(-pid_, SIGKILL);  // its output closes, and read() sees the end
  });
  silence_->set(limits::kPullSilenceMax);
}

PullProcess::~PullProcess() {
  if (output_) seams_.loop.unwatch(output_.get());
  kill();
}

void PullProcess::kill() {
  if (pid_ > 0) seams_.reaper.kill_and_reap(std::exchange(pid_, 0));
}

/// For one that has closed its output, which it does when it ends. How it ended, in words.
std::string PullProcess::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status))
                             : "ended with code " + std::to_string(WEXITSTATUS(status));
}

void PullProcess::read() {
  std::array<char, 4'096> buffer{};
  for (;;) {
    const ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end(nullptr);
    silence_->set(limits::kPullSilenceMax);
    pending_.append(buffer.data(), static_cast<std::size_t>(got));
    if (take_lines()) continue;
    const Error bad(Code::kInternal, "the pulling child says what is no word of its own");
    return end(&bad);
  }
}

/// False: it says what it should not.
bool PullProcess::take_lines() {
  for (auto at = pending_.find('\n'); at != std::string::npos; at = pending_.find('\n')) {
    auto word = decode_pull_word(std::string_view(pending_).substr(0, at));
    pending_.erase(0, at + 1);
    if (!word || last_) return false;
    if (const auto* const progress = std::get_if<PullProgress>(&*word)) {
      listener_.on_progress(*progress);
    } else {
      last_ = *std::move(word);
    }
  }
  return pending_.size() <= limits::kPullAnswerBytesMax;
}

void PullProcess::end(const Error* why) {
  seams_.loop.unwatch(output_.get());
  silence_->cancel();
  if (why != nullptr) {
    last_ = PullFailure{*why, std::nullopt};
    kill();
  }
  // Its word counts; how it ended only where it said none.
  const std::string how = pid_ > 0 ? wait() : "";
  output_ = base::Fd();
  const auto on_end = std::move(listener_.on_end);
  if (!last_) {
    on_end(fail(Code::kUnavailable, "the pulling child " + how + " and no answer"), std::nullopt);
  } else if (auto* const image = std::get_if<PulledImage>(&*last_)) {
    on_end(PulledImage(*image), std::nullopt);  // may destroy this
  } else {
    const PullFailure failure = std::get<PullFailure>(*last_);
    on_end(fail(failure.error), failure.retry_after);
  }
}

}  // namespace holdfast::edge_agent
