// SPDX-License-Identifier: Apache-2.0
// Files for tests: a folder on the disk, or a map, as build_kustomization() reads them.
// Threads: any.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/file_io.hpp"
#include "gitops/kustomize/build.hpp"

namespace holdfast::gitops {

inline ReadItem disk_reader(const std::string& root) {
  return [root](const std::string& path) -> base::Result<TreeItem> {
    const std::string whole = root + "/" + path;
    if (std::filesystem::is_directory(whole)) return TreeItem{TreeItem::Kind::kFolder, ""};
    if (!std::filesystem::exists(whole)) return TreeItem{};
    HF_TRY(std::string content, base::read_file(whole, std::size_t{4} << 20U));
    return TreeItem{TreeItem::Kind::kFile, std::move(content)};
  };
}

using FileMap = std::map<std::string, std::string>;

inline ReadItem map_reader(FileMap files) {
  return [files = std::move(files)](const std::string& path) -> base::Result<TreeItem> {
    if (const auto file = files.find(path); file != files.end())
      return TreeItem{TreeItem::Kind::kFile, file->second};
    const auto beneath = files.lower_bound(path + "/");
    const bool is_folder = path.empty() || (beneath != files.end() && beneath->first.starts_with(path + "/"));
    return TreeItem{is_folder ? TreeItem::Kind::kFolder : TreeItem::Kind::kNothing, ""};
  };
}

}  // namespace holdfast::gitops
