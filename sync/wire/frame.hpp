// SPDX-License-Identifier: Apache-2.0
// Frame: the envelope of everything that travels over MQTT. docs/wire.md gives every byte.
//
//   0  2  magic "HF"
//   2  1  frame version, 1
//   3  1  type, see FrameType (frozen numbers)
//   4  1  encoding: 0 as it is, 1 zstd, 2 zstd with the base whose digest follows (deltas)
//   5  3  reserved, zero
//   8  4  length of the body when decoded, little-endian
//  12  …  encoding 2: length of the base's name 1, the name, first 8 bytes of the body's SHA-256; then the
//         (compressed) body
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

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
  kBaseLost = 7,
  kProof = 8,
  kEventBatch = 9,
  kSealingKey = 10,
  // down
  kState = 16,
  kCommand = 17,
  kSettings = 18,
  kTrust = 19,
  kReport = 20,
  kPart = 21,
  kEventsStored = 22,
};

struct Frame {
  FrameType type = FrameType::kHello;
  std::string body;
};

/// What a delta is made on: bytes that both sides hold, and the name (1 to 255 bytes) by which the reader finds them.
struct FrameBase {
  std::string name;
  std::string bytes;
};

/// Of what goes up: the body of a report or a hello that both sides know, called by the first 8 bytes of its digest.
FrameBase up_base(std::string body);

/// Compresses when that is smaller. A body beyond limits::kFrameBytesMax is left as it is, so that what comes out is
/// beyond limits::kPacketBytesMax, too: callers look at the size of what they send, and at nothing else.
std::string encode_frame(const Frame& frame);
/// As a delta on `base` where that is smaller and both together stay within limits::kDeltaBytesMax; else whole.
std::string encode_frame(const Frame& frame, const FrameBase& base);

/// The bytes that a name calls; nothing: they are not held here.
using FindBase = std::function<std::optional<std::string>(FrameType type, std::string_view name)>;
/// Up, and what decode_frame says of a delta whose base is not held, or is not the one that it was made on.
struct BaseLost {
  FrameType type = FrameType::kState;
  std::string base;  ///< its name
  bool operator==(const BaseLost&) const = default;
};
using Decoded = std::variant<Frame, BaseLost>;

/// Bounded by limits::kFrameBytesMax; a newer version is kTooNew, anything else wrong kCorrupt.
base::Result<Decoded> decode_frame(std::string_view bytes, const FindBase& find_base);
/// For who takes no deltas: one is kUnsupported.
base::Result<Frame> decode_frame(std::string_view bytes);
/// Of what encode_frame() made.
bool is_delta(std::string_view bytes);

}  // namespace holdfast::sync
