// SPDX-License-Identifier: Apache-2.0
// State and Need: how a desired state reaches a node. Signature and bodies travel as the bytes they are, not
// inside JSON, so nothing is escaped and what was signed is what is stored.
#include <cassert>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/wire/bytes.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
namespace limits = base::limits;

Result<SectionBody> read_body(ByteReader& in) {
  SectionBody body;
  body.digest = in.digest();
  body.bytes = in.block();
  body.provenance = in.block();
  if (!in.ok()) return fail(Code::kCorrupt, "the state message is cut within a section");
  if (body.bytes.size() > limits::kSectionBytesMax) {
    return fail(Code::kLimit, "section " + body.digest.brief() + " takes " +
                                  std::to_string(body.bytes.size()) + " bytes; at most " +
                                  std::to_string(limits::kSectionBytesMax) + " are allowed");
  }
  if (base::Digest::of(body.bytes) != body.digest) {
    return fail(Code::kCorrupt, "section " + body.digest.brief() + " does not have the digest it claims");
  }
  return body;
}

}  // namespace

Frame encode(const State& state) {
  assert(state.bodies.size() <= limits::kSectionsPerNodeMax);
  ByteWriter out;
  out.raw(state.header.signature.view())
      .block(state.header.bytes)
      .u32(static_cast<std::uint32_t>(state.bodies.size()));
  for (const auto& body : state.bodies) out.digest(body.digest).block(body.bytes).block(body.provenance);
  return {FrameType::kState, out.take()};
}

Result<State> decode_state(std::string_view bytes) {
  ByteReader in(bytes);
  const std::string_view signature = in.raw(std::tuple_size_v<decltype(base::Signature::bytes)>);
  State state;
  state.header.bytes = in.block();
  const std::uint32_t count = in.u32();
  if (!in.ok()) return fail(Code::kCorrupt, "the state message is too short");
  HF_TRY(state.header.signature, base::Signature::from_bytes(signature));
  if (count > limits::kSectionsPerNodeMax) {
    return fail(Code::kLimit, "the state message holds " + std::to_string(count) + " sections; at most " +
                                  std::to_string(limits::kSectionsPerNodeMax) + " are allowed");
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    HF_TRY(auto body, read_body(in));
    state.bodies.push_back(std::move(body));
  }
  if (!in.rest().empty()) return fail(Code::kCorrupt, "the state message has bytes after its end");
  return state;
}

Frame encode(const Need& need) {
  Json sections = Json::array();
  for (const auto& digest : need.sections) sections.push_back(digest.hex());
  Json out{{"generation", need.generation.text()}, {"sections", std::move(sections)}};
  for (const auto& [digest, bytes] : need.have) out["have"][digest.hex()] = base::to_decimal(bytes);
  return {FrameType::kNeed, base::canonical_json(out)};
}

namespace {

/// {"<digest>": "<bytes so far>"}
FieldRead have_field(std::map<base::Digest, std::uint32_t>& out) {
  return [&out](const Json& value, const std::string&) -> base::Status {
    if (!value.is_object()) return fail(Code::kInvalid, "must be an object");
    if (value.size() > limits::kSectionsPerNodeMax)
      return fail(Code::kLimit, "more than " + std::to_string(limits::kSectionsPerNodeMax) + " entries");
    for (const auto& [name, count] : value.items()) {
      HF_TRY(const auto digest, base::Digest::from_hex(name));
      HF_TRY(const auto text, string_of(count));
      HF_TRY(const auto bytes, base::from_decimal(text));
      if (bytes == 0 || bytes > limits::kSectionBytesMax)
        return fail(Code::kInvalid, "of a section there are 1 to " +
                                        std::to_string(limits::kSectionBytesMax) + " bytes, not " + text);
      out[digest] = static_cast<std::uint32_t>(bytes);
    }
    return {};
  };
}

}  // namespace

Result<Need> decode_need(std::string_view body) {
  HF_TRY(const Json object, base::parse_json(body));
  Need need;
  ObjectReader in(object, "");
  in.required("generation", generation_field(need.generation))
      .each("sections", text_elements(need.sections, limits::kSectionsPerNodeMax,
                                      [](std::string_view text) { return base::Digest::from_hex(text); }))
      .optional("have", have_field(need.have));
  HF_CHECK(in.finish_open());
  return need;
}

}  // namespace holdfast::sync
