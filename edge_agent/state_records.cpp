// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/state_records.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "sync/model/fields.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;

namespace {
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kClaimKeyBytesMax = 256;
}  // namespace

std::string encode_stored_header(const sync::SignedHeader& header) {
  return std::string(header.signature.view()) + header.bytes;
}

Result<sync::SignedHeader> decode_stored_header(std::string_view bytes) {
  if (bytes.size() <= kSignatureBytes) return fail(Code::kCorrupt, "the stored header is too short");
  sync::SignedHeader header;
  HF_TRY(header.signature, base::Signature::from_bytes(bytes.substr(0, kSignatureBytes)));
  header.bytes = bytes.substr(kSignatureBytes);
  return header;
}

std::string encode_applied_state(const AppliedState& applied) {
  return base::canonical_json({{"generation", applied.generation.text()},
                               {"content", applied.content.hex()},
                               {"header", applied.header.hex()}});
}

Result<AppliedState> decode_applied_state(std::string_view bytes) {
  HF_TRY(const Json value, base::parse_json(bytes));
  AppliedState applied;
  ObjectReader in(value, "applied");
  in.required("generation", sync::generation_field(applied.generation))
      .required("content", sync::digest_field(applied.content))
      .required("header", sync::digest_field(applied.header));
  HF_CHECK(in.finish());
  return applied;
}

std::string claim_key(const sync::Claim& claim) {
  std::string text = claim.text();
  if (text.size() <= kClaimKeyBytesMax) return text;
  const std::string digest = base::Digest::of(text).hex();
  text.resize(kClaimKeyBytesMax);
  return text + "#" + digest;
}

std::string encode_restarts(const sync::Claim& claim, std::uint64_t count) {
  return base::canonical_json({{"claim", claim.text()}, {"restarts", base::to_decimal(count)}});
}

Result<std::pair<sync::Claim, std::uint64_t>> decode_restarts(std::string_view bytes) {
  HF_TRY(const Json value, base::parse_json(bytes));
  std::pair<sync::Claim, std::uint64_t> out;
  ObjectReader in(value, "process");
  in.required("claim", sync::text_field(out.first, sync::Claim::parse))
      .required("restarts", sync::counter_field(out.second));
  HF_CHECK(in.finish());
  return out;
}

}  // namespace holdfast::edge_agent
