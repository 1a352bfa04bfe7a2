// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/commit_reader.hpp"

#include <array>
#include <utility>

#include "base/limits.hpp"
#include "gitops/manifest_path.hpp"
#include "gitops/manifest_tree.hpp"
#include "gitops/revision_text.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::Revision;
namespace limits = base::limits;

/// Objects that are named and not there were lost by the disk, or never sent.
Code missing_or(int status, Code other) { return status == GIT_ENOTFOUND ? Code::kCorrupt : other; }

Result<GitTree> lookup_tree(git_repository* repository, const git_oid& id) {
  GitTree tree;
  const int status = git_get(tree, [&](git_tree** out) { return git_tree_lookup(out, repository, &id); });
  if (status < 0)
    return fail(git_failure(missing_or(status, Code::kCorrupt), "reading a tree of the mirror"));
  return tree;
}

/// Walks a tree without recursion and collects its manifests.
class TreeWalk {
 public:
  TreeWalk(git_repository* repository, std::string folder)
      : repository_(repository), out_(std::move(folder)) {}

  Result<std::vector<TreeFile>> run(const git_oid& root) {
    GitOdb odb;
    if (git_get(odb, [&](git_odb** out) { return git_repository_odb(out, repository_); }) < 0) {
      return fail(git_failure(Code::kIo, "the mirror"));
    }
    odb_ = std::move(odb);
    todo_.push_back({root, "", 1});
    while (!todo_.empty()) {
      const Folder folder = std::move(todo_.back());
      todo_.pop_back();
      HF_CHECK(visit(folder));
    }
    return std::move(out_).take();
  }

 private:
  struct Folder {
    git_oid id;
    std::string path;
    std::size_t depth;
  };

  Status visit(const Folder& folder) {
    if (folder.depth > limits::kGitTreeDepthMax) return fail(out_.too_deep(folder.path));
    HF_TRY(const GitTree tree, lookup_tree(repository_, folder.id));
    const std::size_t count = git_tree_entrycount(tree.get());
    for (std::size_t i = 0; i < count; ++i) {
      HF_CHECK(visit_entry(folder, *git_tree_entry_byindex(tree.get(), i)));
    }
    return {};
  }

  Status visit_entry(const Folder& folder, const git_tree_entry& entry) {
    const std::string_view name = git_tree_entry_name(&entry);
    if (is_passed_over(name)) return {};
    HF_CHECK(out_.count_entry());
    std::string path = joined(folder.path, name);
    switch (git_tree_entry_filemode(&entry)) {
      case GIT_FILEMODE_TREE:
        todo_.push_back({*git_tree_entry_id(&entry), std::move(path), folder.depth + 1});
        return {};
      case GIT_FILEMODE_LINK: return fail(out_.symlink(path));
      case GIT_FILEMODE_COMMIT: return fail(out_.submodule(path));
      case GIT_FILEMODE_BLOB:
      case GIT_FILEMODE_BLOB_EXECUTABLE:
        return is_manifest_name(name) ? read_blob(entry, std::move(path)) : Status{};
      case GIT_FILEMODE_UNREADABLE: break;
    }
    return fail(Code::kCorrupt, "an entry of the tree is of no known type: " + sync::in_quotes(path));
  }

  Status read_blob(const git_tree_entry& entry, std::string path) {
    const git_oid* id = git_tree_entry_id(&entry);
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    if (git_odb_read_header(&size, &type, odb_.get(), id) < 0) {
      return fail(git_failure(Code::kCorrupt, "reading " + sync::in_quotes(path)));
    }
    HF_CHECK(out_.check_file(path, size));  // before its content is unpacked
    GitBlob blob;
    if (git_get(blob, [&](git_blob** out) { return git_blob_lookup(out, repository_, id); }) < 0) {
      return fail(git_failure(Code::kCorrupt, "reading " + sync::in_quotes(path)));
    }
    const auto bytes = static_cast<std::size_t>(git_blob_rawsize(blob.get()));
    out_.add(std::move(path), std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())), bytes));
    return {};
  }

  git_repository* repository_;
  GitOdb odb_;
  ManifestTree out_;
  std::vector<Folder> todo_;
};

}  // namespace

Result<CommitReader> CommitReader::open(const std::string& folder) {
  HF_CHECK(start_libgit2());
  GitRepository repository;
  if (git_get(repository,
              [&](git_repository** out) { return git_repository_open_bare(out, folder.c_str()); }) < 0) {
    return fail(git_failure(Code::kIo, "the mirror in " + folder));
  }
  return CommitReader(std::move(repository));
}

