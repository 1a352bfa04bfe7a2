// SPDX-License-Identifier: Apache-2.0
// Snapshot: a node's report of every resource's health and of itself. Nothing in it changes by time alone,
// so an unchanged node has an unchanged digest.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "sync/model/health.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::sync {

/// Where a section stands on a node. The agent's state table (edge_agent/section_step.hpp) walks these.
enum class SectionPhase {
  kPending,        ///< accepted, not begun (or waits for another section's claim)
  kApplying,       ///< walking the waves
  kSynced,         ///< applied and healthy; kept by self-heal
  kRetrying,       ///< an attempt failed; the next one is due later
  kRollingBack,    ///< going back to the last good state
  kQuarantined,    ///< this digest is known bad; the last good state is in force
  kHeld,           ///< would delete more than the prune limit; waits for a person
  kUnschedulable,  ///< this agent cannot do a resource of it
  kRemoving,       ///< a Removal is being carried out
  kFailing,        ///< this digest has failed for good; its SyncFail hooks run before the way back
};
std::string_view to_string(SectionPhase phase);
base::Result<SectionPhase> parse_section_phase(std::string_view text);

struct ResourceStatus {
  ResourceKey key;
  SyncStatus sync = SyncStatus::kUnknown;
  Health health = Health::kUnknown;
  std::string reason;   ///< CamelCase, e.g. "CrashLoopBackOff", "ClaimConflict", "PruneDisabled"
  std::string message;  ///< for people; bounded by limits::kMessageLengthMax
  bool operator==(const ResourceStatus&) const = default;
};

struct SectionStatus {
  ApplicationUid application;
  std::string name;
  base::Digest accepted;
  base::Digest applied;
  base::Digest last_good;
  base::Digest quarantined;  ///< none: no digest of this application is
  SectionPhase phase = SectionPhase::kPending;
  SyncStatus sync = SyncStatus::kUnknown;
  Health health = Health::kUnknown;
  std::string reason;
  std::string message;
  std::vector<ResourceStatus> resources;  ///< sorted by key
  bool operator==(const SectionStatus&) const = default;
};

/// As in Kubernetes, without times.
struct Condition {
  std::string type;
  std::string status;  ///< "True" | "False" | "Unknown"
  std::string reason;
  std::string message;
  bool operator==(const Condition&) const = default;
};
/// As Kubernetes has it: Ready is well when True, DiskPressure when it is not.
bool is_good_when_true(std::string_view condition_type);

struct Snapshot {
  NodeUid node;
  Generation accepted;
  Generation applied;
  base::Digest content;  ///< content digest of the accepted desired state
  std::string boot_id;
  std::string agent_version;
  std::vector<SectionStatus> sections;  ///< sorted by application
  std::vector<Condition> conditions;
  std::map<std::string, std::string> facts;
  bool operator==(const Snapshot&) const = default;
};

std::string encode_snapshot(const Snapshot& snapshot);  ///< canonical JSON
base::Result<Snapshot> decode_snapshot(std::string_view bytes);
/// Of encode_snapshot(): what `hello` compares. A hub that holds a peer's bytes takes Digest::of(those)
/// instead, because a newer peer may have written members that decode_snapshot lets pass.
base::Digest snapshot_digest(const Snapshot& snapshot);

}  // namespace holdfast::sync
