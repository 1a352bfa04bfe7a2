// SPDX-License-Identifier: Apache-2.0
// Limits of the hub: API, fleet, broker. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kRequestBytesMax = 4U << 20U;
inline constexpr std::size_t kEventsKeptMax = 10'000;
inline constexpr std::size_t kEventsPerObjectMax = 2'000;  ///< of those about one node or application
inline constexpr std::size_t kOutboxesPerNodeMax =
    4;  ///< logs of one node's events of which the hub knows where they stand
inline constexpr std::size_t kHistoryKeptMax = 50;
inline constexpr std::size_t kNodesMax = 100'000;
inline constexpr auto kStatusFlushInterval = 5s;
inline constexpr auto kLastSeenFlushInterval = 10min;
inline constexpr auto kTokenTtlDefault = 1h;
inline constexpr auto kTokenTtlMax = 24h * 365;
inline constexpr std::size_t kTokenSerialsMax = 4'096;  ///< machines that one token names
inline constexpr std::size_t kSerialLengthMax = 128;
inline constexpr std::size_t kMachineSerialsMax = 16;   ///< that one machine tells of itself
inline constexpr auto kNodeCertificateLife = 24h * 90;  ///< renewed by the node at two thirds of it
inline constexpr auto kNodeCertificateLifeMin = 10s;    ///< of --node-certificate-life
inline constexpr auto kNodeCertificateLifeMax = 24h * 3'650;
inline constexpr std::size_t kCertificatesPerNodeMax = 32;  ///< issued to one node and not expired
inline constexpr auto kRevocationSpacing = 50ms;            ///< between two lists of revoked certificates
inline constexpr auto kTakeoverTimeout = 1s;    ///< for the broker's answer, and between two attempts
inline constexpr int kTakeoverAttemptsMax = 5;  ///< to end one session
inline constexpr std::size_t kBrokerMemoryBytesMax = 1U << 30U;   ///< of the embedded broker
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
inline constexpr std::size_t kBasesBytesMax = 64U
                                              << 20U;  ///< replaced desired states kept for deltas, all nodes
inline constexpr auto kStateAckTimeout = 10s;          ///< a desired state not acknowledged is sent again
inline constexpr auto kStateAckTimeoutMax = 5min;      ///< … this late, at most
inline constexpr auto kRetryInterval = 5s;             ///< after the hub's own store refused a write
inline constexpr auto kRollupSpacing = 100ms;          ///< between two statuses of one application
inline constexpr std::size_t kNodesPerTransactionMax = 256;  ///< desired states stored at once
inline constexpr std::size_t kFormerRenditionsMax = 64;  ///< earlier revisions kept read by a restored hub
inline constexpr std::size_t kCommandsPendingMax = 256;
inline constexpr std::size_t kOutboxMax = 1'024;        ///< messages that wait for the link, all nodes
inline constexpr std::size_t kConditionsShownMax = 20;  ///< findings in one condition's message

inline constexpr std::size_t kClientHelloBytesMax = 16U << 10U;  ///< with the records around it
inline constexpr auto kClientHelloTimeout = 10s;
inline constexpr std::size_t kClientHellosWaitingMax = 4'096;   ///< connections that have not said theirs yet
inline constexpr std::size_t kClientHellosPerAddressMax = 512;  ///< the same from one address
inline constexpr std::size_t kApiConnectionsPerAddressMax = 32;  ///< of one address at once, of kApiThreads
inline constexpr std::size_t kRelaysMax = 50'000;      ///< connections through the hub's own port, at once
inline constexpr int kAuthenticationFailuresMax = 20;  ///< of one address within the window
inline constexpr auto kReadmitDefault =
    30 * 24h;  ///< how long a recovered hub takes nodes back that it does not know
inline constexpr auto kReadmitMax = 730 * 24h;
inline constexpr std::size_t kReadmitExceptMax = 1'000;
inline constexpr std::size_t kSigningKeysKept = 8;  ///< in the trust document, the one in use among them
inline constexpr std::size_t kCasKept = 4;          ///< the same of CAs
inline constexpr auto kAuthenticationWindow = 1min;
inline constexpr std::size_t kAuthenticationAddressesMax = 10'000;
inline constexpr std::size_t kApiThreads = 48;
inline constexpr std::size_t kWatchesMax = 32;  ///< at once; each holds one of the threads

}  // namespace holdfast::base::limits
