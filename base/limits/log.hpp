// SPDX-License-Identifier: Apache-2.0
// Limits of a program's own log. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <cstddef>

namespace holdfast::base::limits {

inline constexpr std::size_t kLogFieldBytesMax = 2U << 10U;    ///< a longer value is cut
inline constexpr std::size_t kLogFailuresRememberedMax = 256;  ///< failures that may be quiet at a time

}  // namespace holdfast::base::limits
