// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/repack.hpp"

#include <filesystem>

#include "base/file_io.hpp"
#include "base/limits/git.hpp"
#include "gitops/git/libgit2.hpp"
#include "gitops/git/refs_file.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using GitPackbuilder = GitHandle<git_packbuilder, git_packbuilder_free>;
using GitRevwalk = GitHandle<git_revwalk, git_revwalk_free>;

Result<GitRepository> open_repository(const std::string& folder) {
  GitRepository repository;
  if (git_get(repository,
              [&](git_repository** out) { return git_repository_open_bare(out, folder.c_str()); }) < 0) {
    return fail(git_failure(Code::kIo, "the folder to pack into"));
  }
  return repository;
}

/// Commits and all they hold are found by walking; a tag's object, and what it names where that is no commit,
/// are put in by hand.
Status insert_ref(git_packbuilder* builder, git_revwalk* walk, git_repository* repository,
                  const sync::Revision& revision) {
  HF_TRY(const git_oid oid, to_oid(revision));
  GitObject object;
  if (git_get(object, [&](git_object** out) {
        return git_object_lookup(out, repository, &oid, GIT_OBJECT_ANY);
      }) < 0) {
    return fail(git_failure(Code::kCorrupt, "the ref " + revision.str()));
  }
  if (git_object_type(object.get()) != GIT_OBJECT_COMMIT &&
      git_packbuilder_insert_recur(builder, &oid, nullptr) < 0) {
    return fail(git_failure(Code::kCorrupt, "packing " + revision.str()));
  }
  GitObject commit;
  if (git_get(commit,
              [&](git_object** out) { return git_object_peel(out, object.get(), GIT_OBJECT_COMMIT); }) < 0) {
    return {};  // a tag of a tree or a file
  }
  if (git_revwalk_push(walk, git_object_id(commit.get())) < 0) {
    return fail(git_failure(Code::kCorrupt, "the ref " + revision.str()));
  }
  return {};
}

Status write_pack(const FetchJob& job, const MirrorRefs& refs) {
  HF_TRY(const GitRepository repository, open_repository(job.folder));
  GitPackbuilder builder;
  GitRevwalk walk;
  if (git_get(builder, [&](git_packbuilder** out) { return git_packbuilder_new(out, repository.get()); }) <
          0 ||
      git_get(walk, [&](git_revwalk** out) { return git_revwalk_new(out, repository.get()); }) < 0) {
    return fail(git_failure(Code::kInternal, "packing"));
  }
  for (const auto* list : {&refs.branches, &refs.tags, &refs.pins}) {
    for (const auto& [name, revision] : *list) {
      HF_CHECK(insert_ref(builder.get(), walk.get(), repository.get(), revision));
    }
  }
  if (git_packbuilder_insert_walk(builder.get(), walk.get()) < 0 ||
      git_packbuilder_write(builder.get(), (job.folder + "/objects/pack").c_str(), 0600, nullptr, nullptr) <
          0) {
    return fail(git_failure(Code::kIo, "packing"));
  }
  return {};
}

/// Without the mirror's objects: what is not in the new pack is now not there.
Status check_pack(const FetchJob& job, const MirrorRefs& refs) {
  std::error_code problem;
  std::filesystem::remove(job.folder + "/objects/info/alternates", problem);
  HF_TRY(const GitRepository repository, open_repository(job.folder));
  GitOdb odb;
  if (git_get(odb, [&](git_odb** out) { return git_repository_odb(out, repository.get()); }) < 0) {
    return fail(git_failure(Code::kIo, "the new pack"));
  }
  for (const auto* list : {&refs.branches, &refs.tags, &refs.pins}) {
    for (const auto& [name, revision] : *list) {
      HF_TRY(const git_oid oid, to_oid(revision));
      if (git_odb_exists(odb.get(), &oid) != 1)
        return fail(Code::kInternal, name + " is missing in the new pack");
    }
  }
  return {};
}

}  // namespace

Status repack(const FetchJob& job) {
  HF_CHECK(start_libgit2());
  HF_TRY(const std::string text,
         base::read_file(job.folder + "/packed-refs", base::limits::kGitRefsBytesMax));
  HF_TRY(const MirrorRefs refs, decode_refs(text));
  HF_CHECK(write_pack(job, refs));
  return check_pack(job, refs);
}

}  // namespace holdfast::gitops
