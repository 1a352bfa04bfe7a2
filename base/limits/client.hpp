// SPDX-License-Identifier: Apache-2.0
// Limits of the command line. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kClientFileBytesMax = 1U << 20U;
inline constexpr std::size_t kClientAnswerBytesMax = std::size_t{512} << 20U;  ///< a list of a whole fleet
inline constexpr std::size_t kClientAnswerValuesMax = 20'000'000;
inline constexpr std::size_t kDiffCellsMax =
    4'000'000;  ///< lines before × after; more is shown as replaced whole
inline constexpr std::size_t kDescribedRowsMax = 50;  ///< of each list in `describe`
inline constexpr auto kWatchSilenceMax = 90s;         ///< the hub says something every 30 s
inline constexpr auto kOperationWait = 60s;           ///< `sync` waits so long for the fetch, unless told

}  // namespace holdfast::base::limits
