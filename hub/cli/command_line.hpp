// SPDX-License-Identifier: Apache-2.0
// The command line: reads what a person typed by the table of commands, shows help, runs the command. The one
// place that speaks to CLI11.
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "hub/cli/console.hpp"
#include "hub/cli/exit_code.hpp"

namespace holdfast::cli {

/// `words`: without the program's own name.
ExitCode run_command_line(const std::vector<std::string>& words, Console& console);

}  // namespace holdfast::cli
