// SPDX-License-Identifier: Apache-2.0
// Limits of TLS and HTTPS. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <chrono>
#include <cstddef>

namespace holdfast::base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kPemBytesMax = 1U << 20U;
inline constexpr std::size_t kCertificatesInBundleMax = 64;
inline constexpr std::size_t kHttpHeaderBytesMax = 64U << 10U;
inline constexpr std::size_t kHttpHeadersMax = 100;
inline constexpr std::size_t kHttpBodyBytesMax = 32U << 20U;
inline constexpr auto kHttpTimeout = 30s;

}  // namespace holdfast::base::limits
