// SPDX-License-Identifier: Apache-2.0
// Whether a node has carried out a removal: it holds the desired state in which the removal stands, and reports
// nothing of that application any more. That all of this state is applied is not asked: another application that is
// held or fails there must not keep this one from going.
// Threads: pure functions of values.
#pragma once

#include "hub/desired_book.hpp"
#include "hub/node_book.hpp"

namespace holdfast::hub {

inline bool has_carried_out(const NodeEntry& node, const DesiredRecord& desired,
                            const sync::ApplicationUid& application) {
  return node.ahead.empty() && node.snapshot && node.snapshot->accepted == desired.header.generation &&
         node.snapshot->content == desired.content && node.reported_section(application) == nullptr;
}

}  // namespace holdfast::hub
