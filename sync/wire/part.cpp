// SPDX-License-Identifier: Apache-2.0
// Part and BaseLost: how what is too large for a message travels, and how a node says that it cannot read a delta.
#include <cassert>

#include "base/limits/model.hpp"
#include "base/limits/wire.hpp"
#include "sync/wire/bytes.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Result;
namespace limits = base::limits;

Frame encode(const Part& part) {
  ByteWriter out;
  out.digest(part.digest).u32(part.total).u32(part.offset).block(part.bytes);
  return {FrameType::kPart, out.take()};
}

Result<Part> decode_part(std::string_view body) {
  ByteReader in(body);
  Part part;
  part.digest = in.digest();
  part.total = in.u32();
  part.offset = in.u32();
  part.bytes = in.block();
  if (!in.ok() || !in.rest().empty()) return fail(Code::kCorrupt, "the part message is cut or too long");
  if (part.total > limits::kSectionBytesMax || part.bytes.size() > limits::kPartBytesMax) {
    return fail(Code::kLimit, "a part of " + std::to_string(part.bytes.size()) + " bytes of " +
                                  std::to_string(part.total) + "; at most " +
                                  std::to_string(limits::kPartBytesMax) + " of " +
                                  std::to_string(limits::kSectionBytesMax) + " are allowed");
  }
  const bool is_inside = part.offset <= part.total && part.bytes.size() <= part.total - part.offset;
  if (!is_inside || part.bytes.empty()) return fail(Code::kCorrupt, "a part that is none of its whole");
  return part;
}

Frame encode(const BaseLost& lost) {
  assert(lost.base.size() <= 255);
  ByteWriter out;
  out.u8(static_cast<std::uint8_t>(lost.type)).u8(static_cast<std::uint8_t>(lost.base.size())).raw(lost.base);
  return {FrameType::kBaseLost, out.take()};
}

Result<BaseLost> decode_base_lost(std::string_view body) {
  ByteReader in(body);
  BaseLost lost;
  lost.type = static_cast<FrameType>(in.u8());
  lost.base = in.raw(in.u8());
  if (!in.ok() || lost.base.empty()) return fail(Code::kCorrupt, "the baseLost message is too short");
  // Of all that travels down, desired states alone are deltas.
  if (lost.type != FrameType::kState)
    return fail(Code::kCorrupt,
                "baseLost: messages of type " + std::to_string(static_cast<int>(lost.type)) + " have none");
  return lost;
}

}  // namespace holdfast::sync
