// SPDX-License-Identifier: Apache-2.0
// FakeGitSource: the GitSource seam with remotes and mirrors in memory. A test commits to a remote, the code
// under test asks for a fetch, and deliver() ends it, so nothing happens that the test did not ask for. Ids
// are digests of content and history: the same commits give the same ids, in every run.
//
//     FakeGitSource git;
//     const Revision first = git.commit(url, "main", {{"apps/web/motd.yaml", "kind: File…"}});
//     git.fetch({.url = url});
//     git.deliver();                       // the listener is told; resolve(url, "main") is `first`
//     git.set_unreachable(url, Error(…));  // from now on fetches fail; what was mirrored stays
//
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gitops/git_source.hpp"

namespace holdfast::gitops {

/// One entry of a commit's tree. A plain string is a regular file.
struct FakeFile {
  enum class Kind { kRegular, kSymlink, kSubmodule };
  std::string content;
  Kind kind = Kind::kRegular;

  FakeFile(std::string text) : content(std::move(text)) {}
  FakeFile(const char* text) : content(text) {}
  static FakeFile symlink(std::string target) { return {std::move(target), Kind::kSymlink}; }
  static FakeFile submodule(std::string commit) { return {std::move(commit), Kind::kSubmodule}; }

 private:
  FakeFile(std::string text, Kind what) : content(std::move(text)), kind(what) {}
};

class FakeGitSource final : public GitSource {
 public:
  /// The whole tree of a commit, by path.
  using Tree = std::map<std::string, FakeFile>;

  // ---- the remotes: what people push ----

  /// A commit with `tree` on top of `branch`, which is made where it is not there. The first branch of a
  /// repository is its HEAD.
  sync::Revision commit(const std::string& url, const std::string& branch, Tree tree,
                        const std::string& subject = "a change");
  /// A commit that is `branch`'s last tree with these paths replaced; nullopt removes a path.
  sync::Revision change(const std::string& url, const std::string& branch,
                        const std::map<std::string, std::optional<FakeFile>>& changes,
                        const std::string& subject = "a change");
  /// `branch` is `commit` from now on, whatever it was. REQUIRES: the repository has the commit.
  void force_push(const std::string& url, const std::string& branch, const sync::Revision& commit);
  /// A commit without parent that replaces `branch`: a rewritten history.
  sync::Revision rewrite(const std::string& url, const std::string& branch, Tree tree,
                         const std::string& subject = "history rewritten");
  void delete_branch(const std::string& url, const std::string& branch);
  void tag(const std::string& url, const std::string& name, const sync::Revision& commit);
  /// nullopt: reachable again. The error is what fetches end with.
  void set_unreachable(const std::string& url, std::optional<base::Error> error);

  // ---- time: what the network does ----

  /// Ends the fetches that were started before the call, in that order; returns how many. The listener may
  /// start new ones, which wait for the next call.
  std::size_t deliver();
  std::size_t pending() const { return pending_.size(); }
  /// Fetches under way are lost without a word, and the listener is gone: the process died.
  void crash();
  /// The mirrors are gone, too: a new disk.
  void lose_mirrors() { mirrors_.clear(); }
  /// How many fetches of `url` were ended.
  std::size_t fetches(const std::string& url) const;
  std::vector<sync::Revision> pinned(const std::string& url) const;

  // ---- GitSource ----
  void fetch(const Repository& repository) override;
  void on_fetched(OnFetched listener) override { listener_ = std::move(listener); }
  base::Result<sync::Revision> resolve(const std::string& url, const std::string& revision) override;
  base::Result<TreeId> tree_id(const std::string& url, const sync::Revision& commit,
                               const std::string& path) override;
  base::Result<std::vector<TreeFile>> read_tree(const std::string& url, const sync::Revision& commit,
                                                const std::string& path) override;
  base::Result<TreeItem> read_item(const std::string& url, const sync::Revision& commit,
                                   const std::string& path) override;
  base::Result<bool> is_ancestor(const std::string& url, const sync::Revision& ancestor,
                                 const sync::Revision& descendant) override;
  base::Result<CommitInfo> commit_info(const std::string& url, const sync::Revision& commit) override;
  base::Status pin(const std::string& url, const std::map<std::string, sync::Revision>& pins) override;

 private:
  struct Commit {
    std::optional<sync::Revision> parent;
    Tree tree;
    std::string subject;
    std::int64_t time_s = 0;
  };
  /// Shared between remote and mirrors, and never changed.
  using Commits = std::map<std::string, std::shared_ptr<const Commit>>;
  struct Refs {
    std::string head;  ///< a branch; empty: none yet
    std::map<std::string, sync::Revision> branches;
    std::map<std::string, sync::Revision> tags;
    bool operator==(const Refs&) const = default;
  };
  struct Remote {
    Refs refs;
    Commits commits;
    std::optional<base::Error> unreachable;
    std::size_t fetches = 0;
  };
  struct Mirror {
    Refs refs;
    Commits commits;
    std::map<std::string, sync::Revision> pins;
  };

  sync::Revision add_commit(Remote& remote, const std::string& branch, Commit commit);
  FetchResult end_fetch(const std::string& url);
  void take_over(const Remote& remote, Mirror& mirror);
  base::Result<const Mirror*> mirror(const std::string& url) const;
  base::Result<const Commit*> commit_of(const std::string& url, const sync::Revision& commit) const;

  std::map<std::string, Remote> remotes_;
  std::map<std::string, Mirror> mirrors_;
  std::vector<std::string> pending_;
  OnFetched listener_;
};

}  // namespace holdfast::gitops
