// SPDX-License-Identifier: Apache-2.0
// MosquittoLink: the Link seam over libmosquitto, MQTT 5 over mTLS, on our own event loop and with our own
// reconnecting: the library's own cannot be trusted over TLS. Every attempt is a fresh client and a fresh TLS
// context, so that nothing of a dead session and no old certificate lives on. Nothing here blocks: names are
// looked up by a thread, TCP and TLS advance on readiness, all under one deadline until it is up.
// Threads: the event loop's. It must not be destroyed inside one of its own callbacks (stop() is fine).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/event_loop.hpp"
#include "base/limits/wire.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "sync/link/link.hpp"
#include "sync/link/proxy.hpp"
#include "sync/link/tls.hpp"

namespace holdfast::sync {

struct BrokerAddress {
  std::string host;
  std::uint16_t port = 8883;
  /// "mqtts://host[:port]" or "host[:port]".
  static base::Result<BrokerAddress> parse(std::string_view text);
  bool operator==(const BrokerAddress&) const = default;
};

/// What a client offers that wants to reach the broker through the hub's own port (RFC 7301).
inline constexpr std::string_view kMqttAlpn = "mqtt";

struct MosquittoLinkOptions {
  std::string client_id;
  /// Tried one after the other, in this order, before it waits; the one that served last comes first, one that
  /// ended its session within 30 s last.
  std::vector<BrokerAddress> addresses;
  Pem ca;
  TlsIdentity identity;
  /// Asked at every attempt, instead of `identity`, where it is given: a certificate may be in the making.
  std::function<TlsIdentity()> identity_to_try;
  std::vector<std::string> alpn;
  ProxyRules proxy;
  std::string server_name;  ///< empty: the host of the address
  std::chrono::seconds keep_alive = base::limits::kKeepAlivePrompt;
  std::chrono::milliseconds connect_timeout = base::limits::kConnectTimeout;
  std::chrono::milliseconds reconnect_window = base::limits::kReconnectWindowMin;
  /// The time for checking certificates; not given: the clock's.
  std::function<base::WallTime()> when;
};

class MosquittoLink final : public Link {
 public:
  MosquittoLink(base::EventLoop& loop, base::Clock& clock, base::Random& random,
                MosquittoLinkOptions options);
  ~MosquittoLink() override;

  void start() override;
  void stop() override;
  LinkState state() const override;
  base::Status publish(const std::string& topic, std::string payload, Delivery delivery) override;
  void subscribe(const std::string& filter) override;
  void set_will(const std::string& topic, std::string payload) override;
  void set_reconnect_window(std::chrono::milliseconds window) override;
  void on_message(OnMessage listener) override;
  void on_state(OnState listener) override;
  void on_writable(std::function<void()> listener) override;
  /// Where the broker is, and who is believed there. A session that is up goes on; without one it begins anew, at once.
  void believe(std::vector<BrokerAddress> addresses, Pem ca);

 private:
  class Session;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::sync
