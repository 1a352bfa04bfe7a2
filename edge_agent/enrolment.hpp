// SPDX-License-Identifier: Apache-2.0
// Enrolment: how a machine becomes a node. A key is made here and never leaves; the hub, known by the pinned digest of
// its CA, certifies it against a one-time token and says who this node is. Can be repeated after any failure: the key
// is kept, so a hub that answered into the void gives the same identity again. node.json is written last.
// Threads: the program's only one; blocks.
#pragma once

#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "edge_agent/agent_options.hpp"
#include "edge_agent/data_folder.hpp"

namespace holdfast::edge_agent {

struct Enrolled {
  NodeFile node;
  /// "key=value" of each --label that the token does not grant; none where the hub is of a release that does not tell.
  std::vector<std::string> not_granted;
};

/// kConflict: already enrolled. kPermission: the hub is not the pinned one, or refused the token.
base::Result<Enrolled> enroll(const AgentOptions& options, base::Random& random);

}  // namespace holdfast::edge_agent
