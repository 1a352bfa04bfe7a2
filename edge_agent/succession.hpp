// SPDX-License-Identifier: Apache-2.0
// Succession: a hub that lost its store makes the same applications anew, with uids of their own, and knows nothing of
// the sections that are here: they are orphaned. Where a section that it sends wants a claim that an orphaned
// one holds, it goes on with what that one made: its record ends, what is wanted is the new one's as it is, and the
// rest stays, never to be deleted, for nobody said so.
// Threads: pure functions of values.
#pragma once

#include <map>

#include "edge_agent/state_store.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::edge_agent {

/// Whose section of the new desired state wants each claim.
using WantedClaims = std::map<sync::Claim, sync::ApplicationUid>;

/// Whether a section that is here is named by neither list of `header`.
bool leaves_orphans(const StateStore::Sections& sections, const sync::DesiredHeader& header);
/// What follows for records and inventory is added to `changes`.
void succeed_orphans(const StateStore& store, const sync::DesiredHeader& header, const WantedClaims& wanted,
                     Changes& changes);

}  // namespace holdfast::edge_agent
