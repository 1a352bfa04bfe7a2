// SPDX-License-Identifier: Apache-2.0
// FakeHost: the Host seam in memory, for tests and the simulator. Deterministic: nothing happens by itself;
// events wait until deliver(), time passes on the clock it is given. Foreign hands have calls of their own
// ("…_by_hand"), the machine's misfortunes too (faults, reboot, power cut). It records what was touched, so
// that "does nothing when nothing changed" can be asserted.
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/fake_files.hpp"
#include "base/host.hpp"

namespace holdfast::base {

/// How the programs of one process behave. The default runs until it is stopped and obeys at once.
struct FakeProgram {
  std::optional<Error> start_error;         ///< start_process fails with it
  std::chrono::milliseconds stop_takes{0};  ///< from SIGTERM to its end
  bool ignores_term = false;                ///< only SIGKILL ends it
  std::int32_t stop_exit_code = -1;         ///< of an obedient stop; -1: it dies of SIGTERM
  std::optional<std::int32_t> exits_with;   ///< ends by itself, `exits_after` its start
  std::chrono::milliseconds exits_after{0};
  bool start_leaves_nothing =
      false;  ///< a start that fails is not recorded as an end, and no earlier one is left
};

struct FakeProbeAnswer {
  bool ok = true;
  std::string detail;
  std::chrono::milliseconds after{0};  ///< beyond the probe's timeout: it times out
  std::optional<Error> start_error{};  ///< start_probe fails with it
};

/// How often each kind of call came.
struct Touched {
  std::size_t stats = 0;
  std::size_t reads = 0;
  std::size_t digests = 0;
  std::size_t writes = 0;
  std::size_t attributes = 0;
  std::size_t removes = 0;
  std::size_t mark_reads = 0;
  std::size_t mark_writes = 0;
  std::size_t process_looks = 0;
  std::size_t starts = 0;
  std::size_t stops = 0;
  std::size_t forgets = 0;
  std::size_t probes = 0;
  std::size_t changes() const {
    return writes + attributes + removes + mark_writes + starts + stops + forgets;
  }
  bool operator==(const Touched&) const = default;
};

class FakeHost final : public Host {
 public:
  /// `clock` outlives it.
  explicit FakeHost(const Clock& clock);

  // ---- Host ----
  Result<FileInfo> stat(const std::string& path) override;
  Result<std::string> read_file(const std::string& path, std::size_t bytes_max) override;
  Result<Digest> digest_file(const std::string& path) override;
  Result<FileInfo> write_file(const FileWrite& write) override;
  Result<FileInfo> set_attributes(const std::string& path, std::uint32_t mode,
                                  std::optional<std::uint32_t> uid,
                                  std::optional<std::uint32_t> gid) override;
  Status remove_file(const std::string& path) override;
  Result<std::string> read_mark(const std::string& path) override;
  Status write_mark(const std::string& path, const std::string& mark) override;
  Result<std::uint32_t> user_id(const std::string& user) override;
  Result<std::uint32_t> group_id(const std::string& group) override;
  Status watch_path(const std::string& path) override;
  void unwatch_path(const std::string& path) override;
  Result<ProcessStatus> start_process(const ProcessStart& start) override;
  Result<ProcessStatus> process(const ProcessId& id) override;
  Result<std::vector<ProcessStatus>> processes() override;
  Status stop_process(const ProcessId& id, std::chrono::milliseconds grace) override;
  Status forget_process(const ProcessId& id, bool with_logs) override;
  Status start_probe(const ProbeStart& probe) override;
  void cancel_probe(const std::string& id) override;
  std::string boot_id() override;
  void on_event(OnEvent listener) override { listener_ = std::move(listener); }

  // ---- time ----
  /// Lets everything happen whose time has come, then delivers what is waiting now; events that this causes
  /// wait for the next call. Returns how many were delivered.
  std::size_t deliver();
  /// When deliver() has something to do next: now if events wait; nullopt if nothing ever will.
  std::optional<MonotonicTime> next_due() const;

  // ---- foreign hands ----
  /// As an editor would: new content, everything else kept; a new file is root's with 0644 and no mark.
  void edit_by_hand(const std::string& path, const std::string& content);
  /// As edit_by_hand, with content of the same length and so soon after the last change that the stamp stays the same.
  void edit_within_tick_by_hand(const std::string& path, const std::string& content);
  void attributes_by_hand(const std::string& path, std::uint32_t mode, std::uint32_t uid, std::uint32_t gid);
  /// A file, a link or a folder with all that is in it.
  void remove_by_hand(const std::string& path);
  void folder_by_hand(const std::string& path);
  void link_by_hand(const std::string& path, const std::string& target);
  void special_by_hand(const std::string& path);
  /// As `cp -a`: content, attributes and mark.
  void copy_by_hand(const std::string& from, const std::string& to);
  /// kill -9 of the workload.
  void kill_by_hand(const ProcessId& id);
  void exit_by_hand(const ProcessId& id, std::int32_t code);
  /// kill -9 of the shim: the workload runs on.
  void kill_shim_by_hand(const ProcessId& id);
  /// The workload of a lost process ends, and nobody records how.
  void end_lost_by_hand(const ProcessId& id);

