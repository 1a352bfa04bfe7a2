// SPDX-License-Identifier: Apache-2.0
// What the child does from time to time: every fetch leaves a pack, and hundreds of them make reading slow.
// All that the refs and pins reach goes into one; what nothing reaches is left behind.
// Threads: one, in a process of its own.
#pragma once

#include "base/result.hpp"
#include "gitops/git/fetch_job.hpp"

namespace holdfast::gitops {

/// REQUIRES: the folder borrows the mirror's objects and knows all its refs.
base::Status repack(const FetchJob& job);

}  // namespace holdfast::gitops
