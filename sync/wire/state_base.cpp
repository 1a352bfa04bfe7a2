// SPDX-License-Identifier: Apache-2.0
#include "sync/wire/state_base.hpp"

#include <cassert>

#include "base/limits/model.hpp"
#include "base/limits/wire.hpp"
#include "sync/wire/bytes.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Result;
namespace limits = base::limits;

namespace {

constexpr std::size_t kHeaderSize = 8;
constexpr unsigned kWithProvenance = 0x8000U;

}  // namespace

std::string state_base_header(const base::Digest& header) {
  return std::string(header.view().substr(0, kHeaderSize));
}

std::string encode_state_base(const StateBase& base) {
  assert(base.header.size() == kHeaderSize && base.sections.size() <= kStateBaseSectionsMax);
  ByteWriter out;
  out.raw(base.header);
  for (const auto& section : base.sections) {
    const unsigned number = section.index | (section.with_provenance ? kWithProvenance : 0U);
    out.u8(static_cast<std::uint8_t>(number & 0xffU)).u8(static_cast<std::uint8_t>(number >> 8U));
  }
  return out.take();
}

Result<StateBase> decode_state_base(std::string_view name) {
  ByteReader in(name);
  StateBase base;
  base.header = in.raw(kHeaderSize);
  int last = -1;
  while (in.ok() && !in.rest().empty()) {
    unsigned number = in.u8();
    number |= static_cast<unsigned>(in.u8()) << 8U;
    const auto index = static_cast<std::uint16_t>(number & ~kWithProvenance);
    if (index <= last || index >= limits::kSectionsPerNodeMax)
      return fail(Code::kCorrupt, "the name of a base lists its sections wrongly");
    last = index;
    base.sections.push_back({index, (number & kWithProvenance) != 0});
  }
  if (!in.ok()) return fail(Code::kCorrupt, "the name of a base is cut");
  return base;
}

std::optional<std::string> state_base_bytes(const StateBase& base, const SignedHeader& header,
                                            const std::vector<SectionRef>& sections, const HeldBytes& body,
                                            const HeldBytes& provenance) {
  std::string out(header.signature.view());
  out += header.bytes;
  for (const auto& section : base.sections) {
    if (section.index >= sections.size()) return std::nullopt;
    const SectionRef& ref = sections[section.index];
    const auto bytes = body(ref);
    if (!bytes) return std::nullopt;
    out += *bytes;
    if (section.with_provenance) {
      const auto origin = provenance(ref);
      if (!origin) return std::nullopt;
      out += *origin;
    }
    if (out.size() > limits::kDeltaBytesMax) return std::nullopt;
  }
  return out;
}

}  // namespace holdfast::sync
