// SPDX-License-Identifier: Apache-2.0
// The UnitManager seam: the units of a machine, as systemd keeps them. Real: base/systemd/systemd_units.hpp. Fake:
// base/systemd/fake_units.hpp. One contract suite runs on both.
//
// Every call returns at once and ends with exactly one call of its `on_end`, on the loop's thread, never from inside
// another call of the manager, at the latest at its deadline; one that is cancelled ends with none. Inside `on_end`
// any call may be made; the manager must not be destroyed there. When the manager is destroyed, what is on its way is
// cancelled. A call that did not end well may have been carried out all the same: look, do not conclude.
//
// Events say which unit to look at, never what happened to it; they may be spurious, never lost while the bus is there
// (when it comes back, one event says: look at everything). Unit files are written by others (Host).
//
// Errors name the call, the unit, and what systemd itself says:
//   kUnavailable  no bus, no systemd on it, or one of them went away meanwhile, or does not answer
//   kTimeout      it did not answer in time
//   kNotFound     no such unit, or no unit file of it
//   kInvalid      the unit cannot be loaded, or refuses this (masked, no [Install] section, RefuseManualStart)
//   kConflict     another job is in the way
//   kPermission   systemd, or the bus, does not let us
//   kLimit        as kRetry: too many calls at a time
//   kIo           it tried and failed
//   kCorrupt      what it answered is not its API
// Threads: one, the event loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/limits/units.hpp"
#include "base/result.hpp"

namespace holdfast::base {

/// In systemd's own words; https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html
struct UnitState {
  std::string name;
  std::string id;          ///< systemd's own name of it: another one than `name` where that is an alias
  std::string load;        ///< "loaded", "not-found", "bad-setting", "error", "masked"
  std::string load_error;  ///< why it is not loaded; for people
  std::string active;      ///< "active", "reloading", "inactive", "failed", "activating", "deactivating"
  std::string sub;         ///< "running", "exited", "dead", "auto-restart"; by the unit's type
  std::string file;        ///< "enabled", "disabled", "static", "masked", …; empty: no unit file
  std::string type;        ///< of a service: "simple", "oneshot", …; else empty
  std::string
      result;  ///< "success", "exit-code", "signal", "start-limit-hit", …; empty where the type has none
  std::string invocation;             ///< hex; another one each time it is started; empty: never
  std::string fragment;               ///< path of the file that was loaded; empty: none
  std::vector<std::string> drop_ins;  ///< paths of those that were loaded
  std::int64_t main_pid = 0;          ///< 0: none
  std::int32_t exit_status = 0;       ///< of the last main process: its code, or the signal that ended it
  std::uint32_t restarts = 0;         ///< by systemd itself, since it was last started by somebody
  bool needs_reload = false;          ///< its files changed since they were loaded
  std::int64_t active_exit_us = 0;    ///< when it last began to be no longer active, since boot; 0: never
  std::int64_t main_exit_us = 0;      ///< when its last main process ended, since boot; 0: never
  bool is_unmet = false;              ///< a condition of its last start was not met: it did nothing
  bool has_job = false;               ///< a start or stop of it is on its way; an event tells when it is over
  bool operator==(const UnitState&) const = default;
};

/// Empty: any unit may have changed.
struct UnitEvent {
  std::string unit;
};

class UnitManager {
 public:
  virtual ~UnitManager() = default;
  /// Names one call on its way; never 0.
  using CallId = std::uint64_t;
  template <class T>
  using OnEnd = std::function<void(Result<T>)>;

  /// Of one that does not exist too: its `load` is "not-found".
  virtual CallId load(const std::string& unit, OnEnd<UnitState> on_end) = 0;

  // These end when systemd took them up; how they come out is in the state, and an event tells. What is started here is
  // not held against its start limit (StartLimitBurst=), and one that reached it is started all the same.
  virtual CallId start(const std::string& unit, OnEnd<void> on_end) = 0;
  virtual CallId stop(const std::string& unit, OnEnd<void> on_end) = 0;
  /// Starts it where it does not run. Here and in start(): what a socket starts is stopped before, for else systemd refuses.
  virtual CallId restart(const std::string& unit, OnEnd<void> on_end) = 0;

  // Unit files. Done when they end.
  /// As its [Install] section says now; what an earlier one said ends. kInvalid where it has none.
  virtual CallId enable(const std::string& unit, OnEnd<void> on_end) = 0;
  virtual CallId disable(const std::string& unit, OnEnd<void> on_end) = 0;
  /// Of what masks it in /etc; success where that is not what masks it.
  virtual CallId unmask(const std::string& unit, OnEnd<void> on_end) = 0;
  virtual CallId mask(const std::string& unit, OnEnd<void> on_end) = 0;
  /// daemon-reload. It is sent when the loop comes round, and what asks for it until then shares the one.
  virtual CallId reload(OnEnd<void> on_end) = 0;

  /// From now on events about this unit are told, the first at once; idempotent. Nothing is connected before the first watch or call;
  /// while anything is watched the connection is kept, and sought again by itself; afterwards it is closed. A unit that changes
  /// all the time is told of once in kUnitDeafLook.
  virtual void watch(const std::string& unit) = 0;
  virtual void unwatch(const std::string& unit) = 0;
  /// One listener; called on the loop's thread, never from inside a call of the manager.
  using OnEvent = std::function<void(const UnitEvent&)>;
  virtual void on_event(OnEvent listener) = 0;

  /// Its `on_end` does not come any more; nothing where it has ended. What systemd does meanwhile is not known.
  virtual void cancel(CallId call) = 0;
};

}  // namespace holdfast::base
