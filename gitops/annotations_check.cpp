// SPDX-License-Identifier: Apache-2.0
#include "gitops/annotations_check.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "sync/model/hook.hpp"
#include "sync/model/pod_spec.hpp"
#include "sync/model/resource.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

constexpr std::string_view kOurs = "holdfast.dev/";
constexpr std::array kKnown{sync::kAnnotationDependsOn, sync::kAnnotationPrune, sync::kAnnotationTemplate,
                            sync::kAnnotationRestartOnChange};

constexpr std::string_view kOfArgo = "argocd.argoproj.io/";
constexpr std::array kHonouredOfArgo{sync::kAnnotationHook, sync::kAnnotationHookDeletePolicy,
                                     sync::kAnnotationSyncOptions, sync::kAnnotationSyncWave};
constexpr std::string_view kHookOfHelm = "helm.sh/hook";

struct Problem {
  Severity severity = Severity::kError;
  std::string text;  ///< empty: there is none
};

template <std::size_t N>
std::string list_of(const std::array<std::string_view, N>& names) {
  std::string out;
  for (const auto name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

/// What others' tools read may stand in a repository that they read, too: it is no error, and yet nobody should count on it here.
Problem problem_of(std::string_view name) {
  if (name.starts_with(kOurs) && std::ranges::find(kKnown, name) == kKnown.end())
    return {Severity::kError, "is no annotation of Holdfast; there are " + list_of(kKnown)};
  if (name.starts_with(kOfArgo) && std::ranges::find(kHonouredOfArgo, name) == kHonouredOfArgo.end())
    return {Severity::kWarning, "is not honoured; of Argo CD's there are " + list_of(kHonouredOfArgo)};
  if (name.starts_with(kHookOfHelm))
    return {Severity::kWarning, "is not honoured; write " + std::string(sync::kAnnotationHook)};
  return {};
}

}  // namespace

void check_annotations(const std::vector<PlacedResource>& resources, FindingList& findings) {
  const auto annotations_field = FieldPath{}.member("metadata").member("annotations");
  for (const auto& placed : resources) {
    if (findings.is_full()) return;
    const auto annotations = sync::annotations_of(placed.parsed->resource);
    if (!annotations) continue;  // said elsewhere
    for (const auto& [name, value] : *annotations) {
      if (const auto problem = problem_of(name); !problem.text.empty())
        findings.add_at(*placed.manifest, annotations_field.member(name), problem.text, problem.severity);
    }
  }
}

}  // namespace holdfast::gitops
