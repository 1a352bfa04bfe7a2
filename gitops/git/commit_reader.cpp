// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/commit_reader.hpp"

#include <optional>
#include <utility>

#include "base/limits/git.hpp"
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

struct ObjectHeader {
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
};

/// Looked at before an object is unpacked, which takes as much memory as it says. None: it is not there.
Result<std::optional<ObjectHeader>> header_of(git_odb* odb, const git_oid& id, std::string_view what) {
  ObjectHeader header;
  const int status = git_odb_read_header(&header.size, &header.type, odb, &id);
  if (status == GIT_ENOTFOUND) return std::optional<ObjectHeader>();
  if (status < 0) return fail(git_failure(Code::kCorrupt, "reading " + std::string(what)));
  return header;
}

/// Unpacks trees, and only as many bytes of them as one path may cost.
class TreeReader {
 public:
  TreeReader(git_repository* repository, git_odb* odb) : repository_(repository), odb_(odb) {}

  /// `path`: of the folder, from the repository's root.
  Result<GitTree> read(const git_oid& id, std::string_view path) {
    HF_TRY(const auto header, header_of(odb_, id, shown_path(path)));
    // Objects that are named and not there were lost by the disk, or never sent.
    if (!header) return fail(git_failure(Code::kCorrupt, "reading " + shown_path(path)));
    if (header->size > left_) {
      return fail(Code::kLimit, shown_path(path) + ": Git's lists of names up to here take more than " +
                                    std::to_string(limits::kGitTreeBytesMax) +
                                    " bytes; give the manifests a folder of their own");
    }
    left_ -= header->size;
    GitTree tree;
    if (git_get(tree, [&](git_tree** out) { return git_tree_lookup(out, repository_, &id); }) < 0) {
      return fail(git_failure(Code::kCorrupt, "reading " + shown_path(path)));
    }
    return tree;
  }

 private:
  git_repository* repository_;
  git_odb* odb_;
  std::size_t left_ = limits::kGitTreeBytesMax;
};

/// Walks a tree without recursion and collects its manifests.
class TreeWalk {
 public:
  TreeWalk(git_repository* repository, git_odb* odb, std::string folder)
      : repository_(repository),
        odb_(odb),
        trees_(repository, odb),
        folder_(folder),
        out_(std::move(folder)) {}

  Result<std::vector<TreeFile>> run(const git_oid& root) {
    HF_CHECK(enter(root, ""));
    while (!open_.empty()) {
      Folder& folder = open_.back();
      if (folder.next == git_tree_entrycount(folder.tree.get())) {
        open_.pop_back();
      } else {
        HF_CHECK(visit(folder.path, *git_tree_entry_byindex(folder.tree.get(), folder.next++)));
      }
    }
    return std::move(out_).take();
  }

 private:
  struct Folder {
    GitTree tree;
    std::string path;
    std::size_t next = 0;
  };

  Status enter(const git_oid& id, std::string path) {
    if (open_.size() >= limits::kGitTreeDepthMax) return fail(out_.too_deep(path));
    HF_CHECK(out_.check_path(path));
    HF_TRY(GitTree tree, trees_.read(id, joined(folder_, path)));
    open_.push_back({std::move(tree), std::move(path)});
    return {};
  }

  Status visit(const std::string& folder, const git_tree_entry& entry) {
    const std::string_view name = git_tree_entry_name(&entry);
    if (is_passed_over(name)) return {};
    HF_CHECK(out_.count_entry());
    std::string path = joined(folder, name);
    switch (git_tree_entry_filemode(&entry)) {
      case GIT_FILEMODE_TREE: return enter(*git_tree_entry_id(&entry), std::move(path));
      case GIT_FILEMODE_LINK: return fail(out_.symlink(path));
      case GIT_FILEMODE_COMMIT: return fail(out_.submodule(path));
      case GIT_FILEMODE_BLOB:
      case GIT_FILEMODE_BLOB_EXECUTABLE:
        return is_manifest_name(name) ? read_blob(entry, std::move(path)) : Status{};
      case GIT_FILEMODE_UNREADABLE: break;
    }
    return fail(Code::kCorrupt, "an entry of the tree is of no known type: " + shown_path(path));
  }

