// SPDX-License-Identifier: Apache-2.0
#include "base/shim/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/limits/agent.hpp"
#include "base/shim/stop_order.hpp"
#include "base/shim/system.hpp"

namespace holdfast::base::shim {
namespace {

constexpr int kKillAgainMs = 100;
constexpr std::int64_t kDescendantsWaitMs = 5'000;
constexpr int kRecordTriesMax = 20;
constexpr std::int64_t kDefaultGraceMs =
    std::chrono::duration_cast<std::chrono::milliseconds>(limits::kTerminationGraceDefault).count();

sigset_t handled_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal : {SIGTERM, SIGCHLD, SIGINT, SIGHUP, SIGQUIT}) ::sigaddset(&set, signal);
  return set;
}

void sleep_ms(long ms) {
  const timespec pause{ms / 1000, ms % 1000 * 1'000'000};
  ::nanosleep(&pause, nullptr);
}

std::size_t last_slash(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash == nullptr ? 0 : static_cast<std::size_t>(slash - path);
}

/// The counter "oom_kill" in a file of a memory cgroup, v2 or v1.
bool killed_for_memory(const char* cgroup, const char* file) {
  Text<run_format::kCgroupPathBytesMax + 32> path;
  path.add(cgroup).add("/").add(file);
  char text[512];
  if (read_whole(AT_FDCWD, path.c_str(), text, sizeof text) <= 0) return false;
  const char* at = std::strstr(text, "oom_kill ");
  if (at == nullptr) return false;
  at += std::strlen("oom_kill ");
  return take_number(at) > 0;
}

}  // namespace

Supervisor::Supervisor(int run_folder, const Run& run, State& state, Output& output, int output_fd)
    : run_folder_(run_folder), run_(run), state_(state), output_(output), output_fd_(output_fd) {}

void Supervisor::block_signals() {
  const sigset_t set = handled_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

void Supervisor::watch_over() {
  const sigset_t set = handled_signals();
  const int signals = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  // An order given between the agent's start and ours came with a signal to nobody.
  if (read_stop_order(run_folder_, run_) >= 0) begin_stop(-1);
  while (!state_.exited) {
    wait_for_event(signals);
    if (kill_at_ms_ >= 0 && monotonic_ms() >= kill_at_ms_ && !state_.exited) kill_all();
  }
  end_descendants();
  output_.finish();
  note_out_of_memory();
  record_end();
  remove_cgroups();
}

int Supervisor::wait_ms() const {
  if (kill_at_ms_ < 0) return -1;
  const std::int64_t left = kill_at_ms_ - monotonic_ms();
  if (left <= 0) return kKillAgainMs;
  return left > INT32_MAX ? INT32_MAX : static_cast<int>(left);
}

void Supervisor::wait_for_event(int signals) {
  pollfd waited[2] = {{output_fd_, POLLIN, 0}, {signals, POLLIN, 0}};
  if (::poll(waited, 2, wait_ms()) <= 0) return;
  if ((waited[0].revents & POLLIN) != 0) output_.read_some();
  if ((waited[1].revents & POLLIN) != 0) take_signals(signals);
}

void Supervisor::take_signals(int signals) {
  signalfd_siginfo info{};
  while (::read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGTERM) begin_stop(info.ssi_code == SI_QUEUE ? info.ssi_int : -1);
    if (info.ssi_signo == SIGCHLD) reap();
  }
}

void Supervisor::reap() {
  int status = 0;
  while (true) {
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    if (pid != state_.pid) continue;  // one of its orphans
    state_.exited = true;
    state_.ended_ms = wall_ms();
    if (WIFSIGNALED(status)) {
      state_.exit_signal = WTERMSIG(status);
    } else {
      state_.exit_code = WEXITSTATUS(status);
    }
  }
}

void Supervisor::begin_stop(std::int64_t signalled_ms) {
  std::int64_t grace = read_stop_order(run_folder_, run_);
  // The shorter one: a record that could not be replaced is older than the signal.
  if (grace < 0 || (signalled_ms >= 0 && signalled_ms < grace)) grace = signalled_ms;
  if (grace < 0) grace = kDefaultGraceMs;
  const std::int64_t kill_at = monotonic_ms() + grace;
  if (kill_at_ms_ < 0 || kill_at < kill_at_ms_) kill_at_ms_ = kill_at;
  if (state_.exited) return;
  ::kill(-state_.pid, SIGTERM);
  ::kill(-state_.pid, SIGCONT);  // one that is halted could not take it
}

void Supervisor::kill_all() const {
  for (std::size_t i = 0; i < run_.cgroup_count; ++i) {
    Text<run_format::kCgroupPathBytesMax + 16> path;
    path.add(run_.cgroups[i].c_str()).add("/cgroup.kill");
    write_control(path.c_str(), "1");
  }
  if (!state_.exited) ::kill(-state_.pid, SIGKILL);
  signal_children(SIGKILL);
}

/// What the workload leaves behind ends with it, wherever it hid: it is our child by now or will be.
void Supervisor::end_descendants() {
  const std::int64_t give_up_at = monotonic_ms() + kDescendantsWaitMs;
  while (::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD) {
    kill_all();
    output_.read_some();
    if (monotonic_ms() >= give_up_at) return;
    sleep_ms(1);
  }
}

void Supervisor::note_out_of_memory() {
  if (state_.exit_signal != SIGKILL) return;
  for (std::size_t i = 0; i < run_.cgroup_count; ++i) {
    const char* cgroup = run_.cgroups[i].c_str();
    if (!killed_for_memory(cgroup, "memory.events") && !killed_for_memory(cgroup, "memory.oom_control"))
      continue;
    state_.detail.clear();
    state_.detail.add("out of memory: it reached its limit and was killed by the kernel");
    return;
  }
}

void Supervisor::record_end() {
  for (int tried = 0; tried < kRecordTriesMax; ++tried) {
    // Without a folder there is nobody who would ask.
    if (write_state(run_folder_, run_, state_) || errno == ENOENT) return;
    sleep_ms(1000);
  }
}

void Supervisor::remove_cgroups() const {
  for (std::size_t i = 0; i < run_.cgroup_count; ++i) {
    Text<run_format::kCgroupPathBytesMax> family;
    family.add(run_.cgroups[i].c_str(), last_slash(run_.cgroups[i].c_str()));
    // The last member may still be on its way out.
    for (int tried = 0; tried < 100 && ::rmdir(run_.cgroups[i].c_str()) != 0 && errno == EBUSY; ++tried)
      sleep_ms(1);
    ::rmdir(family.c_str());  // if it was the last of them
  }
}

}  // namespace holdfast::base::shim
