// SPDX-License-Identifier: Apache-2.0
// holdfast-shim RUN_FOLDER LOG_FOLDER: the parent of one supervised process; holdfast-shim pause: the first process of a container
// that owns the network of a pod (edge_agent/network_image.hpp). It outlives the agent that
// started it, takes the output, and records the end where the next agent finds it (base/run_format.hpp). One
// costs next to nothing, because there is one for each process: static, no C++ library, no allocation, no
// standard I/O. Not for people: the agent starts it, with a report pipe as descriptor 3 and the held lock
// as 4. Threads: one.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include "base/run_format.hpp"
#include "base/shim/output.hpp"
#include "base/shim/start_record.hpp"
#include "base/shim/state_record.hpp"
#include "base/shim/stop_order.hpp"
#include "base/shim/supervisor.hpp"
#include "base/shim/system.hpp"
#include "base/shim/workload.hpp"

namespace holdfast::base::shim {
namespace {

/// Tells the agent that waits, if it still does.
void report(const char* text, int error, const char* subject) {
  Text<1024> line;
  if (error == 0) {
    line.add(text);
  } else {
    line.add("error ").add_number(error).add(" ").add(text);
    if (subject != nullptr) line.add(" '").add(subject).add("'");
  }
  line.add("\n");
  write_whole(run_format::kReportFd, line.data(), line.size());
  ::close(run_format::kReportFd);
}

int refuse(const char* text, const char* subject = nullptr) {
  report(text, errno == 0 ? EINVAL : errno, subject);
  return 1;
}

/// Out of the agent's hands: not its child, not in its session.
void detach() {
  const pid_t pid = ::fork();
  if (pid < 0) ::_exit(refuse("cannot fork"));
  if (pid > 0) ::_exit(0);
  ::setsid();
  ::umask(077);
  if (::chdir("/") != 0) ::_exit(refuse("cannot leave the working folder"));
  ::fcntl(run_format::kReportFd, F_SETFD, FD_CLOEXEC);
  ::fcntl(run_format::kLockFd, F_SETFD, FD_CLOEXEC);
#ifdef SYS_close_range
  ::syscall(SYS_close_range, static_cast<unsigned>(run_format::kLockFd + 1), ~0U, 0U);
#endif
}

/// Survives what its workload may not: memory pressure, and orphans of it.
void take_charge() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  write_control("/proc/self/oom_score_adj", "-900");
  Supervisor::block_signals();
}

/// A FIFO rather than a pipe, held open for reading by the workload itself: if this shim is killed, the
/// workload goes on instead of dying of SIGPIPE, and the agent can take over reading.
int open_output(int run_folder, const StartRecord& record, int flags) {
  const int fd = ::openat(run_folder, run_format::kOutputFifo, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags);
  // So that the workload may open its own /dev/stdout.
  if (fd >= 0 && record.change_user && ::fchown(fd, record.uid, record.gid) != 0) return fd;
  return fd;
}

bool make_output(int run_folder) {
  ::unlinkat(run_folder, run_format::kOutputFifo, 0);
  return ::mkfifoat(run_folder, run_format::kOutputFifo, 0600) == 0;
}

const char* subject_of(const Launch& launch, const StartRecord& record) {
  if (launch.not_executed) return record.argv[0];
  return record.working_dir;
}

int record_failure(int run_folder, const StartRecord& record, const Launch& launch) {
  State state;
  state.exited = true;
  state.started_ms = state.ended_ms = wall_ms();
  state.exit_code = launch.error == ENOENT ? run_format::kExitNotFound : run_format::kExitNotExecutable;
  state.detail.add(launch.what).add(" '").add(subject_of(launch, record)).add("'");
  write_state(run_folder, record.run, state);
  errno = launch.error;
  return refuse(launch.what, subject_of(launch, record));
}

/// Not on the stack and not allocated: pages that are never used are never there.
alignas(Output) char output_room[sizeof(Output)];
Run run_in_charge;

/// The first process of a container that owns a pod's network: it waits to be told to end, and reaps.
int wait_to_be_told() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  const int signals = ::signalfd(-1, &set, SFD_CLOEXEC);
  if (signals < 0) return 1;
  signalfd_siginfo info{};
  while (::read(signals, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo != SIGCHLD) return 0;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
  return 1;
}

int supervise(const char* run_path, const char* log_path) {
  const int run_folder = ::open(run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (run_folder < 0) return refuse("cannot open the run folder", run_path);

  State state;
  int output_fd = -1;
  {
    StartRecord record;
    if (const char* wrong = record.load(run_folder)) return refuse(wrong, run_path);
    run_in_charge = record.run;
    if (read_stop_order(run_folder, record.run) >= 0) {
      errno = ECANCELED;
      return refuse("stopped before it started");
    }
    if (!make_output(run_folder)) return refuse("cannot make the output of", record.argv[0]);
    output_fd = open_output(run_folder, record, O_NONBLOCK);
    const int workload_fd = open_output(run_folder, record, 0);
    if (output_fd < 0 || workload_fd < 0) return refuse("cannot open the output of", record.argv[0]);
    const Launch launch = start_workload(record, workload_fd);
    ::close(workload_fd);
    if (launch.pid == 0) return record_failure(run_folder, record, launch);
    state.pid = launch.pid;
  }
  state.pid_start = start_time_of(state.pid);
  state.started_ms = wall_ms();

  if (!write_state(run_folder, run_in_charge, state)) {
    // Nobody would ever find it again.
    const int error = errno;
    ::kill(-state.pid, SIGKILL);
    errno = error;
    return refuse("cannot record the start in", run_path);
  }
  reserve_state(run_folder);
  report("ok", 0, nullptr);
  enter_late_cgroups(run_in_charge, state.pid);

  auto* output = new (output_room) Output(output_fd, log_path);
  Supervisor(run_folder, run_in_charge, state, *output, output_fd).watch_over();
  return 0;
}

}  // namespace
}  // namespace holdfast::base::shim

int main(int argc, char** argv) {
  using namespace holdfast::base::shim;
  if (argc == 2 && std::strcmp(argv[1], "pause") == 0) return wait_to_be_told();
  if (argc != 3) {
    constexpr char kUsage[] = "holdfast-shim is started by holdfast-agent, not by hand\n";
    write_whole(STDERR_FILENO, kUsage, sizeof kUsage - 1);
    return 2;
  }
  detach();
  take_charge();
  return supervise(argv[1], argv[2]);
}
