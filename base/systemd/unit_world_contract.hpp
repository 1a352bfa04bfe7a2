// SPDX-License-Identifier: Apache-2.0
// UnitWorld: one machine with systemd for the contract suite: the UnitManager under test, unit files, and the hands that
// change things behind its back. Real: Debian's systemd in a container, test/systemd/machine. Fake: FakeUnitManager.
// Threads: one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/units.hpp"

namespace holdfast::base {

class UnitWorld {
 public:
  virtual ~UnitWorld() = default;
  virtual UnitManager& units() = 0;

  /// Beneath /etc/systemd/system.
  virtual void write_file(const std::string& name, const std::string& content) = 0;
  virtual void remove_file(const std::string& name) = 0;
  /// By hand: "start", "stop", "restart", "enable", "disable", "mask", "mask --runtime",
  /// "daemon-reload".
  virtual void by_hand(const std::string& command, const std::string& unit) = 0;
  /// How often a unit changed that calls "systemd-notify" all the time, and "echo >> /run/noises" before.
  virtual int noises() = 0;
  /// Whether there is a connection to a bus; where that cannot be told, whether anything is watched.
  virtual bool is_connected() = 0;
  /// How often unit files were read by systemd since the machine began.
  virtual int reloads() = 0;

  // Misfortunes.
  virtual void take_bus_away() = 0;
  virtual void bring_bus_back() = 0;
  virtual void hang_systemd() = 0;
  virtual void wake_systemd() = 0;
  virtual void execute_systemd_anew() = 0;
  /// The agent dies and another begins: a new UnitManager. References from units() are stale.
  virtual void new_agent() = 0;

  /// Lets time and events come until `condition`; false if it never does.
  virtual bool until(const std::function<bool()>& condition) = 0;
};

std::unique_ptr<UnitWorld> make_systemd_world();
std::unique_ptr<UnitWorld> make_fake_unit_world();

}  // namespace holdfast::base
