// SPDX-License-Identifier: Apache-2.0
// Unenrolment: how a machine leaves its fleet. The hub is told if it can be reached; then the identity goes. kKeep: what
// runs here stays, and is known again by the next enrolment. kPrune: what the inventory says that this agent made is
// deleted, and nothing else. Works with no network; can be run again after any failure, node.json goes last.
// Threads: the program's only one; blocks.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "edge_agent/agent_options.hpp"
#include "edge_agent/data_folder.hpp"

namespace holdfast::edge_agent {

struct Unenrolled {
  std::string name;
  std::string hub_trouble;  ///< why the hub could not be told; empty: it was
  bool is_refused = false;  ///< by the hub: there is no such node, or it is another machine by now
  std::size_t deleted = 0;
  std::vector<std::string> left;  ///< by kPrune: what stays, and why
};

/// What stays for the next identity of this machine: by what it knows its own things again, and the inventory. The accepted
/// state is the old hub's and goes; nothing is deleted until the next hub has spoken. REQUIRES: no agent runs.
base::Status keep_for_next(const DataFolder& folder, const NodeFile& node);

/// The same where node.json was lost, and with it the key of the marks; nothing where there is no accepted state.
base::Status forget_lost_identity(const DataFolder& folder);

/// kNotFound: not enrolled. kConflict: the agent runs. With kPrune an error names what could not be deleted; the
/// identity is still there then.
base::Result<Unenrolled> unenroll(const AgentOptions& options);

}  // namespace holdfast::edge_agent
