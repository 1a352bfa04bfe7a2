// SPDX-License-Identifier: Apache-2.0
// Proof: who a node says it is, and the signed header that shows what it accepted.
#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/wire/bytes.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Result;
namespace limits = base::limits;

Frame encode(const Proof& proof) {
  ByteWriter out;
  out.block(proof.name).raw(proof.header.signature.view()).block(proof.header.bytes);
  return {FrameType::kProof, out.take()};
}

Result<Proof> decode_proof(std::string_view body) {
  ByteReader in(body);
  Proof proof;
  proof.name = in.block();
  const std::string_view signature = in.raw(std::tuple_size_v<decltype(base::Signature::bytes)>);
  proof.header.bytes = in.block();
  if (!in.ok()) return fail(Code::kCorrupt, "the proof is too short");
  if (proof.header.bytes.size() > limits::kHeaderBytesMax)
    return fail(Code::kLimit, "the proof's header takes " + std::to_string(proof.header.bytes.size()) +
                                  " bytes; at most " + std::to_string(limits::kHeaderBytesMax) +
                                  " are allowed");
  HF_CHECK(check_name(proof.name, "name"));
  HF_TRY(proof.header.signature, base::Signature::from_bytes(signature));
  return proof;
}

}  // namespace holdfast::sync
