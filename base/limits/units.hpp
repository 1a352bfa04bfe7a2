// SPDX-License-Identifier: Apache-2.0
// Limits of what the agent says to systemd and hears from it. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr auto kUnitCallTimeout = 25s;    ///< of one call to systemd; D-Bus's own
inline constexpr auto kUnitReloadTimeout = 90s;  ///< of a daemon-reload, in which systemd runs its generators
inline constexpr auto kBusConnectTimeout = 10s;  ///< from the socket to the first answer of systemd
inline constexpr auto kBusBackoffBase = 1s;
inline constexpr auto kBusBackoffMax = 1min;
inline constexpr auto kBusLinger = 5s;  ///< nothing to say and nobody listens for so long: it is closed
inline constexpr std::size_t kUnitCallsMax = 2048;  ///< of the bus, asked for and not over
inline constexpr std::size_t kBusCallsOpenMax =
    64;  ///< of them, sent and not answered; dbus-daemon allows 128
inline constexpr std::size_t kBusMessageBytesMax = 1U << 20U;
inline constexpr std::size_t kBusAddressLengthMax = 256;
inline constexpr std::size_t kUnitWordBytesMax = 1U << 10U;  ///< of systemd's own words in an error
inline constexpr auto kUnitSettle = 1s;                      ///< up so long, a unit counts as started
inline constexpr auto kUnitEndGap = 1s;  ///< so soon after its process, a unit ended by itself
inline constexpr std::size_t kUnitSignalsMax =
    40;  ///< of one unit in kUnitSignalsTime; then the bus is asked for none of it for as long
inline constexpr auto kUnitSignalsTime = 10s;
inline constexpr auto kUnitDeafLook =
    1s;  ///< what there are no signals of is looked at so often, and all units at most
inline constexpr auto kUnitLookInterval = 4min;  ///< asked again then even without a signal
inline constexpr std::uint32_t kUnitCrashLoopRestarts =
    3;  ///< so many restarts by systemd in a row are a crash loop

}  // namespace holdfast::base::limits
