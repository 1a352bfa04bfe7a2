// SPDX-License-Identifier: Apache-2.0
// Completion: scripts for bash and zsh, made from the table of commands. Words are in the script; names are
// asked of the hub by `holdfast get TYPE -o name`.
// Threads: pure functions.
#pragma once

#include <string>

namespace holdfast::cli {

std::string bash_completion();
std::string zsh_completion();

}  // namespace holdfast::cli
