// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/manifest_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/file_io.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/git.hpp"
#include "base/limits/hub.hpp"
#include "gitops/document.hpp"
#include "gitops/manifest_path.hpp"
#include "gitops/manifest_tree.hpp"
#include "gitops/placement.hpp"
#include "hub/cli/object_fields.hpp"

namespace holdfast::cli {

using base::Code;
using base::Error;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
namespace limits = base::limits;
namespace fs = std::filesystem;

namespace {

std::string without_slashes(std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return folder;
}

/// What begins each file's name in a finding, so that an editor finds it from where the person stands.
std::string shown_prefix(const std::string& folder) {
  auto out = without_slashes(folder);
  while (out.starts_with("./")) out.erase(0, 2);
  return out == "." ? "" : out;
}

class FolderReader {
 public:
  explicit FolderReader(const std::string& folder) : root_(folder), tree_(shown_prefix(folder)) {}

  Result<std::vector<gitops::TreeFile>> read() {
    HF_CHECK(walk("", 0));
    return std::move(tree_).take();
  }

 private:
  Status walk(const std::string& beneath, std::size_t depth) {
    if (depth > limits::kGitTreeDepthMax) return fail(tree_.too_deep(beneath));
    std::error_code error;
    fs::directory_iterator entries(root_ / beneath, error);
    if (error) return fail(Error::from_errno(error.value(), (root_ / beneath).string()));
    for (; entries != fs::directory_iterator(); entries.increment(error)) {
      HF_CHECK(take(*entries, gitops::joined(beneath, entries->path().filename().string()), depth));
    }
    if (error) return fail(Error::from_errno(error.value(), (root_ / beneath).string()));
    return {};
  }

  Status take(const fs::directory_entry& entry, const std::string& path, std::size_t depth) {
    const auto name = entry.path().filename().string();
    if (gitops::is_passed_over(name)) return {};
    HF_CHECK(tree_.count_entry());
    std::error_code error;
    if (entry.is_symlink(error)) return fail(tree_.symlink(path));
    if (entry.is_directory(error)) return walk(path, depth + 1);
    if (!entry.is_regular_file(error) || !gitops::is_manifest_name(name)) return {};
    const auto bytes = entry.file_size(error);
    if (error) return fail(Error::from_errno(error.value(), entry.path().string()));
    HF_CHECK(tree_.check_file(path, bytes));
    HF_TRY(auto content, base::read_file(entry.path().string(), limits::kManifestFileBytesMax));
    tree_.add(path, std::move(content));
    return {};
  }

  fs::path root_;
  gitops::ManifestTree tree_;
};

}  // namespace

Result<std::vector<gitops::TreeFile>> read_manifest_folder(const std::string& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    if (error) return fail(Error::from_errno(error.value(), folder));
    return fail(Code::kInvalid, folder + ": is not a folder");
  }
  return FolderReader(folder).read();
}

Result<gitops::Manifests> parse_manifest_folder(const std::string& folder, gitops::PlainSecrets plain) {
  HF_TRY(const auto files, read_manifest_folder(folder));
  if (files.empty()) return fail(Code::kNotFound, folder + ": there is no .yaml, .yml or .json file in it");
  auto manifests = gitops::parse_manifests(files, "", plain);
  const auto prefix = shown_prefix(folder);
  for (auto& manifest : manifests.list) manifest.file = gitops::joined(prefix, manifest.file);
  for (auto& finding : manifests.findings) finding.file = gitops::joined(prefix, finding.file);
  return manifests;
}

std::string folder_name(const std::string& folder) {
  std::error_code error;
  return fs::weakly_canonical(without_slashes(folder), error).filename().string();
}

Result<gitops::TemplateValues> read_node_values(const std::string& file) {
  HF_TRY(const auto text, base::read_file(file, limits::kObjectBytesMax));
  const auto documents = gitops::read_yaml(text);
  if (documents.problem) {
    return fail(Code::kInvalid,
                file + ":" + std::to_string(documents.problem->line) + ": " + documents.problem->message);
  }
  if (documents.list.size() != 1) return fail(Code::kInvalid, file + ": must hold one Node");
  HF_TRY(const Json node, base::parse_json(documents.list.front().json));
  gitops::TemplateValues values;
  values.node_name = text_at(node, "metadata/name");
  values.node_labels = strings_at(node, "metadata/labels");
  values.node_facts = strings_at(node, "status/facts");
  if (text_at(node, "kind") != "Node" || values.node_name.empty()) {
    return fail(Code::kInvalid,
                file + ": must be a Node with metadata.name, as `holdfast get node NAME -o yaml` prints it");
  }
  return values;
}

}  // namespace holdfast::cli
