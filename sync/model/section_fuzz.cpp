// SPDX-License-Identifier: Apache-2.0
// Fuzzes decode_section: what is taken has exactly the bytes that encode_section writes.
#include "sync/model/fuzz_input.hpp"
#include "sync/model/section.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto input = fuzz_input(data, size);
  if (const auto section = decode_section(input)) must_hold(encode_section(*section) == input);
  return 0;
}
