// SPDX-License-Identifier: Apache-2.0
#include "base/process_host.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <set>
#include <utility>

#include "base/host_account.hpp"
#include "base/limits/agent.hpp"
#include "base/log.hpp"
#include "base/plain_file.hpp"
#include "base/process_check.hpp"
#include "base/process_identity.hpp"
#include "base/run_folder.hpp"
#include "base/run_format.hpp"
#include "base/shim_launch.hpp"

namespace holdfast::base {
namespace {

constexpr std::chrono::milliseconds kLockWait{1000};
constexpr std::chrono::milliseconds kLookAgain{1000};
constexpr std::size_t kProcInfoBytesMax = 1U << 20U;
/// Files a process may have been given mean nothing: only the state record moving into place is news.
constexpr std::uint32_t kFolderMask = IN_MOVED_TO | IN_DELETE_SELF;

Result<std::string> new_nonce() {
  std::array<char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return fail(Error::from_errno(errno, "no random bytes from the kernel"));
  }
  return to_hex({bytes.data(), bytes.size()});
}

CgroupMounts host_cgroups(bool wanted) {
  if (!wanted) return {};
  return parse_cgroup_mounts(read_plain_file("/proc/self/mountinfo", kProcInfoBytesMax).value_or(""),
                             read_plain_file("/proc/self/cgroup", kProcInfoBytesMax).value_or(""));
}

/// Waits for a process's end without being its parent; none on kernels before 5.3.
Fd open_pidfd(const ProcessIdentity& identity) {
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(identity.pid), 0)));
}

/// Whose end is the next news: the shim's, or the workload's where the shim is gone.
const std::optional<ProcessIdentity>& whom_to_follow(const ProcessStatus& status) {
  return status.phase == ProcessPhase::kRunning ? status.shim : status.identity;
}

/// The lock was held a moment ago, so the number is still the shim's. The grace travels with the signal as well, for
/// the shim that finds no record: a disk that is full must not keep a process from being stopped.
void signal_shim(const ProcessIdentity& shim, std::chrono::milliseconds grace) {
  sigval with{};
  with.sival_int = static_cast<int>(std::min<std::int64_t>(grace.count(), std::numeric_limits<int>::max()));
  ::sigqueue(static_cast<pid_t>(shim.pid), SIGTERM, with);
}

void signal_group(const ProcessIdentity& identity, int signal) {
  ::kill(static_cast<pid_t>(-identity.pid), signal);
}

void fill_from_state(ProcessStatus& status, const StateRecord& state) {
  status.started = state.started;
  status.exit_code = state.exit_code;
  status.exit_signal = state.exit_signal;
  status.detail = state.detail;
  if (state.exited) status.ended = state.ended;
}

Status make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return fail(Error::from_errno(errno, "cannot make folder '" + part + "'"));
    }
    if (slash == std::string::npos) return {};
  }
}

}  // namespace

/// What is held for one process to learn of its changes.
struct ProcessHost::Followed {
  explicit Followed(EventLoop& event_loop) : loop(event_loop) {}
  Followed(const Followed&) = delete;
  Followed& operator=(const Followed&) = delete;
  ~Followed() {
    drop(pid);
    drop(output);
  }
  void drop(Fd& fd) {
    if (fd) loop.unwatch(fd.get());
    fd.reset();
  }

  EventLoop& loop;
  int folder_watch = -1;
  ProcessIdentity whose;  ///< whom `pid` watches: the shim, or the workload of a lost one
  Fd pid;
  Fd output;                                                   ///< read by us when the shim is gone
  std::vector<std::unique_ptr<EventLoop::Timer>> kill_timers;  ///< of a lost workload that is to end
  std::chrono::milliseconds shortest_grace{0};
};

ProcessHost::ProcessHost(EventLoop& loop, Options options, OnChange on_change, Inotify inotify)
    : loop_(loop),
      options_(std::move(options)),
      on_change_(std::move(on_change)),
      cgroups_(host_cgroups(options_.use_cgroups), options_.run_dir),
      inotify_(std::move(inotify)),
      look_again_(loop.timer([this] { look_again(); })),
      tell_(loop.timer([this] {
        for (const std::string& instance : std::exchange(over_already_, {})) changed(instance);
      })) {}

ProcessHost::~ProcessHost() { loop_.unwatch(inotify_.fd()); }