  Status read_blob(const git_tree_entry& entry, std::string path) {
    const git_oid* id = git_tree_entry_id(&entry);
    HF_TRY(const auto header, header_of(odb_, *id, shown_path(path)));
    if (!header) return fail(git_failure(Code::kCorrupt, "reading " + shown_path(path)));
    HF_CHECK(out_.check_file(path, header->size));
    GitBlob blob;
    if (git_get(blob, [&](git_blob** out) { return git_blob_lookup(out, repository_, id); }) < 0) {
      return fail(git_failure(Code::kCorrupt, "reading " + shown_path(path)));
    }
    const auto bytes = static_cast<std::size_t>(git_blob_rawsize(blob.get()));
    out_.add(std::move(path), std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())), bytes));
    return {};
  }

  git_repository* repository_;
  git_odb* odb_;
  TreeReader trees_;
  std::string folder_;
  ManifestTree out_;
  std::vector<Folder> open_;  // from the root to where the walk is
};

}  // namespace

Result<CommitReader> CommitReader::open(const std::string& folder) {
  HF_CHECK(start_libgit2());
  GitRepository repository;
  if (git_get(repository,
              [&](git_repository** out) { return git_repository_open_bare(out, folder.c_str()); }) < 0) {
    return fail(git_failure(Code::kIo, "the mirror in " + folder));
  }
  GitOdb odb;
  if (git_get(odb, [&](git_odb** out) { return git_repository_odb(out, repository.get()); }) < 0) {
    return fail(git_failure(Code::kIo, "the mirror in " + folder));
  }
  return CommitReader(std::move(repository), std::move(odb));
}

/// What the object is. A commit or tag that is too large is an error, and so is one that is not there.
Result<git_object_t> CommitReader::type_of(const git_oid& id) const {
  HF_TRY(const auto header, header_of(odb_.get(), id, to_text(id)));
  if (!header) return fail(no_such_commit(Revision(to_text(id))));
  const bool is_read = header->type == GIT_OBJECT_COMMIT || header->type == GIT_OBJECT_TAG;
  if (is_read && header->size > limits::kGitCommitBytesMax) {
    return fail(Code::kLimit, "the commit or tag " + to_text(id) + " has " + std::to_string(header->size) +
                                  " bytes; at most " + std::to_string(limits::kGitCommitBytesMax) +
                                  " are read");
  }
  return header->type;
}

Result<GitCommit> CommitReader::commit(const Revision& id) const {
  HF_TRY(const git_oid oid, to_oid(id));
  HF_CHECK(type_of(oid));
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
  constexpr int kTagsMax = 16;  // of tags in one another
  HF_TRY(git_oid oid, to_oid(id));
  for (int i = 0; i <= kTagsMax; ++i) {
    HF_TRY(const git_object_t type, type_of(oid));
    if (type == GIT_OBJECT_COMMIT) return Revision(to_text(oid));
    if (type != GIT_OBJECT_TAG) break;
    GitTag tag;
    if (git_get(tag, [&](git_tag** out) { return git_tag_lookup(out, repository_.get(), &oid); }) < 0) {
      return fail(git_failure(Code::kCorrupt, "reading the tag " + to_text(oid)));
    }
    oid = *git_tag_target_id(tag.get());
  }
  return fail(Code::kInvalid, id.str() + " leads to no commit");
}

Result<Revision> CommitReader::find_prefix(const std::string& prefix) const {
  git_oid part{};
  git_oid oid{};
  int status = git_oid_fromstrn(&part, prefix.data(), prefix.size());
  if (status == 0) status = git_odb_exists_prefix(&oid, odb_.get(), &part, prefix.size());
  if (status == GIT_EAMBIGUOUS) return fail(ambiguous_commit(prefix));
  const Revision found(to_text(oid));
  if (status < 0 || !commit(found)) return fail(no_such_commit(Revision(prefix)));
  return found;
}

