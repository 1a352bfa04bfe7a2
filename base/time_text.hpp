// SPDX-License-Identifier: Apache-2.0
// Times and durations as people and JSON write them: RFC 3339 in UTC, and Go's durations ("1h30m", "250ms"),
// which is what Kubernetes, Argo CD and Flux use.
// Threads: pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::base {

/// "2026-01-31T08:05:09.042Z". Years outside 0000 to 9999 are shown as the nearest of them.
std::string to_rfc3339(WallTime time);
/// "2026-01-31T08:05:09Z", the form of Kubernetes' creationTimestamp.
std::string to_rfc3339_seconds(WallTime time);
/// Any offset; a fraction finer than a millisecond is cut. A leap second is the second after it.
Result<WallTime> parse_rfc3339(std::string_view text);

/// "1h30m", "5s", "1m250ms", "0s"; a leading "-" where it is below zero. parse_duration reads it back.
std::string format_duration(std::chrono::milliseconds duration);
/// Units h, m, s and ms, with decimals ("1.5h"), and plain "0". Never negative; at most
/// limits::kDurationTextMax. What is finer than a millisecond is refused, not rounded.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace holdfast::base
