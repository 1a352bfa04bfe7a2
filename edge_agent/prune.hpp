// SPDX-License-Identifier: Apache-2.0
// The half of plan() that decides about leftovers: inventory that nobody desires any more. Deleting needs
// proof; whatever lacks it is withheld with its reason.
// Threads: pure function of values.
#pragma once

#include "edge_agent/claim_table.hpp"
#include "edge_agent/plan.hpp"

namespace holdfast::edge_agent {

/// Appends the section's forgets and deletes, in reverse apply order, and what is withheld and why.
void plan_deletes(const PlanInput& input, const ClaimTable& claims, const SectionInput& section, Plan& plan);

}  // namespace holdfast::edge_agent
