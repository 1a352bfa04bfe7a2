// SPDX-License-Identifier: Apache-2.0
// HostWorld: one machine for the contract suite: the Host under test, and the hands that change the machine
// behind its back. Real: a folder of this machine and processes of its own. Fake: FakeHost. Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/host.hpp"

namespace holdfast::base {

class HostWorld {
 public:
  virtual ~HostWorld() = default;
  virtual Host& host() = 0;
  virtual bool is_real() const = 0;

  // Foreign hands.
  virtual void edit_by_hand(const std::string& path, const std::string& content) = 0;
  virtual void mode_by_hand(const std::string& path, std::uint32_t mode) = 0;
  virtual void remove_by_hand(const std::string& path) = 0;
  virtual void folder_by_hand(const std::string& path) = 0;
  virtual void link_by_hand(const std::string& path, const std::string& target) = 0;
  /// Something that is neither file nor folder nor link: a FIFO.
  virtual void special_by_hand(const std::string& path) = 0;
  virtual void kill_by_hand(const ProcessId& id) = 0;
  virtual void kill_shim_by_hand(const ProcessId& id) = 0;
  virtual void name_user(const std::string& name, std::uint32_t uid) = 0;
  virtual void name_group(const std::string& name, std::uint32_t gid) = 0;

  // Programs, each as ProcessStart without more than id, argv and env.
  virtual ProcessStart that_runs(const std::string& instance) = 0;
  virtual ProcessStart that_exits(const std::string& instance, std::int32_t code) = 0;
  virtual ProcessStart that_ignores_term(const std::string& instance) = 0;
  /// REQUIRES: started with that_ignores_term. Until it does not listen any more.
  virtual bool until_deaf(const ProcessId& id) = 0;
  virtual ProcessStart that_is_missing(const std::string& instance) = 0;
  virtual ProcessStart that_is_for_another_machine(const std::string& instance) = 0;

  // Probes.
  virtual ProbeStart that_succeeds(const std::string& id) = 0;
  virtual ProbeStart that_fails(const std::string& id) = 0;
  virtual ProbeStart that_never_ends(const std::string& id, std::chrono::milliseconds timeout) = 0;

  /// The agent dies and another begins: a new Host over the same machine. References from host() are stale.
  virtual void new_agent() = 0;
  /// The machine boots again, as if power had been cut after everything reached the disk; then a new agent.
  virtual void reboot() = 0;

  /// Lets time and events come until `condition`; false if it never does.
  virtual bool until(const std::function<bool()>& condition) = 0;
  /// What came since the last clear.
  std::vector<HostEvent> events;
  bool came(HostEventKind kind, std::string_view name) const;
  bool until_came(HostEventKind kind, const std::string& name);
};

struct RealWorldOptions {
  bool old_kernel = false;  ///< without openat2, pidfd and cgroups
};
std::unique_ptr<HostWorld> make_real_world(RealWorldOptions options);
std::unique_ptr<HostWorld> make_fake_world();

}  // namespace holdfast::base
