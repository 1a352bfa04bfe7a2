// SPDX-License-Identifier: Apache-2.0
// Engine: the agent without its sockets. It accepts desired states, keeps a queue of keys that are due,
// reconciles them through the drivers and reports. Runs on any Clock, Random, Store and Host: the program
// drives it from the event loop, the simulator from virtual time. Level-triggered: an event only puts a key
// into the queue; reconcile() reads what is and decides.
// Threads: one.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/engine.hpp"
#include "base/host.hpp"
#include "base/metric.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/signing.hpp"
#include "base/units.hpp"
#include "edge_agent/outbox.hpp"
#include "edge_agent/plan.hpp"
#include "edge_agent/pod_machine.hpp"
#include "edge_agent/pod_places.hpp"
#include "edge_agent/why.hpp"
#include "sync/model/event.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/snapshot.hpp"
#include "sync/store/store.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::edge_agent {

class ImagePuller;

/// Who this node is; made at enrolment, kept in table "meta".
struct NodeIdentity {
  sync::FleetId fleet;
  sync::NodeUid uid;
  std::string name;
  std::vector<base::PublicKey> signing_keys;  ///< from the trust document
  base::MacKey mark_key{};
  std::uint64_t hardware = 0;  ///< what hello says of the machine; 0: not known
  sync::NodeUid mark_uid{};    ///< under which marks are made; empty: `uid`
  std::uint64_t trust = 0;     ///< version of the trust document that `signing_keys` are of; 0: not told
};

class Engine {
 public:
  struct Seams {
    base::Clock& clock;
    base::Random& random;
    sync::Store& store;
    base::Host& host;
    Outbox* outbox = nullptr;            ///< where events wait; none: in memory, until take_events()
    base::Engine* containers = nullptr;  ///< none: this node does no containers
    PodPlaces pod_places{};
    base::UnitManager* units = nullptr;  ///< none: no systemd here
    ImagePuller* puller = nullptr;       ///< none: images are not pulled
    base::WallTime not_before{};         ///< a clock that shows an earlier time is not set
    PodMachine machine{};
  };
  Engine(Seams seams, NodeIdentity identity);
  ~Engine();

  /// Loads and verifies everything from the store, rebuilds the inventory from marks where it was lost,
  /// watches, and queues every section. Needs no network. kTooNew leaves workloads alone. On kCorrupt nothing
  /// was touched: rescue the store (store_rescue.hpp) and boot a new Engine on what that gives.
  base::Status boot();
  /// When the program began, for the measure of its first pass; without it, when the engine was made.
  void started(base::MonotonicTime at);

  /// A kState message. Verified, compared, stored; then queued. What the hub must hear comes back:
  /// Applied{kAccepted}, Need, or Applied{kRefused} with an event that says why. An older or equal generation
  /// changes nothing.
  std::vector<sync::Frame> accept(sync::State state);
  /// A kPart message: kept, and counted when the whole has its digest.
  std::vector<sync::Frame> accept(const sync::Part& part);
  /// For a kState message that came as a delta: the bytes that its base is called by; nothing: not held here.
  std::optional<std::string> state_base(std::string_view name) const;

  /// Runs every key that is due; returns when the next one is (nullopt: only an event can bring work).
  std::optional<base::MonotonicTime> run_due();
  /// Puts a key into the queue; called by the Host listener that boot() installs.
  void on_host_event(const base::HostEvent& event);
  /// A person asks for it: everything is looked at now, and what waits for its next try has it.
  void look_at_everything();
  /// And of these applications, what is held for known bad is tried once more; the others' stays where it is.
  void retry(const std::vector<sync::ApplicationUid>& applications);
  void retry_all();

  /// Another trust document is in force: whose signature counts from now on, and what hello says. What was accepted
  /// before stays accepted.
  void set_trust(std::vector<base::PublicKey> signing_keys, std::uint64_t version);

  /// By which secrets are opened. Before boot(), and whenever they change.
  void set_sealing_keys(base::SealingKeys keys);
  /// Told before the first secret is opened, and at each later one.
  void on_secret_opened(std::function<void()> listener);
  /// What the hub is told to seal to; none: this node has no key.
  std::optional<base::SealingPublicKey> sealing_key() const;
  /// To which what is stored is sealed.
  std::set<base::SealingKeyId> sealing_keys_needed() const;
  /// References, in full form, of what any section has accepted, applied or as a last good state. An error: it cannot be told.
  base::Result<std::set<std::string>> images_needed() const;

  sync::Hello hello() const;
  /// As the hub signed it; without bytes: none was accepted yet.
  sync::SignedHeader accepted_header() const;
  /// What a snapshot would say now.
  const sync::Snapshot& snapshot() const;
  /// Events that the outbox did not take, oldest first. The caller drops what it has sent.
  std::vector<sync::Event> take_events();
  std::optional<sync::Applied> take_applied();
  /// Told whenever snapshot() changed.
  void on_changed(std::function<void()> listener);
  /// Told whenever work came into the queue from outside run_due(): call it soon.
  void on_wake(std::function<void()> listener);
  /// What the node knows about itself (architecture, kernel, …); part of the snapshot.
  void set_facts(std::map<std::string, std::string> facts);
  /// Of the machine (machine_conditions.hpp), beside those of the agent itself. One that becomes True is a warning named
  /// by its type, and its end an event named by its reason then. After boot().
  void set_conditions(std::vector<sync::Condition> conditions);

  /// Between two looks at everything, from the next one on.
  void set_full_pass_interval(std::chrono::milliseconds interval);

  /// For `holdfast-agent plan` and `why`: the plan as it would be carried out now, without doing it.
  base::Result<Plan> plan_now();
  using Why = edge_agent::Why;
  /// Everything that `brief` ("File/motd") may mean. kNotFound says what there is.
  base::Result<std::vector<Why>> why(const std::string& brief);

  /// For /metrics; names begin with holdfast_agent_.
  std::vector<base::Metric> metrics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::edge_agent
