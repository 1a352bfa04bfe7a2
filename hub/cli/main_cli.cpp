// SPDX-License-Identifier: Apache-2.0
// holdfast: the person's command line. See command_table.cpp for what it can do.
// Threads: the program's only one.
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "base/system_clock.hpp"
#include "hub/cli/command_line.hpp"

int main(int argc, char** argv) {
  using namespace holdfast;
  std::ios::sync_with_stdio(false);
  // A hub that hangs up must be an error with a message, not a silent end.
  std::signal(SIGPIPE, SIG_IGN);
  base::SystemClock clock;
  auto console = cli::real_console(clock);
  const auto code = cli::run_command_line({argv + 1, argv + argc}, console);
  console.out.flush();
  // Whoever was to read the output is gone, or the disk is full.
  if (code == cli::ExitCode::kDone && !console.out) return static_cast<int>(cli::ExitCode::kFailed);
  return static_cast<int>(code);
}
