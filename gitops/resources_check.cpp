// SPDX-License-Identifier: Apache-2.0
#include "gitops/resources_check.hpp"

#include <iterator>
#include <utility>

#include "base/limits.hpp"
#include "gitops/claims_check.hpp"
#include "gitops/references_check.hpp"

namespace holdfast::gitops {

namespace limits = base::limits;

void add_bounded(Findings& findings, Findings more) {
  for (auto& finding : more) {
    if (findings.size() >= limits::kFindingsMax) return;
    findings.push_back(std::move(finding));
  }
}

Findings check_resources(const std::vector<PlacedResource>& resources) {
  Findings findings;
  if (resources.size() > limits::kResourcesPerSectionMax) {
    const Manifest& first = *resources[limits::kResourcesPerSectionMax].manifest;
    return {finding_at(first, FieldPath{},
                       "the application has " + std::to_string(resources.size()) + " resources; at most " +
                           std::to_string(limits::kResourcesPerSectionMax) +
                           " are allowed; make it several applications")};
  }
  add_bounded(findings, check_keys(resources));
  add_bounded(findings, check_claims(resources));
  add_bounded(findings, check_config_maps(resources));
  add_bounded(findings, check_dependencies(resources));
  return findings;
}

}  // namespace holdfast::gitops
