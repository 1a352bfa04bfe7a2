// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/repository_path.hpp"

#include <algorithm>
#include <vector>

#include "gitops/manifest_path.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {

using base::Code;
using base::fail;
using sync::in_quotes;

namespace {

/// As kustomize tells a repository from a path.
bool is_elsewhere(std::string_view path) {
  const auto has = [&](std::string_view text) { return path.find(text) != std::string_view::npos; };
  if (has("://") || has("?ref=") || has("?version=") || path.starts_with("git::")) return true;
  const auto colon = path.find(':');
  const bool is_scp_like = has("@") && colon != std::string_view::npos && path.find('@') < colon;
  return is_scp_like || path.starts_with("github.com/") || path.starts_with("gh:");
}

}  // namespace

base::Result<std::string> path_beside(std::string_view folder, std::string_view path) {
  if (path.empty()) return fail(Code::kInvalid, "the path is empty");
  if (is_elsewhere(path))
    return fail(Code::kUnsupported,
                in_quotes(path) +
                    " is in another repository, which is not read: what is built would change "
                    "without a commit here; commit a copy of it, and name that");
  if (path.front() == '/')
    return fail(Code::kInvalid, in_quotes(path) + " is absolute; write it relative to the kustomization");
  std::vector<std::string_view> parts;
  for (const auto whole : {folder, path}) {
    for (const auto part : sync::split(whole, '/')) {
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
      } else if (parts.empty()) {
        return fail(Code::kPermission, in_quotes(path) + " leads out of the repository");
      } else {
        parts.pop_back();
      }
    }
  }
  std::string out;
  for (const auto part : parts) out = joined(out, part);
  return normal_tree_path(out);
}

}  // namespace holdfast::gitops
