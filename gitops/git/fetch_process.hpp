// SPDX-License-Identifier: Apache-2.0
// FetchProcess: one running holdfast-git-fetch. Its deadline ends it and everything it started.
// Threads: the event loop's.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::gitops {

class FetchProcess {
 public:
  struct Options {
    std::string program;
    std::string input;  ///< for its standard input; less than a pipe holds
    std::string home;   ///< its HOME
    std::chrono::milliseconds timeout;
  };
  using OnEnd = std::function<void(base::Status answer)>;
  /// `on_end` is called once, from the loop, unless the object is destroyed before; it may destroy the
  /// object.
  static base::Result<std::unique_ptr<FetchProcess>> start(base::EventLoop& loop, const Options& options,
                                                           OnEnd on_end);
  ~FetchProcess();
  FetchProcess(const FetchProcess&) = delete;
  FetchProcess& operator=(const FetchProcess&) = delete;

 private:
  FetchProcess(base::EventLoop& loop, pid_t pid, base::Fd output, std::chrono::milliseconds timeout,
               OnEnd on_end);
  void read();
  void end();
  base::Status answer(int status) const;
  int reap();

  base::EventLoop& loop_;
  pid_t pid_;
  base::Fd output_;
  std::chrono::milliseconds timeout_;
  OnEnd on_end_;
  std::unique_ptr<base::EventLoop::Timer> deadline_;
  std::string bytes_;
  bool late_ = false;
};

}  // namespace holdfast::gitops
