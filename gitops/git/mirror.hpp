// SPDX-License-Identifier: Apache-2.0
// GitMirror: the real GitSource. One bare repository for each URL in `folder`, named by the digest of the
// URL, read with libgit2. Nothing is checked out.
// Fetching is the work of a child, the program
// holdfast-git-fetch, because libgit2 can be bounded neither in time nor in memory from inside. The child is
// given a fresh repository of its own that borrows the mirror's objects (alternates), so whatever it does,
// and however it is ended, the mirror stays as it was. Once the child says that it is done, the packs that it
// made are moved into the mirror and the refs replaced, all of them by one rename. A mirror of many packs is
// put into one by the same program, one mirror at a time beside the fetches.
// Threads: one, the event loop's. Reading and moving may block as long as a disk does.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/limits/git.hpp"
#include "base/random.hpp"
#include "gitops/git_source.hpp"

namespace holdfast::gitops {

struct MirrorOptions {
  std::string folder;         ///< ours alone; made where it is not there
  std::string fetch_program;  ///< path of holdfast-git-fetch
  std::chrono::milliseconds timeout = base::limits::kFetchTimeout;
  std::size_t fetch_bytes_max = base::limits::kFetchBytesMax;         ///< of one fetch, as received
  std::size_t memory_bytes_max = base::limits::kFetchMemoryBytesMax;  ///< of the child
};

class GitMirror final : public GitSource {
 public:
  /// Makes the folder and removes what a crash left in it. `loop` and `random` must outlive the mirror.
  static base::Result<std::unique_ptr<GitMirror>> open(base::EventLoop& loop, base::Random& random,
                                                       MirrorOptions options);
  /// Ends the children that still run.
  ~GitMirror() override;
  GitMirror(const GitMirror&) = delete;
  GitMirror& operator=(const GitMirror&) = delete;

  void fetch(const Repository& repository) override;
  void on_fetched(OnFetched listener) override;
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
  struct State;
  explicit GitMirror(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::gitops
