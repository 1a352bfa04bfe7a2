// SPDX-License-Identifier: Apache-2.0
// What a person at the node reads: status, why, plan and logs, as text or JSON. Asks the running agent by its local
// socket; where none runs, reads the data folder itself. Needs no network either way.
// Threads: the program's only one.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "edge_agent/agent_options.hpp"

namespace holdfast::edge_agent {

/// Prints to standard output. An error is for standard error and exit code 1.
base::Status show_status(const AgentOptions& options);
base::Status show_why(const AgentOptions& options);
base::Status show_plan(const AgentOptions& options);
base::Status show_logs(const AgentOptions& options);
/// Hands a file with a trust document to the agent, or leaves it for its next start.
base::Status take_trust(const AgentOptions& options);
/// By the running agent, or in the data folder of one that does not run.
base::Status rotate_sealing_key(const AgentOptions& options);

// The texts, from the JSON forms of local_routes.hpp.
std::string status_text(const base::Json& status);
std::string why_text(const base::Json& why);
std::string plan_text(const base::Json& plan);

}  // namespace holdfast::edge_agent