Result<std::unique_ptr<ProcessHost>> ProcessHost::open(EventLoop& loop, Options options, OnChange on_change) {
  HF_CHECK(make_folders(options.run_dir));
  HF_TRY(Inotify inotify, Inotify::create());
  std::unique_ptr<ProcessHost> host(
      new ProcessHost(loop, std::move(options), std::move(on_change), std::move(inotify)));
  HF_CHECK(loop.watch(host->inotify_.fd(), Ready::kRead,
                      [self = host.get()](Ready) { self->take_folder_events(); }));
  HF_CHECK(host->adopt_all());
  return host;
}

Status ProcessHost::adopt_all() {
  HF_TRY(const auto statuses, all());
  for (const ProcessStatus& status : statuses) {
    follow(status.id.instance);
    // The stop that an earlier agent ordered and did not live to finish.
    if (status.phase != ProcessPhase::kLost || !status.identity || !status.stopped_by_us) continue;
    if (const auto stop = RunFolder(folder_of(status.id.instance)).stop())
      stop_lost(status.id.instance, stop->grace);
  }
  return {};
}

std::string ProcessHost::folder_of(const std::string& instance) const {
  return options_.run_dir + "/" + instance;
}

// ---- reading ----

ProcessStatus ProcessHost::observe(const std::string& instance) const {
  ProcessStatus status;
  status.id.instance = instance;
  const RunFolder folder(folder_of(instance));
  // In this order: a shim that is gone by now has recorded before it went.
  const bool shim_lives = folder.shim_lives();
  const auto start = folder.start();
  if (!start) return status;
  status.boot_id = start->boot_id;
  status.mark = start->mark;
  status.spec_digest = start->spec_digest;
  status.limits_unenforced = start->limits_unenforced;
  const auto state = folder.state();
  if (!state || state->run != start->run) return status;
  fill_from_state(status, *state);
  const auto stop = folder.stop();
  status.stopped_by_us = stop && stop->run == start->run;

  if (state->exited) {
    status.phase = ProcessPhase::kExited;
  } else if (shim_lives && state->shim.boot_id == options_.boot_id) {
    status.phase = ProcessPhase::kRunning;
    status.identity = state->workload;
    status.shim = state->shim;
  } else {
    status.phase = ProcessPhase::kLost;
    if (is_alive(state->workload, options_.boot_id)) status.identity = state->workload;
  }
  return status;
}

Result<ProcessStatus> ProcessHost::status(const ProcessId& id) const {
  HF_CHECK(check_process_id(id));
  return observe(id.instance);
}

Result<std::vector<ProcessStatus>> ProcessHost::all() const {
  const Handle<DIR, ::closedir> listing(::opendir(options_.run_dir.c_str()));
  if (!listing) return fail(Error::from_errno(errno, "cannot list '" + options_.run_dir + "'"));
  std::set<std::string> instances;
  while (const dirent* entry = ::readdir(listing.get())) {
    ProcessId id{entry->d_name};
    if (check_process_id(id) && RunFolder(folder_of(id.instance)).exists())
      instances.insert(std::move(id.instance));
  }
  std::vector<ProcessStatus> statuses;
  statuses.reserve(instances.size());
  for (const std::string& instance : instances) statuses.push_back(observe(instance));
  return statuses;
}

// ---- starting ----

Result<ProcessStatus> ProcessHost::start(const ProcessStart& start) {
  HF_CHECK(check_process_start(start));
  const std::string& instance = start.id.instance;
  const ProcessStatus before = observe(instance);
  if (before.phase == ProcessPhase::kRunning || before.identity) {
    return fail(Code::kConflict, "process '" + instance + "' runs already");
  }
  HF_TRY(auto user, host_account(start.user));
  const RunFolder folder(folder_of(instance));
  HF_CHECK(make_folders(options_.run_dir));
  HF_CHECK(folder.make());
  // A shim that has recorded an end is about to go; any other is at work.
  auto lock =
      folder.take_lock(before.phase == ProcessPhase::kAbsent ? std::chrono::milliseconds(0) : kLockWait);
  if (!lock) return fail(std::move(lock).error().with_context("process '" + instance + "'"));

  StartRecord record;
  HF_TRY(record.run, new_nonce());
  const Cgroups::Made made = cgroups_.make(instance, {start.memory_bytes_max, start.cpu_milli_max});
  record.boot_id = options_.boot_id;
  record.mark = start.mark;
  record.spec_digest = start.spec_digest;
  record.limits_unenforced = made.unenforced;
  record.user = std::move(user);
  record.working_dir = start.working_dir;
  record.cgroups = made.paths;
  record.late_cgroups = made.late_paths;
  record.argv = start.argv;
  record.env = start.env;
  Status launched = folder.write(record);
  if (launched) {
    // Only now: where there was no room for this start, what is known of the last one stands.
    folder.clear_earlier();
    launched = launch(instance, *lock);
  }
  lock->reset();
  if (!launched) {
    for (const std::string& cgroup : record.all_cgroups()) Cgroups::remove(cgroup);
    return fail(std::move(launched).error().with_context("process '" + instance + "'"));
  }
  follow(instance);
  ProcessStatus status = observe(instance);
  if (status.phase != ProcessPhase::kRunning) {
    // Over before anyone could watch it: an event all the same, but not from inside this call.
    over_already_.insert(instance);
    tell_->set(std::chrono::milliseconds(0));
  }
  return status;
}

