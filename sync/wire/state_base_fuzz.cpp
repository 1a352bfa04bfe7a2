// SPDX-License-Identifier: Apache-2.0
// Fuzzes the name of what a desired state is made on, as a node reads it. What was read is written as the same, and its
// bytes stay within their bound, whatever is held.
#include "base/limits/wire.hpp"
#include "sync/model/fuzz_input.hpp"
#include "sync/wire/state_base.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto name = fuzz_input(data, size);
  const auto base = decode_state_base(name);
  if (!base) return 0;
  must_hold(base->sections.size() > kStateBaseSectionsMax || encode_state_base(*base) == name);
  const std::vector<SectionRef> refs(200);
  const auto held = [](const SectionRef&) -> std::optional<std::string> { return std::string(50'000, 'x'); };
  SignedHeader header;
  const auto bytes = state_base_bytes(*base, header, refs, held, held);
  must_hold(!bytes || bytes->size() <= holdfast::base::limits::kDeltaBytesMax);
  return 0;
}
