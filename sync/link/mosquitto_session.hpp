// SPDX-License-Identifier: Apache-2.0
// MosquittoSession: one MQTT connection through libmosquitto, from TCP to its end, advanced by readiness of
// its socket. It says what happened in a list and never calls back, so that nobody acts from inside the
// library's locks. The library's traps that this knows: it goes on as if nothing were wrong when TCP fails or
// ends under TLS (it would spin), wants to write for no reason while TLS waits to read, and leaves its socket
// to child processes. One that nobody can get around: a broker (one that we believe) that sends malformed
// MQTT 5 properties ends the process by an assertion in it.
// Threads: one.
#pragma once

#include <mosquitto.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"
#include "sync/link/link.hpp"
#include "sync/link/tls.hpp"

namespace holdfast::sync {

struct MosquittoSessionOptions {
  std::string client_id;
  std::string ip;
  std::uint16_t port = 0;
  std::chrono::seconds keep_alive{60};
  std::vector<std::string> filters;
  std::string will_topic;  ///< empty: no Will
  std::string will_payload;
  TlsClientOptions tls;
};

class MosquittoSession {
 public:
  struct Event {
    enum class Kind { kConnected, kMessage, kAcknowledged, kRefused };
    Kind kind;
    std::string topic;    ///< of kMessage
    std::string payload;  ///< of kMessage; of kRefused: what was not allowed
  };

  /// Begins to connect; no blocking call.
  static base::Result<std::unique_ptr<MosquittoSession>> begin(const MosquittoSessionOptions& options);
  MosquittoSession(const MosquittoSession&) = delete;
  MosquittoSession& operator=(const MosquittoSession&) = delete;

  int fd() const { return fd_; }
  base::Ready interest() const;
  /// The socket is ready. An error ends the session.
  base::Status advance(base::Ready ready);
  /// Keep-alive; to be called every few seconds.
  base::Status tick();
  /// Begins with kConnected, which comes when the broker has confirmed every subscription: what others send
  /// from then on arrives. Nothing before that.
  std::vector<Event> take_events();

  base::Status publish(const std::string& topic, std::string_view payload, Delivery delivery);
  void say_goodbye();
  /// "TCP", "TLS", "MQTT": what it waits for, for the message of a deadline.
  std::string_view phase() const;

 private:
  enum class Phase { kTcp, kTls, kMqtt, kSubscribing, kUp };

  explicit MosquittoSession(const MosquittoSessionOptions& options) : options_(options) {}
  base::Status connect();
  base::Status set_options();
  void set_listeners();
  base::Status check_tcp() const;
  base::Status check_still_open() const;
  base::Status subscribe();
  base::Status check(int rc);
  base::Error explain(int rc);

  static MosquittoSession& self(void* object) { return *static_cast<MosquittoSession*>(object); }
  static void on_log(mosquitto*, void* object, int level, const char* text);
  static void on_connect(mosquitto*, void* object, int reason, int, const mosquitto_property*);
  static void on_disconnect(mosquitto*, void* object, int reason, const mosquitto_property*);
  static void on_message(mosquitto*, void* object, const mosquitto_message* message,
                         const mosquitto_property*);
  static void on_publish(mosquitto*, void* object, int, int reason, const mosquitto_property*);
  static void on_subscribe(mosquitto*, void* object, int, int count, const int* granted,
                           const mosquitto_property*);

  MosquittoSessionOptions options_;
  TlsVerdict verdict_;
  SslContext context_;
  Phase phase_ = Phase::kTcp;
  int fd_ = -1;
  int connack_ = -1;   // reason code, once there
  int dismissal_ = 0;  // reason code by which the broker ended the session; 0: it did not
  std::size_t subscribed_ = 0;
  std::string last_log_;
  std::vector<Event> events_;
  base::Handle<mosquitto, mosquitto_destroy> client_;  // last: goes first, it uses all the rest
};

}  // namespace holdfast::sync