Status ProcessHost::launch(const std::string& instance, const Fd& lock) {
  const RunFolder folder(folder_of(instance));
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(limits::kShimStartTimeout);
  Status launched =
      launch_shim({options_.shim_path, folder.path(), options_.log_dir + "/" + instance, timeout}, lock);
  if (!launched && launched.error().code() == Code::kTimeout) {
    // Should it come up after all, it finds this and does not begin, or ends at once.
    if (const auto start = folder.start()) {
      if (auto written = folder.write(StopRecord{start->run, {}}); !written) return written;
    }
  }
  return launched;
}

// ---- ending ----

Status ProcessHost::stop(const ProcessId& id, std::chrono::milliseconds grace) {
  HF_CHECK(check_process_id(id));
  if (grace.count() < 0) return fail(Code::kInvalid, "a grace of less than nothing");
  const ProcessStatus status = observe(id.instance);
  const bool runs = status.phase == ProcessPhase::kRunning || status.identity;
  const RunFolder folder(folder_of(id.instance));
  if (!runs && !folder.shim_lives()) return {};
  const auto start = folder.start();
  if (!start) return {};
  if (status.phase == ProcessPhase::kExited) return {};
  // An order that stands already has the earlier deadline, unless this one is for less.
  const auto standing = folder.stop();
  const bool repeated = standing && standing->run == start->run;
  const Status ordered =
      folder.write(StopRecord{start->run, repeated ? std::min(standing->grace, grace) : grace});
  if (status.phase == ProcessPhase::kRunning && status.shim) {
    signal_shim(*status.shim, grace);
  } else if (status.identity) {
    stop_lost(id.instance, grace);
  } else {
    return ordered;  // a shim on its way up: nothing but the record reaches it
  }
  if (!ordered) log::failure("stopped without a record of the order", id.instance, ordered.error());
  return {};
}

/// Without its shim the workload gets from us what the shim would have given it.
void ProcessHost::stop_lost(const std::string& instance, std::chrono::milliseconds grace) {
  const ProcessStatus status = observe(instance);
  if (!status.identity) return;
  follow(instance);
  signal_group(*status.identity, SIGTERM);
  signal_group(*status.identity, SIGCONT);
  const auto found = followed_.find(instance);
  if (found == followed_.end()) return;
  // Asked again, the earlier deadline holds; only a shorter grace can bring an earlier one.
  Followed& followed = *found->second;
  if (!followed.kill_timers.empty() && followed.shortest_grace <= grace) return;
  followed.shortest_grace = grace;
  followed.kill_timers.push_back(loop_.timer([this, instance] { kill_lost(instance); }));
  followed.kill_timers.back()->set(grace);
}

void ProcessHost::kill_lost(const std::string& instance) const {
  const ProcessStatus status = observe(instance);
  if (status.phase != ProcessPhase::kLost || !status.identity) return;
  if (const auto start = RunFolder(folder_of(instance)).start()) {
    for (const std::string& cgroup : start->all_cgroups()) Cgroups::kill(cgroup);
  }
  for (const std::int64_t pid : pids_of_session(status.identity->pid))
    ::kill(static_cast<pid_t>(pid), SIGKILL);
  signal_group(*status.identity, SIGKILL);
}

Status ProcessHost::forget(const ProcessId& id, bool with_logs) {
  HF_CHECK(check_process_id(id));
  const RunFolder folder(folder_of(id.instance));
  const ProcessStatus status = observe(id.instance);
  if (status.phase == ProcessPhase::kRunning || status.identity) {
    return fail(Code::kConflict, "process '" + id.instance + "' still runs");
  }
  if (folder.exists()) {
    // Held until the folder is gone, so that no shim of ours is cut off from its record.
    auto lock = folder.take_lock(kLockWait);
    if (!lock) return fail(std::move(lock).error().with_context("process '" + id.instance + "'"));
    if (const auto start = folder.start()) {
      for (const std::string& cgroup : start->all_cgroups()) Cgroups::remove(cgroup);
    }
    unfollow(id.instance);
    HF_CHECK(folder.remove());
  }
  if (with_logs) HF_CHECK(remove_flat_folder(options_.log_dir + "/" + id.instance));
  return {};
}

