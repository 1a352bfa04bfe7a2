// SPDX-License-Identifier: Apache-2.0
// NodeSnapshot: the snapshot, from records, targets and what is known of each section. No times in it, so
// that an unchanged node says the same bytes.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <string>

#include "edge_agent/live.hpp"
#include "sync/model/snapshot.hpp"

namespace holdfast::edge_agent {

struct NodeFacts {
  sync::NodeUid node;
  std::string boot_id;
  std::map<std::string, std::string> facts;
  std::vector<sync::Condition> conditions;  ///< of the machine
};

sync::Snapshot make_snapshot(const Parts& parts, const NodeFacts& node);
sync::SectionStatus section_status(const Parts& parts, const SectionRecord& record);

}  // namespace holdfast::edge_agent
