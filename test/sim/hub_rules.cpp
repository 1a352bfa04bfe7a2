// SPDX-License-Identifier: Apache-2.0
#include "test/sim/hub_rules.hpp"

#include "sync/model/kinds.hpp"

namespace holdfast::sim {

void HubRules::sent(const std::string& payload) {
  const auto frame = sync::decode_frame(payload);
  if (!frame) return judge_.violated("well-formed", "the hub sent what is no frame");
  ++messages_;
  trace_.add("hub", "sends " + std::to_string(static_cast<int>(frame->type)) + " of " +
                        std::to_string(frame->body.size()));
  if (frame->type != sync::FrameType::kState) return;
  const auto state = sync::decode_state(frame->body);
  if (!state) return judge_.violated("well-formed", "the hub sent a state that cannot be read");
  if (const auto header = sync::decode_header(state->header.bytes)) states_[header->node].push_back(payload);
  check_state(*state);
}

void HubRules::check_state(const sync::State& state) {
  const auto header = sync::decode_header(state.header.bytes);
  if (!header) return judge_.violated("well-formed", "the hub sent a header that cannot be read");
  auto& said = said_[header->node];
  trace_.add("hub", "says " + header->generation.text() + " to " + header->node.str().substr(0, 8));
  if (header->generation < said.generation) {
    judge_.violated("generation-never-lower",
                    "the hub sent " + header->generation.text() + " after " + said.generation.text());
  }
  if (header->generation == said.generation && state.header.bytes != said.bytes) {
    judge_.violated("one-generation-one-content",
                    "the hub sent two contents as " + header->generation.text());
  }
  said = {header->generation, state.header.bytes};
  for (const auto& body : state.bodies) {
    const auto section = sync::decode_section(body.bytes);
    if (!section) continue;
    auto& claims = claims_[body.digest];
    for (const auto& resource : section->resources) {
      for (auto& claim : sync::claims_of(resource)) claims.insert(std::move(claim));
    }
  }
  check_claims(*header);
}

void HubRules::check_claims(const sync::DesiredHeader& header) {
  std::map<sync::Claim, std::string> holders;
  for (const auto& section : header.sections) {
    const auto claims = claims_.find(section.digest);
    if (claims == claims_.end()) continue;
    for (const auto& claim : claims->second) {
      const auto [at, is_new] = holders.emplace(claim, section.name);
      if (is_new) continue;
      judge_.violated("one-claim-one-section",
                      claim.text() + " is given to " + at->second + " and " + section.name);
    }
  }
}

}  // namespace holdfast::sim
