// SPDX-License-Identifier: Apache-2.0
#include "sync/model/hook.hpp"

#include "sync/model/text.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

constexpr Words<HookStage, 4> kStages{{{{HookStage::kPreSync, "PreSync"},
                                        {HookStage::kSync, "Sync"},
                                        {HookStage::kPostSync, "PostSync"},
                                        {HookStage::kSyncFail, "SyncFail"}}}};

std::string place(std::string_view annotation) {
  return "metadata.annotations[" + in_quotes(annotation) + "]: ";
}

Result<HookStage> parse_stage(std::string_view text) {
  const std::string where = place(kAnnotationHook);
  if (text.find(',') != std::string_view::npos) {
    return fail(Code::kInvalid, where + in_quotes(text) +
                                    " are several stages at once; write a resource of its own for each");
  }
  const std::string_view word = trimmed(text);
  if (word == "Skip") {
    return fail(Code::kInvalid, where +
                                    "\"Skip\" is not known here: what no node should hold is left out of the "
                                    "application's folder, or out of its kustomization");
  }
  const auto stage = kStages.parse(word, "");
  if (stage) return *stage;
  return fail(Code::kInvalid,
              where + in_quotes(text) + " is no stage; there are PreSync, Sync, PostSync and SyncFail");
}

Status add_policy(std::string_view word, Hook& hook) {
  if (word == "HookSucceeded") {
    hook.delete_succeeded = true;
  } else if (word == "HookFailed") {
    hook.delete_failed = true;
  } else if (word != "BeforeHookCreation") {  // which is what happens to every hook
    return fail(
        Code::kInvalid,
        place(kAnnotationHookDeletePolicy) + in_quotes(word) +
            " is no delete policy; there are BeforeHookCreation (the default), HookSucceeded and HookFailed");
  }
  return {};
}

}  // namespace

std::string_view to_string(HookStage stage) { return kStages.word(stage); }

Result<std::optional<Hook>> parse_hook(const std::map<std::string, std::string>& annotations) {
  const auto stage = annotations.find(std::string(kAnnotationHook));
  const auto policies = annotations.find(std::string(kAnnotationHookDeletePolicy));
  if (stage == annotations.end()) {
    if (policies == annotations.end()) return std::nullopt;
    return fail(Code::kInvalid, place(kAnnotationHookDeletePolicy) + "means nothing without " +
                                    std::string(kAnnotationHook) + "; add that, or remove this");
  }
  Hook hook;
  HF_TRY(hook.stage, parse_stage(stage->second));
  if (policies == annotations.end()) return hook;
  for (const auto word : split(policies->second, ',')) HF_CHECK(add_policy(trimmed(word), hook));
  return hook;
}

}  // namespace holdfast::sync
