// SPDX-License-Identifier: Apache-2.0
// FakeUnitManager: the UnitManager seam in memory, for tests of deciding code and the simulator. It reads unit files from
// a FakeHost, as much of them as it plays: Type (of "notify" none ever says that it is ready), Alias, ExecStart (/bin/true ends well, /bin/false badly, anything else runs),
// RemainAfterExit, Restart, [Install]; what calls systemd-notify changes all the time. Nothing happens and nothing is told until deliver(). Foreign hands have calls of
// their own ("…_by_hand"), systemd's misfortunes too. It records what was touched.
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
#include "base/fake_host.hpp"
#include "base/units.hpp"

namespace holdfast::base {

/// How often each kind of call was carried out.
struct UnitsTouched {
  std::size_t loads = 0;
  std::size_t starts = 0;
  std::size_t stops = 0;
  std::size_t restarts = 0;
  std::size_t enables = 0;
  std::size_t disables = 0;
  std::size_t unmasks = 0;
  std::size_t masks = 0;
  std::size_t reloads = 0;
  std::size_t changes() const {
    return starts + stops + restarts + enables + disables + unmasks + masks + reloads;
  }
  bool operator==(const UnitsTouched&) const = default;
};

enum class UnitCall { kLoad, kStart, kStop, kRestart, kEnable, kDisable, kUnmask, kMask, kReload };

class FakeUnitManager final : public UnitManager {
 public:
  /// Both outlive it.
  FakeUnitManager(const Clock& clock, const FakeHost& host) : clock_(clock), host_(host) {}

  // ---- UnitManager ----
  CallId load(const std::string& unit, OnEnd<UnitState> on_end) override;
  CallId start(const std::string& unit, OnEnd<void> on_end) override;
  CallId stop(const std::string& unit, OnEnd<void> on_end) override;
  CallId restart(const std::string& unit, OnEnd<void> on_end) override;
  CallId enable(const std::string& unit, OnEnd<void> on_end) override;
  CallId disable(const std::string& unit, OnEnd<void> on_end) override;
  CallId unmask(const std::string& unit, OnEnd<void> on_end) override;
  CallId mask(const std::string& unit, OnEnd<void> on_end) override;
  CallId reload(OnEnd<void> on_end) override;
  void watch(const std::string& unit) override {
    if (watched_.insert(unit).second) tell(unit);
  }
  void unwatch(const std::string& unit) override { watched_.erase(unit); }
  void on_event(OnEvent listener) override { listener_ = std::move(listener); }
  void cancel(CallId call) override { calls_.erase(call); }

  // ---- time ----
  /// Carries out what was asked, of loads one a round, lets happen whose time has come, and tells; what this causes waits for the next call.
  /// Returns how many callbacks ran.
  std::size_t deliver();
  /// When deliver() has something to do next: now if something waits; nullopt if nothing ever will.
  std::optional<MonotonicTime> next_due() const;

  // ---- foreign hands ----
  void start_by_hand(const std::string& unit);
  void stop_by_hand(const std::string& unit);
  void restart_by_hand(const std::string& unit);
  void enable_by_hand(const std::string& unit);
  void disable_by_hand(const std::string& unit);
  void mask_by_hand(const std::string& unit);
  /// "mask --runtime": in /run, where unmask() does not look.
  void mask_at_runtime_by_hand(const std::string& unit);
  void reload_by_hand();
  /// A link of this name to the file of `unit`.
  void link_by_hand(const std::string& name, const std::string& unit);
  /// "systemd-run --unit": what is in /run comes before /etc.
  void run_transient_by_hand(const std::string& unit, const std::string& content);
  /// kill -9 of its main process.
  void kill_by_hand(const std::string& unit);
  /// No hand at all: its main process ends, and well.
  void end_by_itself(const std::string& unit);

  // ---- the machine ----
  /// A unit that the distribution brings.
  void add_vendor_unit(const std::string& unit, const std::string& content) { vendor_[unit] = content; }
  /// In /usr/lib, where disable() does not look.
  void enable_by_vendor(const std::string& unit) { vendor_enabled_.insert(unit); }
  /// It does not end when it is stopped: a mount that is in use.
  void set_stays(const std::string& unit) { stays_.insert(unit); }
  /// Its start is taken up, and nothing comes of it: a socket without its service.
  void set_never_starts(const std::string& unit, bool never = true) {
    never ? static_cast<void>(never_start_.insert(unit)) : static_cast<void>(never_start_.erase(unit));
  }
  /// From its stop to its end.
  void set_stop_takes(std::chrono::milliseconds time) { stop_takes_ = time; }
  /// Such calls fail with it and change nothing; nullopt ends that.
  void set_failure(UnitCall call, std::optional<Error> error);
  /// Such calls are carried out, and then fail with it: the answer was lost.
  void set_lost_answer(UnitCall call, std::optional<Error> error);
  /// No call is carried out; each ends at its deadline. No event comes.
  void set_hung(bool hung) { hung_ = hung; }
  /// No bus: all calls fail, until it is back. Units run on.
  void set_gone(bool gone);
  /// Of the machine: nothing runs, then what is enabled does, by the files that are there.
  void reboot();
  /// The agent's calls and watches are gone with it. Units run on. What was asked for and not carried out yet never is, or is
  /// all the same, and nobody hears of it.
  enum class Asked { kDropped, kCarriedOut };
  void agent_gone(Asked asked = Asked::kDropped);
  /// Called before each call that changes something is carried out, with what it is ("start a.service", "reload").
  void before_change(std::function<void(const std::string&)> hook) { before_change_ = std::move(hook); }

