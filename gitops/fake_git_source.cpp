// SPDX-License-Identifier: Apache-2.0
#include "gitops/fake_git_source.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "base/digest.hpp"
#include "gitops/manifest_path.hpp"
#include "gitops/manifest_tree.hpp"
#include "gitops/revision_text.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::Revision;

namespace {

constexpr std::int64_t kFirstCommitTime = 1'767'225'600;  // 2026-01-01T00:00:00Z, as FakeClock

std::string object_id(std::string_view content) {
  return base::Digest::of(content).hex().substr(0, kObjectIdLength);
}

bool beneath(const std::string& path, const std::string& folder) {
  return folder.empty() || path == folder || path.starts_with(folder + "/");
}

/// The entries at or beneath `folder`, with their paths relative to it; "" is an entry that is `folder`
/// itself.
FakeGitSource::Tree subtree(const FakeGitSource::Tree& tree, const std::string& folder) {
  FakeGitSource::Tree out;
  for (const auto& [path, file] : tree) {
    if (!beneath(path, folder)) continue;
    const std::size_t skip = folder.empty() || path == folder ? folder.size() : folder.size() + 1;
    out.emplace(path.substr(skip), file);
  }
  return out;
}

std::string listing(const FakeGitSource::Tree& tree) {
  std::string out;
  for (const auto& [path, file] : tree) {
    out += std::to_string(static_cast<int>(file.kind)) + " " + std::to_string(path.size()) + " " + path +
           " " + std::to_string(file.content.size()) + " " + file.content + "\n";
  }
  return out;
}

/// As Git: a path that is only a file, or nothing, is no tree.
Result<FakeGitSource::Tree> tree_at(const FakeGitSource::Tree& tree, const std::string& path) {
  HF_TRY(const std::string folder, normal_tree_path(path));
  FakeGitSource::Tree found = subtree(tree, folder);
  if (found.contains("")) return fail(not_a_folder(folder));
  if (found.empty() && !folder.empty()) return fail(no_such_path(folder));
  return found;
}

bool any_part_passed_over(const std::string& path) {
  const std::size_t start = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  return is_passed_over(std::string_view(path).substr(start)) || path.starts_with('.') ||
         path.find("/.") != std::string::npos;
}

}  // namespace

// ---- remotes ----

Revision FakeGitSource::add_commit(Remote& remote, const std::string& branch, Commit commit) {
  commit.time_s = kFirstCommitTime + static_cast<std::int64_t>(remote.commits.size());
  std::string content = listing(commit.tree) + commit.subject + "\n" + std::to_string(commit.time_s) + "\n";
  if (commit.parent) content += commit.parent->str();
  const Revision id(object_id(content));
  remote.commits.insert_or_assign(id.str(), std::make_shared<const Commit>(std::move(commit)));
  remote.refs.branches.insert_or_assign(branch, id);
  if (remote.refs.head.empty()) remote.refs.head = branch;
  return id;
}

Revision FakeGitSource::commit(const std::string& url, const std::string& branch, Tree tree,
                               const std::string& subject) {
  Remote& remote = remotes_[url];
  const auto known = remote.refs.branches.find(branch);
  const auto parent = known == remote.refs.branches.end() ? std::nullopt : std::optional(known->second);
  return add_commit(remote, branch, {parent, std::move(tree), subject, 0});
}

Revision FakeGitSource::change(const std::string& url, const std::string& branch,
                               const std::map<std::string, std::optional<FakeFile>>& changes,
                               const std::string& subject) {
  Remote& remote = remotes_[url];
  Tree tree;
  if (const auto known = remote.refs.branches.find(branch); known != remote.refs.branches.end()) {
    tree = remote.commits.at(known->second.str())->tree;
  }
  for (const auto& [path, file] : changes) {
    if (file) {
      tree.insert_or_assign(path, *file);
    } else {
      tree.erase(path);
    }
  }
  return commit(url, branch, std::move(tree), subject);
}

void FakeGitSource::force_push(const std::string& url, const std::string& branch, const Revision& commit) {
  Remote& remote = remotes_[url];
  assert(remote.commits.contains(commit.str()));
  remote.refs.branches.insert_or_assign(branch, commit);
}

