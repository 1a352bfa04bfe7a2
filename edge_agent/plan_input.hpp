// SPDX-License-Identifier: Apache-2.0
// PlanInput from what is stored, what is loaded and what the host shows: the reading half of planning.
// Threads: one, the engine's.
#pragma once

#include "edge_agent/live.hpp"
#include "edge_agent/plan.hpp"

namespace holdfast::edge_agent {

/// Every section takes part, for their claims count; only claims of `focus` are looked at on the host (all,
/// where it is null), so only about those anything is decided.
PlanInput look(Parts& parts, const sync::ApplicationUid* focus);

}  // namespace holdfast::edge_agent
