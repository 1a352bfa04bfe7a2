// SPDX-License-Identifier: Apache-2.0
// Session: the conversation of one node with its hub over a Link. Says hello at every connect, hands desired
// states to the engine, sends what the engine has to say (coalesced), answers commands, and repeats the hello as a
// beacon. Holds nothing that may not be lost: whatever matters is in the engine's store first.
// Runs over the Clock, Random and Link seams, so the simulator runs this very code.
// Threads: one, the event loop's.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/limits/wire.hpp"
#include "base/random.hpp"
#include "edge_agent/engine.hpp"
#include "edge_agent/event_batches.hpp"
#include "sync/link/link.hpp"
#include "sync/store/store.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::edge_agent {

/// Carries out a verified command; the text is the answer's body, an Error becomes `ok: false`. nullopt: Session::answer() is called with
/// it later.
using CommandHandler = std::function<base::Result<std::optional<std::string>>(const sync::Command& command)>;

class Session {
 public:
  struct Seams {
    base::Clock& clock;
    base::Random& random;
    sync::Store& store;
    sync::Link& link;
    Outbox* outbox = nullptr;  ///< the engine's
  };
  Session(Seams seams, Engine& engine, NodeIdentity identity, CommandHandler handler);

  /// Installs listeners and Will, subscribes, starts the link. Call once.
  void start();
  /// Says that the node leaves (a goodbye sends no Will), and stops the link.
  void stop();
  /// Sends what is due; nullopt: only an event can bring work.
  std::optional<base::MonotonicTime> run_due();
  bool connected() const { return connected_; }
  /// Why the broker is not reached, as the last attempt had it; empty while connected, and before the first.
  const std::string& link_trouble() const { return link_trouble_; }
  /// A beacon comes at random between the two, from the next hello on.
  void set_beacon_interval(std::chrono::milliseconds min, std::chrono::milliseconds max) {
    beacon_min_ = min;
    beacon_max_ = max;
  }
  /// A trust document came: takes it; false: it is not newer. Without one such messages change nothing.
  using TrustHandler = std::function<base::Result<bool>(std::string_view encoded)>;
  void on_trust(TrustHandler handler) { trust_handler_ = std::move(handler); }
  /// Another is in force, however it came: whose signature counts. The hub hears which version this node holds.
  void set_trust(std::vector<base::PublicKey> signing_keys, std::uint64_t version);
  /// What a command came to whose handler said "later".
  void answer(const std::string& id, base::Result<std::string> done);
  /// Something that hello tells of has changed.
  void say_hello_again();
  /// Called when there is something new to send, so that the driver calls run_due() soon.
  void on_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  struct Counters {
    std::uint64_t connects = 0;
    std::uint64_t frames_in = 0;
    std::uint64_t frames_out = 0;
    std::uint64_t frames_bad = 0;
    std::uint64_t commands = 0;
    std::uint64_t bytes_in = 0;  ///< of messages, as they travel
    std::uint64_t bytes_out = 0;
    std::uint64_t states_whole = 0;  ///< that came, and how
    std::uint64_t states_delta = 0;
    std::uint64_t bases_lost = 0;  ///< deltas that could not be read
    std::uint64_t snapshots_whole = 0;
    std::uint64_t snapshots_delta = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  /// Why hello is said: one has come; something that it tells of has changed, or was not heard; or only that it is still there.
  enum class Greeting { kJoin, kNews, kBeacon };
  struct Outgoing {
    sync::Frame frame;
    sync::Delivery delivery;
  };

  void on_link(sync::LinkState state, const std::string& why);
  void on_payload(std::string payload);
  void dispatch(sync::Frame frame);
  void on_report(const sync::Report& report);
  base::Status on_state(std::string body);
  base::Status on_part(std::string_view body);
  base::Status on_command(std::string_view body);
  base::Status on_settings(std::string_view body);
  base::Status on_trust_document(std::string_view body);
  /// False when this counter, or a higher one, was seen before. Stored before the command is carried out.
  base::Result<bool> take_counter(std::string_view which, std::uint64_t counter);

  /// Why a command is refused for its age; empty: it is not.
  std::string too_late(const sync::Command& command) const;

  base::Status say_presence(const char* there);
  void say_hello(Greeting greeting);
  void queue(sync::Frame frame, sync::Delivery delivery = sync::Delivery::kAtLeastOnce);
  void collect();
  void collect_snapshot(base::MonotonicTime now);
  void collect_events(base::MonotonicTime now);
  bool flush();
  bool send(const Outgoing& out);
  std::string payload_of(const Outgoing& out) const;
  void note_sent(const sync::Frame& frame, bool is_delta);
  /// Of a report that the hub has, as long as it does not ask for it.
  void expect_report_known(std::string body);
  void queue_snapshot(base::MonotonicTime now);
  void wake();

  Seams seams_;
  Engine& engine_;
  NodeIdentity identity_;
  CommandHandler handler_;
  TrustHandler trust_handler_;
  std::function<void()> wake_;
  std::deque<Outgoing> outgoing_;
  std::chrono::milliseconds snapshot_interval_;
  std::optional<base::MonotonicTime> snapshot_due_;
  base::MonotonicTime snapshot_sent_{};
  base::Digest snapshot_digest_sent_;
  // What the hub knows of this node; none: it gets the whole.
  std::optional<sync::FrameBase> report_base_;
  std::optional<sync::FrameBase> hello_base_;  ///< the last hello that went whole: beacons are deltas on it
  std::optional<base::MonotonicTime> beacon_due_;
  EventBatches event_batches_;
  std::chrono::milliseconds beacon_min_ = base::limits::kBeaconIntervalMin;
  std::chrono::milliseconds beacon_max_ = base::limits::kBeaconIntervalMax;
  bool connected_ = false;
  std::string link_trouble_;
  bool ever_sent_ = false;
  Counters counters_;
};

}  // namespace holdfast::edge_agent
