// SPDX-License-Identifier: Apache-2.0
// What becomes of everything that is stored of a node when it is deleted.
// Threads: one.
#pragma once

#include "hub/context.hpp"

namespace holdfast::hub {

/// Of one that is deleted: desired state, session, events and sealed secrets. What fails is logged, and tried again by
/// forget_leftovers() at the next start.
void forget_node(Context& context, const sync::NodeUid& uid);
/// A hub that died while it deleted a node left some of it. Where Node objects are missing or cannot be read, or none
/// is there at all, what is stored of nodes is kept: it may be all that is left of them.
void forget_leftovers(Context& context);

}  // namespace holdfast::hub
