// SPDX-License-Identifier: Apache-2.0
// Ages as kubectl writes them: "45s", "5m30s", "3h10m", "4d", "2y31d".
// https://github.com/kubernetes/apimachinery/blob/master/pkg/util/duration/duration.go (HumanDuration)
// Threads: pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace holdfast::cli {

/// Below zero by up to two seconds is "0s" (clocks differ a little), more is "<invalid>".
std::string human_duration(std::chrono::milliseconds duration);
/// Since an RFC 3339 time; "<unknown>" where it is none.
std::string age(std::string_view since, base::WallTime now);

}  // namespace holdfast::cli
