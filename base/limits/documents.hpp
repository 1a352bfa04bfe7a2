// SPDX-License-Identifier: Apache-2.0
// Limits of what is read: JSON, YAML, manifests, templates. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kJsonBytesMax = 16U << 20U;
inline constexpr std::size_t kJsonDepthMax = 64;
inline constexpr std::size_t kJsonValuesMax = 1'000'000;
inline constexpr std::size_t kManifestFileBytesMax = 4U << 20U;
inline constexpr std::size_t kYamlDepthMax = 64;
inline constexpr std::size_t kYamlNodesMax = 200'000;
inline constexpr std::size_t kYamlAliasesMax = 100;
inline constexpr std::size_t kYamlWrittenBytesMax = 8U
                                                    << 20U;  ///< of one file's documents, aliases written out
inline constexpr std::size_t kManifestsMax = 10'000;         ///< of one application
inline constexpr std::size_t kFindingsMax = 100;             ///< of one application; the rest is not listed
inline constexpr std::size_t kManifestFilesMax = 10'000;     ///< under one application path
inline constexpr std::size_t kManifestBytesMax = 64U << 20U;  ///< of one application path, all files
inline constexpr std::size_t kManifestPathLengthMax = 1'024;  ///< in the repository
inline constexpr std::size_t kTemplateNamesMax = 1'000;       ///< that one application's templates read

inline constexpr auto kDurationTextMax = 24h * 36'525;  ///< of a duration that a person writes: 100 years

}  // namespace holdfast::base::limits
