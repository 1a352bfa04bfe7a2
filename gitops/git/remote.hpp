// SPDX-License-Identifier: Apache-2.0
// What the fetching child does: talks to the remote, checks who it is, and puts packs and the list of its
// refs into a bare repository. Blocks without bound; whoever starts the child ends it at the deadline.
// Threads: one, in a process of its own (CA files are set for the process).
#pragma once

#include "base/result.hpp"
#include "gitops/git/fetch_job.hpp"

namespace holdfast::gitops {

/// Codes: kPermission (refused, untrusted host key or certificate), kNotFound, kUnavailable, kTimeout,
/// kLimit, kNoSpace. Messages never hold a secret.
base::Status fetch_remote(const FetchJob& job);

}  // namespace holdfast::gitops
