// SPDX-License-Identifier: Apache-2.0
#include "test/sim/hub_rules.hpp"

#include "hub/tables.hpp"
#include "sync/model/kinds.hpp"
#include "sync/wire/state_base.hpp"
#include "test/sim/canary.hpp"

namespace holdfast::sim {
namespace {

/// " a@1be90210 (withholds path:/x) b@1be90210 -c": sections, and removals.
std::string summary(const sync::DesiredHeader& header) {
  constexpr std::size_t kShown = 8;
  std::string out;
  for (const auto& section : header.sections) {
    out += " " + section.name + "@" + section.revision.str().substr(0, kShown);
    for (const auto& claim : section.withhold) out += " (withholds " + claim.text() + ")";
  }
  for (const auto& removal : header.removals) out += " -" + removal.name;
  return out;
}

}  // namespace

void HubRules::sent(const std::string& payload) {
  const auto decoded =
      sync::decode_frame(payload, [this](sync::FrameType, std::string_view name) { return base(name); });
  if (!decoded) return judge_.violated("well-formed", "the hub sent what is no frame");
  const auto* frame = std::get_if<sync::Frame>(&*decoded);
  if (frame == nullptr) return judge_.violated("well-formed", "the hub sent a delta on what it never said");
  ++messages_;
  if (holds_canary(frame->body)) judge_.violated("secret-in-clear", "the hub sends a secret in clear");
  trace_.add("hub", "sends " + std::to_string(static_cast<int>(frame->type)) + " of " +
                        std::to_string(frame->body.size()) + (sync::is_delta(payload) ? " as a delta" : ""));
  if (frame->type == sync::FrameType::kPart) {
    const auto part = sync::decode_part(frame->body);
    return part ? take_part(*part)
                : judge_.violated("well-formed", "the hub sent a part that cannot be read");
  }
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
  trace_.add("hub", "says " + header->generation.text() + " to " + header->node.str().substr(0, 8) + ":" +
                        summary(*header));
  if (header->generation < said.generation) {
    judge_.violated("generation-never-lower",
                    "the hub sent " + header->generation.text() + " after " + said.generation.text());
  }
  if (header->generation == said.generation && state.header.bytes != said.bytes) {
    judge_.violated("one-generation-one-content",
                    "the hub sent two contents as " + header->generation.text());
  }
  said = {header->generation, state.header.bytes};
  remember(state, *header);
  check_claims(*header);
}

void HubRules::remember(const sync::State& state, const sync::DesiredHeader& header) {
  headers_[sync::state_base_header(base::Digest::of(state.header.bytes))] = {state.header, header};
  for (const auto& body : state.bodies) {
    take_body(body.digest, body.bytes);
    bytes_[base::Digest::of(body.provenance)] = body.provenance;
  }
}

void HubRules::take_body(const base::Digest& digest, const std::string& bytes) {
  bytes_[digest] = bytes;
  const auto section = sync::decode_section(bytes);
  if (!section) return;
  auto& claims = claims_[digest];
  for (const auto& resource : section->resources) {
    for (auto& claim : sync::claims_of(resource)) claims.insert(std::move(claim));
  }
}

/// A hub goes on where a node is, so there are no holes in what it sent so far, whoever got it.
void HubRules::take_part(const sync::Part& part) {
  auto& bytes = parts_[part.digest];
  if (part.offset > bytes.size()) return judge_.violated("well-formed", "the hub left out a part");
  if (part.offset == bytes.size()) bytes += part.bytes;
  if (bytes.size() == part.total && base::Digest::of(bytes) == part.digest) take_body(part.digest, bytes);
}

void HubRules::signs_by(const base::SigningKey& key) {
  for (auto& [name, known] : headers_) known.sealed = sync::sign_header(known.header, key);
}

void HubRules::restored(sync::FakeStore& copy) {
  was_restored_ = true;
  said_.clear();
  static_cast<void>(copy.read([&](sync::ReadTxn& txn) -> base::Status {
    for (const auto table : {hub::kDesiredTable, hub::kBodyTable, hub::kProvenanceTable}) {
      HF_CHECK(txn.scan(table, "", [&](std::string_view key, std::string_view value) {
        stored(table, key, value);
        return true;
      }));
    }
    return {};
  }));
}

/// What the hub of before the restore sent may say the same as what this one made, under another header: the node says so
/// and gets the whole. So a restored hub's delta may be on whatever it made.
void HubRules::stored(sync::Table table, std::string_view, std::string_view value) {
  if (holds_canary(value))
    judge_.violated("secret-in-clear", "the hub stores a secret in clear, in " + std::string(table.name));
  if (!was_restored_) return;
  if (table == hub::kBodyTable || table == hub::kProvenanceTable)
    return take_body(base::Digest::of(value), std::string(value));
  if (table != hub::kDesiredTable) return;
  constexpr std::size_t kSignatureBytes = 64;
  const auto signature = base::Signature::from_bytes(value.substr(0, kSignatureBytes));
  const sync::SignedHeader sealed{std::string(value.substr(kSignatureBytes)), signature.value()};
  if (const auto header = sync::decode_header(sealed.bytes))
    headers_[sync::state_base_header(base::Digest::of(sealed.bytes))] = {sealed, *header};
}

std::optional<std::string> HubRules::base(std::string_view name) const {
  const auto base = sync::decode_state_base(name);
  if (!base) return std::nullopt;
  const auto header = headers_.find(base->header);
  if (header == headers_.end()) return std::nullopt;
  const auto held = [this](const base::Digest& digest) -> std::optional<std::string> {
    const auto found = bytes_.find(digest);
    return found == bytes_.end() ? std::nullopt : std::optional(found->second);
  };
  return sync::state_base_bytes(
      *base, header->second.sealed, header->second.header.sections,
      [&](const sync::SectionRef& ref) { return held(ref.digest); },
      [&](const sync::SectionRef& ref) { return held(ref.provenance); });
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
