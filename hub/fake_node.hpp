// SPDX-License-Identifier: Apache-2.0
// FakeNode: a node as the hub sees it, over a FakeLink: says hello, verifies and takes over desired states,
// reports. Its host is a set of claims, kept by the same rules as a real agent keeps files: it deletes what
// left a section or was removed with prune, but what is withheld or claimed by anybody.
// Threads: one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/sealing.hpp"
#include "base/signing.hpp"
#include "sync/link/fake_link.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/section.hpp"
#include "sync/model/snapshot.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

class FakeNode {
 public:
  struct Identity {
    sync::FleetId fleet;
    sync::NodeUid uid;
    base::PublicKey hub;
  };
  FakeNode(sync::FakeBroker& broker, Identity identity);

  void connect();
  void disconnect();  ///< the Will is sent
  bool connected() const { return link_ != nullptr && link_->state() == sync::LinkState::kUp; }

  // ---- what a test may set, before or between ----
  std::vector<std::string> abilities = {"configmap/1", "file/1", "process/1"};
  std::map<std::string, std::string> facts;
  std::optional<base::SealingKey> sealing;  ///< none: it knows no secrets
  bool loses_bases = false;                 ///< knows no base of a delta
  bool takes_parts = true;                  ///< false: what comes in parts does not arrive
  bool lacks_bodies = false;                ///< says in hello that it lost something of what it accepted
  bool silent = false;                      ///< takes messages and says nothing: a report that was lost
  bool is_verified = true;                  ///< false: what it holds is signed by no key that it believes
  bool believes_hub = true;                 ///< false: refuses all that comes
  bool has_room = true;                     ///< false: refuses what comes, for it cannot be stored
  bool applies = true;                      ///< false: accepts, and the health gates never pass
  bool removes = true;                      ///< false: reports removed applications as being removed still
  std::optional<sync::SignedHeader> shows;  ///< as its proof; none: what it accepted
  bool holds_removals = false;              ///< reports removed applications as held by the prune limit
  std::function<base::Result<std::string>(const sync::Command&)> on_command;

  std::function<void(const sync::Settings&)> on_settings;
  /// When it is sent a trust document, which it does not take: `trust` is the test's.
  std::function<void()> on_trust;

  // ---- what a test looks at ----
  const std::optional<sync::DesiredHeader>& header() const { return header_; }
  /// "path:/etc/motd", of everything that the host has because of us.
  std::set<std::string> host() const;
  /// The same, of what it ever deleted.
  const std::set<std::string>& deleted() const { return deleted_; }
  /// Names of the sections it holds.
  std::set<std::string> applications() const;
  std::optional<sync::SectionRef> section(const std::string& application) const;
  std::string body_of(const std::string& application) const;
  std::size_t states_received() const { return states_; }
  std::size_t messages_sent() const { return sent_; }
  std::size_t reports_asked() const { return reports_asked_; }
  std::size_t hellos_asked() const { return hellos_asked_; }
  /// Of the bodies in the last state that came.
  std::size_t last_state_bytes() const { return last_state_bytes_; }
  std::size_t deltas_received() const { return deltas_; }
  /// Of the last state, as it travelled.
  std::size_t last_payload_bytes() const { return last_payload_bytes_; }
  /// Whose bodies it waits for.
  std::optional<sync::DesiredHeader> awaited() const;
  /// Bytes of all parts that came, whether they were of use or not.
  std::size_t part_bytes_received() const { return part_bytes_; }
  /// What it was told of its events, in order.
  const std::vector<sync::EventsStored>& events_stored() const { return events_stored_; }

  void say_hello(bool beacon = false);
  /// A beacon as a delta on the last hello.
  void say_beacon();
  std::uint64_t hardware = 0;  ///< that its hello tells of
  std::uint64_t trust = 0;     ///< the same: the version of its trust document
  void report();
  /// As a delta on what was reported before.
  void report_change();
  void send(const sync::Frame& frame);
  void send_raw(std::string payload);
  void set_health(const std::string& application, sync::SectionPhase phase, sync::Health health);
  /// What a node of a hub that was restored would say.
  void claim_generation(const sync::Generation& generation) { claimed_ = generation; }
  /// Everything is gone but the identity: a new disk.
  void forget();

 private:
  struct Health {
    sync::SectionPhase phase;
    sync::Health health;
    base::Digest quarantined;
  };
  void on_payload(std::string_view payload);
  std::optional<std::string> find_base(sync::FrameType type, std::string_view name) const;
  void on_frame(const sync::Frame& frame);
  void on_state(const sync::State& state);
  void on_part(const sync::Part& part);
  void ask(const sync::DesiredHeader& next, const std::vector<base::Digest>& sections);
  void on_command_frame(std::string_view body);
  void apply(const sync::DesiredHeader& next);
  void answer(sync::AppliedStage stage);
  sync::Snapshot snapshot() const;
  sync::Hello hello_now(bool beacon) const;

  sync::FakeBroker& broker_;
  Identity identity_;
  std::unique_ptr<sync::FakeLink> link_;
  std::optional<sync::DesiredHeader> header_;
  base::Digest header_digest_;
  sync::SignedHeader sealed_;
  std::map<base::Digest, std::string> bodies_;
  std::map<base::Digest, std::string> provenances_;  ///< by section
  std::map<base::Digest, std::string> parts_;        ///< what came so far
  std::optional<sync::State> awaited_;
  std::string reported_;
  std::string hello_;
  std::vector<sync::EventsStored> events_stored_;
  std::map<sync::Claim, sync::ApplicationUid> host_;
  std::set<std::string> deleted_;
  std::map<std::string, Health> health_;
  std::optional<sync::Generation> claimed_;
  std::size_t states_ = 0;
  std::size_t sent_ = 0;
  std::size_t reports_asked_ = 0;
  std::size_t hellos_asked_ = 0;
  std::size_t last_state_bytes_ = 0;
  std::size_t deltas_ = 0;
  std::size_t last_payload_bytes_ = 0;
  std::size_t part_bytes_ = 0;
};

}  // namespace holdfast::hub
