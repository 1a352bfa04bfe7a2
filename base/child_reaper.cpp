// SPDX-License-Identifier: Apache-2.0
#include "base/child_reaper.hpp"

#include <signal.h>
#include <sys/wait.h>

namespace holdfast::base {
namespace {

constexpr std::chrono::milliseconds kPause{20};

}  // namespace

ChildReaper::ChildReaper(EventLoop& loop) : timer_(loop.timer([this] { reap(); })) {}

ChildReaper::~ChildReaper() { reap(); }

void ChildReaper::kill_and_reap(pid_t pid) {
  // The leader, dead or not, has not been waited for: its number still names this group and no other.
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);
  pids_.push_back(pid);
  reap();
}

void ChildReaper::reap() {
  std::erase_if(pids_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
  if (!pids_.empty()) timer_->set(kPause);
}

}  // namespace holdfast::base
