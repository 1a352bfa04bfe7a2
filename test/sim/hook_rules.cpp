// SPDX-License-Identifier: Apache-2.0
#include "test/sim/hook_rules.hpp"

#include <algorithm>
#include <utility>

#include "edge_agent/process_effective.hpp"
#include "sync/model/kinds.hpp"

namespace holdfast::sim {

using sync::HookStage;

namespace {

bool is_under_way(sync::SectionPhase phase) {
  return phase == sync::SectionPhase::kPending || phase == sync::SectionPhase::kApplying ||
         phase == sync::SectionPhase::kRetrying;
}

bool is_for_failure(const sync::Section& section, const sync::Claim& claim) {
  return std::ranges::any_of(section.resources, [&](const sync::Resource& resource) {
    return sync::stage_of(resource.hook) == HookStage::kSyncFail &&
           std::ranges::count(sync::claims_of(resource), claim) > 0;
  });
}

}  // namespace

bool HookRules::has_ended_well(const sync::Claim& claim, const Attempt& attempt) const {
  const auto last = last_.find(claim);
  const auto status = host_.process(edge_agent::instance_of(claim));
  return last != last_.end() && last->second == attempt && status &&
         status->phase == base::ProcessPhase::kExited && status->exit_code == 0 && status->exit_signal == 0;
}

void HookRules::before_touch(const sync::Claim& claim, const edge_agent::SectionRecord& record,
                             const sync::Section& section) {
  const bool is_attempt =
      record.applied != record.accepted.digest && !record.removal_pending && is_under_way(record.phase);
  if (!is_attempt) return;
  const auto of = std::ranges::find_if(section.resources, [&](const auto& resource) {
    return std::ranges::count(sync::claims_of(resource), claim) > 0;
  });
  if (of == section.resources.end()) return;
  const auto stage = sync::stage_of(of->hook);
  for (const auto& other : section.resources) {
    if (!other.hook || other.hook->stage == HookStage::kSyncFail || other.hook->stage >= stage) continue;
    for (const auto& waited : sync::claims_of(other)) {
      if (has_ended_well(waited, attempt_of(record))) continue;
      judge_.violated("stage-after-stage", node_ + ": " + claim.text() + " is touched before " +
                                               waited.text() + " has ended well");
    }
  }
}

void HookRules::started(const sync::Claim& claim, const edge_agent::SectionRecord& record,
                        const std::optional<sync::Section>& section) {
  const auto attempt = attempt_of(record);
  last_.insert_or_assign(claim, attempt);
  if (++starts_[{claim, attempt}] > 1)
    judge_.violated("hook-once-an-attempt",
                    node_ + ": " + claim.text() + " was started again in the same attempt");
  const bool is_its_time = section && is_for_failure(*section, claim)
                               ? record.phase == sync::SectionPhase::kFailing
                               : is_under_way(record.phase);
  if (!is_its_time)
    judge_.violated("hook-at-its-stage", node_ + ": " + claim.text() + " was started in phase " +
                                             std::string(sync::to_string(record.phase)));
}

void HookRules::storing(const edge_agent::SectionRecord& record) {
  const auto& digest = record.accepted.digest;
  // What leaves the node and comes back is another attempt, though nothing in it is.
  if (record.removal_pending)
    std::erase_if(starts_, [&](const auto& start) { return std::get<0>(start.first.second) == digest; });
  const auto known = records_.find(record.accepted.application);
  const bool was_under_way = known != records_.end() && is_under_way(known->second.phase) &&
                             known->second.accepted.digest == digest && known->second.applied != digest;
  const bool is_there =
      record.phase == sync::SectionPhase::kSynced || record.phase == sync::SectionPhase::kHeld;
  if (was_under_way && is_there && record.applied == digest) {
    End end{.name = record.accepted.name, .section = digest, .ended_well = {}};
    for (const auto& [claim, attempt] : last_) {
      if (has_ended_well(claim, attempt_of(record))) end.ended_well.insert(claim);
    }
    ends_.push_back(std::move(end));
  }
  records_.insert_or_assign(record.accepted.application, record);
}

void HookRules::check_applied(
    const std::function<std::optional<sync::Section>(const base::Digest&)>& section_of) {
  for (const auto& end : std::exchange(ends_, {})) {
    const auto section = section_of(end.section);
    if (!section) continue;
    for (const auto& resource : section->resources) {
      if (!resource.hook || resource.hook->stage == HookStage::kSyncFail) continue;
      for (const auto& claim : sync::claims_of(resource)) {
        if (end.ended_well.contains(claim)) continue;
        judge_.violated("no-hook-left-out",
                        node_ + ": " + end.name + " is applied, and " + claim.text() + " has not ended well");
      }
    }
  }
}

}  // namespace holdfast::sim
