// SPDX-License-Identifier: Apache-2.0
// Fuzzes decode_header: what is taken has exactly the bytes that encode_header writes.
#include "sync/model/desired_state.hpp"
#include "sync/model/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto input = fuzz_input(data, size);
  if (const auto header = decode_header(input)) must_hold(encode_header(*header) == input);
  return 0;
}
