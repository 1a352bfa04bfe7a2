// SPDX-License-Identifier: Apache-2.0
// Health and sync status in Argo CD's words, and the order in which several make one.
// Threads: plain values.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

/// Worse has the higher number: the health of many is the worst of them (as Argo CD orders them).
enum class Health { kHealthy, kSuspended, kProgressing, kMissing, kDegraded, kUnknown };
enum class SyncStatus { kSynced, kOutOfSync, kUnknown };

std::string_view to_string(Health health);
std::string_view to_string(SyncStatus status);
base::Result<Health> parse_health(std::string_view text);
base::Result<SyncStatus> parse_sync_status(std::string_view text);
constexpr Health worse(Health a, Health b) { return a < b ? b : a; }

}  // namespace holdfast::sync
