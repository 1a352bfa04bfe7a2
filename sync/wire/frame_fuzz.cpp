// SPDX-License-Identifier: Apache-2.0
// Fuzzes decode_frame: what was read is written and read back as the same.
#include "sync/model/fuzz_input.hpp"
#include "sync/wire/frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto input = fuzz_input(data, size);
  const auto frame = decode_frame(input);
  if (!frame) return 0;
  const auto again = decode_frame(encode_frame(*frame));
  must_hold(again && again->type == frame->type && again->body == frame->body);
  return 0;
}
