// SPDX-License-Identifier: Apache-2.0
// Which files of a tree are manifests, and how a path in a repository is written. One place, because the real
// and the fake GitSource must agree.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::gitops {

/// "apps//web/." → "apps/web"; ".", "/" and "" → "". Errors: "..", control characters, not UTF-8, too long.
base::Result<std::string> normal_tree_path(std::string_view path);
/// "a" and "b" → "a/b"; "" and "b" → "b".
std::string joined(std::string_view folder, std::string_view name);
/// For messages: one_line(), a long one cut; "" is "the repository's root".
std::string shown_path(std::string_view path);
/// What is wrong with the path of a manifest in its repository, and the way out; empty: nothing. Git takes any
/// bytes as names; what people read and what objects hold is text.
std::string path_problem(std::string_view path);
/// As path_problem, of the length alone.
std::string path_length_problem(std::string_view path);
/// The name of a file or folder that is passed over: those that begin with a dot (.github, .gitlab-ci.yml),
/// as Flux and most tools do.
bool is_passed_over(std::string_view name);
/// Whether the name ends in .yaml, .yml or .json.
bool is_manifest_name(std::string_view name);
bool is_json_name(std::string_view name);

}  // namespace holdfast::gitops
