// SPDX-License-Identifier: Apache-2.0
// Limits of the store. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kStoreBytesInitial = std::size_t{16} << 20U;
/// Free on the disk before a rescue begins: LMDB writes its table of readers through memory, and a full disk ends who does.
inline constexpr std::size_t kStoreRescueBytesFreeMin = std::size_t{1} << 20U;
inline constexpr std::size_t kStoreBytesMax = std::size_t{16} << 30U;
inline constexpr std::size_t kStoreKeyBytesMax = 511;
inline constexpr std::size_t kStoreValueBytesMax = 32U << 20U;
/// A record of at least this much that was read is given back to the kernel.
inline constexpr std::size_t kStoreGivenBackBytesMin = std::size_t{64} << 10U;
inline constexpr std::size_t kStoreCorruptKept =
    5;  ///< files set aside; the newest takes the place of the last
inline constexpr auto kStoreCheckTimeout = 60s;

}  // namespace holdfast::base::limits
