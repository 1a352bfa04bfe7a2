// SPDX-License-Identifier: Apache-2.0
// The GitSource seam: bare mirrors of repositories, and trees read straight from commits; nothing is ever
// checked out. Real: gitops/git/mirror.hpp (libgit2; fetches in a child with a deadline). Fake:
// gitops/fake_git_source.hpp (commits in memory).
// Threads: one; the listener is called on it, never from inside another call.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::gitops {

/// A Git object id of a tree, 40 hex digits: equal ids, equal content.
using TreeId = base::Strong<struct TreeIdTag>;

/// How to reach a repository. Secrets are given as files so that they stay out of arguments and logs.
struct Repository {
  std::string url;       ///< file:// https:// ssh:// git:// or scp-like; no credentials inside
  std::string username;  ///< https: with token_file; ssh: default "git"
  std::string token_file;
  std::string ssh_key_file;
  std::string known_hosts_file;  ///< required for ssh
  std::string ca_file;           ///< for https with a private CA
  bool operator==(const Repository&) const = default;
};

struct TreeFile {
  std::string path;  ///< relative to the tree that was read
  std::string content;
};

/// What stands at a path of a commit.
struct TreeItem {
  enum class Kind { kNothing, kFolder, kFile };
  Kind kind = Kind::kNothing;
  std::string content;  ///< of a file
};

struct FetchResult {
  std::string url;
  std::optional<base::Error> error;
  bool changed = false;  ///< some ref moved, came or went
};

class GitSource {
 public:
  virtual ~GitSource() = default;

  /// Starts to update the mirror; one at a time a repository (a second call while one runs is that one). The
  /// listener tells the end. Never blocks. A failed or cut fetch leaves the mirror as it was.
  virtual void fetch(const Repository& repository) = 0;
  using OnFetched = std::function<void(const FetchResult& result)>;
  virtual void on_fetched(OnFetched listener) = 0;

  // All below read the mirror as it is; no network.
  /// Branch, tag, "HEAD" or commit id → commit id. kNotFound names the ref and the branches there are.
  virtual base::Result<sync::Revision> resolve(const std::string& url, const std::string& revision) = 0;
  /// kNotFound when the path is not in the commit.
  virtual base::Result<TreeId> tree_id(const std::string& url, const sync::Revision& commit,
                                       const std::string& path) = 0;
  /// Regular files below `path` whose name ends in .yaml, .yml or .json, sorted; symlinks and submodules are
  /// errors that name them; bounded by limits (number and bytes of files).
  virtual base::Result<std::vector<TreeFile>> read_tree(const std::string& url, const sync::Revision& commit,
                                                        const std::string& path) = 0;
  /// One file, of any name, or the news that there is a folder or nothing. Symlinks and submodules are errors that name them; so is a file of more than
  /// limits::kManifestFileBytesMax.
  virtual base::Result<TreeItem> read_item(const std::string& url, const sync::Revision& commit,
                                           const std::string& path) = 0;
  virtual base::Result<bool> is_ancestor(const std::string& url, const sync::Revision& ancestor,
                                         const sync::Revision& descendant) = 0;
  /// Author and first line of the message, for people.
  struct CommitInfo {
    std::string author;
    std::string subject;
    std::int64_t time_s = 0;
  };
  virtual base::Result<CommitInfo> commit_info(const std::string& url, const sync::Revision& commit) = 0;
  /// Keeps exactly these commits (key: any name) reachable by refs/holdfast/<name>, whatever the remote does.
  virtual base::Status pin(const std::string& url, const std::map<std::string, sync::Revision>& pins) = 0;
};

}  // namespace holdfast::gitops
