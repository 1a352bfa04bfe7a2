// SPDX-License-Identifier: Apache-2.0
// RealWorld: LinuxHost over a temporary folder, with real programs under the real shim. For tests that only
// the real one can stand, too. Nothing of it is left when it goes. Threads: one.
#pragma once

#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/host_world_contract.hpp"
#include "base/linux_host.hpp"

namespace holdfast::base {

class RealWorld final : public HostWorld {
 public:
  explicit RealWorld(RealWorldOptions options = {});
  ~RealWorld() override;
  RealWorld(const RealWorld&) = delete;
  RealWorld& operator=(const RealWorld&) = delete;

  Host& host() override { return *host_; }
  bool is_real() const override { return true; }
  void edit_by_hand(const std::string& path, const std::string& content) override;
  void mode_by_hand(const std::string& path, std::uint32_t mode) override;
  void remove_by_hand(const std::string& path) override;
  void folder_by_hand(const std::string& path) override;
  void link_by_hand(const std::string& path, const std::string& target) override;
  void special_by_hand(const std::string& path) override;
  void kill_by_hand(const ProcessId& id) override;
  void kill_shim_by_hand(const ProcessId& id) override;
  void name_user(const std::string& name, std::uint32_t uid) override;
  void name_group(const std::string& name, std::uint32_t gid) override;
  ProcessStart that_runs(const std::string& instance) override;
  ProcessStart that_exits(const std::string& instance, std::int32_t code) override;
  ProcessStart that_ignores_term(const std::string& instance) override;
  bool until_deaf(const ProcessId& id) override;
  ProcessStart that_is_missing(const std::string& instance) override;
  ProcessStart that_is_for_another_machine(const std::string& instance) override;
  ProbeStart that_succeeds(const std::string& id) override;
  ProbeStart that_fails(const std::string& id) override;
  ProbeStart that_never_ends(const std::string& id, std::chrono::milliseconds timeout) override;
  void new_agent() override;
  void reboot() override;
  bool until(const std::function<bool()>& condition) override;

  EventLoop& loop() { return *loop_; }
  /// A host path: what the Host calls `path` beneath its root.
  std::string on_disk(const std::string& path) const { return root() + path; }
  std::string root() const { return folder_ + "/root"; }
  std::string run_dir() const { return folder_ + "/run"; }
  std::string log_dir() const { return folder_ + "/log"; }
  const std::string& folder() const { return folder_; }
  /// A program of the host's shell.
  ProcessStart shell(const std::string& instance, const std::string& script) const;
  ProbeStart shell_probe(const std::string& id, const std::string& script) const;
  /// All segments of a process, oldest first.
  std::string log_of(const std::string& instance) const;
  /// Changes what the next Host is made with.
  LinuxHost::Options& options() { return options_; }

 private:
  void end_processes();

  std::string folder_;
  LinuxHost::Options options_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<LinuxHost> host_;
};

}  // namespace holdfast::base
