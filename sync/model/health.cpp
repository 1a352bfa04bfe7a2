// SPDX-License-Identifier: Apache-2.0
#include "sync/model/health.hpp"

#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

constexpr Words<Health, 6> kHealthWords{{{{Health::kHealthy, "Healthy"},
                                          {Health::kSuspended, "Suspended"},
                                          {Health::kProgressing, "Progressing"},
                                          {Health::kMissing, "Missing"},
                                          {Health::kDegraded, "Degraded"},
                                          {Health::kUnknown, "Unknown"}}}};
constexpr Words<SyncStatus, 3> kSyncWords{{{{SyncStatus::kSynced, "Synced"},
                                            {SyncStatus::kOutOfSync, "OutOfSync"},
                                            {SyncStatus::kUnknown, "Unknown"}}}};

}  // namespace

std::string_view to_string(Health health) { return kHealthWords.word(health); }
std::string_view to_string(SyncStatus status) { return kSyncWords.word(status); }
base::Result<Health> parse_health(std::string_view text) { return kHealthWords.parse(text, "health"); }
base::Result<SyncStatus> parse_sync_status(std::string_view text) {
  return kSyncWords.parse(text, "sync status");
}

}  // namespace holdfast::sync
