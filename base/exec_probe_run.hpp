// SPDX-License-Identifier: Apache-2.0
// ExecProbeRun: an exec probe on its way: a program in a process group of its own, its output bounded, all of
// it killed when the probe goes away.
// Threads: the event loop's.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "base/account_names.hpp"
#include "base/child_reaper.hpp"
#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/host.hpp"
#include "base/running_probe.hpp"

namespace holdfast::base {

class ExecProbeRun final : public RunningProbe {
 public:
  struct Options {
    bool use_pidfd = true;  ///< off: as on kernels before 5.3
    std::optional<Credentials> user;
  };
  /// `loop` and `reaper` outlive it.
  static Result<std::unique_ptr<RunningProbe>> start(EventLoop& loop, ChildReaper& reaper,
                                                     const ExecProbe& probe, const Options& options,
                                                     OnEnd on_end);
  ~ExecProbeRun() override;

 private:
  struct Child {
    pid_t pid = 0;
    Fd output;
    Fd failure;  ///< carries errno if the program could not be executed
  };
  ExecProbeRun(EventLoop& loop, ChildReaper& reaper, std::string program, Child child, OnEnd on_end);
  static Result<Child> fork_child(const ExecProbe& probe, const std::optional<Credentials>& user);
  Status listen(bool use_pidfd);
  void take_output();
  void look();
  void end(int status);

  EventLoop& loop_;
  ChildReaper& reaper_;
  std::string program_;
  Child child_;
  Fd pidfd_;
  std::unique_ptr<EventLoop::Timer> poll_;  ///< where there is no pidfd
  std::string output_;
  OnEnd on_end_;
};

}  // namespace holdfast::base
