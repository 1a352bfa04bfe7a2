// SPDX-License-Identifier: Apache-2.0
// ProcessHost: the process half of LinuxHost. Starts each process under a holdfast-shim of its own, reads its
// run folder (base/run_format.hpp), and tells when something changed. All truth is in the run folders: a new
// agent finds there what the last one left.
//
// Life and death: a shim lives while its lock is held; a workload lives while (boot id, pid, start time)
// names a process. Neither can be mistaken for a pid used again.
// Threads: one, the event loop's.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/cgroup.hpp"
#include "base/event_loop.hpp"
#include "base/host.hpp"
#include "base/inotify.hpp"
#include "base/run_record.hpp"

namespace holdfast::base {

class ProcessHost {
 public:
  struct Options {
    std::string run_dir;
    std::string log_dir;
    std::string shim_path;
    std::string boot_id;
    bool use_pidfd = true;  ///< off: as on kernels before 5.3
    bool use_cgroups = true;
  };
  using OnChange = std::function<void(const std::string& instance)>;

  static Result<std::unique_ptr<ProcessHost>> open(EventLoop& loop, Options options, OnChange on_change);
  ~ProcessHost();
  ProcessHost(const ProcessHost&) = delete;
  ProcessHost& operator=(const ProcessHost&) = delete;

  Result<ProcessStatus> start(const ProcessStart& start);
  Result<ProcessStatus> status(const ProcessId& id) const;
  Result<std::vector<ProcessStatus>> all() const;
  Status stop(const ProcessId& id, std::chrono::milliseconds grace);
  Status forget(const ProcessId& id, bool with_logs);

 private:
  struct Followed;

  ProcessHost(EventLoop& loop, Options options, OnChange on_change, Inotify inotify);
  Status adopt_all();
  std::string folder_of(const std::string& instance) const;
  ProcessStatus observe(const std::string& instance) const;
  Status launch(const std::string& instance, const Fd& lock);
  void follow(const std::string& instance);
  void follow_pid(Followed& followed, const std::string& instance, const ProcessIdentity& identity);
  void drain_output(Followed& followed, const std::string& instance);
  void unfollow(const std::string& instance);
  void take_folder_events();
  void look_again();
  void changed(const std::string& instance);
  void stop_lost(const std::string& instance, std::chrono::milliseconds grace);
  void kill_lost(const std::string& instance) const;

  EventLoop& loop_;
  Options options_;
  OnChange on_change_;
  Cgroups cgroups_;
  Inotify inotify_;
  std::map<std::string, std::unique_ptr<Followed>> followed_;
  std::unique_ptr<EventLoop::Timer> look_again_;  ///< where there is no pidfd
  std::set<std::string> over_already_;            ///< started, and ended before start() returned
  std::unique_ptr<EventLoop::Timer> tell_;
};

}  // namespace holdfast::base
