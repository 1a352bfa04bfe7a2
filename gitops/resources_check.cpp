// SPDX-License-Identifier: Apache-2.0
#include "gitops/resources_check.hpp"

#include "gitops/annotations_check.hpp"
#include "gitops/claims_check.hpp"
#include "gitops/references_check.hpp"

namespace holdfast::gitops {

void check_resources(const std::vector<PlacedResource>& resources, FindingList& findings) {
  check_keys(resources, findings);
  check_annotations(resources, findings);
  check_claims(resources, findings);
  check_key_uses(resources, findings);
  check_dependencies(resources, findings);
}

}  // namespace holdfast::gitops
