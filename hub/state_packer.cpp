// SPDX-License-Identifier: Apache-2.0
#include "hub/state_packer.hpp"

#include <algorithm>
#include <set>

#include "base/limits/wire.hpp"
#include "sync/model/kinds.hpp"
#include "sync/wire/frame.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::Code;
using base::Result;

namespace {

/// Of bodies that are put into a message to see whether they fit: compressed they take an eighth, at best.
constexpr std::size_t kBodyBytesTried = 8 * limits::kPacketBytesMax;

/// Bodies that the node lacks, each once: what it says is better than what is believed of it.
std::vector<const sync::SectionRef*> lacking(const NodeEntry& node, const DesiredRecord& desired) {
  std::vector<const sync::SectionRef*> out;
  const auto& needed = node.sending.needed;
  std::set<base::Digest> seen;
  for (const auto& ref : desired.header.sections) {
    const bool lacks = needed.empty() ? !node.held.contains(ref.digest) : needed.contains(ref.digest);
    if (lacks && seen.insert(ref.digest).second) out.push_back(&ref);
  }
  return out;
}

std::size_t bytes_of_state(const sync::State& state) {
  std::size_t out = state.header.bytes.size();
  for (const auto& body : state.bodies) out += body.bytes.size() + body.provenance.size();
  return out;
}

}  // namespace

Result<bool> StatePacker::is_large(const NodeEntry& node, const sync::SectionRef& ref) {
  if (!node.can(sync::kAbilityParts)) return false;
  HF_TRY(const auto section, context_.desired.section(ref.digest));
  HF_TRY(const auto provenance, context_.desired.provenance(ref.provenance));
  return section.bytes + provenance.size() > context_.options.section_packet_bytes;
}

bool StatePacker::fits_as_delta(const NodeEntry& node, const sync::SectionRef& ref, std::size_t bytes) const {
  // One that asks by name lacks the base as well, or did not get it so.
  if (!node.can(sync::kAbilityDelta) || node.sending.whole || !node.sending.needed.empty()) return false;
  const auto held = context_.bases.held_bytes(node.uid, node.accepted_header, ref.application);
  // The rest is for the headers and what else is sent; where it is too little, parts follow.
  return held && *held + bytes <= limits::kDeltaBytesMax / 4 * 3;
}

Result<sync::State> StatePacker::first_bodies(const NodeEntry& node, const DesiredRecord& desired,
                                              const std::vector<const sync::SectionRef*>& lacking) {
  sync::State state;
  state.header = desired.sealed;
  std::vector<sync::SectionBody> last;  // that are left out first
  for (const auto* ref : lacking) {
    HF_TRY(const bool large, is_large(node, *ref));
    HF_TRY(const auto section, context_.desired.section(ref->digest));
    if (large && !fits_as_delta(node, *ref, section.bytes)) continue;
    sync::SectionBody body;
    body.digest = ref->digest;
    HF_TRY(body.bytes, context_.desired.body(ref->digest));
    HF_TRY(body.provenance, context_.desired.provenance(ref->provenance));
    const std::size_t more = body.bytes.size() + body.provenance.size();
    if (!state.bodies.empty() && bytes_of_state(state) + more > kBodyBytesTried) break;
    (large ? last : state.bodies).push_back(std::move(body));
  }
  for (auto& body : last) state.bodies.push_back(std::move(body));
  return state;
}

std::string StatePacker::encoded(const NodeEntry& node, const DesiredRecord& desired,
                                 const sync::State& state) const {
  const auto frame = sync::encode(state);
  if (node.can(sync::kAbilityDelta) && !node.sending.whole) {
    const auto base =
        context_.bases.base(desired.header, node.accepted_header, state.bodies, node.provenances);
    if (base) return sync::encode_frame(frame, *base);
  }
  return sync::encode_frame(frame);
}

