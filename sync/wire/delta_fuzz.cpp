// SPDX-License-Identifier: Apache-2.0
// Fuzzes frames that come with a base: the first byte is the length of the base, then the base, then the frame. What was
// read is written on the same base and read back as the same; a writer's own delta is always read.
#include "base/limits/wire.hpp"
#include "sync/model/fuzz_input.hpp"
#include "sync/wire/frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  if (size == 0) return 0;
  const auto input = fuzz_input(data, size).substr(1);
  const FrameBase base{"base", std::string(input.substr(0, data[0]))};
  const auto rest = input.substr(base.bytes.size());
  const auto find = [&](FrameType, std::string_view name) -> std::optional<std::string> {
    if (name.starts_with("b")) return base.bytes;
    return std::nullopt;
  };
  const auto same = [&](const Frame& frame) {
    const auto again = decode_frame(encode_frame(frame, base), find);
    must_hold(again && std::holds_alternative<Frame>(*again));
    must_hold(std::get<Frame>(*again).type == frame.type && std::get<Frame>(*again).body == frame.body);
  };
  same({FrameType::kState, std::string(rest)});
  const auto decoded = decode_frame(rest, find);
  if (!decoded) return 0;
  if (const auto* frame = std::get_if<Frame>(&*decoded)) same(*frame);
  return 0;
}
