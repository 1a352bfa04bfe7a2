// SPDX-License-Identifier: Apache-2.0
// Limits of what the agent says to a container engine and hears from it. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kEngineCallsMax = 256;  ///< on their way at a time
inline constexpr std::size_t kEngineLateMax =
    64;  ///< of them, commands beyond their timeout whose end is waited for
inline constexpr auto kEngineAskTimeout = 30s;        ///< for what changes nothing: list, inspect
inline constexpr auto kEngineChangeTimeout = 2min;    ///< create, start, kill, remove
inline constexpr auto kEngineStopMargin = 30s;        ///< beyond the grace of a stop
inline constexpr auto kEngineLoadSilenceMax = 15min;  ///< while it unpacks an image it says nothing
inline constexpr std::size_t kEngineAnswerBytesMax = 16U << 20U;
inline constexpr std::size_t kEngineContainersMax = 2'000;  ///< in one list
inline constexpr std::size_t kEngineImagesMax = 5'000;      ///< in one list
inline constexpr std::size_t kEngineEventBytesMax = 256U << 10U;
inline constexpr std::size_t kEngineMessageBytesMax = 1U << 10U;  ///< of its own words in an error
inline constexpr std::size_t kEngineLogLineBytesMax = 64U << 10U;
inline constexpr std::size_t kEngineLogBytesMax = 1U << 20U;  ///< of one look at a container's logs
inline constexpr std::size_t kContainerNameLengthMax = 255;
inline constexpr std::size_t kContainerMountsMax = 256;
inline constexpr std::size_t kContainerLabelBytesMax =
    64U << 10U;  ///< names and values of one container together

}  // namespace holdfast::base::limits
