// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/manifest_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "base/file_io.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/git.hpp"
#include "base/limits/hub.hpp"
#include "gitops/document.hpp"
#include "gitops/kustomize/build.hpp"
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

/// What a kustomization names lies anywhere in its repository: the nearest folder around it that holds `.git`. Outside of one, anywhere.
fs::path repository_of(const fs::path& folder) {
  std::error_code error;
  for (fs::path at = folder; at != at.root_path(); at = at.parent_path()) {
    if (fs::exists(at / ".git", error)) return at;
  }
  return folder.root_path();
}

/// As the hub reads items of a commit.
Result<gitops::TreeItem> read_item(const fs::path& root, const std::string& path) {
  const gitops::ManifestTree names("");
  fs::path at = root;
  std::error_code error;
  for (const auto& part : fs::path(path)) {
    at /= part;
    if (fs::is_symlink(fs::symlink_status(at, error)))
      return fail(names.symlink(at.lexically_relative(root).string()));
  }
  if (fs::is_directory(at, error)) return gitops::TreeItem{gitops::TreeItem::Kind::kFolder, ""};
  if (!fs::is_regular_file(at, error)) return gitops::TreeItem{};
  const auto bytes = fs::file_size(at, error);
  if (error) return fail(Error::from_errno(error.value(), at.string()));
  HF_CHECK(gitops::ManifestTree("").check_file(path, bytes));
  HF_TRY(auto content, base::read_file(at.string(), limits::kManifestFileBytesMax));
  return gitops::TreeItem{gitops::TreeItem::Kind::kFile, std::move(content)};
}

/// Files as an editor finds them from where the person stands; elsewhere, from the root of the disk.
std::string shown_file(const fs::path& root, const std::string& file) {
  std::error_code error;
  const fs::path whole = root / file;
  const fs::path here = whole.lexically_relative(fs::current_path(error));
  return here.empty() || *here.begin() == ".." ? whole.string() : here.string();
}

/// None: the folder holds plain manifests.
Result<std::optional<gitops::Manifests>> build_folder(const std::string& folder, gitops::PlainSecrets plain) {
  std::error_code error;
  const fs::path whole = fs::canonical(folder, error);
  if (error) return fail(Error::from_errno(error.value(), folder));
  const fs::path root = repository_of(whole);
  const fs::path beneath = whole.lexically_relative(root);
  const std::string path = beneath == "." ? "" : beneath.string();
  const gitops::ReadItem read = [root](const std::string& at) { return read_item(root, at); };
  HF_TRY(const bool is_built, gitops::has_kustomization(read, path));
  if (!is_built) return std::nullopt;
  auto manifests = gitops::parse_build(gitops::build_kustomization(read, path), plain);
  for (auto& manifest : manifests.list) manifest.file = shown_file(root, manifest.file);
  for (auto& finding : manifests.findings) finding.file = shown_file(root, finding.file);
  return manifests;
}

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
  if (std::error_code error; fs::is_directory(folder, error)) {
    HF_TRY(auto built, build_folder(folder, plain));
    if (built) return *std::move(built);
  }
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