Revision FakeGitSource::rewrite(const std::string& url, const std::string& branch, Tree tree,
                                const std::string& subject) {
  return add_commit(remotes_[url], branch, {std::nullopt, std::move(tree), subject, 0});
}

void FakeGitSource::delete_branch(const std::string& url, const std::string& branch) {
  remotes_[url].refs.branches.erase(branch);
}

void FakeGitSource::tag(const std::string& url, const std::string& name, const Revision& commit) {
  remotes_[url].refs.tags.insert_or_assign(name, commit);
}

void FakeGitSource::set_unreachable(const std::string& url, std::optional<base::Error> error) {
  remotes_[url].unreachable = std::move(error);
}

// ---- fetching ----

void FakeGitSource::fetch(const Repository& repository) {
  const bool under_way = std::find(pending_.begin(), pending_.end(), repository.url) != pending_.end();
  if (!under_way) pending_.push_back(repository.url);
}

std::size_t FakeGitSource::deliver() {
  const auto due = std::exchange(pending_, {});
  for (const auto& url : due) {
    const FetchResult result = end_fetch(url);
    if (listener_) listener_(result);
  }
  return due.size();
}

FetchResult FakeGitSource::end_fetch(const std::string& url) {
  FetchResult result{url, std::nullopt, false};
  const auto remote = remotes_.find(url);
  if (remote == remotes_.end()) {
    result.error = base::Error(Code::kNotFound, url + ": there is no such repository")
                       .with_disposition(base::Disposition::kRetry);
    return result;
  }
  ++remote->second.fetches;
  result.error = remote->second.unreachable;
  if (result.error) return result;
  Mirror& mirror = mirrors_[url];
  result.changed = mirror.refs != remote->second.refs;
  if (result.changed) take_over(remote->second, mirror);
  return result;
}

/// Only what a ref or a pin reaches stays, so that a missing pin is noticed.
void FakeGitSource::take_over(const Remote& remote, Mirror& mirror) {
  Commits known = std::move(mirror.commits);
  known.insert(remote.commits.begin(), remote.commits.end());
  mirror.refs = remote.refs;
  mirror.commits.clear();
  std::vector<Revision> wanted;
  wanted.reserve(mirror.refs.branches.size() + mirror.refs.tags.size() + mirror.pins.size());
  for (const auto& [name, commit] : mirror.refs.branches) wanted.push_back(commit);
  for (const auto& [name, commit] : mirror.refs.tags) wanted.push_back(commit);
  for (const auto& [name, commit] : mirror.pins) wanted.push_back(commit);
  while (!wanted.empty()) {
    const Revision id = wanted.back();
    wanted.pop_back();
    const auto found = known.find(id.str());
    if (found == known.end() || !mirror.commits.emplace(*found).second) continue;
    if (found->second->parent) wanted.push_back(*found->second->parent);
  }
}

void FakeGitSource::crash() {
  pending_.clear();
  listener_ = nullptr;
}

std::size_t FakeGitSource::fetches(const std::string& url) const {
  const auto remote = remotes_.find(url);
  return remote == remotes_.end() ? 0 : remote->second.fetches;
}

std::vector<Revision> FakeGitSource::pinned(const std::string& url) const {
  std::vector<Revision> out;
  const auto mirror = mirrors_.find(url);
  if (mirror == mirrors_.end()) return out;
  for (const auto& [name, commit] : mirror->second.pins) out.push_back(commit);
  return out;
}

// ---- reading ----

Result<const FakeGitSource::Mirror*> FakeGitSource::mirror(const std::string& url) const {
  const auto found = mirrors_.find(url);
  if (found == mirrors_.end()) return fail(not_fetched(url));
  return &found->second;
}

Result<const FakeGitSource::Commit*> FakeGitSource::commit_of(const std::string& url,
                                                              const Revision& commit) const {
  HF_TRY(const Mirror* const known, mirror(url));
  const auto found = known->commits.find(commit.str());
  if (found == known->commits.end()) return fail(no_such_commit(commit));
  return found->second.get();
}

