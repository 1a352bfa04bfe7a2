// SPDX-License-Identifier: Apache-2.0
// ChildCall: one question to a program of ours that could take the caller down or hang: it is started, given its input on
// standard input, and ended with everything it started at its deadline or when it says too much. It sees the environment
// that is given, no arguments and none of our descriptors. Its end of this is base/child_job.hpp.
// Threads: the event loop's.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/child_start.hpp"
#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::base {

struct ChildEnd {
  std::string answer;
  int status = 0;        ///< as waitpid() gives it
  bool is_late = false;  ///< the deadline ended it
  /// For one that is neither late nor has answered: the signal that ended it, or its code.
  Error no_answer(const std::string& name) const;
};

class ChildCall {
 public:
  /// Called once, from the loop, unless the object is destroyed before; it may destroy the object.
  using OnEnd = std::function<void(const ChildEnd& end)>;
  static Result<std::unique_ptr<ChildCall>> start(EventLoop& loop, const ChildOrder& order, OnEnd on_end);
  /// Ends the child.
  ~ChildCall();
  ChildCall(const ChildCall&) = delete;
  ChildCall& operator=(const ChildCall&) = delete;

 private:
  ChildCall(EventLoop& loop, pid_t pid, Fd output, const ChildOrder& order, OnEnd on_end);
  void read();
  void end();
  int reap();

  EventLoop& loop_;
  pid_t pid_;
  Fd output_;
  std::size_t answer_bytes_max_;
  OnEnd on_end_;
  std::unique_ptr<EventLoop::Timer> deadline_;
  ChildEnd end_;
};

}  // namespace holdfast::base
