// SPDX-License-Identifier: Apache-2.0
// The Host seam: files and processes of the machine an agent keeps. (Containers are base/engine.hpp, units
// base/units.hpp.) Real: base/linux_host.hpp. Fake: base/fake_host.hpp. One contract suite runs on both.
//
// Paths are absolute and live beneath the host's root ("--root"); no call ever follows a symlink on the
// way, nor leaves the root: such a path is Code::kPermission and the message names the component.
// Host events say which thing to look at, never what happened to it; they may be spurious, never lost
// (an overflow becomes one event with an empty path: look at everything).
// Threads: one, the event loop's. Nothing here blocks longer than a local disk does.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"

namespace holdfast::base {

// ---- files ----

enum class FileType { kRegular, kDirectory, kSymlink, kOther };

/// Enough to tell without reading the content that a file is still the one that was seen.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t ctime_ns = 0;
  auto operator<=>(const FileStamp&) const = default;
};

struct FileInfo {
  FileType type = FileType::kRegular;
  std::uint32_t mode = 0;  ///< permission bits, 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  FileStamp stamp;
};

struct FileWrite {
  std::string path;
  std::string content;
  std::uint32_t mode = 0644;
  std::optional<std::uint32_t> uid;  ///< nullopt: whoever the agent runs as
  std::optional<std::uint32_t> gid;
  /// Ownership mark, set before the file becomes visible; empty: none. Where the file system has no extended
  /// attributes the file is written without it, and read_mark says Code::kUnsupported.
  std::string mark;
};

// ---- processes ----

/// Names one supervised process on this host: "<name>" chosen by the caller, [a-z0-9.-]{1,100}; its run
/// folder.
struct ProcessId {
  std::string instance;
  auto operator<=>(const ProcessId&) const = default;
};

/// Who a pid was, so that a reused pid is never taken for it.
struct ProcessIdentity {
  std::string boot_id;
  std::int64_t pid = 0;
  std::uint64_t start_time = 0;  ///< field 22 of /proc/PID/stat, in clock ticks since boot
  auto operator<=>(const ProcessIdentity&) const = default;
};

struct ProcessStart {
  ProcessId id;
  std::vector<std::string> argv;  ///< argv[0] is a path or is looked up in PATH of `env`
  std::vector<std::pair<std::string, std::string>> env;  ///< the whole environment; nothing is inherited
  std::string working_dir = "/";
  std::string user;                               ///< name or "uid[:gid]"; empty: whoever the agent runs as
  std::optional<std::uint64_t> memory_bytes_max;  ///< enforced where a cgroup can be made
  std::optional<std::uint32_t> cpu_milli_max;
  std::string mark;         ///< ownership mark, kept in the run folder
  std::string spec_digest;  ///< kept in the run folder and given back by observe
};

enum class ProcessPhase {
  kAbsent,  ///< no run folder, or one whose shim never came up. A start is not synced, so after a power cut this
            ///< (or an earlier run, see boot_id) may be all that is left of one that ran
  kRunning,  ///< shim and process live
  kExited,   ///< ended; exit_code or exit_signal tell how
  kLost,     ///< the shim is gone without a record (kill -9 of the shim, power cut); whether the process
             ///< runs is told by `identity` being set
};

struct ProcessStatus {
  ProcessId id;
  ProcessPhase phase = ProcessPhase::kAbsent;
  std::optional<ProcessIdentity> identity;  ///< of the workload
  std::optional<ProcessIdentity> shim;
  std::string boot_id;  ///< of the boot it was started in; empty when absent
  std::int32_t exit_code = 0;
  std::int32_t exit_signal = 0;  ///< 0: it exited by itself
  bool stopped_by_us = false;    ///< the exit followed a stop() of ours
  /// What a person should know: why it could not be executed, that it ran out of memory, output lost.
  std::string detail;
  /// A limit of ProcessStart that this host does not enforce, and why; empty: all are enforced.
  std::string limits_unenforced;
  WallTime started{};
  WallTime ended{};
  std::string mark;
  std::string spec_digest;
};

// ---- probes ----

struct ExecProbe {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> env;
  std::string user;
  std::string working_dir = "/";
};
struct HttpProbe {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers;
};
struct TcpProbe {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};
/// Exactly one of the three is set.
struct ProbeStart {
  std::string id;  ///< comes back with the event; at most one running probe an id
  std::chrono::milliseconds timeout{1000};
  std::optional<ExecProbe> exec;
  std::optional<HttpProbe> http;
  std::optional<TcpProbe> tcp;
};

// ---- events ----

