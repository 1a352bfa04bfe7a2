// SPDX-License-Identifier: Apache-2.0
// Limits of what the agent does with pods. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <cstddef>

namespace holdfast::base::limits {

/// Commands of one probe that did not end in time are left to themselves, for no engine can end one: with so many in a container no
/// more are started.
inline constexpr std::size_t kProbeCommandsLeftMax = 16;

inline constexpr std::size_t kShimBytesMax =
    8U << 20U;  ///< the program that is the first of a pod of several containers

}  // namespace holdfast::base::limits
