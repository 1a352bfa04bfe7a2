// SPDX-License-Identifier: Apache-2.0
// LinuxHost: the real Host. Files through HostFiles, their changes through FileWatch, processes through
// ProcessHost, probes through ProbeRunner; what the kernel lacks is replaced once, at the start.
// Threads: one, the event loop's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.hpp"
#include "base/file_watch.hpp"
#include "base/host.hpp"
#include "base/host_files.hpp"
#include "base/probe_runner.hpp"
#include "base/process_host.hpp"

namespace holdfast::base {

class LinuxHost final : public Host {
 public:
  struct Options {
    std::string root = "/";    ///< files live beneath it; programs still run from the host
    std::string run_dir;       ///< absolute; run folders of processes
    std::string log_dir;       ///< absolute; their log segments
    std::string shim_path;     ///< the program holdfast-shim
    std::string own_folder{};  ///< whose files no path reaches, for they are the agent's; empty: none
    // For tests: what an old kernel lacks, and another boot.
    bool use_openat2 = true;
    bool use_pidfd = true;
    bool use_cgroups = true;
    std::optional<std::string> boot_id;
  };
  /// `loop` outlives it. Processes that an earlier agent left in run_dir are followed from now on.
  static Result<std::unique_ptr<LinuxHost>> create(EventLoop& loop, Options options);
  ~LinuxHost() override;

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

  std::string boot_id() override { return boot_id_; }
  void on_event(OnEvent listener) override { listener_ = std::move(listener); }

 private:
  /// A passwd or group file, read again only when it changed.
  struct CachedFile {
    FileStamp stamp;
    std::string text;
  };

  LinuxHost(EventLoop& loop, Options options, Beneath beneath);
  Status open();
  Result<std::string> account_file(const std::string& path);
  void tell(HostEventKind kind, const std::string& name, bool ok = false, const std::string& detail = {});

  EventLoop& loop_;
  Options options_;
  std::string boot_id_;
  HostFiles files_;
  std::unique_ptr<FileWatch> watch_;
  std::unique_ptr<ProcessHost> processes_;
  ProbeRunner probes_;
  std::map<std::string, CachedFile> accounts_;
  OnEvent listener_;
};

}  // namespace holdfast::base
