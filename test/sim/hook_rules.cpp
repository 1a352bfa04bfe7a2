// SPDX-License-Identifier: Apache-2.0
#include "test/sim/hook_rules.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "edge_agent/process_effective.hpp"
#include "sync/model/file_spec.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/process_spec.hpp"

namespace holdfast::sim {

using sync::HookStage;

bool HookRules::has_ended_well(const sync::Claim& claim, const Attempt& attempt) const {
  const auto last = last_.find(claim);
  const auto status = host_.process(edge_agent::instance_of(claim));
  return last != last_.end() && last->second == attempt && status &&
         status->phase == base::ProcessPhase::kExited && status->exit_code == 0 && status->exit_signal == 0;
}

bool HookRules::is_as_in(const sync::Section& section, const sync::Claim& claim, const std::string& what) {
  for (const auto& resource : section.resources) {
    const auto claims = sync::claims_of(resource);
    if (resource.hook || std::ranges::count(claims, claim) == 0) continue;
    const auto object = base::parse_json(resource.body);
    if (!object) return false;
    if (const auto process = sync::parse_process_spec(*object); process)
      return process->command.size() > 1 && process->command[1] == what;
    const auto file = sync::parse_file_spec(*object);
    return file && (file->secret_key || file->content == what);
  }
  return false;
}

void HookRules::before_touch(const sync::Claim& claim, const edge_agent::SectionRecord& record,
                             const sync::Section& section) {
  const bool is_attempt =
      record.applied != record.accepted.digest && !record.removal_pending &&
      (record.phase == sync::SectionPhase::kPending || record.phase == sync::SectionPhase::kApplying ||
       record.phase == sync::SectionPhase::kRetrying);
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

void HookRules::started(const sync::Claim& claim, const edge_agent::SectionRecord& record) {
  const auto attempt = attempt_of(record);
  last_.insert_or_assign(claim, attempt);
  if (++starts_[{claim, attempt}] > 1)
    judge_.violated("hook-once-an-attempt",
                    node_ + ": " + claim.text() + " was started again in the same attempt");
}

}  // namespace holdfast::sim
