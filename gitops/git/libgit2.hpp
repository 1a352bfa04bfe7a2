// SPDX-License-Identifier: Apache-2.0
// What every use of libgit2 needs: starting it with our bounds, handles, and its errors as ours.
// Threads: libgit2 is started once a process; errors are of the calling thread.
#pragma once

#include <git2.h>

#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::gitops {

template <class T, auto Free>
using GitHandle = base::Handle<T, Free>;
using GitRepository = GitHandle<git_repository, git_repository_free>;
using GitObject = GitHandle<git_object, git_object_free>;
using GitCommit = GitHandle<git_commit, git_commit_free>;
using GitTree = GitHandle<git_tree, git_tree_free>;
using GitTag = GitHandle<git_tag, git_tag_free>;
using GitBlob = GitHandle<git_blob, git_blob_free>;
using GitOdb = GitHandle<git_odb, git_odb_free>;
using GitRemote = GitHandle<git_remote, git_remote_free>;

/// For a libgit2 call `get(&out)` that makes a Handle of `out`.
template <class H, class Get>
int git_get(H& handle, Get get) {
  typename H::pointer raw = nullptr;
  const int status = get(&raw);
  handle.reset(raw);
  return status;
}

/// Starts libgit2 on the first call. It reads no configuration of machine or user: what Git does for the hub
/// is said to the hub.
base::Status start_libgit2();
/// The error of the call that just failed, copied at once: the text lives only until the next call.
std::string git_error_text();
base::Error git_failure(base::Code code, std::string_view what);

base::Result<git_oid> to_oid(const sync::Revision& revision);
std::string to_text(const git_oid& oid);

}  // namespace holdfast::gitops
