// SPDX-License-Identifier: Apache-2.0
// CommitReader: what is in a mirror's commits, read with libgit2 straight from the objects.
// Threads: one. May block as long as a disk does.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "gitops/git/libgit2.hpp"
#include "gitops/git_source.hpp"

namespace holdfast::gitops {

class CommitReader {
 public:
  static base::Result<CommitReader> open(const std::string& folder);

  /// The commit that an id of a commit or a tag object leads to.
  base::Result<sync::Revision> peel(const sync::Revision& object) const;
  /// kNotFound where no commit begins so, kInvalid where several do.
  base::Result<sync::Revision> find_prefix(const std::string& prefix) const;
  base::Result<TreeId> tree_id(const sync::Revision& commit, const std::string& path) const;
  base::Result<std::vector<TreeFile>> read_tree(const sync::Revision& commit, const std::string& path) const;
  base::Result<TreeItem> read_item(const sync::Revision& commit, const std::string& path) const;
  base::Result<bool> is_ancestor(const sync::Revision& ancestor, const sync::Revision& descendant) const;
  base::Result<GitSource::CommitInfo> info(const sync::Revision& commit) const;
  base::Status check_commit(const sync::Revision& commit) const;

 private:
  CommitReader(GitRepository repository, GitOdb odb)
      : repository_(std::move(repository)), odb_(std::move(odb)) {}
  base::Result<git_object_t> type_of(const git_oid& id) const;
  base::Result<GitCommit> commit(const sync::Revision& id) const;
  base::Result<std::string> blob_at(const git_oid& id, const std::string& path) const;
  base::Result<GitTree> tree_at(const sync::Revision& commit, const std::string& path) const;

  GitRepository repository_;
  GitOdb odb_;
};

}  // namespace holdfast::gitops
