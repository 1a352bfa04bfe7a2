// SPDX-License-Identifier: Apache-2.0
// Limits of resources, sections and desired states. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kNameLengthMax = 253;  ///< RFC 1123 subdomain
inline constexpr std::size_t kLabelLengthMax = 63;  ///< value and name part
inline constexpr std::size_t kLabelsMax = 128;
inline constexpr std::size_t kAnnotationBytesMax = 256U
                                                   << 10U;  ///< names and values of one resource together
inline constexpr std::size_t kIdLengthMax = 64;             ///< of a fleet, node, application or revision id
inline constexpr std::size_t kDependsOnMax = 64;
inline constexpr std::size_t kQuantityLengthMax = 64;
inline constexpr std::size_t kFactsMax = 256;              ///< of one node
inline constexpr std::size_t kHeaderBytesMax = 4U << 20U;  ///< of a desired state's header
inline constexpr std::uint32_t kRetryLimitMax = 1'000'000;
inline constexpr std::uint32_t kRetryFactorMax = 100;
inline constexpr auto kRetryDelayMax = 24h;
inline constexpr auto kProgressDeadlineDefault = 600s;  ///< a wave that is not healthy by then has failed
inline constexpr auto kProgressDeadlineMax = 7 * 24h;
inline constexpr auto kProbeTimeMax = 24h;  ///< initialDelaySeconds and periodSeconds
inline constexpr std::int64_t kProbeThresholdMax = 1'000;
inline constexpr auto kTerminationGraceMax = 24h;
inline constexpr std::uint64_t kProcessMemoryBytesMin = 1U << 20U;
inline constexpr std::uint64_t kContainerMemoryBytesMin = 6U << 20U;  ///< Docker's own
inline constexpr std::size_t kContainersPerPodMax = 32;               ///< and as many init containers
inline constexpr std::size_t kVolumesPerPodMax = 128;
inline constexpr std::size_t kMountsPerContainerMax = 128;
inline constexpr std::size_t kPortsPerContainerMax = 128;
inline constexpr std::size_t kEnvFromMax = 128;
inline constexpr std::size_t kVolumeItemsMax = 1'024;  ///< keys of one configMap or secret volume
inline constexpr std::size_t kHostAliasesMax = 128;
inline constexpr std::int64_t kGpusMax = 64;
inline constexpr std::int64_t kReplicasMax = 64;  ///< of one Deployment on one node
inline constexpr auto kMinReadyMax = 24h;
inline constexpr auto kJobDeadlineMax = 365 * 24h;
inline constexpr std::int64_t kJobCompletionsMax = 100'000;
inline constexpr std::int64_t kJobBackoffLimitMax = 100'000;
inline constexpr std::int64_t kJobHistoryMax = 100;
inline constexpr std::size_t kJobNameLengthMax = 63;      ///< Kubernetes'
inline constexpr std::size_t kCronJobNameLengthMax = 52;  ///< Kubernetes'; its Jobs have 11 characters more
inline constexpr std::size_t kCronScheduleLengthMax = 256;
inline constexpr std::size_t kCronMissedMax = 100;  ///< Kubernetes'
inline constexpr int kCronSearchYearsMax = 8;       ///< between two leap days about 2100
inline constexpr auto kCronClockBackMax = 1h;
inline constexpr std::size_t kTimeZoneBytesMax = 64U << 10U;
inline constexpr std::size_t kTimeZoneNameLengthMax = 64;
inline constexpr std::size_t kResourcesPerSectionMax = 5'000;
inline constexpr std::size_t kSectionsPerNodeMax = 256;
inline constexpr std::size_t kSectionBytesMax = 8U << 20U;
inline constexpr std::size_t kDesiredStateBytesMax = 16U << 20U;
inline constexpr std::size_t kFileContentBytesMax = 4U << 20U;
inline constexpr std::size_t kPathLengthMax = 4'095;
inline constexpr std::size_t kPathComponentLengthMax = 255;
inline constexpr std::size_t kCommandArgumentsMax = 1'024;
inline constexpr std::size_t kCommandBytesMax = 128U << 10U;
/// This many deletes are always allowed, whatever maxPrune says.
inline constexpr std::size_t kPruneAlwaysAllowedMax = 10;
inline constexpr std::size_t kConditionsMax = 64;                 ///< of one application in a snapshot
inline constexpr std::size_t kMessageLengthMax = 1'024;           ///< of a health or condition message
inline constexpr std::size_t kUnitNameLengthMax = 255;            ///< systemd's
inline constexpr std::size_t kUnitContentBytesMax = 128U << 10U;  ///< of a unit file or a drop-in
inline constexpr std::size_t kRestartOnMax = 64;

}  // namespace holdfast::base::limits
