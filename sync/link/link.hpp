// SPDX-License-Identifier: Apache-2.0
// The Link seam: one MQTT 5 session. Real: sync/link/mosquitto_link.hpp (TLS, on the event loop). Fake:
// sync/link/fake_link.hpp (a broker in memory that can lose, repeat, delay and cut).
// A message that was published may be lost, repeated or late; nothing here is durable, store first.
// Threads: one, the event loop's. Callbacks never come from inside another call.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::sync {

/// hf/1/<shard>/<uid>/up and …/dn
struct Topics {
  static std::string up(const NodeUid& uid);
  static std::string down(const NodeUid& uid);
  static std::string presence(
      const NodeUid& uid);  ///< retained "1"; "0" as the Will: hf/1/<shard>/<uid>/up/presence
  /// What a hub subscribes to: "hf/1/+/+/up/#" and one that names the node of a topic, if it is one of ours.
  static std::string all_up();
  static base::Result<NodeUid> node_of(std::string_view topic);
};

/// What the broker owes a message.
enum class Delivery {
  kAtMostOnce,   ///< QoS 0: may be lost on the way, and no answer costs bytes; for what is said again anyway
  kAtLeastOnce,  ///< QoS 1
  kRetained,     ///< QoS 1, and kept for who subscribes later
};

/// kUp: connected, and every subscription confirmed.
enum class LinkState { kDown, kUp };

class Link {
 public:
  virtual ~Link() = default;
  /// Begins to connect and keeps trying. Changes of state are told, and every attempt that fails (kDown,
  /// why). Subscriptions and Will are set before.
  virtual void start() = 0;
  /// Says goodbye, after what was published before (the Will is not sent), and stops trying.
  virtual void stop() = 0;
  virtual LinkState state() const = 0;
  /// kUnavailable when down or when limits::kInFlightMax are on their way: wait for on_writable, which
  /// comes when there is room again (and after kUp). kLimit over limits::kPacketBytesMax.
  virtual base::Status publish(const std::string& topic, std::string payload, Delivery delivery) = 0;
  /// Renewed at every connect. Call before start().
  virtual void subscribe(const std::string& filter) = 0;
  /// Retained, sent by the broker when the session dies. Call before start().
  virtual void set_will(const std::string& topic, std::string payload) = 0;
  /// The reconnect window that the hub dictates; full jitter inside it.
  virtual void set_reconnect_window(std::chrono::milliseconds window) = 0;

  /// The payload is the listener's: who needs it no more gives its memory back.
  using OnMessage = std::function<void(const std::string& topic, std::string payload)>;
  using OnState = std::function<void(LinkState state, const std::string& why)>;
  virtual void on_message(OnMessage listener) = 0;
  virtual void on_state(OnState listener) = 0;
  virtual void on_writable(std::function<void()> listener) = 0;
};

}  // namespace holdfast::sync
