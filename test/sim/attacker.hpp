// SPDX-License-Identifier: Apache-2.0
// Attacker: somebody who can write to any node through the broker, has heard all that the hub ever said, has keys of their
// own and, in time, those that the fleet gave up because others knew them. Threads: one.
#pragma once

#include <string>

#include "sync/link/fake_link.hpp"
#include "sync/model/ids.hpp"
#include "test/sim/fleet_trust.hpp"
#include "test/sim/node_box.hpp"

namespace holdfast::sim {

class Attacker {
 public:
  Attacker(sync::FakeBroker& broker, base::Random& random);

  /// What was said before comes once more.
  void repeat(const NodeBox& node, const std::string& payload) { say(node, payload); }
  /// A desired state, newer than all, that takes everything from the node.
  void send_state(const NodeBox& node, const base::SigningKey& key);
  void send_state(const NodeBox& node) { send_state(node, own_key_); }
  /// A trust document, newer than all, that names the attacker's key, and a state by it.
  void send_own_trust(const NodeBox& node, const FleetTrust& trust);
  void send_trust(const NodeBox& node, const sync::SignedTrust& trust);

 private:
  void say(const NodeBox& node, const std::string& payload);

  sync::FakeLink link_;
  base::SigningKey own_key_;
};

}  // namespace holdfast::sim
