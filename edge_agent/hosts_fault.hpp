// SPDX-License-Identifier: Apache-2.0
// Whose fault an error is: the machine's, which another revision would meet, too, or that of the revision.
// Threads: pure functions.
#pragma once

#include "base/result.hpp"

namespace holdfast::edge_agent {

/// Of what is done on this machine: no room, a failing disk, no more files, memory or processes.
bool is_hosts_fault(const base::Error& error);

/// Of what is fetched from a registry. Bytes that are wrong are the registry's there and not the disk's, so the revision's that
/// names them; another program that fetches the same is in the way for a while.
bool is_hosts_fault_of_pull(const base::Error& error);

}  // namespace holdfast::edge_agent
