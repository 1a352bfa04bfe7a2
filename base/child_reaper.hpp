// SPDX-License-Identifier: Apache-2.0
// ChildReaper: takes over children that were killed, until the kernel has let go of them.
// Threads: the event loop's.
#pragma once

#include <sys/types.h>

#include <memory>
#include <vector>

#include "base/event_loop.hpp"

namespace holdfast::base {

class ChildReaper {
 public:
  explicit ChildReaper(EventLoop& loop);
  ~ChildReaper();
  ChildReaper(const ChildReaper&) = delete;
  ChildReaper& operator=(const ChildReaper&) = delete;

  /// REQUIRES: `pid` is our child and the leader of its process group, not waited for yet. Kills the whole
  /// group.
  void kill_and_reap(pid_t pid);
  /// Those that do not die: stuck in the kernel.
  std::size_t waiting() const { return pids_.size(); }

 private:
  void reap();

  std::vector<pid_t> pids_;
  std::unique_ptr<EventLoop::Timer> timer_;
};

}  // namespace holdfast::base
