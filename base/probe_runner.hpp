// SPDX-License-Identifier: Apache-2.0
// ProbeRunner: the probes of LinuxHost. Many at once, each with its deadline; one answer each, none after
// cancel.
// Threads: the event loop's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/child_reaper.hpp"
#include "base/event_loop.hpp"
#include "base/host.hpp"
#include "base/running_probe.hpp"

namespace holdfast::base {

class ProbeRunner {
 public:
  using OnEnd = std::function<void(const std::string& id, bool ok, const std::string& detail)>;
  /// `on_end` is called from the loop, never from inside start or cancel.
  ProbeRunner(EventLoop& loop, bool use_pidfd, OnEnd on_end);

  Status start(const ProbeStart& probe);
  void cancel(const std::string& id);

 private:
  struct Entry {
    std::unique_ptr<EventLoop::Timer> deadline;
    std::unique_ptr<RunningProbe> run;
    bool ended = false;
    bool ok = false;
    std::string detail;
  };
  Result<std::unique_ptr<RunningProbe>> begin(const ProbeStart& probe);
  void end(const std::string& id, bool ok, std::string detail);
  void deliver();

  EventLoop& loop_;
  bool use_pidfd_;
  OnEnd on_end_;
  ChildReaper reaper_;
  std::map<std::string, Entry> probes_;
  std::vector<std::string> ended_;
  std::unique_ptr<EventLoop::Timer> deliver_;
};

}  // namespace holdfast::base
