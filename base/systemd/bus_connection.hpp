// SPDX-License-Identifier: Apache-2.0
// BusConnection: one connection to a message bus: the socket, who we are (SASL EXTERNAL), then messages both ways.
// Nothing here waits. https://dbus.freedesktop.org/doc/dbus-specification.html#auth-protocol
// Threads: the event loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"
#include "base/systemd/bus_message.hpp"

namespace holdfast::base {

class BusConnection {
 public:
  struct Listener {
    std::function<void()> on_open;  ///< the bus took us: messages may be sent
    std::function<void(DBusMessage&)> on_message;
    /// Once; the connection may be destroyed in it, as in any of these.
    std::function<void(const Error&)> on_end;
  };
  /// kUnavailable: nobody listens there. Loop outlives it. No callback comes from inside.
  static Result<std::unique_ptr<BusConnection>> open(EventLoop& loop, const std::string& path,
                                                     Listener listener);
  ~BusConnection();
  BusConnection(const BusConnection&) = delete;
  BusConnection& operator=(const BusConnection&) = delete;

  /// Its serial, which the reply names. REQUIRES: on_open came.
  Result<std::uint32_t> send(DBusMessage& message);

 private:
  BusConnection(EventLoop& loop, Fd socket, Listener listener);
  void ready(Ready now);
  /// False: it has ended, and this may be gone.
  bool flush();
  void write(std::string_view bytes);
  bool receive();
  bool take_line();
  bool take_messages();
  void end(Error error);

  EventLoop& loop_;
  Fd socket_;
  Listener listener_;
  std::string out_;
  std::string in_;
  bool is_open_ = false;
  std::uint32_t last_serial_ = 0;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< seen by what runs its callbacks
};

}  // namespace holdfast::base
