// SPDX-License-Identifier: Apache-2.0
// Every limit of Holdfast, in one place. docs/limits.md explains each; tests try each at and over it.
// Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

// Documents
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

// Own log
inline constexpr std::size_t kLogFieldBytesMax = 2U << 10U;    ///< a longer value is cut
inline constexpr std::size_t kLogFailuresRememberedMax = 256;  ///< failures that may be quiet at a time

// Model
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
inline constexpr auto kProgressDeadlineMax = 7 * 24h;
inline constexpr auto kProbeTimeMax = 24h;  ///< initialDelaySeconds and periodSeconds
inline constexpr std::int64_t kProbeThresholdMax = 1'000;
inline constexpr auto kTerminationGraceMax = 24h;
inline constexpr std::uint64_t kProcessMemoryBytesMin = 1U << 20U;
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
inline constexpr std::size_t kMessageLengthMax = 1'024;  ///< of a health or condition message

// Wire
inline constexpr std::size_t kFrameBytesMax = 24U << 20U;  ///< decompressed
inline constexpr std::size_t kPacketBytesMax = 1U << 20U;  ///< one MQTT packet
inline constexpr std::size_t kHeaderPacketBytesMax =
    128U << 10U;  ///< of it for a desired state's header, compressed
inline constexpr std::size_t kSectionPacketBytesMax = 896U << 10U;  ///< of it for one section, compressed
inline constexpr std::size_t kAnswerBytesMax = 1U << 20U;           ///< body of one answer
inline constexpr std::size_t kTrustBytesMax = 256U << 10U;          ///< a trust document
inline constexpr std::size_t kTrustEntriesMax = 16;                 ///< signing keys, hubs and brokers, each
inline constexpr std::size_t kInFlightMax = 4;
inline constexpr std::uint32_t kShards = 256;
inline constexpr auto kKeepAlivePrompt = 60s;
inline constexpr auto kConnectTimeout = 10s;
inline constexpr auto kReconnectWindowMin = 5s;
inline constexpr auto kReconnectWindowMax = 300s;
inline constexpr auto kSnapshotCoalesceMin = 1s;
inline constexpr auto kSnapshotCoalesceMax = 10s;
inline constexpr auto kBeaconIntervalMin = 10min;
inline constexpr auto kBeaconIntervalMax = 15min;

// Agent
inline constexpr auto kDriftBackoffBase = 2s;  ///< the 2nd repair waits this, then ×3
inline constexpr std::int64_t kDriftBackoffFactor = 3;
inline constexpr auto kDriftBackoffMax = 300s;
inline constexpr auto kDriftQuiet = 10min;  ///< after so long without drift the backoff starts over
inline constexpr auto kFullPassInterval = 5min;
inline constexpr auto kRehashInterval = 24h;
inline constexpr auto kProcessBackoffBase = 10s;  ///< Kubernetes' CrashLoopBackOff: 10 s, ×2, to 5 min
inline constexpr std::int64_t kProcessBackoffFactor = 2;
inline constexpr auto kProcessBackoffMax = 300s;
inline constexpr auto kProcessBackoffReset = 10min;
/// So long must a process without a readiness probe have run before it counts as healthy: it catches what ends
/// at once, and stays far below the half second from commit to applied.
inline constexpr auto kProcessSettle = 100ms;
inline constexpr auto kTerminationGraceDefault = 30s;
inline constexpr auto kProgressDeadlineDefault = 600s;
inline constexpr std::size_t kLogSegmentBytesMax = 256U << 10U;   ///< raw, of one process
inline constexpr std::size_t kLogSegmentsMax = 4;                 ///< raw segments a shim keeps
inline constexpr std::size_t kLogBytesPerProcessMax = 8U << 20U;  ///< raw and compressed together
inline constexpr std::size_t kLogLineBytesMax = 16U << 10U;
inline constexpr auto kLogTidyInterval = 30s;
inline constexpr std::size_t kEventsUnsentMax = 1'000;
inline constexpr std::size_t kLastGoodKept = 3;
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

inline constexpr std::size_t kAccountFileBytesMax = 4U << 20U;  ///< passwd or group, of the host or of a root
inline constexpr std::size_t kLocalConnectionsMax = 16;
inline constexpr auto kLocalAskTimeout = 10s;
inline constexpr std::size_t kLocalRequestBytesMax = 8U << 10U;
inline constexpr std::size_t kLocalAnswerBytesMax = 32U << 20U;

// Git
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

