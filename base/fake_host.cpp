// SPDX-License-Identifier: Apache-2.0
#include "base/fake_host.hpp"

#include <algorithm>
#include <csignal>

#include "base/account_names.hpp"
#include "base/beneath.hpp"
#include "base/limits/agent.hpp"
#include "base/process_check.hpp"
#include "base/run_format.hpp"
#include "base/socket_probe_run.hpp"

namespace holdfast::base {
namespace {

bool is_below(const std::string& path, const std::string& top) {
  return path.size() > top.size() && path.starts_with(top) && path[top.size()] == '/';
}

Result<std::uint32_t> look_up(const std::map<std::string, std::uint32_t>& names, const std::string& kind,
                              const std::string& name) {
  if (is_number(name)) return parse_id(name);
  const auto found = names.find(name);
  if (found == names.end()) return fail(Code::kNotFound, "there is no " + kind + " '" + name + "'");
  return found->second;
}

}  // namespace

FakeHost::FakeHost(const Clock& clock) : clock_(clock), files_(clock) {}

void FakeHost::changing(const std::string& what) {
  if (before_change_) before_change_(what);
}

template <class T>
Result<T> FakeHost::done(const std::string& what, Result<T> result) {
  if (result) changes_.push_back(what);
  push_file_events();
  return result;
}

// ---- files ----

Result<FileInfo> FakeHost::stat(const std::string& path) {
  ++touched_.stats;
  return files_.stat(path);
}

Result<std::string> FakeHost::read_file(const std::string& path, std::size_t bytes_max) {
  ++touched_.reads;
  return files_.read(path, bytes_max);
}

Result<Digest> FakeHost::digest_file(const std::string& path) {
  ++touched_.digests;
  HF_TRY(const std::string content, files_.read(path, limits::kDigestFileBytesMax));
  return Digest::of(content);
}

Result<FileInfo> FakeHost::write_file(const FileWrite& write) {
  const std::string what = "write " + write.path;
  changing(what);
  ++touched_.writes;
  return done(what, files_.write(write));
}

Result<FileInfo> FakeHost::set_attributes(const std::string& path, std::uint32_t mode,
                                          std::optional<std::uint32_t> uid,
                                          std::optional<std::uint32_t> gid) {
  const std::string what = "attributes " + path;
  changing(what);
  ++touched_.attributes;
  return done(what, files_.set_attributes(path, mode, uid, gid));
}

Status FakeHost::remove_file(const std::string& path) {
  const std::string what = "remove " + path;
  changing(what);
  ++touched_.removes;
  return done(what, files_.remove(path));
}

Result<std::string> FakeHost::read_mark(const std::string& path) {
  ++touched_.mark_reads;
  return files_.read_mark(path);
}

Status FakeHost::write_mark(const std::string& path, const std::string& mark) {
  const std::string what = "mark " + path;
  changing(what);
  ++touched_.mark_writes;
  return done(what, files_.write_mark(path, mark));
}

Result<std::uint32_t> FakeHost::user_id(const std::string& user) { return look_up(users_, "user", user); }
Result<std::uint32_t> FakeHost::group_id(const std::string& group) {
  return look_up(groups_, "group", group);
}

Status FakeHost::watch_path(const std::string& path) {
  HF_CHECK(split_path(path));
  watched_.insert(path);
  return {};
}

void FakeHost::unwatch_path(const std::string& path) { watched_.erase(path); }

void FakeHost::push_file_events() {
  for (const std::string& changed : files_.take_changed()) {
    for (const std::string& path : watched_) {
      if (path == changed || is_below(path, changed)) push({HostEventKind::kPath, path, false, {}});
    }
  }
}

// ---- events and time ----

void FakeHost::push(HostEvent event) {
  // What waits already says the same; an answer to a probe is never the same.
  const bool waits =
      event.kind != HostEventKind::kProbe && std::ranges::any_of(events_, [&](const HostEvent& other) {
        return other.kind == event.kind && other.name == event.name;
      });
  if (!waits) events_.push_back(std::move(event));
}

std::size_t FakeHost::deliver() {
  advance_processes();
  advance_probes();
  const std::size_t count = events_.size();
  for (std::size_t i = 0; i < count && !events_.empty(); ++i) {
    const HostEvent event = std::move(events_.front());
    events_.pop_front();
    const OnEvent listener = listener_;
    if (listener) listener(event);
  }
  return count;
}

std::optional<MonotonicTime> FakeHost::next_due() const {
  if (!events_.empty()) return clock_.monotonic();
  std::optional<MonotonicTime> due;
  const auto consider = [&](const std::optional<MonotonicTime>& at) {
    if (at && (!due || *at < *due)) due = at;
  };
  for (const auto& [instance, process] : processes_) {
    if (!lives(process)) continue;
    consider(process.ends_at);
    consider(process.kill_at);
  }
  for (const auto& [id, probe] : probes_) consider(probe.due);
  return due;
}

void FakeHost::lose_events() {
  events_.clear();
  push({HostEventKind::kPath, "", false, {}});
  for (const auto& [instance, process] : processes_) push_process(instance);
}

void FakeHost::agent_gone() {
  watched_.clear();
  probes_.clear();
  events_.clear();
  listener_ = {};
}

// ---- processes ----

FakeHost::Process* FakeHost::find(const ProcessId& id) {
  const auto found = processes_.find(id.instance);
  return found == processes_.end() ? nullptr : &found->second;
}

bool FakeHost::lives(const Process& process) const { return process.status.identity.has_value(); }

Result<ProcessStatus> FakeHost::start_process(const ProcessStart& start) {
  const std::string what = "start " + start.id.instance;
  changing(what);
  ++touched_.starts;
  HF_CHECK(check_process_start(start));
  if (const Process* before = find(start.id); before != nullptr && lives(*before)) {
    return fail(Code::kConflict, "process '" + start.id.instance + "' runs already");
  }
  const auto program = programs_.find(start.id.instance);
  Process process;
  process.start = start;
  if (program != programs_.end()) process.program = program->second;
  if (const Process* before = find(start.id)) process.durable = before->durable;
  ProcessStatus& status = process.status;
  status.id = start.id;
  status.mark = start.mark;
  status.spec_digest = start.spec_digest;
  status.boot_id = boot_id();
  status.started = clock_.wall();
  if (start.memory_bytes_max || start.cpu_milli_max) status.limits_unenforced = limits_unenforced_;
  last_starts_[start.id.instance] = start;

  if (process.program.start_error) {
    const Error error = *process.program.start_error;
    if (process.program.start_leaves_nothing) {
      processes_.erase(start.id.instance);
      return fail(error.with_context("process '" + start.id.instance + "'"));
    }
    status.phase = ProcessPhase::kExited;
    status.exit_code =
        error.code() == Code::kNotFound ? run_format::kExitNotFound : run_format::kExitNotExecutable;
    status.ended = clock_.wall();
    status.detail = error.message();
    process.durable = status;
    processes_[start.id.instance] = std::move(process);
    push_process(start.id.instance);
    return fail(error.with_context("process '" + start.id.instance + "'"));
  }
  status.phase = ProcessPhase::kRunning;
  const auto identify = [&] {
    ++last_pid_;
    return ProcessIdentity{boot_id(), last_pid_, static_cast<std::uint64_t>(last_pid_) * 10};
  };
  status.shim = identify();
  status.identity = identify();
  if (process.program.exits_with) process.ends_at = clock_.monotonic() + process.program.exits_after;
  processes_[start.id.instance] = process;
  changes_.push_back(what);
  return process.status;
}

Result<ProcessStatus> FakeHost::process(const ProcessId& id) {
  HF_CHECK(check_process_id(id));
  ++touched_.process_looks;
  if (const Process* process = find(id)) return process->status;
  ProcessStatus absent;
  absent.id = id;
  return absent;
}

Result<std::vector<ProcessStatus>> FakeHost::processes() {
  ++touched_.process_looks;
  std::vector<ProcessStatus> statuses;
  statuses.reserve(processes_.size());
  for (const auto& [instance, process] : processes_) statuses.push_back(process.status);
  return statuses;
}

Status FakeHost::stop_process(const ProcessId& id, std::chrono::milliseconds grace) {
  const std::string what = "stop " + id.instance;
  changing(what);
  ++touched_.stops;
  HF_CHECK(check_process_id(id));
  if (grace.count() < 0) return fail(Code::kInvalid, "a grace of less than nothing");
  if (stop_error_) return fail(*stop_error_);
  Process* process = find(id);
  if (process == nullptr || !lives(*process)) return {};
  changes_.push_back(what);
  process->status.stopped_by_us = true;
  const MonotonicTime now = clock_.monotonic();
  const MonotonicTime kill_at = now + grace;
  if (!process->kill_at || kill_at < *process->kill_at) process->kill_at = kill_at;
  if (!process->program.ignores_term && (!process->ends_at || process->program.exits_with)) {
    process->program.exits_with.reset();
    process->ends_at = now + process->program.stop_takes;
  }
  return {};
}

Status FakeHost::forget_process(const ProcessId& id, bool with_logs) {
  const std::string what = std::string(with_logs ? "forget " : "forget-record ") + id.instance;
  changing(what);
  ++touched_.forgets;
  HF_CHECK(check_process_id(id));
  Process* process = find(id);
  if (process == nullptr) return {};
  if (lives(*process)) return fail(Code::kConflict, "process '" + id.instance + "' still runs");
  processes_.erase(id.instance);
  changes_.push_back(what);
  return {};
}

/// As its shim would record it; of a lost one nobody records anything.
void FakeHost::end(Process& process, std::int32_t code, std::int32_t signal) {
  ProcessStatus& status = process.status;
  status.identity.reset();
  process.ends_at.reset();
  process.kill_at.reset();
  if (status.phase == ProcessPhase::kRunning) {
    status.phase = ProcessPhase::kExited;
    status.shim.reset();
    status.exit_code = code;
    status.exit_signal = signal;
    status.ended = clock_.wall();
    process.durable = status;
  }
  push_process(status.id.instance);
}

void FakeHost::advance_processes() {
  const MonotonicTime now = clock_.monotonic();
  for (auto& [instance, process] : processes_) {
    if (!lives(process)) continue;
    const bool ends = process.ends_at && *process.ends_at <= now;
    const bool killed = process.kill_at && *process.kill_at <= now;
    if (ends && (!killed || *process.ends_at <= *process.kill_at)) {
      const FakeProgram& program = process.program;
      if (program.exits_with) {
        end(process, *program.exits_with, 0);
      } else if (program.stop_exit_code >= 0) {
        end(process, program.stop_exit_code, 0);
      } else {
        end(process, 0, SIGTERM);
      }
    } else if (killed) {
      end(process, 0, SIGKILL);
    }
  }
}

const ProcessStart* FakeHost::started_with(const ProcessId& id) const {
  const auto found = last_starts_.find(id.instance);
  return found == last_starts_.end() ? nullptr : &found->second;
}

std::set<std::string> FakeHost::running() const {
  std::set<std::string> instances;
  for (const auto& [instance, process] : processes_) {
    if (lives(process)) instances.insert(instance);
  }
  return instances;
}

void FakeHost::set_program(const ProcessId& id, FakeProgram program) {
  programs_[id.instance] = std::move(program);
}

void FakeHost::kill_by_hand(const ProcessId& id) {
  if (Process* process = find(id); process != nullptr && lives(*process)) end(*process, 0, SIGKILL);
}

void FakeHost::exit_by_hand(const ProcessId& id, std::int32_t code) {
  if (Process* process = find(id); process != nullptr && lives(*process)) end(*process, code, 0);
}

void FakeHost::kill_shim_by_hand(const ProcessId& id) {
  Process* process = find(id);
  if (process == nullptr || process->status.phase != ProcessPhase::kRunning) return;
  process->status.phase = ProcessPhase::kLost;
  process->status.shim.reset();
  push_process(id.instance);
}

void FakeHost::end_lost_by_hand(const ProcessId& id) {
  Process* process = find(id);
  if (process != nullptr && process->status.phase == ProcessPhase::kLost) end(*process, 0, 0);
}

// ---- probes ----

Status FakeHost::start_probe(const ProbeStart& probe) {
  HF_CHECK(check_probe_start(probe));
  const std::string* host = probe.http ? &probe.http->host : probe.tcp ? &probe.tcp->host : nullptr;
  if (host != nullptr && !is_probe_host(*host)) {
    return fail(Code::kInvalid, "probe host '" + *host + "' is neither an address nor localhost");
  }
  if (probes_.contains(probe.id)) return fail(Code::kConflict, "probe '" + probe.id + "' runs already");
  ++touched_.probes;
  const auto scripted = answers_.find(probe.id);
  const FakeProbeAnswer answer = scripted == answers_.end() ? FakeProbeAnswer{} : scripted->second;
  if (answer.start_error) return fail(*answer.start_error);
  const bool late = answer.after > probe.timeout;
  probes_[probe.id] = {
      clock_.monotonic() + (late ? probe.timeout : answer.after), answer.ok && !late,
      late ? "no answer within " + std::to_string(probe.timeout.count()) + " ms" : answer.detail};
  return {};
}

void FakeHost::cancel_probe(const std::string& id) {
  probes_.erase(id);
  std::erase_if(events_, [&](const HostEvent& event) {
    return event.kind == HostEventKind::kProbe && event.name == id;
  });
}

void FakeHost::advance_probes() {
  const MonotonicTime now = clock_.monotonic();
  for (auto at = probes_.begin(); at != probes_.end();) {
    if (at->second.due <= now) {
      push({HostEventKind::kProbe, at->first, at->second.ok, at->second.detail});
      at = probes_.erase(at);
    } else {
      ++at;
    }
  }
}

// ---- foreign hands ----

void FakeHost::edit_by_hand(const std::string& path, const std::string& content) {
  const FakeFiles::Entry* there = files_.find(path);
  FakeFiles::Entry entry = there == nullptr ? FakeFiles::Entry{} : *there;
  entry.type = FileType::kRegular;
  entry.content = content;
  files_.put(path, std::move(entry));
  push_file_events();
}

void FakeHost::edit_within_tick_by_hand(const std::string& path, const std::string& content) {
  files_.rewrite_within_tick(path, content);
  push_file_events();
}

void FakeHost::attributes_by_hand(const std::string& path, std::uint32_t mode, std::uint32_t uid,
                                  std::uint32_t gid) {
  const FakeFiles::Entry* there = files_.find(path);
  if (there == nullptr) return;
  FakeFiles::Entry entry = *there;
  entry.mode = mode;
  entry.uid = uid;
  entry.gid = gid;
  files_.put(path, std::move(entry));
  push_file_events();
}

void FakeHost::remove_by_hand(const std::string& path) {
  files_.erase(path);
  push_file_events();
}

void FakeHost::folder_by_hand(const std::string& path) {
  FakeFiles::Entry entry;
  entry.type = FileType::kDirectory;
  entry.mode = 0755;
  files_.put(path, std::move(entry));
  push_file_events();
}

void FakeHost::link_by_hand(const std::string& path, const std::string& target) {
  FakeFiles::Entry entry;
  entry.type = FileType::kSymlink;
  entry.mode = 0777;
  entry.content = target;
  files_.erase(path);
  files_.put(path, std::move(entry));
  push_file_events();
}

void FakeHost::special_by_hand(const std::string& path) {
  FakeFiles::Entry entry;
  entry.type = FileType::kOther;
  files_.put(path, std::move(entry));
  push_file_events();
}

void FakeHost::copy_by_hand(const std::string& from, const std::string& to) {
  const FakeFiles::Entry* there = files_.find(from);
  if (there == nullptr) return;
  files_.put(to, FakeFiles::Entry(*there));
  push_file_events();
}

// ---- the machine ----

std::string FakeHost::boot_id() { return "boot-" + std::to_string(boots_); }

void FakeHost::boot_again(bool lose_unsynced) {
  agent_gone();
  ++boots_;
  last_pid_ = 1000;  // numbers are used again
  std::map<std::string, Process> left;
  for (auto& [instance, process] : processes_) {
    const bool lived =
        process.status.phase == ProcessPhase::kRunning || process.status.phase == ProcessPhase::kLost;
    process.ends_at.reset();
    process.kill_at.reset();
    process.status.identity.reset();
    process.status.shim.reset();
    if (lived && lose_unsynced) {
      // Starts are not synced: what is found is the last end that was recorded, if any.
      if (!process.durable) continue;
      process.status = *process.durable;
    } else if (lived) {
      process.status.phase = ProcessPhase::kLost;
    }
    left.emplace(instance, std::move(process));
  }
  processes_ = std::move(left);
}

void FakeHost::reboot() { boot_again(false); }

void FakeHost::power_cut() {
  boot_again(true);
  files_.power_cut();
  static_cast<void>(files_.take_changed());  // nobody watches
}

void FakeHost::forget_touched() {
  touched_ = {};
  changes_.clear();
}

}  // namespace holdfast::base
