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

Result<std::unique_ptr<RunningPull>> PullProcess::start(base::EventLoop& loop, const std::string& program,
                                                        const PullJob& job, PullListener listener) {
  base::ChildOrder order;
  order.program = program;
  order.name = "the pulling child";
  order.input = encode_pull_job(job);
  order.arguments = {std::string(kPullWord)};
  HF_TRY(base::StartedChild child, base::start_child(order));
  std::unique_ptr<PullProcess> pull(
      new PullProcess(loop, child.pid, std::move(child.output), std::move(listener)));
  HF_CHECK(loop.watch(pull->output_.get(), base::Ready::kRead,
                      [self = pull.get()](base::Ready) { self->read(); }));
  return std::unique_ptr<RunningPull>(std::move(pull));
}

PullProcess::PullProcess(base::EventLoop& loop, pid_t pid, base::Fd output, PullListener listener)
    : loop_(loop), pid_(pid), output_(std::move(output)), listener_(std::move(listener)) {
  silence_ = loop_.timer([this] {
    const Error late(Code::kTimeout, "the pulling child says nothing any more");
    end(&late);
  });
  silence_->set(limits::kPullSilenceMax);
}

PullProcess::~PullProcess() {
  if (output_) loop_.unwatch(output_.get());
  if (pid_ > 0) reap();
}

int PullProcess::reap() {
  int status = 0;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return status;
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
  loop_.unwatch(output_.get());
  silence_->cancel();
  // Its word counts, and not how it ended: but what it did not say is told by that.
  if (why != nullptr) last_ = PullFailure{*why, std::nullopt};
  const int status = reap();
  output_ = base::Fd();
  const auto on_end = std::move(listener_.on_end);
  if (!last_) {
    const std::string how = WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status))
                                                : "ended with code " + std::to_string(WEXITSTATUS(status));
    on_end(fail(Code::kUnavailable, "the pulling child " + how + " and no answer"), std::nullopt);
  } else if (auto* const image = std::get_if<PulledImage>(&*last_)) {
    on_end(PulledImage(*image), std::nullopt);  // may destroy this
  } else {
    const PullFailure failure = std::get<PullFailure>(*last_);
    on_end(fail(failure.error), failure.retry_after);
  }
}

}  // namespace holdfast::edge_agent
