// SPDX-License-Identifier: Apache-2.0
// Limits of kustomizations and patches. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <cstddef>

namespace holdfast::base::limits {

inline constexpr std::size_t kJsonPatchOperationsMax = 1'000;  ///< of one JSON 6902 patch
inline constexpr std::size_t kJsonPatchedBytesMax =
    16U << 20U;                                        ///< of texts and names in what a JSON 6902 patch makes
inline constexpr std::size_t kKustomizeDepthMax = 32;  ///< kustomizations in one another
inline constexpr std::size_t kKustomizationsMax =
    500;  ///< that one build enters; one entered twice counts twice
inline constexpr std::size_t kKustomizeFilesMax =
    10'000;  ///< that one build reads; one read twice counts twice
inline constexpr std::size_t kKustomizeBytesMax =
    64U << 20U;  ///< of all files that one build reads; that its entries write
inline constexpr std::size_t kKustomizeChangesMax =
    1'000'000;                                            ///< resources looked at by all entries of one build
inline constexpr std::size_t kNamePatternBytesMax = 256;  ///< a pattern of a patch's target

}  // namespace holdfast::base::limits
