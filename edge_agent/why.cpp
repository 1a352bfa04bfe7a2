// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/why.hpp"

#include <algorithm>
#include <utility>

#include "base/time_text.hpp"
#include "edge_agent/live.hpp"
#include "edge_agent/node_snapshot.hpp"

namespace holdfast::edge_agent {

using base::Result;
using sync::SectionPhase;

namespace {

std::string in_time(const Parts& parts, std::optional<base::MonotonicTime> due) {
  if (!due) return "when something changes";
  const auto left = *due - parts.clock.monotonic();
  if (left <= std::chrono::milliseconds{0}) return "now";
  return "in " + base::format_duration(left);
}

std::optional<base::MonotonicTime> section_due(const Parts& parts, const SectionRecord& record) {
  return parts.queue.due({WorkKind::kSection, record.accepted.application.str()});
}

std::optional<sync::Provenance> provenance_of(const Parts& parts, const SectionRecord& record,
                                              const sync::ResourceKey& key) {
  for (const auto& digest : {target_digest(record), record.accepted.digest}) {
    const auto list = parts.store.provenance(digest);
    if (!list) continue;
    const auto at = std::ranges::find(*list, key, &sync::Provenance::key);
    if (at != list->end()) return *at;
  }
  return std::nullopt;
}

std::string blocked_by_section(const SectionRecord& record, const sync::SectionStatus& status) {
  switch (record.phase) {
    case SectionPhase::kQuarantined:
    case SectionPhase::kFailing:
    case SectionPhase::kRollingBack:
      return "revision " + record.accepted.revision.str() + " (section " + record.accepted.digest.brief() +
             ") is quarantined: " + status.reason + ": " + status.message;
    case SectionPhase::kRetrying:
    case SectionPhase::kHeld:
    case SectionPhase::kUnschedulable: return status.reason + ": " + status.message;
    default: break;
  }
  return status.reason.empty() ? "" : status.reason + ": " + status.message;
}

std::string next_of_section(const Parts& parts, const SectionRecord& record) {
  switch (record.phase) {
    case SectionPhase::kPending:
    case SectionPhase::kApplying:
      return "it goes on being applied; looked at " + in_time(parts, section_due(parts, record));
    case SectionPhase::kRetrying:
      return "the next try comes " + in_time(parts, section_due(parts, record)) + ", after " +
             std::to_string(record.attempt) + " that failed";
    case SectionPhase::kFailing:
      return "its SyncFail hooks run, then " +
             std::string(record.last_good.empty() ? "all stays as it is" : "the last good state comes back") +
             "; looked at " + in_time(parts, section_due(parts, record));
    case SectionPhase::kRollingBack:
      return "the last good state comes back " + in_time(parts, section_due(parts, record));
    case SectionPhase::kQuarantined:
      return record.last_good.empty()
                 ? "nothing until another revision comes, or: holdfast sync " + record.accepted.name
                 : "the last good state is kept until another revision comes, or: holdfast sync " +
                       record.accepted.name;
    case SectionPhase::kHeld: return "waits for: holdfast sync " + record.accepted.name + " --confirm-prune";
    case SectionPhase::kUnschedulable:
      return "waits for another agent version, another placement, or what is missing here";
    case SectionPhase::kRemoving:
      return "the application is being removed; looked at " + in_time(parts, section_due(parts, record));
    case SectionPhase::kSynced: break;
  }
  const auto live = parts.live.find(record.accepted.application);
  if (live != parts.live.end() && live->second.trouble)
    return "the next try comes " + in_time(parts, section_due(parts, record));
  return "kept as it is; drift is repaired when it happens";
}

std::string next_of_hook(const TargetItem& item, std::string otherwise) {
  if (!item.desired.rests)
    return "it is waited for until it has ended well, and only then the next stage is touched";
  if (item.desired.hook->stage == sync::HookStage::kSyncFail)
    return "nothing until a revision has failed for good";
  return item.health.reason.starts_with("Hook") ? "nothing until another revision comes" : otherwise;
}

std::string next_of_item(const Parts& parts, const TargetItem& item, std::string otherwise) {
  const bool is_waiting = item.health.reason == "Waiting" || item.sync != sync::SyncStatus::kSynced;
  if (item.desired.hook && (item.desired.rests || !is_waiting))
    return next_of_hook(item, std::move(otherwise));
  for (const auto& claim : item.desired.claims) {
    const auto due = parts.queue.due({WorkKind::kClaim, claim.text()});
    if (item.health.reason == "DriftBackoff" || item.health.reason == "RepairFailed") {
      return "repaired " + in_time(parts, due);
    }
    if (item.health.reason == "CrashLoopBackOff" || item.health.reason == "StartFailed") {
      return "started again " + in_time(parts, due);
    }
    if (item.health.reason == "FailedMount" && due) return "looked for again " + in_time(parts, due);
    if (item.health.reason == "SelfHealDisabled") {
      return "left as it is: the application does not heal itself (syncPolicy.automated.selfHeal)";
    }
  }
  return otherwise;
}

Why explain_item(const Parts& parts, const SectionRecord& record, const sync::SectionStatus& status,
                 const sync::ResourceStatus& resource) {
  Why why;
  why.key = resource.key;
  why.application = record.accepted.name;
  why.provenance = provenance_of(parts, record, resource.key);
  why.status = resource;
  const bool is_well =
      resource.health == sync::Health::kHealthy && resource.sync == sync::SyncStatus::kSynced;
  why.blocked_by = resource.reason.empty() || is_well ? "" : resource.reason + ": " + resource.message;
  if (why.blocked_by.empty()) why.blocked_by = blocked_by_section(record, status);
  why.next = next_of_section(parts, record);
  if (const Target* target = parts.targets.find(record.accepted.application)) {
    for (const auto& item : target->items) {
      if (item.desired.key == resource.key) why.next = next_of_item(parts, item, std::move(why.next));
    }
  }
  return why;
}

/// Of a section that cannot be loaded nothing is known of its resources but that they are not there, and why.
void add_unloaded(const Parts& parts, const SectionRecord& record, sync::SectionStatus& status) {
  if (record.phase != SectionPhase::kUnschedulable &&
      parts.targets.error(record.accepted.application) == nullptr)
    return;
  const auto bytes = parts.store.body(record.accepted.digest);
  if (!bytes) return;
  for (auto& key : keys_in(*bytes)) {
    if (std::ranges::find(status.resources, key, &sync::ResourceStatus::key) != status.resources.end())
      continue;
    status.resources.push_back({std::move(key), sync::SyncStatus::kOutOfSync, sync::Health::kMissing,
                                status.reason, status.message});
  }
}

}  // namespace

Result<std::vector<Why>> explain(const Parts& parts, const std::string& brief) {
  std::vector<Why> found;
  std::string known;
  std::size_t named = 0;
  constexpr std::size_t kNamedMax = 20;
  for (const auto& [application, record] : parts.store.sections()) {
    auto status = section_status(parts, record);
    add_unloaded(parts, record, status);
    for (const auto& resource : status.resources) {
      if (resource.key.matches_brief(brief)) found.push_back(explain_item(parts, record, status, resource));
      if (named++ < kNamedMax) known += (known.empty() ? "" : ", ") + resource.key.brief();
    }
  }
  if (!found.empty()) return found;
  return base::fail(base::Code::kNotFound, "this node has no " + brief +
                                               "; it has: " + (known.empty() ? "nothing" : known) +
                                               (named > kNamedMax ? ", …" : ""));
}

}  // namespace holdfast::edge_agent
