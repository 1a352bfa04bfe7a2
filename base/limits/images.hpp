// SPDX-License-Identifier: Apache-2.0
// Limits of container images and of the registries that they come from.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kImageManifestBytesMax = 4U << 20U;  ///< a manifest, an index or a configuration
inline constexpr std::size_t kImageIndexEntriesMax = 512;         ///< manifests that one index names
inline constexpr std::size_t kImageLayersMax = 256;               ///< of one image
/// Of one layer: what the header of an archive can say in octal digits.
inline constexpr std::uint64_t kImageLayerBytesMax = (std::uint64_t{8} << 30U) - 1;
inline constexpr std::uint64_t kImageBytesMax = std::uint64_t{64} << 30U;  ///< of all layers of one image
inline constexpr std::uint64_t kImageFreeBytesMin = 64U << 20U;  ///< that stay free beside what is pulled
inline constexpr std::uint64_t kImageSyncBytes = 16U << 20U;     ///< fetched, at most, that a power cut takes
inline constexpr std::size_t kImagesKeptMax = 1'000;             ///< in the book of images
inline constexpr std::size_t kImageUsesMax = 64;                 ///< remembered of one of them
inline constexpr std::size_t kImageBookBytesMax = 16U << 20U;
inline constexpr std::size_t kRegistriesMax = 64;                   ///< that the agent's configuration names
inline constexpr std::size_t kRegistryAnswerBytesMax = 64U << 10U;  ///< a token, or why not
inline constexpr std::size_t kRegistryTokenBytesMax = 16U << 10U;
inline constexpr int kRegistryRedirectsMax = 5;         ///< of one request
inline constexpr auto kRegistrySilenceMax = 30s;        ///< while a registry says nothing
inline constexpr auto kRegistryRetryAfterMax = 1h;      ///< of what a registry asks for
inline constexpr std::size_t kPullCredentialsMax = 64;  ///< registries that the Secrets of one pod name
inline constexpr std::size_t kPullCredentialsBytesMax = 256U << 10U;  ///< of one such Secret
inline constexpr std::size_t kPullJobBytesMax = 4U << 20U;            ///< what the pulling child is given
inline constexpr std::size_t kPullSpareMax = 40'000;                  ///< blobs that it may give up
inline constexpr std::size_t kPullAnswerBytesMax = 64U << 10U;        ///< one line that it says
inline constexpr auto kPullProgressInterval = 1s;                     ///< between two lines about bytes
inline constexpr auto kPullSilenceMax = 10min;  ///< of the child; it reads gigabytes again after a restart
inline constexpr auto kPullTellInterval = 10s;  ///< between two healths that tell bytes
inline constexpr std::uint64_t kPullMemoryBytesMax = 512U << 20U;  ///< of the child
inline constexpr std::uint64_t kPullCpuSMax = 24 * 3'600;          ///< of the child
inline constexpr std::uint64_t kPullRateMin = 1'000;               ///< bytes a second
inline constexpr auto kPullSlowAfter = 1min;  ///< of fewer bytes than the next says: others have their turn
inline constexpr std::uint64_t kPullSlowBytesPerS = 4'000;  ///< less is slow; half of a smaller pullRate
inline constexpr auto kImageGrace = 10min;           ///< so long an image stays that nobody needs any more
inline constexpr auto kImageCollectInterval = 5min;  ///< between two looks for such images
inline constexpr auto kImagePartKept = 24h;  ///< a blob of a pull that did not end, and none is to come
inline constexpr auto kImagePartKeptMax = 24h * 90;  ///< the same while an image is still to come

}  // namespace holdfast::base::limits