Result<GitTree> CommitReader::tree_at(const Revision& id, const std::string& path) const {
  HF_TRY(const std::string folder, normal_tree_path(path));
  HF_TRY(const GitCommit found, commit(id));
  TreeReader trees(repository_.get(), odb_.get());
  HF_TRY(GitTree tree, trees.read(*git_commit_tree_id(found.get()), ""));
  if (folder.empty()) return tree;
  std::string at;
  for (const auto name : sync::split(folder, '/')) {
    at = joined(at, name);
    const git_tree_entry* entry = git_tree_entry_byname(tree.get(), std::string(name).c_str());
    if (entry == nullptr) return fail(no_such_path(folder));
    if (git_tree_entry_type(entry) != GIT_OBJECT_TREE) {
      return fail(at == folder ? not_a_folder(folder) : no_such_path(folder));
    }
    const git_oid next = *git_tree_entry_id(entry);
    HF_TRY(tree, trees.read(next, at));
  }
  return tree;
}

Result<TreeId> CommitReader::tree_id(const Revision& id, const std::string& path) const {
  HF_TRY(const GitTree tree, tree_at(id, path));
  return TreeId(to_text(*git_tree_id(tree.get())));
}

Result<std::vector<TreeFile>> CommitReader::read_tree(const Revision& id, const std::string& path) const {
  HF_TRY(const std::string folder, normal_tree_path(path));
  HF_TRY(const GitTree tree, tree_at(id, path));
  return TreeWalk(repository_.get(), odb_.get(), folder).run(*git_tree_id(tree.get()));
}

Result<std::string> CommitReader::blob_at(const git_oid& id, const std::string& path) const {
  HF_TRY(const auto header, header_of(odb_.get(), id, shown_path(path)));
  if (!header) return fail(git_failure(Code::kCorrupt, "reading " + shown_path(path)));
  HF_CHECK(ManifestTree("").check_file(path, header->size));
  GitBlob blob;
  if (git_get(blob, [&](git_blob** out) { return git_blob_lookup(out, repository_.get(), &id); }) < 0) {
    return fail(git_failure(Code::kCorrupt, "reading " + shown_path(path)));
  }
  const auto bytes = static_cast<std::size_t>(git_blob_rawsize(blob.get()));
  return std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())), bytes);
}

Result<TreeItem> CommitReader::read_item(const Revision& id, const std::string& path) const {
  HF_TRY(const std::string whole, normal_tree_path(path));
  HF_TRY(GitTree tree, tree_at(id, ""));
  if (whole.empty()) return TreeItem{TreeItem::Kind::kFolder, ""};
  TreeReader trees(repository_.get(), odb_.get());
  std::string at;
  for (const auto name : sync::split(whole, '/')) {
    at = joined(at, name);
    const git_tree_entry* entry = git_tree_entry_byname(tree.get(), std::string(name).c_str());
    if (entry == nullptr) return TreeItem{};
    const git_filemode_t mode = git_tree_entry_filemode(entry);
    if (mode == GIT_FILEMODE_LINK) return fail(ManifestTree("").symlink(at));
    if (mode == GIT_FILEMODE_COMMIT) return fail(ManifestTree("").submodule(at));
    const git_oid next = *git_tree_entry_id(entry);
    if (mode != GIT_FILEMODE_TREE) {
      if (at != whole) return TreeItem{};
      HF_TRY(std::string content, blob_at(next, at));
      return TreeItem{TreeItem::Kind::kFile, std::move(content)};
    }
    if (at == whole) return TreeItem{TreeItem::Kind::kFolder, ""};
    HF_TRY(tree, trees.read(next, at));
  }
  return TreeItem{};
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
  HF_TRY(const GitCommit found, commit(id));
  GitSource::CommitInfo info;
  const git_signature* author = git_commit_author(found.get());
  if (author != nullptr && author->name != nullptr) info.author = subject_of(author->name);
  const char* message = git_commit_message(found.get());
  info.subject = subject_of(message == nullptr ? "" : message);
  info.time_s = git_commit_time(found.get());
  return info;
}

}  // namespace holdfast::gitops