Result<Revision> FakeGitSource::resolve(const std::string& url, const std::string& revision) {
  HF_TRY(const Mirror* const known, mirror(url));
  RefNames names{known->refs.head, known->refs.branches, known->refs.tags};
  HF_TRY(const auto found, resolve_ref(names, revision));
  if (found) return *found;
  if (is_object_id(revision) && known->commits.contains(revision)) return Revision(revision);
  if (is_object_id_prefix(revision)) {
    const auto first = known->commits.lower_bound(revision);
    const bool matches = first != known->commits.end() && first->first.starts_with(revision);
    const bool second =
        matches && std::next(first) != known->commits.end() && std::next(first)->first.starts_with(revision);
    if (second) return fail(ambiguous_commit(revision));
    if (matches) return Revision(first->first);
  }
  return fail(no_such_revision(names, revision));
}

Result<TreeId> FakeGitSource::tree_id(const std::string& url, const Revision& commit,
                                      const std::string& path) {
  HF_TRY(const Commit* const known, commit_of(url, commit));
  HF_TRY(const Tree tree, tree_at(known->tree, path));
  return TreeId(object_id(listing(tree)));
}

Result<std::vector<TreeFile>> FakeGitSource::read_tree(const std::string& url, const Revision& commit,
                                                       const std::string& path) {
  HF_TRY(const Commit* const known, commit_of(url, commit));
  HF_TRY(const Tree tree, tree_at(known->tree, path));
  HF_TRY(const std::string folder, normal_tree_path(path));
  ManifestTree out(folder);
  for (const auto& [name, file] : tree) {
    if (any_part_passed_over(name)) continue;
    HF_CHECK(out.count_entry());
    if (file.kind == FakeFile::Kind::kSymlink) return fail(out.symlink(name));
    if (file.kind == FakeFile::Kind::kSubmodule) return fail(out.submodule(name));
    if (!is_manifest_name(name)) continue;
    HF_CHECK(out.check_file(name, file.content.size()));
    out.add(name, file.content);
  }
  return std::move(out).take();
}

Result<TreeItem> FakeGitSource::read_item(const std::string& url, const Revision& commit,
                                          const std::string& path) {
  HF_TRY(const Commit* const known, commit_of(url, commit));
  HF_TRY(const std::string whole, normal_tree_path(path));
  std::string at;
  for (const auto part : sync::split(whole, '/')) {
    at = joined(at, part);
    const auto file = known->tree.find(at);
    if (file == known->tree.end()) continue;
    if (file->second.kind == FakeFile::Kind::kSymlink) return fail(ManifestTree("").symlink(at));
    if (file->second.kind == FakeFile::Kind::kSubmodule) return fail(ManifestTree("").submodule(at));
    if (at != whole) return TreeItem{};
    HF_CHECK(ManifestTree("").check_file(at, file->second.content.size()));
    return TreeItem{TreeItem::Kind::kFile, file->second.content};
  }
  const bool is_folder = whole.empty() || !subtree(known->tree, whole).empty();
  return TreeItem{is_folder ? TreeItem::Kind::kFolder : TreeItem::Kind::kNothing, ""};
}

Result<bool> FakeGitSource::is_ancestor(const std::string& url, const Revision& ancestor,
                                        const Revision& descendant) {
  HF_CHECK(commit_of(url, ancestor));
  std::optional<Revision> at = descendant;
  while (at) {
    if (*at == ancestor) return true;
    HF_TRY(const Commit* const known, commit_of(url, *at));
    at = known->parent;
  }
  return false;
}

Result<GitSource::CommitInfo> FakeGitSource::commit_info(const std::string& url, const Revision& commit) {
  HF_TRY(const Commit* const known, commit_of(url, commit));
  return CommitInfo{"A. Person", subject_of(known->subject), known->time_s};
}

Status FakeGitSource::pin(const std::string& url, const std::map<std::string, Revision>& pins) {
  HF_CHECK(mirror(url));
  for (const auto& [name, commit] : pins) HF_CHECK(commit_of(url, commit));
  mirrors_[url].pins = pins;
  return {};
}

}  // namespace holdfast::gitops