// Hub
inline constexpr std::size_t kRequestBytesMax = 4U << 20U;
inline constexpr std::size_t kEventsKeptMax = 10'000;
inline constexpr std::size_t kHistoryKeptMax = 50;
inline constexpr std::size_t kNodesMax = 100'000;
inline constexpr auto kStatusFlushInterval = 5s;
inline constexpr auto kLastSeenFlushInterval = 10min;
inline constexpr auto kTokenTtlDefault = 1h;
inline constexpr auto kTokenTtlMax = 24h * 365;
inline constexpr auto kNodeCertificateLife =
    24h * 365 * 5;  ///< nothing renews it yet: long enough that no fleet is stranded
inline constexpr std::size_t kBrokerQueuedBytesMax = 64U << 20U;  ///< for one client of the embedded broker
inline constexpr auto kCommandTimeout = 30s;
inline constexpr auto kCommandSkewMax = 24h;
inline constexpr std::size_t kLogAnswerBytesMax = 512U << 10U;
inline constexpr std::size_t kLogLinesAskedMax = 1'000'000;  ///< `tailLines` of a request for logs
inline constexpr std::size_t kObjectBytesMax = 1U << 20U;    ///< one object of the API
inline constexpr std::size_t kChangesKeptMax = 16'384;       ///< from which watches resume
inline constexpr std::uint64_t kVersionsReserved =
    1'000'000;                                          ///< resourceVersions skipped by a crash, at most
inline constexpr std::size_t kFetchesAtOnceMax = 4;     ///< one of them only for what a person asks for
inline constexpr std::size_t kFetchesOfOneHostMax = 2;  ///< and one more for a person
inline constexpr auto kFetchBackoffBase = 5s;           ///< of a Git host that fails: 5 s, ×2, to 10 min
inline constexpr auto kFetchBackoffMax = 10min;
inline constexpr auto kStateAckTimeout = 10s;      ///< a desired state not acknowledged is sent again
inline constexpr auto kStateAckTimeoutMax = 5min;  ///< … this late, at most
inline constexpr auto kRetryInterval = 5s;         ///< after the hub's own store refused a write
inline constexpr auto kRollupSpacing = 100ms;      ///< between two statuses of one application
inline constexpr std::size_t kNodesPerTransactionMax = 256;  ///< desired states stored at once
inline constexpr std::size_t kCommandsPendingMax = 256;
inline constexpr std::size_t kOutboxMax = 1'024;        ///< messages that wait for the link, all nodes
inline constexpr std::size_t kConditionsShownMax = 20;  ///< findings in one condition's message

inline constexpr int kAuthenticationFailuresMax = 20;  ///< of one address within the window
inline constexpr auto kAuthenticationWindow = 1min;
inline constexpr std::size_t kAuthenticationAddressesMax = 10'000;
inline constexpr std::size_t kApiThreads = 48;
inline constexpr std::size_t kWatchesMax = 32;  ///< at once; each holds one of the threads

// Store
inline constexpr std::size_t kStoreBytesInitial = std::size_t{16} << 20U;
inline constexpr std::size_t kStoreBytesMax = std::size_t{16} << 30U;
inline constexpr std::size_t kStoreKeyBytesMax = 511;
inline constexpr std::size_t kStoreValueBytesMax = 32U << 20U;
inline constexpr std::size_t kStoreCorruptKept =
    5;  ///< files set aside; the newest takes the place of the last
inline constexpr auto kStoreCheckTimeout = 60s;

// TLS and HTTPS
inline constexpr std::size_t kPemBytesMax = 1U << 20U;
inline constexpr std::size_t kCertificatesInBundleMax = 64;
inline constexpr std::size_t kHttpHeaderBytesMax = 64U << 10U;
inline constexpr std::size_t kHttpHeadersMax = 100;
inline constexpr std::size_t kHttpBodyBytesMax = 32U << 20U;
inline constexpr auto kHttpTimeout = 30s;

// Command line
inline constexpr std::size_t kClientFileBytesMax = 1U << 20U;
inline constexpr std::size_t kClientAnswerBytesMax = std::size_t{512} << 20U;  ///< a list of a whole fleet
inline constexpr std::size_t kClientAnswerValuesMax = 20'000'000;
inline constexpr std::size_t kDiffCellsMax =
    4'000'000;  ///< lines before × after; more is shown as replaced whole
inline constexpr std::size_t kDescribedRowsMax = 50;  ///< of each list in `describe`
inline constexpr auto kWatchSilenceMax = 90s;         ///< the hub says something every 30 s
inline constexpr auto kOperationWait = 60s;           ///< `sync` waits so long for the fetch, unless told

}  // namespace holdfast::base::limits
