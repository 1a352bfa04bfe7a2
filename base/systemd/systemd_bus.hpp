// SPDX-License-Identifier: Apache-2.0
// SystemdBus: systemd as a bus lets one speak to it: the connection, made when something is to be said and, while it is to
// be kept, sought again with backoff; calls with deadlines; signals. A peer that lets a deadline pass is left: what
// hangs is not waited for twice.
// Threads: the event loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/event_loop.hpp"
#include "base/limits/units.hpp"
#include "base/systemd/bus_connection.hpp"
#include "base/systemd/bus_message.hpp"

namespace holdfast::base {

inline constexpr const char* kSystemdName = "org.freedesktop.systemd1";
inline const std::string kSystemdPath = "/org/freedesktop/systemd1";
inline constexpr const char* kSystemdManager = "org.freedesktop.systemd1.Manager";
inline constexpr const char* kBusProperties = "org.freedesktop.DBus.Properties";

struct UnitDeadlines {
  std::chrono::milliseconds call = limits::kUnitCallTimeout;
  std::chrono::milliseconds reload = limits::kUnitReloadTimeout;
  std::chrono::milliseconds connect = limits::kBusConnectTimeout;
};

class SystemdBus {
 public:
  using CallId = std::uint64_t;
  using OnReply = std::function<void(Result<BusMessage>)>;

  struct Listener {
    std::function<void(DBusMessage&)> on_signal;
    std::function<void()> on_back;  ///< connected, or systemd is there again: signals may have been missed
    std::function<void()> on_gone;
  };
  /// Loop and clock outlive it.
  SystemdBus(EventLoop& loop, const Clock& clock, std::string socket_path, UnitDeadlines deadlines,
             Listener listener);
  ~SystemdBus();
  SystemdBus(const SystemdBus&) = delete;
  SystemdBus& operator=(const SystemdBus&) = delete;

  /// `what` names it in errors. So many are sent at a time as kBusCallsOpenMax says; the rest waits in line. Its deadline counts from now, whether a connection has to be made first or not. An error
  /// that systemd answers with is given to `on_reply` as one.
  CallId call(std::string what, BusMessage message, std::chrono::milliseconds timeout, OnReply on_reply);
  void cancel(CallId call);
  /// Kept from now on, with these signals; sought again by itself.
  void keep(std::set<std::string> matches);
  /// Nobody listens any more: it is closed once nothing is on its way.
  void let_go();

 private:
  enum class Phase { kIdle, kConnecting, kReady, kWaiting };
  struct Call {
    std::string what;
    BusMessage message;
    OnReply on_reply;
    std::optional<Error> failed;  ///< told from the loop
    std::unique_ptr<EventLoop::Timer> timer;
    std::chrono::milliseconds timeout{0};
    MonotonicTime due{};       ///< by when it was to be answered, where nothing else was to be before
    std::uint32_t serial = 0;  ///< 0: not sent, in line
  };

  CallId add(std::string what, BusMessage message, std::chrono::milliseconds timeout, OnReply on_reply);
  void connect();
  void greet();
  void subscribe();
  void became_ready();
  void rest_soon();
  void rest();
  void send(Call& call);
  /// Those in line, oldest first, as far as the bus lets us.
  void send_on();
  void take(DBusMessage& message);
  void take_reply(DBusMessage& message);
  void take_owner(DBusMessage& message);
  void late(CallId id);
  /// By when a daemon-reload that was sent is to be over; in the past where there is none.
  MonotonicTime reload_due() const;
  void broke(const Error& error);
  void end(CallId id, Result<BusMessage> reply);
  void fail_all(const Error& error);
  void change_match(const char* member, const std::string& rule);
  void settle_matches();
  /// A call of our own: its failure breaks the connection.
  void ask_bus(const char* member, const std::vector<std::string>& arguments, std::function<void()> on_done);

  EventLoop& loop_;
  const Clock& clock_;
  std::string path_;
  UnitDeadlines deadlines_;
  Listener listener_;
  Phase phase_ = Phase::kIdle;
  std::unique_ptr<BusConnection> connection_;
  std::vector<std::unique_ptr<BusConnection>> ended_;  ///< until the loop is out of their callbacks
  std::map<CallId, Call> calls_;
  std::map<std::uint32_t, CallId> by_serial_;
  CallId last_call_ = 0;
  bool is_kept_ = false;
  std::set<std::string> matches_;  ///< that are to be kept
  std::set<std::string> on_bus_;   ///< of them, those that this connection has
  Backoff backoff_;
  std::optional<Error> trouble_;
  std::unique_ptr<EventLoop::Timer> again_;     ///< connects after a wait
  std::unique_ptr<EventLoop::Timer> deadline_;  ///< of connecting
  std::unique_ptr<EventLoop::Timer> sweep_;
  std::unique_ptr<EventLoop::Timer> rest_;  ///< closes what nobody needs
};

}  // namespace holdfast::base