enum class HostEventKind {
  kPath,     ///< something at or below `name` (an absolute path) may have changed; empty: look at everything
  kProcess,  ///< the process `name` (a ProcessId) may have changed
  kProbe,    ///< the probe `name` ended: `ok` and `detail` say how
};
struct HostEvent {
  HostEventKind kind = HostEventKind::kPath;
  std::string name;
  bool ok = false;
  std::string detail;
};

class Host {
 public:
  virtual ~Host() = default;

  // Files. A missing file is Code::kNotFound, also where a parent is missing or is itself a file.
  // Paths: absolute, no "", "." or ".." component, no NUL; else Code::kInvalid.
  /// Of the path itself: a symlink is FileType::kSymlink, not an error.
  virtual Result<FileInfo> stat(const std::string& path) = 0;
  /// Regular files only (else Code::kConflict; a symlink is Code::kPermission). Longer than bytes_max:
  /// Code::kLimit.
  virtual Result<std::string> read_file(const std::string& path, std::size_t bytes_max) = 0;
  virtual Result<Digest> digest_file(const std::string& path) = 0;
  /// Temporary file in the same folder, content, owner, mode, mark, fsync, rename, fsync of the folder.
  /// Missing parent folders are made (0755) and fsynced. A directory in the way is Code::kConflict, a file
  /// where a folder must be too. A symlink or special file at the path itself is replaced. An error leaves
  /// all as it was.
  virtual Result<FileInfo> write_file(const FileWrite& write) = 0;
  /// Owner first, then mode. Regular files and folders. Durable.
  virtual Result<FileInfo> set_attributes(const std::string& path, std::uint32_t mode,
                                          std::optional<std::uint32_t> uid,
                                          std::optional<std::uint32_t> gid) = 0;
  /// Durable. Success when it is already gone. Never a directory (Code::kConflict). Of a symlink: the link.
  virtual Status remove_file(const std::string& path) = 0;
  /// Of regular files. "" where there is none; Code::kUnsupported where the file system has no extended
  /// attributes.
  virtual Result<std::string> read_mark(const std::string& path) = 0;
  virtual Status write_mark(const std::string& path, const std::string& mark) = 0;
  /// Names to ids, from the root's /etc/passwd and /etc/group; numbers pass through.
  virtual Result<std::uint32_t> user_id(const std::string& user) = 0;
  virtual Result<std::uint32_t> group_id(const std::string& group) = 0;
  /// Events for this path from now on: content, attributes, deletion, replacement, and the making of
  /// parents that do not exist yet. Watching twice is watching once.
  virtual Status watch_path(const std::string& path) = 0;
  virtual void unwatch_path(const std::string& path) = 0;

  // Processes: each under a holdfast-shim of its own, in its own session and cgroup, alive without us.
  /// REQUIRES: no running process of this id, else Code::kConflict. Returns when the shim has recorded the
  /// start (or its failure: a program that cannot be executed is an Error naming it, and from then on the
  /// process is kExited with 127 or 126 as in a shell). Clears an earlier exit record, but only once the record of
  /// this start stands: without room for that, all is as it was.
  virtual Result<ProcessStatus> start_process(const ProcessStart& start) = 0;
  virtual Result<ProcessStatus> process(const ProcessId& id) = 0;
  /// Every process with a run folder here, running or not, sorted by id.
  virtual Result<std::vector<ProcessStatus>> processes() = 0;
  /// SIGTERM to the process group now, SIGKILL by the shim after `grace`. Returns at once; an event tells.
  /// Success when nothing runs. Asked again with a shorter grace, the earlier deadline holds. A full disk stops
  /// nobody from being stopped: the end is then not known as ours (stopped_by_us).
  virtual Status stop_process(const ProcessId& id, std::chrono::milliseconds grace) = 0;
  /// Forgets an ended process: run folder and, with `with_logs`, its log segments. Code::kConflict while it
  /// runs.
  virtual Status forget_process(const ProcessId& id, bool with_logs) = 0;

  /// Many may run at once (kProbesRunningMax). One event each, at the latest when the timeout is over; a
  /// cancelled one gives none. Hosts are numeric addresses or "localhost": no name is resolved. HTTP: 200 to
  /// 399 is ok, redirects are not followed. Exec: exit code 0 is ok; at the timeout its whole process group
  /// is killed.
  virtual Status start_probe(const ProbeStart& probe) = 0;
  virtual void cancel_probe(const std::string& id) = 0;

  /// Changes at every boot of the machine; empty only where the kernel does not say.
  virtual std::string boot_id() = 0;

  using OnEvent = std::function<void(const HostEvent&)>;
  /// One listener; called on the loop's thread, never from inside another Host call.
  virtual void on_event(OnEvent listener) = 0;
};

}  // namespace holdfast::base
