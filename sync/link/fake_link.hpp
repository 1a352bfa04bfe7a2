// SPDX-License-Identifier: Apache-2.0
// FakeBroker and FakeLink: the Link seam over a broker in memory, on virtual time. Sessions, retained
// messages and Wills as MQTT has them; loss, duplicates, reordering and delay as a Random decides;
// partitions, broker restarts. Nothing happens inside a call: everything is an event of the broker, and
// callbacks come from step() only.
//
//     FakeBroker broker(clock, random);
//     FakeLink link(broker, "node-1");
//     link.start();
//     while (auto due = broker.next_due()) { clock.set(*due); broker.step(*due); }
//
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/limits/wire.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "sync/link/link.hpp"

namespace holdfast::sync {

/// Chances in a thousand, for each message and receiver.
struct LinkFaults {
  std::uint32_t loss = 0;       ///< acknowledged to the sender and never delivered
  std::uint32_t duplicate = 0;  ///< delivered twice, the second time late
  std::uint32_t reorder = 0;    ///< delayed without regard to those before it
  std::chrono::milliseconds delay_min{1};
  std::chrono::milliseconds delay_max{5};
  std::chrono::milliseconds reorder_max{2'000};
};

class FakeLink;

class FakeBroker {
 public:
  FakeBroker(const base::Clock& clock, base::Random& random) : clock_(clock), random_(random) {}

  void set_faults(const LinkFaults& faults) { faults_ = faults; }

  /// When the next event is due; nothing: all is quiet.
  std::optional<base::MonotonicTime> next_due() const;
  /// Runs every event due at `now` or before, in order of time, then of making. Returns how many.
  std::size_t step(base::MonotonicTime now);

  /// Packets to and from this client stand still; after the keep-alive both sides give the session up and the
  /// broker sends the Will. Healed before, they arrive late.
  void partition(const std::string& client_id);
  void heal(const std::string& client_id);
  /// The broker is killed: sessions and retained messages are gone, no Will is sent; nobody connects until
  /// up().
  void down();
  void up() { up_ = true; }
  void restart() {
    down();
    up();
  }
  /// How long a dead peer goes unnoticed.
  void set_keep_alive(std::chrono::milliseconds keep_alive) { keep_alive_ = keep_alive; }

  // ---- to look at ----
  bool connected(const std::string& client_id) const { return sessions_.contains(client_id); }
  std::optional<std::string> retained(const std::string& topic) const;
  std::uint64_t published() const { return published_; }
  std::uint64_t published_at_most_once() const { return published_at_most_once_; }
  std::uint64_t delivered() const { return delivered_; }

 private:
  friend class FakeLink;
  using Number = std::uint64_t;  // of a session, never used twice
  struct Session {
    Number number = 0;
    FakeLink* link = nullptr;  // nothing once the client's process is gone
    std::vector<std::string> filters;
    std::optional<std::pair<std::string, std::string>> will;
    base::MonotonicTime last_up{};
    base::MonotonicTime last_down{};
    bool silent = false;  // partitioned
    Number silence = 0;
    std::vector<std::function<void()>> parked;
  };
  struct Message {
    std::string topic;
    std::string payload;
    Delivery delivery = Delivery::kAtLeastOnce;
  };

  void at(base::MonotonicTime when, std::function<void()> what);
  void after(std::chrono::milliseconds delay, std::function<void()> what);
  bool chance(std::uint32_t per_mille) { return per_mille != 0 && random_.below(1'000) < per_mille; }
  std::chrono::milliseconds delay();
  /// Later than the last packet of this direction: MQTT keeps order within a session.
  base::MonotonicTime in_order(base::MonotonicTime& last);
  Session* find(const std::string& client_id, Number number);
  void silence(Session& session, const std::string& client_id);

  void attempt(FakeLink& link);
  void accept(FakeLink& link);
  void detach(const std::string& client_id, Number number, bool goodbye);
  void give_up(const std::string& client_id, Number number, Number silence);
  void cut(const std::string& client_id, const std::string& why);
  void send(const std::string& client_id, Number number, Message message);
  void take(const std::string& client_id, Number number, const Message& message);
  void route(const Message& message);
  void deliver(const std::string& client_id, Session& to, const Message& message);
  void hand_over(const std::string& client_id, Number number, const Message& message);
  void acknowledge(const std::string& client_id, Number number);

  const base::Clock& clock_;
  base::Random& random_;
  LinkFaults faults_;
  std::chrono::milliseconds keep_alive_ = base::limits::kKeepAlivePrompt * 3 / 2;
  bool up_ = true;
  Number numbers_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t published_at_most_once_ = 0;
  std::uint64_t delivered_ = 0;
  std::map<std::pair<base::MonotonicTime, std::uint64_t>, std::function<void()>> events_;
  std::map<std::string, Session> sessions_;
  std::map<std::string, std::string> retained_;
  std::set<std::string> partitioned_;
};

/// The broker outlives its links. Destroying a link that is up is the death of its process: the broker sees
/// the connection end at once and sends the Will.
class FakeLink final : public Link {
 public:
  FakeLink(FakeBroker& broker, std::string client_id);
  ~FakeLink() override;
  FakeLink(const FakeLink&) = delete;
  FakeLink& operator=(const FakeLink&) = delete;

  void start() override;
  void stop() override;
  LinkState state() const override { return up_ ? LinkState::kUp : LinkState::kDown; }
  base::Status publish(const std::string& topic, std::string payload, Delivery delivery) override;
  void subscribe(const std::string& filter) override { filters_.push_back(filter); }
  void set_will(const std::string& topic, std::string payload) override {
    will_ = {topic, std::move(payload)};
  }
  void set_reconnect_window(std::chrono::milliseconds window) override { window_ = window; }
  void on_message(OnMessage listener) override { on_message_ = std::move(listener); }
  void on_state(OnState listener) override { on_state_ = std::move(listener); }
  void on_writable(std::function<void()> listener) override { on_writable_ = std::move(listener); }

 private:
  friend class FakeBroker;
  void connected(FakeBroker::Number number);
  void failed(const std::string& why);
  void acknowledged();
  void try_after(std::chrono::milliseconds delay);
  void offer_room();

  FakeBroker& broker_;
  std::string client_id_;
  std::vector<std::string> filters_;
  std::optional<std::pair<std::string, std::string>> will_;
  std::chrono::milliseconds window_ = base::limits::kReconnectWindowMin;
  OnMessage on_message_;
  OnState on_state_;
  std::function<void()> on_writable_;
  bool started_ = false;
  bool up_ = false;
  FakeBroker::Number session_ = 0;
  std::size_t in_flight_ = 0;
  bool refused_ = false;
  std::uint64_t attempt_ = 0;  // an attempt of an earlier start() is not made
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace holdfast::sync
