// SPDX-License-Identifier: Apache-2.0
// NodeBox: one node: the shipped Engine and Session on a fake host, container engine, systemd, store and link. Threads: one.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/fake_engine.hpp"
#include "base/fake_host.hpp"
#include "base/systemd/fake_units.hpp"
#include "edge_agent/data_folder.hpp"
#include "edge_agent/engine.hpp"
#include "edge_agent/outbox.hpp"
#include "edge_agent/session.hpp"
#include "sync/link/fake_link.hpp"
#include "sync/store/fake_segments.hpp"
#include "sync/store/fake_store.hpp"
#include "test/sim/box.hpp"
#include "test/sim/event_rules.hpp"
#include "test/sim/node_rules.hpp"
#include "test/sim/seams.hpp"
#include "test/sim/sim_engine.hpp"
#include "test/sim/sim_units.hpp"
#include "test/sim/trust_rules.hpp"

namespace holdfast::sim {

class NodeBox final : public Box {
 public:
  /// `trust`: the document that enrolment gave, as it travels.
  NodeBox(edge_agent::NodeFile file, std::string trust, sync::FakeBroker& broker, Oracle& oracle,
          Trace& trace, Judge& judge, std::uint64_t seed);
  ~NodeBox() override { end(); }

  const sync::NodeUid& uid() const { return file_.uid; }
  std::string client_id() const { return file_.uid.str(); }
  edge_agent::Engine* engine() { return engine_.get(); }
  NodeRules& rules() { return rules_; }
  ContainerRules& container_rules() { return container_rules_; }
  UnitRules& unit_rules() { return unit_rules_; }
  const EventRules& events() const { return events_; }
  /// The trust document that it holds.
  const sync::TrustDocument& trust() const { return trust_rules_.document(); }
  /// The desired state that its store holds; the default: none.
  sync::DesiredHeader accepted_header() const;
  /// A new sealing key, as after two thirds of the life of the one before.
  void rotate_sealing_key();
  void set_facts(std::map<std::string, std::string> facts);
  /// Processes are gone, the clock starts over, what nobody promised to be durable is lost.
  void power_cut(std::chrono::milliseconds later);

  /// From its next start on it has a container engine and systemd.
  void give_workloads();
  bool has_workloads() const { return has_workloads_; }

  base::FakeHost host{clock};
  base::FakeEngine containers{clock};
  base::FakeUnitManager units{clock, host};
  sync::FakeStore store;
  sync::FakeSegments segments;

 protected:
  bool begin() override;
  void end() override;
  std::optional<base::MonotonicTime> work() override;

 private:
  base::Result<std::string> carry_out(const sync::Command& command);
  base::Result<bool> take_trust(std::string_view encoded);
  void storing(sync::Table table, std::string_view key, std::string_view value);

  edge_agent::NodeFile file_;
  std::string trust_file_;
  sync::TrustDocument trust_;
  sync::FakeBroker& broker_;
  std::map<std::string, std::string> facts_;
  NodeRules rules_;
  EventRules events_;
  TrustRules trust_rules_;
  base::SealingKeys sealing_keys_;
  ContainerRules container_rules_;
  UnitRules unit_rules_;
  SimHost sim_host_;
  SimEngine sim_engine_;
  SimUnits sim_units_;
  bool has_workloads_ = false;
  base::FakeRandom asked_random_;  ///< of what the dead had asked for
  std::unique_ptr<SimStore> sim_store_;
  std::unique_ptr<SimLink> link_;
  std::unique_ptr<edge_agent::Outbox> outbox_;
  std::unique_ptr<edge_agent::Engine> engine_;
  std::unique_ptr<edge_agent::Session> session_;
};

}  // namespace holdfast::sim
