// SPDX-License-Identifier: Apache-2.0
// Whose units the agent keeps: those of the machine's systemd, or those that --system-bus names.
// Threads: one.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/event_loop.hpp"
#include "base/units.hpp"
#include "edge_agent/agent_options.hpp"

namespace holdfast::edge_agent {

/// nullptr: no systemd runs this machine, or the agent lives under a root of its own. Nothing is connected yet. Loop and
/// clock outlive it. REQUIRES: options were checked.
std::unique_ptr<base::UnitManager> open_units(const AgentOptions& options, base::EventLoop& loop,
                                              const base::Clock& clock);

}  // namespace holdfast::edge_agent
