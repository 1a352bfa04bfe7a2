// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/node_snapshot.hpp"

#include <algorithm>

#include "base/version.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

using sync::Health;
using sync::ResourceStatus;
using sync::SectionPhase;
using sync::SectionStatus;
using sync::SyncStatus;

namespace {

ResourceStatus status_of(const TargetItem& item) {
  return {item.desired.key, item.sync, item.health.health, item.health.reason,
          sync::bounded_message(item.health.message)};
}

ResourceStatus status_of(const Withheld& leftover) {
  return {leftover.key, SyncStatus::kOutOfSync, Health::kHealthy, std::string(to_string(leftover.reason)),
          sync::bounded_message(leftover.message)};
}

const LiveSection* live_of(const Parts& parts, const SectionRecord& record) {
  const auto found = parts.live.find(record.accepted.application);
  return found == parts.live.end() ? nullptr : &found->second;
}

/// A resource that is desired elsewhere now still has something at its old claim: said with what it is.
void attach(const Withheld& leftover, ResourceStatus& status) {
  status.sync = SyncStatus::kOutOfSync;
  if (status.reason.empty()) status.reason = std::string(to_string(leftover.reason));
  status.message = sync::bounded_message(status.message.empty() ? leftover.message
                                                                : status.message + "; " + leftover.message);
}

void add_resources(const Parts& parts, const SectionRecord& record, SectionStatus& status) {
  const Target* target = parts.targets.find(record.accepted.application);
  if (target != nullptr) {
    for (const auto& item : target->items) status.resources.push_back(status_of(item));
  }
  if (const auto* live = live_of(parts, record)) {
    for (const auto& leftover : live->leftovers) {
      const auto there = std::ranges::find(status.resources, leftover.key, &ResourceStatus::key);
      if (there == status.resources.end()) {
        status.resources.push_back(status_of(leftover));
      } else {
        attach(leftover, *there);
      }
    }
  }
  std::ranges::sort(status.resources, {}, &ResourceStatus::key);
}

Health of_phase(SectionPhase phase) {
  switch (phase) {
    case SectionPhase::kPending:
    case SectionPhase::kApplying:
    case SectionPhase::kRemoving: return Health::kProgressing;
    case SectionPhase::kRetrying:
    case SectionPhase::kRollingBack:
    case SectionPhase::kFailing:
    case SectionPhase::kQuarantined:
    case SectionPhase::kUnschedulable: return Health::kDegraded;
    case SectionPhase::kSynced:
    case SectionPhase::kHeld: return Health::kHealthy;
  }
  return Health::kUnknown;
}

/// The worst of its resources, and no better than its phase.
void roll_up(SectionStatus& status) {
  const bool is_synced = status.phase == SectionPhase::kSynced &&
                         std::ranges::all_of(status.resources, [](const ResourceStatus& resource) {
                           return resource.sync == SyncStatus::kSynced;
                         });
  status.sync = is_synced ? SyncStatus::kSynced : SyncStatus::kOutOfSync;
  status.health = of_phase(status.phase);
  for (const auto& resource : status.resources) {
    const bool counts = resource.health != Health::kMissing || status.health == Health::kHealthy;
    if (counts) status.health = worse(status.health, resource.health);
  }
}

/// Of one that is on its way the record says nothing: the first that has something to complain of does.
void explain_waiting(SectionStatus& status) {
  const auto first = std::ranges::find(status.resources, Health::kDegraded, &ResourceStatus::health);
  if (status.phase != SectionPhase::kApplying || !status.reason.empty() || first == status.resources.end())
    return;
  status.reason = first->reason;
  status.message = first->key.brief() + ": " + first->message;
}

void explain(const Parts& parts, const SectionRecord& record, SectionStatus& status) {
  status.reason = record.reason;
  status.message = record.message;
  const auto* live = live_of(parts, record);
  const bool is_back =
      record.phase == SectionPhase::kRollingBack || record.phase == SectionPhase::kQuarantined;
  if (live != nullptr && live->trouble && is_back && !record.reason.empty()) {
    status.message += "; " + live->trouble->message();
    status.health = worse(status.health, Health::kDegraded);
  } else if (live != nullptr && live->trouble) {
    status.reason = std::string(base::to_string(live->trouble->code()));
    status.message = live->trouble->message();
    status.health = worse(status.health, Health::kDegraded);
  } else if (status.reason.empty() && record.phase == SectionPhase::kHeld && live != nullptr) {
    const auto held = std::ranges::find(live->leftovers, WithheldReason::kPruneLimit, &Withheld::reason);
    if (held != live->leftovers.end()) {
      status.reason = "PruneLimit";
      status.message = held->message;
    }
  }
  if (status.reason.empty() && parts.is_orphaned(record)) {
    status.reason = "Orphaned";
    status.message =
        "this node is no longer placed by anything that a person or Git said; all is kept as it is";
  }
  explain_waiting(status);
  status.message = sync::bounded_message(status.message);
}

std::vector<sync::Condition> conditions_of(const Parts& parts) {
  std::vector<sync::Condition> out;
  const bool is_forbidden = parts.store.deletes_forbidden();
  out.push_back(
      {"DeletesAllowed", is_forbidden ? "False" : "True", is_forbidden ? "InventoryRebuilt" : "Proven",
       is_forbidden ? "the inventory was rebuilt; nothing is deleted before the hub has given its state again"
                    : ""});
  const bool has_state = parts.accepted.generation != sync::Generation{};
  out.push_back(
      {"StateVerified",
       !has_state                ? "Unknown"
       : parts.accepted.verified ? "True"
                                 : "False",
       !has_state                ? "None"
       : parts.accepted.verified ? "Verified"
                                 : "SignatureUnknown",
       !has_state || parts.accepted.verified
           ? ""
           : "what is stored is signed by no key that this node believes; it is held, and nothing is "
             "deleted; the hub gives it anew, signed by a key of today, when this node connects"});
  return out;
}

}  // namespace

SectionStatus section_status(const Parts& parts, const SectionRecord& record) {
  SectionStatus status;
  status.application = record.accepted.application;
  status.name = record.accepted.name;
  status.accepted = record.accepted.digest;
  status.applied = record.applied;
  status.last_good = record.last_good.empty() ? base::Digest{} : record.last_good.front();
  status.quarantined = record.quarantined.empty() ? base::Digest{} : record.quarantined.front();
  status.phase = record.phase;
  add_resources(parts, record, status);
  roll_up(status);
  explain(parts, record, status);
  return status;
}

sync::Snapshot make_snapshot(const Parts& parts, const NodeFacts& node) {
  sync::Snapshot snapshot;
  snapshot.node = node.node;
  snapshot.accepted = parts.accepted.generation;
  snapshot.applied = parts.store.applied().generation;
  snapshot.content = parts.accepted.content;
  snapshot.boot_id = node.boot_id;
  snapshot.agent_version = base::kVersion;
  for (const auto& [application, record] : parts.store.sections()) {
    snapshot.sections.push_back(section_status(parts, record));
  }
  snapshot.conditions = conditions_of(parts);
  snapshot.conditions.insert(snapshot.conditions.end(), node.conditions.begin(), node.conditions.end());
  snapshot.facts = node.facts;
  return snapshot;
}

}  // namespace holdfast::edge_agent
