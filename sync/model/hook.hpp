// SPDX-License-Identifier: Apache-2.0
// Hook: a resource that is run to its end at one stage of a sync, by Argo CD's annotations:
// https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/
// What of them is honoured, and what is refused: docs/health.md.
// Threads: plain values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

/// In the order in which they are walked; what is no hook is of the stage kSync. kSyncFail only once a revision has failed
/// for good.
enum class HookStage { kPreSync, kSync, kPostSync, kSyncFail };
std::string_view to_string(HookStage stage);

/// Whether one of stage `who` can wait for one of stage `on`: it comes no later. What runs when a revision has failed waits for
/// nothing else of it.
constexpr bool may_wait_for(HookStage who, HookStage on) {
  return who == HookStage::kSyncFail || on == HookStage::kSyncFail ? who == on : on <= who;
}

struct Hook {
  HookStage stage = HookStage::kSync;
  // When it is deleted once it is over; else it stays until the next run starts it anew.
  bool delete_succeeded = false;
  bool delete_failed = false;
  bool operator==(const Hook&) const = default;
};

constexpr HookStage stage_of(const std::optional<Hook>& hook) {
  return hook ? hook->stage : HookStage::kSync;
}

inline constexpr std::string_view kAnnotationHook = "argocd.argoproj.io/hook";
inline constexpr std::string_view kAnnotationHookDeletePolicy = "argocd.argoproj.io/hook-delete-policy";
/// What an agent must list in its abilities to be given one.
inline constexpr std::string_view kAbilityHook = "hook/1";

/// None where there is no such annotation. Errors begin with "metadata.annotations[…]".
base::Result<std::optional<Hook>> parse_hook(const std::map<std::string, std::string>& annotations);

}  // namespace holdfast::sync
