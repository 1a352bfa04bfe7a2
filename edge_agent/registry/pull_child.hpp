// SPDX-License-Identifier: Apache-2.0
// The program that pulls one image: this agent's own, started with the one word kPullWord and a PullJob on standard input. A
// process of its own, because names are looked up, certificates read and bytes hashed there for minutes: none of it may hold
// up the loop, and none of the memory may stay.
// Threads: a program that does nothing else.
#pragma once

#include <string_view>

namespace holdfast::edge_agent {

inline constexpr std::string_view kPullWord = "pull-image";

/// Its exit code; what it has to say is on standard output.
int run_pull_child();

}  // namespace holdfast::edge_agent