// ---- following ----

void ProcessHost::changed(const std::string& instance) {
  follow(instance);
  on_change_(instance);
}

void ProcessHost::follow(const std::string& instance) {
  const ProcessStatus status = observe(instance);
  if (!RunFolder(folder_of(instance)).exists()) {
    unfollow(instance);
    return;
  }
  auto& followed = followed_[instance];
  if (!followed) followed = std::make_unique<Followed>(loop_);
  if (followed->folder_watch < 0) {
    const Fd folder(::open(folder_of(instance).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (folder) followed->folder_watch = inotify_.add(folder, kFolderMask).value_or(-1);
  }
  const bool lost_alive = status.phase == ProcessPhase::kLost && status.identity;
  if (const auto& whom = whom_to_follow(status)) {
    follow_pid(*followed, instance, *whom);
  } else {
    followed->drop(followed->pid);
  }
  if (lost_alive) {
    drain_output(*followed, instance);
  } else {
    followed->drop(followed->output);
    followed->kill_timers.clear();
  }
}

void ProcessHost::follow_pid(Followed& followed, const std::string& instance,
                             const ProcessIdentity& identity) {
  if (followed.pid && followed.whose == identity) return;
  followed.drop(followed.pid);
  followed.whose = identity;
  if (options_.use_pidfd) followed.pid = open_pidfd(identity);
  // Only now can the number no longer change hands: is it still the one that was meant?
  if (followed.pid && whom_to_follow(observe(instance)) != identity) followed.pid.reset();
  if (followed.pid) {
    const auto watched = loop_.watch(followed.pid.get(), Ready::kRead, [this, instance](Ready) {
      const auto found = followed_.find(instance);
      if (found != followed_.end()) found->second->drop(found->second->pid);
      changed(instance);
    });
    if (!watched) followed.pid.reset();
  }
  if (!followed.pid) look_again_->set(kLookAgain);
}

/// Nobody reads what a lost workload writes, and a full FIFO would halt it.
void ProcessHost::drain_output(Followed& followed, const std::string& instance) {
  if (followed.output) return;
  followed.output = RunFolder(folder_of(instance)).open_output();
  if (!followed.output) return;
  const int fd = followed.output.get();
  const auto watched = loop_.watch(fd, Ready::kRead, [this, instance, fd](Ready) {
    std::array<char, 16U << 10U> dropped{};
    if (::read(fd, dropped.data(), dropped.size()) > 0) return;
    const auto found = followed_.find(instance);
    if (found != followed_.end()) found->second->drop(found->second->output);
  });
  if (!watched) followed.output.reset();
}

void ProcessHost::unfollow(const std::string& instance) {
  const auto found = followed_.find(instance);
  if (found == followed_.end()) return;
  if (found->second->folder_watch >= 0) inotify_.remove(found->second->folder_watch);
  followed_.erase(found);
}

void ProcessHost::take_folder_events() {
  std::set<std::string> instances;
  for (const InotifyEvent& event : inotify_.read()) {
    const bool overflow = (event.mask & IN_Q_OVERFLOW) != 0;
    for (auto& [instance, followed] : followed_) {
      if (!overflow && followed->folder_watch != event.watch) continue;
      if ((event.mask & IN_IGNORED) != 0) followed->folder_watch = -1;
      if (overflow || event.name.empty() || event.name == run_format::kStateFile) instances.insert(instance);
    }
  }
  for (const std::string& instance : instances) changed(instance);
}

/// Where the kernel has no pidfd, a shim that was killed shows only when one looks.
void ProcessHost::look_again() {
  bool more = false;
  std::vector<std::string> gone;
  for (const auto& [instance, followed] : followed_) {
    if (followed->pid || followed->whose.pid == 0) continue;
    if (whom_to_follow(observe(instance)) == followed->whose) {
      more = true;
    } else {
      followed->whose = {};
      gone.push_back(instance);
    }
  }
  for (const std::string& instance : gone) changed(instance);
  if (more) look_again_->set(kLookAgain);
}

}  // namespace holdfast::base
