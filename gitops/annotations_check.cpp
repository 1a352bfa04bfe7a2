// SPDX-License-Identifier: Apache-2.0
#include "gitops/annotations_check.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "sync/model/pod_spec.hpp"
#include "sync/model/resource.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

constexpr std::string_view kOurs = "holdfast.dev/";
constexpr std::array kKnown{sync::kAnnotationDependsOn, sync::kAnnotationPrune, sync::kAnnotationTemplate,
                            sync::kAnnotationRestartOnChange};

std::string known_names() {
  std::string out;
  for (const auto name : kKnown) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

std::string problem_of(std::string_view name) {
  if (!name.starts_with(kOurs) || std::ranges::find(kKnown, name) != kKnown.end()) return {};
  return "is no annotation of Holdfast; there are " + known_names();
}

}  // namespace

void check_annotations(const std::vector<PlacedResource>& resources, FindingList& findings) {
  const auto annotations_field = FieldPath{}.member("metadata").member("annotations");
  for (const auto& placed : resources) {
    if (findings.is_full()) return;
    const auto annotations = sync::annotations_of(placed.parsed->resource);
    if (!annotations) continue;  // said elsewhere
    for (const auto& [name, value] : *annotations) {
      if (const auto problem = problem_of(name); !problem.empty())
        findings.add_at(*placed.manifest, annotations_field.member(name), problem);
    }
  }
}

}  // namespace holdfast::gitops
