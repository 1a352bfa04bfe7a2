// SPDX-License-Identifier: Apache-2.0
// Limits of secrets: their values, the keys that seal them, the hub's child that opens them. docs/limits.md explains each.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kSecretValueBytesMax = 256U << 10U;  ///< of one value, in clear
inline constexpr std::size_t kSecretKeysMax = 256;                ///< keys of one Secret
inline constexpr std::size_t kSecretBytesMax = 1U << 20U;         ///< of all values of one Secret, in clear
inline constexpr std::size_t kSealingKeysKept = 16;               ///< newest first, in one file
inline constexpr auto kSealingKeyLife = 365 * 24h;    ///< of a node's key: it makes a new one at two thirds
inline constexpr auto kSealingKeyGrace = 30 * 24h;    ///< an old key stays so long, whatever needs it
inline constexpr auto kSealingKeyLookInterval = 24h;  ///< how often the agent looks at its keys' age
inline constexpr std::size_t kSealItemsMax = 1'000;   ///< (Secret, node) pairs of one child
inline constexpr std::size_t kSealJobBytesMax = 32U << 20U;  ///< what one child is given, and what it answers
inline constexpr auto kSealTimeout = 60s;                    ///< of one child
inline constexpr auto kSealRetryInterval = 30s;              ///< after a child that failed
inline constexpr std::uint64_t kSealMemoryBytesMax = 512U << 20U;  ///< of one child
inline constexpr std::uint64_t kSealCpuSMax = 60;                  ///< of one child

}  // namespace holdfast::base::limits
