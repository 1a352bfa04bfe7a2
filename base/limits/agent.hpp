// SPDX-License-Identifier: Apache-2.0
// Limits of the agent: repairs, processes, their logs, its local socket. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr auto kDriftBackoffBase = 2s;  ///< the 2nd repair waits this, then ×3
inline constexpr std::int64_t kDriftBackoffFactor = 3;
inline constexpr auto kDriftBackoffMax = 300s;
inline constexpr auto kDriftQuiet = 10min;        ///< after so long without drift the backoff starts over
inline constexpr auto kRenewalLookInterval = 1h;  ///< at the certificate, at the latest: a clock may be set
inline constexpr auto kRenewalRetryMin = 10s;  ///< after a renewal that failed, ×2, halved at most by chance
inline constexpr auto kRenewalRetryMax = 1h;
inline constexpr auto kLocalAcceptPause = 100ms;  ///< of the local API, when there are no descriptors left
inline constexpr auto kLocalIdleMax = 10s;        ///< a connection to it that says nothing, or takes nothing
inline constexpr auto kReissueSpread = 60min;     ///< within that a certificate of a former CA is exchanged
inline constexpr auto kReissueSpreadAway = 10s;   ///< the same by who does not get in
inline constexpr auto kTrustFetchAfter = 20s;  ///< without a broker, the trust document is asked for; then ×2
inline constexpr auto kTrustFetchIntervalMax = 15min;
inline constexpr auto kApprovalPollInterval = 5s;  ///< of `enroll` that waits for a person
inline constexpr auto kUnenrollTimeout = 60s;      ///< for what `unenroll --prune` deletes to be gone
inline constexpr auto kFullPassInterval = 5min;
inline constexpr auto kFullPassIntervalFrugal = 15min;
inline constexpr auto kRehashInterval = 24h;
inline constexpr auto kProcessBackoffBase = 10s;  ///< Kubernetes' CrashLoopBackOff: 10 s, ×2, to 5 min
inline constexpr std::int64_t kProcessBackoffFactor = 2;
inline constexpr auto kProcessBackoffMax = 300s;
inline constexpr auto kProcessBackoffReset = 10min;
/// So long must a process without a readiness probe have run before it counts as healthy: it catches what ends
/// at once, and stays far below the half second from commit to applied.
inline constexpr auto kProcessSettle = 100ms;
inline constexpr auto kTerminationGraceDefault = 30s;
inline constexpr std::size_t kLogSegmentBytesMax = 256U << 10U;   ///< raw, of one process
inline constexpr std::size_t kLogSegmentsMax = 4;                 ///< raw segments a shim keeps
inline constexpr std::size_t kLogBytesPerProcessMax = 8U << 20U;  ///< raw and compressed together
inline constexpr std::size_t kLogLineBytesMax = 16U << 10U;
inline constexpr std::size_t kLogReadsMax = 4;  ///< of containers, at a time
inline constexpr auto kLogTidyInterval = 30s;
inline constexpr auto kLogTidyIntervalFrugal = 5min;
inline constexpr std::size_t kSpareMemoryBytesMax = 128U << 10U;  ///< of the heap; more is given back
inline constexpr auto kCodePageOutInterval = 10min;
inline constexpr std::size_t kCodeMappedBytesMax = 3U << 20U;  ///< after work; more is unmapped
inline constexpr auto kCodeUnmapInterval = 10s;
inline constexpr std::size_t kEventsUnsentMax = 1'000;
inline constexpr std::size_t kOutboxSegmentBytes = 64U << 10U;
inline constexpr std::size_t kOutboxSegments = 8;
inline constexpr auto kOutboxAgeMax = 24h * 30;
inline constexpr std::size_t kOutboxRecordBytesMax = 32U << 10U;  ///< one event
inline constexpr auto kOutboxOpenInterval = 1min;  ///< between two tries to use a folder that refuses
inline constexpr std::size_t kLastGoodKept = 3;
inline constexpr std::uint32_t kRebootsInARowMax =
    3;  ///< in the middle of one attempt; then it has failed for good
inline constexpr std::size_t kQuarantinedKept = 16;  ///< known bad digests of one application on one node
inline constexpr auto kProbeTimeoutMax = 300s;
inline constexpr std::size_t kProbeOutputBytesMax = 4U << 10U;
inline constexpr std::size_t kProbesRunningMax = 512;
inline constexpr std::size_t kMarkBytesMax = 1U << 10U;  ///< ownership mark of a file or process
inline constexpr std::size_t kDigestFileBytesMax = std::size_t{1}
                                                   << 30U;  ///< a larger file is not hashed on the loop
inline constexpr std::size_t kPathsWatchedMax = 100'000;
inline constexpr std::size_t kProcessNameLengthMax = 100;
inline constexpr auto kShimStartTimeout = 5s;  ///< from asking for a process to its recorded start

inline constexpr auto kJobBackoffBase = 10s;  ///< Kubernetes': after a failed pod of a Job, ×2
inline constexpr auto kJobBackoffMax = 6min;
inline constexpr auto kJobStoreRetry =
    5s;  ///< while what a Job comes to cannot be stored, nothing is done for it
inline constexpr std::size_t kJobRunsKept = 4;  ///< complete ones of which a Job knows that they are
inline constexpr std::size_t kCronJobsRunningMax =
    16;  ///< Jobs of one CronJob at a time, with concurrencyPolicy: Allow

inline constexpr std::size_t kAccountFileBytesMax = 4U << 20U;  ///< passwd or group, of the host or of a root
inline constexpr std::size_t kLocalConnectionsMax = 16;
inline constexpr auto kLocalAskTimeout = 10s;
inline constexpr std::size_t kLocalRequestBytesMax = 8U << 10U;
inline constexpr std::size_t kLocalAnswerBytesMax = 32U << 20U;

inline constexpr auto kImageBackoffBase = 10s;  ///< kubelet's ImagePullBackOff: 10 s, ×2, to 5 min
inline constexpr auto kImageBackoffMax = 300s;
inline constexpr auto kEngineBackoffBase =
    1s;  ///< before the container engine is asked again: 0, 1 s, ×2, to 30 s
inline constexpr auto kEngineBackoffMax = 30s;
inline constexpr auto kEngineBackoffReset = 10s;
inline constexpr auto kEngineSilenceMax = 4min;  ///< the next full pass asks whether it is there
inline constexpr std::size_t kContainerLogBytesMax = 10U << 20U;  ///< that the engine keeps of one container
inline constexpr auto kAddressWaitInterval = 10s;                 ///< for an address of the node
inline constexpr auto kPodLackBackoffBase =
    1s;  ///< before it is looked again whether a path that a pod mounts is there: ×2, to 1 min
inline constexpr auto kPodLackBackoffMax = 1min;
inline constexpr auto kGpuLookInterval =
    30s;  ///< what machine and engine say of GPUs is asked again after that
inline constexpr auto kGpuWaitInterval = 5s;           ///< for a GPU that another container has
inline constexpr std::size_t kContainerLooksMax = 16;  ///< containers that are inspected at a time

}  // namespace holdfast::base::limits
