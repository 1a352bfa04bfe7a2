// SPDX-License-Identifier: Apache-2.0
// Command lines of manifests: command, args and a probe's exec.command.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace holdfast::sync {

/// Bounded in number and bytes, no NUL. The message names no place.
base::Status check_arguments(const std::vector<std::string>& arguments);
/// As check_arguments; also at least one, and the program absolute or a plain name to be found in PATH.
base::Status check_command(const std::vector<std::string>& command);
/// Kubernetes' name of an environment variable: letters, digits, '_', '-' and '.', no digit first.
base::Status check_env_name(std::string_view name);
/// Names and values of variables: bounded in number and bytes, each name once.
base::Status check_environment(const std::vector<std::pair<std::string_view, std::string_view>>& variables);
base::Status check_no_nul(std::string_view text);

}  // namespace holdfast::sync
