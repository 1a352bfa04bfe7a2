// SPDX-License-Identifier: Apache-2.0
// ManifestTree: collects the manifests that read_tree() finds, within the limits. One place, because the real
// and the fake GitSource must refuse alike.
// Threads: one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gitops/git_source.hpp"

namespace holdfast::gitops {

class ManifestTree {
 public:
  /// `folder`: the path that is read, in normal form; it begins every name in an error.
  explicit ManifestTree(std::string folder) : folder_(std::move(folder)) {}

  /// Before looking at an entry of any kind.
  base::Status count_entry();
  /// Before entering a folder.
  base::Status check_path(std::string_view path) const;
  /// Before reading the content of a manifest.
  base::Status check_file(std::string_view path, std::size_t bytes);
  void add(std::string path, std::string content);
  std::vector<TreeFile> take() &&;  ///< sorted by path

  base::Error symlink(std::string_view path) const;
  base::Error submodule(std::string_view path) const;
  base::Error too_deep(std::string_view path) const;

 private:
  std::string shown(std::string_view path) const;

  std::string folder_;
  std::size_t entries_ = 0;
  std::size_t files_ = 0;
  std::size_t bytes_ = 0;
  std::vector<TreeFile> list_;
};

}  // namespace holdfast::gitops
