// SPDX-License-Identifier: Apache-2.0
// SystemdUnits: the UnitManager seam on a real systemd, over D-Bus.
// Threads: the event loop's.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/event_loop.hpp"
#include "base/systemd/systemd_bus.hpp"
#include "base/units.hpp"

namespace holdfast::base {

class SystemdUnits final : public UnitManager {
 public:
  /// Loop and clock outlive it. Nothing is connected before the first call or watch.
  SystemdUnits(EventLoop& loop, const Clock& clock, std::string socket_path, UnitDeadlines deadlines = {});
  ~SystemdUnits() override;
  SystemdUnits(const SystemdUnits&) = delete;
  SystemdUnits& operator=(const SystemdUnits&) = delete;

  CallId load(const std::string& unit, OnEnd<UnitState> on_end) override;
  CallId start(const std::string& unit, OnEnd<void> on_end) override;
  CallId stop(const std::string& unit, OnEnd<void> on_end) override;
  CallId restart(const std::string& unit, OnEnd<void> on_end) override;
  CallId enable(const std::string& unit, OnEnd<void> on_end) override;
  CallId disable(const std::string& unit, OnEnd<void> on_end) override;
  CallId unmask(const std::string& unit, OnEnd<void> on_end) override;
  CallId mask(const std::string& unit, OnEnd<void> on_end) override;
  CallId reload(OnEnd<void> on_end) override;
  void watch(const std::string& unit) override;
  void unwatch(const std::string& unit) override;
  void on_event(OnEvent listener) override { listener_ = std::move(listener); }
  void cancel(CallId call) override;

 private:
  /// One call of ours is one or more of the bus's; it ends with the last, or with the first that fails.
  struct Call {
    std::set<SystemdBus::CallId> waits;
    UnitState state;
    OnEnd<UnitState> on_loaded;
    OnEnd<void> on_end;
  };
  using Read = std::function<Status(Result<BusMessage>, UnitState&)>;

  CallId begin(Call call);
  void ask(CallId id, std::string what, BusMessage message, std::chrono::milliseconds timeout, Read read);
  void took(CallId id, SystemdBus::CallId part, Result<BusMessage> reply, const Read& read);
  void end(CallId id, const Status& status);
  void ask_type(CallId id, const std::string& unit, const std::string& path);
  CallId change(const char* member, const std::string& what, const std::string& unit, const char* mode,
                OnEnd<void> on_end);
  CallId change_files(const char* member, const std::string& what, const std::string& unit, Read read,
                      OnEnd<void> on_end);
  void before_start(const std::string& unit);
  CallId begin_socket(const char* member, const std::string& what, const std::string& unit,
                      OnEnd<void> on_end);
  void send_reload();
  void keep();
  void on_signal(DBusMessage& message);
  void heard(const std::string& unit);
  void listen_again();
  void tell_of_all();
  void tell(std::string unit) const;

  /// How much is heard of a unit.
  struct Hearing {
    MonotonicTime since{};
    std::size_t signals = 0;
    bool is_deaf = false;  ///< the bus is asked for none; it is looked at from time to time
  };

  const Clock& clock_;
  UnitDeadlines deadlines_;
  std::map<CallId, Call> calls_;
  CallId last_call_ = 0;
  std::map<std::string, Hearing> hearing_;  ///< of those that are watched and told of
  std::optional<MonotonicTime> told_of_all_at_;
  std::set<std::string> watched_;
  std::set<std::string> fresh_;  ///< of them, those that the bus was not told of yet
  OnEvent listener_;
  std::set<CallId> reloads_;  ///< that share the next daemon-reload
  std::unique_ptr<EventLoop::Timer> reload_soon_;
  std::unique_ptr<EventLoop::Timer> keep_soon_;
  std::unique_ptr<EventLoop::Timer> listen_soon_;
  bool is_any_deaf_ = false;  ///< listen_soon_ is set
  std::unique_ptr<EventLoop::Timer> all_soon_;
  SystemdBus bus_;
};

}  // namespace holdfast::base
