// SPDX-License-Identifier: Apache-2.0
// Limits of what crosses the wire, and of its pace. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kFrameBytesMax = 24U << 20U;  ///< decompressed
inline constexpr std::size_t kPacketBytesMax = 1U << 20U;  ///< one MQTT packet
inline constexpr std::size_t kHeaderPacketBytesMax =
    128U << 10U;  ///< of it for a desired state's header, compressed
inline constexpr std::size_t kSectionPacketBytesMax = 896U << 10U;  ///< of it for one section, compressed
inline constexpr std::size_t kDeltaBytesMax = 4U << 20U;   ///< a delta's base and what it gives, together
inline constexpr std::size_t kPartBytesMax = 128U << 10U;  ///< of a section, in one part
inline constexpr std::size_t kPartsUnansweredMax = 4;      ///< sent beyond what the node said it has
inline constexpr std::size_t kEventBatchMax = 256;         ///< events in one batch of the outbox
inline constexpr std::size_t kEventBatchBytesMax = 32U << 10U;  ///< of them, as they are stored
inline constexpr auto kEventsStoredTimeout =
    30s;  ///< for the hub to have stored a batch; then it is sent again, ×2
inline constexpr auto kEventsStoredTimeoutMax = 1h;
inline constexpr std::size_t kAnswerBytesMax = 1U << 20U;   ///< body of one answer
inline constexpr std::size_t kTrustBytesMax = 256U << 10U;  ///< a trust document
inline constexpr std::size_t kTrustEntriesMax = 16;         ///< signing keys, hubs and brokers, each
inline constexpr std::size_t kInFlightMax = 4;
inline constexpr std::uint32_t kShards = 256;
inline constexpr auto kKeepAlivePrompt = 60s;
inline constexpr auto kKeepAliveFrugal = 15min;
inline constexpr auto kConnectTimeout = 10s;
inline constexpr auto kReconnectWindowMin = 5s;
inline constexpr auto kReconnectWindowMax = 300s;
inline constexpr auto kSnapshotCoalesceMin = 1s;
inline constexpr auto kSnapshotCoalesceMax = 10s;
inline constexpr auto kBeaconIntervalMin = 13min;
inline constexpr auto kBeaconIntervalMax = 15min;
inline constexpr auto kBeaconIntervalFrugalMin = 5h;
inline constexpr auto kBeaconIntervalFrugalMax = 6h;
inline constexpr std::size_t kProxyAnswerBytesMax = 16U << 10U;  ///< header of a proxy's answer to CONNECT
inline constexpr std::size_t kRelayBufferBytesMax = 16U << 10U;  ///< of one direction of a relay
inline constexpr auto kRelayHalfClosedMax = 30s;  ///< a relay whose one side has ended, without progress

}  // namespace holdfast::base::limits
