// SPDX-License-Identifier: Apache-2.0
#include "gitops/manifest_tree.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/documents.hpp"
#include "base/limits/git.hpp"
#include "gitops/manifest_path.hpp"

namespace holdfast::gitops {

using base::Code;
using base::Error;
using base::fail;
using base::Status;
namespace limits = base::limits;

std::string ManifestTree::shown(std::string_view path) const { return shown_path(joined(folder_, path)); }

Status ManifestTree::count_entry() {
  if (++entries_ <= limits::kGitTreeEntriesMax) return {};
  return fail(Code::kLimit, shown("") + ": more than " + std::to_string(limits::kGitTreeEntriesMax) +
                                " files and folders; give the manifests a folder of their own");
}

Status ManifestTree::check_path(std::string_view path) const {
  const std::string problem = path_length_problem(joined(folder_, path));
  if (problem.empty()) return {};
  return fail(Code::kLimit, shown(path) + ": " + problem);
}

Status ManifestTree::check_file(std::string_view path, std::size_t bytes) {
  HF_CHECK(check_path(path));
  if (bytes > limits::kManifestFileBytesMax) {
    return fail(Code::kLimit, shown(path) + ": the file has " + std::to_string(bytes) + " bytes; at most " +
                                  std::to_string(limits::kManifestFileBytesMax) + " are allowed; split it");
  }
  bytes_ += bytes;
  if (bytes_ > limits::kManifestBytesMax) {
    return fail(Code::kLimit, shown("") + ": the manifests have more than " +
                                  std::to_string(limits::kManifestBytesMax) +
                                  " bytes; make it several applications");
  }
  if (++files_ > limits::kManifestFilesMax) {
    return fail(Code::kLimit, shown("") + ": more than " + std::to_string(limits::kManifestFilesMax) +
                                  " manifests; make it several applications");
  }
  return {};
}

void ManifestTree::add(std::string path, std::string content) {
  list_.push_back({std::move(path), std::move(content)});
}

std::vector<TreeFile> ManifestTree::take() && {
  std::sort(list_.begin(), list_.end(), [](const TreeFile& a, const TreeFile& b) { return a.path < b.path; });
  return std::move(list_);
}

Error ManifestTree::symlink(std::string_view path) const {
  return {Code::kInvalid, shown(path) + ": a symbolic link; commit the file itself"};
}

Error ManifestTree::submodule(std::string_view path) const {
  return {Code::kInvalid, shown(path) + ": a submodule; make it an application with a source of its own"};
}

Error ManifestTree::too_deep(std::string_view path) const {
  return {Code::kLimit,
          shown(path) + ": folders nested deeper than " + std::to_string(limits::kGitTreeDepthMax)};
}

}  // namespace holdfast::gitops
