// SPDX-License-Identifier: Apache-2.0
#include "gitops/application_folder.hpp"

#include "gitops/manifest_path.hpp"

namespace holdfast::gitops {

using base::Result;

namespace {

ReadItem reader_of(GitSource& git, const ApplicationFolder& folder) {
  return [&git, &folder](const std::string& path) { return git.read_item(folder.url, folder.commit, path); };
}

}  // namespace

Result<TreeId> content_id(GitSource& git, const ApplicationFolder& folder) {
  HF_TRY(const std::string path, normal_tree_path(folder.path));
  // First, for its errors say that the path is not there.
  HF_TRY(auto own, git.tree_id(folder.url, folder.commit, folder.path));
  HF_TRY(const bool is_built, has_kustomization(reader_of(git, folder), path));
  if (!is_built) return own;
  return git.tree_id(folder.url, folder.commit, "");
}

Result<Manifests> read_manifests(GitSource& git, const ApplicationFolder& folder, PlainSecrets plain) {
  HF_TRY(const std::string path, normal_tree_path(folder.path));
  const auto read = reader_of(git, folder);
  HF_TRY(const bool is_built, has_kustomization(read, path));
  if (is_built) return parse_build(build_kustomization(read, path), plain);
  HF_TRY(const auto files, git.read_tree(folder.url, folder.commit, folder.path));
  return parse_manifests(files, path, plain);
}

}  // namespace holdfast::gitops