Result<std::string> StatePacker::state(NodeEntry& node, const DesiredRecord& desired) {
  const auto bodies = lacking(node, desired);
  HF_TRY(auto state, first_bodies(node, desired, bodies));
  const std::size_t least = node.can(sync::kAbilityParts) ? 0 : 1;
  while (true) {
    std::string payload = encoded(node, desired, state);
    if (payload.size() <= limits::kPacketBytesMax) {
      for (const auto& body : state.bodies)
        node.sending.provenances[body.digest] = base::Digest::of(body.provenance);
      return payload;
    }
    if (state.bodies.size() <= least) {
      const std::string which =
          bodies.empty() ? "the list of its applications" : "application \"" + bodies[0]->name + "\"";
      return base::fail(Code::kLimit, which + " takes " + std::to_string(payload.size()) +
                                          " bytes on its way to node " + node.name + ", a message holds " +
                                          std::to_string(limits::kPacketBytesMax) +
                                          "; give it less, or smaller files");
    }
    // As much as fits if the rest compresses as well as all of it, and a little less.
    const std::size_t budget = bytes_of_state(state) / 10 * 9 * limits::kPacketBytesMax / payload.size();
    do {
      state.bodies.pop_back();
    } while (state.bodies.size() > 1 && bytes_of_state(state) > budget);
  }
}

// ---- parts ----

Result<const sync::SectionRef*> StatePacker::large_one(const NodeEntry& node, const DesiredRecord& desired) {
  const sync::SectionRef* first = nullptr;
  for (const auto* ref : lacking(node, desired)) {
    HF_TRY(const bool large, is_large(node, *ref));
    if (!large) return nullptr;
    if (first == nullptr) first = ref;
  }
  return first;
}

Result<bool> StatePacker::needs_parts(const NodeEntry& node, const DesiredRecord& desired) {
  if (node.sending.needed.empty()) return false;
  HF_TRY(const auto* large, large_one(node, desired));
  return large != nullptr;
}

Result<std::string_view> StatePacker::bytes_of(const base::Digest& section) {
  if (read_ != section) {
    HF_TRY(bytes_, context_.desired.body(section));
    read_ = section;
  }
  return std::string_view(bytes_);
}

Result<std::optional<sync::Part>> StatePacker::next_part(NodeEntry& node, const DesiredRecord& desired) {
  HF_TRY(const auto* ref, large_one(node, desired));
  if (ref == nullptr) return std::nullopt;
  auto& stream = node.sending.stream;
  if (stream.digest != ref->digest) {
    const auto have = node.sending.have.find(ref->digest);
    stream = {};
    stream.digest = ref->digest;
    stream.acknowledged = stream.sent = have == node.sending.have.end() ? 0 : have->second;
  }
  const std::size_t piece = context_.options.part_bytes;
  if (!stream.provenance_sent) {
    HF_TRY(auto provenance, context_.desired.provenance(ref->provenance));
    if (!provenance.empty() && provenance.size() <= piece) {
      const auto size = static_cast<std::uint32_t>(provenance.size());
      return sync::Part{
          .digest = ref->provenance, .total = size, .offset = 0, .bytes = std::move(provenance)};
    }
  }
  HF_TRY(const auto bytes, bytes_of(ref->digest));
  const bool is_enough =
      stream.sent >= bytes.size() || stream.sent - stream.acknowledged >= limits::kPartsUnansweredMax * piece;
  if (is_enough) return std::nullopt;
  return sync::Part{.digest = ref->digest,
                    .total = static_cast<std::uint32_t>(bytes.size()),
                    .offset = stream.sent,
                    .bytes = std::string(bytes.substr(stream.sent, piece))};
}

void StatePacker::note_part(NodeEntry& node, const sync::Part& part) {
  auto& stream = node.sending.stream;
  if (part.digest != stream.digest) {
    stream.provenance_sent = true;
    return;
  }
  stream.provenance_sent = true;
  stream.sent = part.offset + static_cast<std::uint32_t>(part.bytes.size());
  context_.counters.part_bytes += part.bytes.size();
  if (stream.sent < part.total || read_ != part.digest) return;
  read_ = {};
  bytes_ = {};
}

}  // namespace holdfast::hub
