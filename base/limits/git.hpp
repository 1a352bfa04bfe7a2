// SPDX-License-Identifier: Apache-2.0
// Limits of fetching and reading Git. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr auto kFetchTimeout = 60s;
inline constexpr std::size_t kFetchBytesMax = std::size_t{2} << 30U;
inline constexpr std::size_t kFetchMemoryBytesMax = std::size_t{2} << 30U;
inline constexpr auto kPollInterval = 30s;
inline constexpr std::size_t kFetchesRunningMax = 4;             ///< more wait for their turn
inline constexpr std::size_t kFetchObjectsMax = 10'000'000;      ///< of one fetch
inline constexpr std::size_t kFetchAnswerBytesMax = 64U << 10U;  ///< what a fetching child may say
inline constexpr std::size_t kGitRefsMax = 100'000;              ///< of one repository
inline constexpr std::size_t kGitRefsBytesMax = 32U << 20U;      ///< of the file that lists them
inline constexpr std::size_t kGitTreeEntriesMax = 200'000;       ///< looked at under one application path
inline constexpr std::size_t kGitTreeDepthMax = 64;
inline constexpr std::size_t kGitTreeBytesMax = 32U << 20U;  ///< lists of names read for one application path
inline constexpr std::size_t kGitCommitBytesMax = 4U << 20U;  ///< a commit or an annotated tag
inline constexpr std::size_t kGitPacksMax = 50;               ///< more are put into one
inline constexpr auto kRepackTimeout = 10min;
inline constexpr std::size_t kGitMappedBytesMax = std::size_t{512} << 20U;  ///< of packs, at a time
inline constexpr std::size_t kGitSecretBytesMax = 64U << 10U;               ///< a token or key file
inline constexpr std::size_t kKnownHostsBytesMax = 4U << 20U;
inline constexpr std::size_t kUrlLengthMax = 2'048;
inline constexpr std::size_t kBranchesShownMax = 10;  ///< in an error that names those there are

}  // namespace holdfast::base::limits
