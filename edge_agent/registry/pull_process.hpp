// SPDX-License-Identifier: Apache-2.0
// PullProcess: the child that pulls (registry/pull_child.hpp), as the event loop sees it. It dies with the agent; what it
// fetched stays in the store of blobs.
// Threads: the event loop's.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "base/child_reaper.hpp"
#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"
#include "edge_agent/registry/running_pull.hpp"

namespace holdfast::edge_agent {

class PullProcess final : public RunningPull {
 public:
  struct Seams {
    base::EventLoop& loop;
    base::ChildReaper& reaper;  ///< waits for one that was killed: it may be busy with a disk
  };
  /// `program` is started with the word of pull_child.hpp; "/proc/self/exe" is this one, whatever became of its file.
  static base::Result<std::unique_ptr<RunningPull>> start(Seams seams, const std::string& program,
                                                          const PullJob& job, PullListener listener);
  ~PullProcess() override;
  PullProcess(const PullProcess&) = delete;
  PullProcess& operator=(const PullProcess&) = delete;

 private:
  PullProcess(Seams seams, pid_t pid, base::Fd output, PullListener listener);
  void read();
  bool take_lines();
  void end(const base::Error* why);
  std::string wait();
  void kill();

  Seams seams_;
  pid_t pid_;
  base::Fd output_;
  PullListener listener_;
  std::unique_ptr<base::EventLoop::Timer> silence_;
  std::string pending_;
  std::optional<PullWord> last_;  ///< how it ended
};

}  // namespace holdfast::edge_agent