Result<GitCommit> CommitReader::commit(const Revision& id) const {
  HF_TRY(const git_oid oid, to_oid(id));
  GitCommit found;
  const int status =
      git_get(found, [&](git_commit** out) { return git_commit_lookup(out, repository_.get(), &oid); });
  if (status == GIT_ENOTFOUND) return fail(no_such_commit(id));
  if (status < 0) return fail(git_failure(Code::kCorrupt, "reading the commit " + id.str()));
  return found;
}

Status CommitReader::check_commit(const Revision& id) const {
  HF_CHECK(commit(id));
  return {};
}

Result<Revision> CommitReader::peel(const Revision& id) const {
  HF_TRY(const git_oid oid, to_oid(id));
  GitObject object;
  const int status = git_get(object, [&](git_object** out) {
    return git_object_lookup(out, repository_.get(), &oid, GIT_OBJECT_ANY);
  });
  if (status == GIT_ENOTFOUND) return fail(no_such_commit(id));
  if (status < 0) return fail(git_failure(Code::kCorrupt, "reading " + id.str()));
  GitObject commit;
  if (git_get(commit,
              [&](git_object** out) { return git_object_peel(out, object.get(), GIT_OBJECT_COMMIT); }) < 0) {
    return fail(Code::kInvalid, id.str() + " leads to no commit");
  }
  return Revision(to_text(*git_object_id(commit.get())));
}

Result<Revision> CommitReader::find_prefix(const std::string& prefix) const {
  git_oid oid{};
  GitCommit found;
  int status = git_oid_fromstrn(&oid, prefix.data(), prefix.size());
  if (status == 0) {
    status = git_get(found, [&](git_commit** out) {
      return git_commit_lookup_prefix(out, repository_.get(), &oid, prefix.size());
    });
  }
  if (status == GIT_EAMBIGUOUS) return fail(ambiguous_commit(prefix));
  if (status < 0) return fail(no_such_commit(Revision(prefix)));
  return Revision(to_text(*git_commit_id(found.get())));
}

Result<GitTree> CommitReader::tree_at(const Revision& id, const std::string& path) const {
  HF_TRY(const std::string folder, normal_tree_path(path));
  HF_TRY(const GitCommit found, commit(id));
  HF_TRY(GitTree root, lookup_tree(repository_.get(), *git_commit_tree_id(found.get())));
  if (folder.empty()) return root;
  GitTreeEntry entry;
  const int status = git_get(
      entry, [&](git_tree_entry** out) { return git_tree_entry_bypath(out, root.get(), folder.c_str()); });
  if (status == GIT_ENOTFOUND) return fail(no_such_path(folder));
  if (status < 0) return fail(git_failure(Code::kCorrupt, "reading " + sync::in_quotes(folder)));
  if (git_tree_entry_type(entry.get()) != GIT_OBJECT_TREE) return fail(not_a_folder(folder));
  return lookup_tree(repository_.get(), *git_tree_entry_id(entry.get()));
}

Result<TreeId> CommitReader::tree_id(const Revision& id, const std::string& path) const {
  HF_TRY(const GitTree tree, tree_at(id, path));
  return TreeId(to_text(*git_tree_id(tree.get())));
}

Result<std::vector<TreeFile>> CommitReader::read_tree(const Revision& id, const std::string& path) const {
  HF_TRY(const std::string folder, normal_tree_path(path));
  HF_TRY(const GitTree tree, tree_at(id, path));
  return TreeWalk(repository_.get(), folder).run(*git_tree_id(tree.get()));
}

Result<bool> CommitReader::is_ancestor(const Revision& ancestor, const Revision& descendant) const {
  HF_CHECK(check_commit(ancestor));
  HF_CHECK(check_commit(descendant));
  if (ancestor == descendant) return true;
  HF_TRY(const git_oid old_id, to_oid(ancestor));
  HF_TRY(const git_oid new_id, to_oid(descendant));
  const int status = git_graph_descendant_of(repository_.get(), &new_id, &old_id);
  if (status < 0) return fail(git_failure(Code::kCorrupt, "reading the history"));
  return status == 1;
}

Result<GitSource::CommitInfo> CommitReader::info(const Revision& id) const {
  constexpr std::size_t kTextMax = 200;
  HF_TRY(const GitCommit found, commit(id));
  GitSource::CommitInfo info;
  const git_signature* author = git_commit_author(found.get());
  if (author != nullptr && author->name != nullptr) info.author = sync::bounded_text(author->name, kTextMax);
  const char* message = git_commit_message(found.get());
  const std::string_view text = message == nullptr ? "" : message;
  info.subject = sync::bounded_text(sync::trimmed(text.substr(0, text.find('\n'))), kTextMax);
  info.time_s = git_commit_time(found.get());
  return info;
}

}  // namespace holdfast::gitops
