// SPDX-License-Identifier: Apache-2.0
#include "base/child_call.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace holdfast::base {

Error ChildEnd::no_answer(const std::string& name) const {
  if (WIFSIGNALED(status))
    return {Code::kInternal, name + " was ended by signal " + std::to_string(WTERMSIG(status))};
  return {Code::kInternal,
          name + " ended with code " + std::to_string(WEXITSTATUS(status)) + " and no answer"};
}

Result<std::unique_ptr<ChildCall>> ChildCall::start(EventLoop& loop, const ChildOrder& order, OnEnd on_end) {
  HF_TRY(StartedChild child, start_child(order));
  std::unique_ptr<ChildCall> call(
      new ChildCall(loop, child.pid, std::move(child.output), order, std::move(on_end)));
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