  // ---- looking ----
  /// As load() would give it.
  UnitState state(const std::string& unit);
  bool is_active(const std::string& unit) { return state(unit).active == "active"; }
  bool is_enabled(const std::string& unit) const { return enabled_.contains(unit); }
  bool is_masked(const std::string& name) const {
    return masked_.contains(name) || masked_at_runtime_.contains(name);
  }
  bool answers() const { return !gone_ && !hung_; }
  bool is_any_watched() const { return !watched_.empty(); }
  bool is_watched(const std::string& unit) const { return watched_.contains(unit); }
  /// The text of its files as of when its run began.
  std::string started_with(const std::string& unit) const;
  /// How often units that change all the time were told of.
  std::size_t noises() const { return noises_; }
  const UnitsTouched& touched() const { return touched_; }
  /// Every change that was carried out since the last forget_touched(), e.g. "start a.service", "reload".
  const std::vector<std::string>& changes() const { return changes_; }
  void forget_touched();

 private:
  struct Files {
    std::string fragment;
    std::string own;  ///< its text
    std::vector<std::string> drop_ins;
    std::string text;  ///< of all
    bool operator==(const Files&) const = default;
  };
  struct Unit {
    Files loaded;
    std::string active = "inactive";
    std::string sub = "dead";
    std::string result = "success";
    std::string invocation;
    std::string started_text;
    std::int64_t pid = 0;
    std::int32_t exit_status = 0;
    std::uint32_t restarts = 0;
    std::int64_t active_exit_us = 0;
    std::int64_t main_exit_us = 0;
    bool is_unmet = false;
    bool is_outdated = false;  ///< as systemd from version 255 on says of all when any was enabled
    bool is_starting = false;  ///< a start is on its way
    std::optional<MonotonicTime> stopped_at;  ///< a stop is on its way
    MonotonicTime noisy_at{};
    std::optional<MonotonicTime> restarts_at;  ///< auto-restart
    bool starts_again = false;                 ///< after that stop
  };
  struct Call {
    UnitCall kind = UnitCall::kLoad;
    std::string unit;
    MonotonicTime deadline{};
    OnEnd<UnitState> on_loaded;
    OnEnd<void> on_end;
  };

  CallId add(UnitCall kind, const std::string& unit, OnEnd<UnitState> on_loaded, OnEnd<void> on_end);
  void finish(CallId id);
  void reload_files();
  Status carry_out(UnitCall kind, const std::string& unit);
  Status change(UnitCall kind, const std::string& unit);
  Status check_startable(const std::string& unit);
  Files files_of(const std::string& unit) const;
  bool is_seen_to_differ(const std::string& unit, const Files& loaded) const;
  void outdate();
  std::int64_t now_us() const;
  bool is_met(std::string_view text) const;
  Unit& unit(const std::string& name);
  std::string load_state(const std::string& name);
  void begin(const std::string& name, Unit& unit);
  void fail_run(Unit& unit, const std::string& result, std::int32_t status);
  void begin_stop(const std::string& name, Unit& unit, bool again);
  void read_files_again();
  void end_run(Unit& unit) const;
  static bool is_noisy(const Unit& unit) {
    return unit.active == "active" && unit.loaded.text.find("systemd-notify") != std::string::npos;
  }
  void advance();
  void tell(const std::string& unit) { events_.push_back({unit}); }

  const Clock& clock_;
  const FakeHost& host_;
  std::map<std::string, std::string> vendor_;
  std::map<std::string, std::string> transient_;
  std::map<std::string, std::string> aliases_;  ///< to whose they are
  std::set<std::string> stays_;
  std::set<std::string> never_start_;
  std::map<std::string, Unit> units_;
  std::set<std::string> enabled_;
  std::set<std::string> vendor_enabled_;
  std::set<std::string> masked_;
  std::set<std::string> masked_at_runtime_;
  std::set<std::string> watched_;
  std::map<CallId, Call> calls_;
  CallId last_call_ = 0;
  std::map<UnitCall, Error> failures_;
  std::map<UnitCall, Error> lost_;
  std::deque<UnitEvent> events_;
  OnEvent listener_;
  std::function<void(const std::string&)> before_change_;
  std::chrono::milliseconds stop_takes_{0};
  bool hung_ = false;
  bool gone_ = false;
  std::uint64_t runs_ = 0;
  std::size_t noises_ = 0;
  UnitsTouched touched_;
  std::vector<std::string> changes_;
};

}  // namespace holdfast::base
