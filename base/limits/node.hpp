// SPDX-License-Identifier: Apache-2.0
// Limits of what an agent reads of its machine, and when a reading becomes a condition. docs/limits.md explains each. Units are last
// in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kTokenFileBytesMax = 4U << 10U;    ///< of --token-file
inline constexpr std::size_t kMachineFileBytesMax = 4U << 10U;  ///< read of one file of /proc or /sys
inline constexpr std::size_t kCdiFileBytesMax =
    1U << 20U;                                          ///< a larger CDI specification is not read to its end
inline constexpr std::size_t kMachineNamesMax = 1'024;  ///< looked at in one folder of /sys
inline constexpr std::size_t kMachineTextLengthMax = 128;  ///< a fact that is longer is none
inline constexpr std::size_t kInterfaceFactsMax = 16;
inline constexpr std::size_t kTemperaturesMax = 32;
inline constexpr std::size_t kPowerRailsMax = 16;
inline constexpr std::size_t kThrottleSourcesMax = 32;
inline constexpr auto kSensorsFindInterval = 10min;  ///< a driver may come late

inline constexpr std::uint64_t kDiskFreePercentMin = 10;    ///< less is DiskPressure …
inline constexpr std::uint64_t kDiskFreePercentAgain = 15;  ///< … until there is more than this
inline constexpr std::uint64_t kMemoryFreePercentMin = 5;
inline constexpr std::uint64_t kMemoryFreePercentAgain = 10;
inline constexpr std::int64_t kHeatMarginMillicelsius = 5'000;  ///< this near to its limit is Overheating …
inline constexpr std::int64_t kHeatMarginAgainMillicelsius = 10'000;  ///< … until it is this far from it

// So long must it be seen before a condition begins, and before it ends. What is short of a look means: at two in a row.
inline constexpr auto kDiskPressureHold = 20s;
inline constexpr auto kDiskPressureEndHold = 20s;
inline constexpr auto kMemoryPressureHold = 1min;
inline constexpr auto kMemoryPressureEndHold = 2min;
inline constexpr auto kOverheatingHold = 20s;
inline constexpr auto kOverheatingEndHold = 5min;
inline constexpr auto kClockUnsyncedHold = 10min;
inline constexpr auto kClockUnsyncedEndHold = 20s;

}  // namespace holdfast::base::limits