  // ---- the machine ----
  /// For the next starts of this instance.
  void set_program(const ProcessId& id, FakeProgram program);
  void set_probe(const std::string& probe_id, FakeProbeAnswer answer) {
    answers_[probe_id] = std::move(answer);
  }
  /// stop_process fails with it; nullopt ends that.
  void set_stop_error(std::optional<Error> error) { stop_error_ = std::move(error); }
  void set_user(const std::string& name, std::uint32_t id) { users_[name] = id; }
  void set_group(const std::string& name, std::uint32_t id) { groups_[name] = id; }
  /// At or below `path`; "/" is everything. nullopt ends it.
  void set_fault(const std::string& path, std::optional<FileFault> fault) { files_.set_fault(path, fault); }
  void clear_faults() { files_.clear_faults(); }
  void support_marks(bool supported) { files_.support_marks(supported); }
  /// Off: the agent is an ordinary user, the owner of what has uid 0.
  void set_privileged(bool privileged) { files_.set_privileged(privileged); }
  /// Which limits this host does not enforce, as ProcessStatus::limits_unenforced tells it.
  void set_limits_unenforced(std::string why) { limits_unenforced_ = std::move(why); }
  /// What waits for delivery is lost, and one event with an empty path says so.
  void lose_events();
  /// As above, and nothing says so: a file system that tells of no change.
  void swallow_events() { events_.clear(); }
  /// The agent is gone: its watches, probes and undelivered events with it. Files and processes stay.
  void agent_gone();
  /// An orderly reboot: files stay; no process lives, none recorded its end.
  void reboot();
  /// As reboot(), and what nobody promised to be durable is lost.
  void power_cut();
  /// Called before each call that changes something, with what it is ("write /etc/a", "start web"). For
  /// crashes.
  void before_change(std::function<void(const std::string&)> hook) { before_change_ = std::move(hook); }

  // ---- looking ----
  const FakeFiles::Entry* file(const std::string& path) const { return files_.find(path); }
  const FakeFiles::Entries& files() const { return files_.entries(); }
  bool is_watched(const std::string& path) const { return watched_.contains(path); }
  /// What a process was last started with; nullptr if never.
  const ProcessStart* started_with(const ProcessId& id) const;
  /// Workloads that live right now, under a shim or lost.
  std::set<std::string> running() const;
  std::size_t probes_running() const { return probes_.size(); }
  const Touched& touched() const { return touched_; }
  /// Every change that was asked for and done since the last forget_touched(), e.g. "remove /etc/a".
  const std::vector<std::string>& changes() const { return changes_; }
  void forget_touched();

 private:
  struct Process {
    ProcessStart start;
    ProcessStatus status;
    FakeProgram program;
    std::optional<ProcessStatus> durable;  ///< what a power cut leaves
    std::optional<MonotonicTime> ends_at;  ///< by itself or of its SIGTERM
    std::optional<MonotonicTime> kill_at;
  };
  struct Probe {
    MonotonicTime due{};
    bool ok = false;
    std::string detail;
  };

  void changing(const std::string& what);
  template <class T>
  Result<T> done(const std::string& what, Result<T> result);
  void push(HostEvent event);
  void push_file_events();
  Process* find(const ProcessId& id);
  void end(Process& process, std::int32_t code, std::int32_t signal);
  bool lives(const Process& process) const;
  void advance_processes();
  void advance_probes();
  void boot_again(bool lose_unsynced);
  void push_process(const std::string& instance) { push({HostEventKind::kProcess, instance, false, {}}); }

  const Clock& clock_;
  FakeFiles files_;
  std::map<std::string, Process> processes_;
  std::map<std::string, ProcessStart> last_starts_;
  std::map<std::string, FakeProgram> programs_;
  std::map<std::string, Probe> probes_;
  std::map<std::string, FakeProbeAnswer> answers_;
  std::map<std::string, std::uint32_t> users_{{"root", 0}};
  std::map<std::string, std::uint32_t> groups_{{"root", 0}};
  std::set<std::string> watched_;
  std::deque<HostEvent> events_;
  OnEvent listener_;
  std::function<void(const std::string&)> before_change_;
  std::string limits_unenforced_;
  std::optional<Error> stop_error_;
  Touched touched_;
  std::vector<std::string> changes_;
  std::uint64_t boots_ = 1;
  std::int64_t last_pid_ = 1000;
};

}  // namespace holdfast::base
