// SPDX-License-Identifier: Apache-2.0
// Frame: the envelope of everything that travels over MQTT. docs/wire.md gives every byte.
//
//   0  2  magic "HF"
//   2  1  frame version, 1
//   3  1  type, see FrameType (frozen numbers)
//   4  1  encoding: 0 as it is, 1 zstd, 2 zstd with the base whose digest follows (deltas)
//   5  3  reserved, zero
//   8  4  length of the body when decoded, little-endian
//  12  …  encoding 2: 32 bytes digest of the base; then the (compressed) body
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

enum class FrameType : std::uint8_t {
  // up
  kHello = 1,
  kApplied = 2,
  kSnapshot = 3,
  kEvents = 4,
  kAnswer = 5,
  kNeed = 6,
  // down
  kState = 16,
  kCommand = 17,
  kSettings = 18,
  kTrust = 19,
  kReport = 20,
};

struct Frame {
  FrameType type = FrameType::kHello;
  std::string body;
};

/// Compresses when that is smaller. A body beyond limits::kFrameBytesMax is left as it is, so that what comes out is
/// beyond limits::kPacketBytesMax, too: callers look at the size of what they send, and at nothing else.
std::string encode_frame(const Frame& frame);
/// Bounded by limits::kFrameBytesMax; a newer version is kTooNew, a delta (encoding 2, not
/// read yet) kUnsupported, anything else wrong kCorrupt.
base::Result<Frame> decode_frame(std::string_view bytes);

}  // namespace holdfast::sync
