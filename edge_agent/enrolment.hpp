// SPDX-License-Identifier: Apache-2.0
// Enrolment: how a machine becomes a node. A key is made here and never leaves; the hub, known by the pinned digest of
// its CA, certifies it against a one-time token and says who this node is. Can be repeated after any failure: the key
// is kept, so a hub that answered into the void gives the same identity again. node.json is written last.
// Threads: the program's only one; blocks.
#pragma once

#include "base/random.hpp"
#include "base/result.hpp"
#include "edge_agent/agent_options.hpp"
#include "edge_agent/data_folder.hpp"

namespace holdfast::edge_agent {

/// kConflict: already enrolled. kPermission: the hub is not the pinned one, or refused the token.
base::Result<NodeFile> enroll(const AgentOptions& options, base::Random& random);

}  // namespace holdfast::edge_agent
