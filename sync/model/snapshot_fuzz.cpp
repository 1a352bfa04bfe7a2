// SPDX-License-Identifier: Apache-2.0
// Fuzzes decode_snapshot: what was read is written and read back as the same.
#include "sync/model/fuzz_input.hpp"
#include "sync/model/snapshot.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto input = fuzz_input(data, size);
  if (const auto snapshot = decode_snapshot(input)) {
    must_hold(decode_snapshot(encode_snapshot(*snapshot)) == snapshot);
  }
  return 0;
}
