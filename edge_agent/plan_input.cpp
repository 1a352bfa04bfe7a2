// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/plan_input.hpp"

#include <algorithm>
#include <set>

#include "edge_agent/claim_table.hpp"

namespace holdfast::edge_agent {
namespace {

using sync::ApplicationUid;
using sync::SectionPhase;

bool may_delete(const Parts& parts, const SectionRecord& record) {
  return !parts.store.deletes_forbidden() && parts.accepted.verified && !parts.is_orphaned(record);
}

/// A section that is not what was accepted proves nothing about what may go, but for what a rollback undoes.
bool is_proof(const SectionRecord& record, const Target* target) {
  if (target == nullptr || target->digest != target_digest(record)) return false;
  switch (record.phase) {
    case SectionPhase::kFailing: return false;
    case SectionPhase::kUnschedulable:
    case SectionPhase::kQuarantined: return !record.last_good.empty();
    default: return true;
  }
}

SectionInput removal_input(const Parts& parts, const SectionRecord& record) {
  SectionInput input;
  input.mode = record.removal.mode == sync::RemovalMode::kPrune ? SectionMode::kPrune : SectionMode::kRelease;
  if (may_delete(parts, record)) {
    input.permission = record.removal.confirmed ? DeletePermission::kConfirmed : DeletePermission::kLimited;
  }
  // Its last accepted limit holds to the end.
  if (const auto bytes = parts.store.body(record.accepted.digest)) {
    if (const auto section = sync::decode_section(*bytes)) input.prune_limit = section->policy.prune_limit;
  }
  return input;
}

/// Known bad, never good here, and not asked for any more: it holds what it made, and what it never came to is free for others.
void free_what_was_never_made(const Parts& parts, const SectionRecord& record, SectionInput& input) {
  const auto& application = record.accepted.application;
  const bool is_left = record.phase == SectionPhase::kQuarantined && record.last_good.empty() &&
                       !parts.accepted.applications.contains(application);
  if (!is_left) return;
  const auto is_made = [&](const sync::Claim& claim) {
    const auto* entry = parts.store.entry(claim);
    return entry != nullptr && entry->application == application;
  };
  for (auto& item : input.items) {
    if (std::ranges::none_of(item.claims, is_made)) item.claims.clear();
  }
}

SectionInput target_input(const Parts& parts, const SectionRecord& record) {
  SectionInput input;
  const Target* target = parts.targets.find(record.accepted.application);
  const bool is_back = record.phase == SectionPhase::kRollingBack ||
                       record.phase == SectionPhase::kQuarantined ||
                       (record.phase == SectionPhase::kUnschedulable && !record.last_good.empty());
  if (is_back) {
    input.mode = SectionMode::kRollback;
    input.failed = record.accepted.digest;
    input.given_up = record.given_up;
  }
  if (target != nullptr) {
    input.digest = target->digest;
    input.items = target->desired();
    free_what_was_never_made(parts, record, input);
    input.prune = target->policy.prune;
    input.prune_limit = target->policy.prune_limit;
    // Whose run it was, the hook's own section says: no more proof is asked for.
    input.clears_hooks = may_delete(parts, record) && target->digest == target_digest(record);
  }
  if (may_delete(parts, record) && is_proof(record, target)) {
    input.permission =
        record.accepted.prune_confirmed ? DeletePermission::kConfirmed : DeletePermission::kLimited;
  }
  return input;
}

SectionInput section_input(const Parts& parts, const SectionRecord& record) {
  SectionInput input = record.removal_pending ? removal_input(parts, record) : target_input(parts, record);
  input.application = record.accepted.application;
  input.name = record.accepted.name;
  if (!record.removal_pending) input.withhold = record.accepted.withhold;
  for (const auto& [application, claims] : parts.targets.accepted_claims()) {
    if (application == input.application) continue;
    input.withhold.insert(input.withhold.end(), claims.begin(), claims.end());
  }
  return input;
}

/// nullptr: nobody desires it.
const TargetItem* wanted_at(Parts& parts, const ClaimTable& table, const sync::Claim& claim) {
  if (!table.is_desired(claim)) return nullptr;
  const auto& holder = table.holder(claim);
  Target* target = parts.targets.find(holder.section->application);
  const auto index = static_cast<std::size_t>(holder.item - holder.section->items.data());
  return &target->items[index];
}

std::set<sync::Claim> claims_of(const PlanInput& input, const ApplicationUid* focus) {
  std::set<sync::Claim> claims;
  for (const auto& section : input.sections) {
    if (focus != nullptr && section.application != *focus) continue;
    for (const auto& item : section.items) claims.insert(item.claims.begin(), item.claims.end());
  }
  for (const auto& [claim, entry] : input.inventory) {
    if (focus == nullptr || entry.application == *focus) claims.insert(claim);
  }
  return claims;
}

}  // namespace

PlanInput look(Parts& parts, const ApplicationUid* focus) {
  PlanInput input;
  for (const auto& [application, record] : parts.store.sections()) {
    input.sections.push_back(section_input(parts, record));
  }
  input.inventory = parts.store.inventory();
  const ClaimTable table(input);
  for (const auto& claim : claims_of(input, focus)) {
    const TargetItem* item = wanted_at(parts, table, claim);
    const auto* entry = parts.store.entry(claim);
    Driver* driver = item != nullptr ? item->driver : parts.drivers.of(*entry);
    if (driver == nullptr) {
      input.unobservable.emplace(claim,
                                 base::Error(base::Code::kUnsupported, "this agent cannot do its kind"));
      continue;
    }
    // Of a hook that is over only its mark says whose it is.
    const bool is_over = item != nullptr && item->desired.rests && item->desired.hook;
    auto observed =
        driver->observe(claim, item != nullptr && !is_over ? item->effective.get() : nullptr, entry);
    if (observed) {
      input.actual.emplace(claim, *std::move(observed));
    } else {
      input.unobservable.emplace(claim, observed.error().with_context(claim.text()));
    }
  }
  return input;
}

}  // namespace holdfast::edge_agent
