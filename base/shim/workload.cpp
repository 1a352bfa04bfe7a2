// SPDX-License-Identifier: Apache-2.0
#include "base/shim/workload.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/child_setup.hpp"
#include "base/shim/system.hpp"

namespace holdfast::base::shim {
namespace {

enum class Step { kCgroup, kUser, kFolder, kOutput, kExecute };

struct Failure {
  int error;
  Step step;
};

const char* text_of(Step step) {
  switch (step) {
    case Step::kCgroup: return "cannot enter its cgroup";
    case Step::kUser: return "cannot become the user";
    case Step::kFolder: return "cannot enter the working folder";
    case Step::kOutput: return "cannot connect its output";
    case Step::kExecute: return "cannot execute";
  }
  return "";
}

[[noreturn]] void give_up(int report, Step step) {
  const Failure failure{errno, step};
  write_whole(report, reinterpret_cast<const char*>(&failure), sizeof failure);
  ::_exit(run_format::kExitNotFound);
}

bool enter_cgroups(const Run& run) {
  for (std::size_t i = 0; i < run.cgroup_count; ++i) {
    if (run.enter_late[i]) continue;
    Text<run_format::kCgroupPathBytesMax + 16> path;
    path.add(run.cgroups[i].c_str()).add("/cgroup.procs");
    if (!write_control(path.c_str(), "0")) return false;
  }
  return true;
}

const char* path_of(char** envp) {
  for (; *envp != nullptr; ++envp) {
    if (std::strncmp(*envp, "PATH=", 5) == 0) return *envp + 5;
  }
  return run_format::kDefaultPath;
}

/// As execvpe, but with the PATH of the workload's environment instead of ours. Returns only on failure.
void execute(const StartRecord& record) {
  const char* name = record.argv[0];
  if (std::strchr(name, '/') != nullptr) {
    ::execve(name, record.argv, record.envp);
    return;
  }
  int error = ENOENT;
  const char* at = path_of(record.envp);
  while (true) {
    const std::size_t length = std::strcspn(at, ":");
    Text<4096> candidate;
    candidate.add(at, length).add(length > 0 ? "/" : "").add(name);
    ::execve(candidate.c_str(), record.argv, record.envp);
    // What is there and may not be run says more than what is not there.
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    if (at[length] == '\0') break;
    at += length + 1;
  }
  errno = error;
}

[[noreturn]] void run_child(const StartRecord& record, int output, int report) {
  ::setsid();
  child::reset_signals();
  // The agent and the shim may be protected from the out-of-memory killer; a workload is not.
  write_control("/proc/self/oom_score_adj", "0");
  if (!enter_cgroups(record.run)) give_up(report, Step::kCgroup);
  if (!child::connect_standard(output)) give_up(report, Step::kOutput);
  ::umask(022);
  const bool is_user =
      !record.change_user || child::become(record.uid, record.gid, record.groups, record.group_count);
  if (!is_user) give_up(report, Step::kUser);
  if (::chdir(record.working_dir) != 0) give_up(report, Step::kFolder);
  child::close_inherited();
  execute(record);
  give_up(report, Step::kExecute);
}

}  // namespace

void enter_late_cgroups(const Run& run, pid_t pid) {
  Text<16> number;
  number.add_number(pid);
  for (std::size_t i = 0; i < run.cgroup_count; ++i) {
    if (!run.enter_late[i]) continue;
    Text<run_format::kCgroupPathBytesMax + 16> path;
    path.add(run.cgroups[i].c_str()).add("/cgroup.procs");
    write_control(path.c_str(), number.c_str());
  }
}

Launch start_workload(const StartRecord& record, int output) {
  Launch launch;
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) {
    launch.error = errno;
    launch.what = "cannot make a pipe";
    return launch;
  }
  const pid_t pid = ::fork();
  if (pid == 0) run_child(record, output, report[1]);
  ::close(report[1]);
  if (pid < 0) {
    launch.error = errno;
    launch.what = "cannot fork";
  } else {
    Failure failure{};
    ssize_t n = 0;
    do {
      n = ::read(report[0], &failure, sizeof failure);
    } while (n < 0 && errno == EINTR);
    if (n == static_cast<ssize_t>(sizeof failure)) {
      ::waitpid(pid, nullptr, 0);
      launch.error = failure.error;
      launch.what = text_of(failure.step);
      launch.not_executed = failure.step == Step::kExecute;
    } else {
      launch.pid = pid;
    }
  }
  ::close(report[0]);
  return launch;
}

}  // namespace holdfast::base::shim
