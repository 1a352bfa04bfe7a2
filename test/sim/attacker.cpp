// SPDX-License-Identifier: Apache-2.0
#include "test/sim/attacker.hpp"

#include "sync/model/desired_state.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sim {

namespace {
constexpr std::uint64_t kFarAhead = 1'000'000;
}

Attacker::Attacker(sync::FakeBroker& broker, base::Random& random)
    : link_(broker, "attacker"), own_key_(base::SigningKey::generate(random)) {
  link_.start();
}

void Attacker::say(const NodeBox& node, const std::string& payload) {
  static_cast<void>(link_.publish(sync::Topics::down(node.uid()), payload, sync::Delivery::kAtLeastOnce));
}

void Attacker::send_state(const NodeBox& node, const base::SigningKey& key) {
  auto header = node.accepted_header();
  header.generation.epoch += kFarAhead;
  header.removals.clear();
  for (const auto& section : header.sections) {
    header.removals.push_back({.application = section.application,
                               .name = section.name,
                               .mode = sync::RemovalMode::kPrune,
                               .confirmed = true});
  }
  header.sections.clear();
  say(node, sync::encode_frame(sync::encode(sync::State{sync::sign_header(header, key), {}})));
}

void Attacker::send_trust(const NodeBox& node, const sync::SignedTrust& trust) {
  say(node, sync::encode_frame(sync::encode(trust)));
}

void Attacker::send_own_trust(const NodeBox& node, const FleetTrust& trust) {
  auto document = trust.document();
  document.version += kFarAhead;
  document.signing_keys = {own_key_.public_key()};
  send_trust(node, sync::sign_trust(document, own_key_));
  send_state(node, own_key_);
}

}  // namespace holdfast::sim
