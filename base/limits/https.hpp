// SPDX-License-Identifier: Apache-2.0
// Limits of TLS, HTTPS and keys in a TPM. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kPemBytesMax = 1U << 20U;
inline constexpr std::size_t kCertificatesInBundleMax = 64;
inline constexpr std::size_t kHttpHeaderBytesMax = 64U << 10U;
inline constexpr std::size_t kHttpHeadersMax = 100;
inline constexpr std::size_t kHttpBodyBytesMax = 32U << 20U;
inline constexpr auto kHttpTimeout = 30s;
inline constexpr auto kTpmTimeout = 5s;   ///< for one key or one signature; who asks waits for it
inline constexpr auto kTpmSilence = 60s;  ///< after a TPM that did not answer, so long nobody waits for it
inline constexpr std::size_t kTpmJobBytesMax = 16U
                                               << 10U;  ///< what holdfast-tpm is given, and what it answers
inline constexpr std::uint64_t kTpmCpuSMax = 5;         ///< of one holdfast-tpm
inline constexpr std::uint64_t kTpmMemoryBytesMax = 512U << 20U;

}  // namespace holdfast::base::limits
