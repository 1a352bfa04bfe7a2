// SPDX-License-Identifier: Apache-2.0
#include "gitops/manifest_path.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/model.hpp"
#include "gitops/finding.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {

using base::Code;
using base::fail;
using sync::in_quotes;

base::Result<std::string> normal_tree_path(std::string_view path) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (path.size() > base::limits::kPathLengthMax) return fail(Code::kLimit, "the path is too long");
  if (!base::is_utf8(path) || std::any_of(path.begin(), path.end(), control)) {
    return fail(Code::kInvalid, in_quotes(path) + " is not a path in a repository");
  }
  std::string out;
  for (const auto part : sync::split(path, '/')) {
    if (part == "..")
      return fail(Code::kInvalid, in_quotes(path) + " holds \"..\"; a path begins at the repository's root");
    if (!part.empty() && part != ".") out = joined(out, part);
  }
  return out;
}

std::string joined(std::string_view folder, std::string_view name) {
  std::string out(folder);
  if (!out.empty() && !name.empty()) out += '/';
  return out.append(name);
}

std::string shown_path(std::string_view path) {
  constexpr std::size_t kShownMax = 300;
  return path.empty() ? "the repository's root" : one_line(path, kShownMax);
}

std::string path_length_problem(std::string_view path) {
  constexpr std::size_t kMost = base::limits::kManifestPathLengthMax;
  if (path.size() <= kMost) return {};
  return "the path has " + std::to_string(path.size()) + " bytes; at most " + std::to_string(kMost) +
         " are allowed; shorten the names";
}

std::string path_problem(std::string_view path) {
  if (auto problem = path_length_problem(path); !problem.empty()) return problem;
  std::string folder;
  for (const auto name : sync::split(path, '/')) {
    if (one_line(name, path.size() + 3) != name) {
      return "a name in " + (folder.empty() ? "the repository's root" : "the folder " + folder) +
             " is not UTF-8 or holds control characters; rename it";
    }
    folder = joined(folder, name);
  }
  return {};
}

bool is_passed_over(std::string_view name) { return name.starts_with('.'); }

bool is_manifest_name(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || is_json_name(name);
}

bool is_json_name(std::string_view name) { return name.ends_with(".json"); }

}  // namespace holdfast::gitops
