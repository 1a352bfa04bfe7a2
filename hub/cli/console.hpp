// SPDX-License-Identifier: Apache-2.0
// Console: everything of the outside that a command may touch besides the hub: streams, environment, time,
// programs. Tests give strings and a clock of their own.
// Threads: one.
#pragma once

#include <chrono>
#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::cli {

struct Console {
  std::ostream& out;
  std::ostream& err;
  std::istream& in;
  base::Clock& clock;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::function<void(std::chrono::milliseconds time)> pause;
  /// Runs a program on this terminal, found in PATH, without a shell, and waits for it. An error unless it
  /// exits with 0.
  std::function<base::Status(const std::vector<std::string>& command)> run_program;

  std::string variable(const std::string& name) const { return environment(name).value_or(""); }
  /// https://no-color.org
  bool has_colour() const {
    return out_is_terminal && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  }
};

/// All of standard input. kLimit: it is longer.
base::Result<std::string> read_input(Console& console, std::size_t bytes_max);
/// The process's own.
Console real_console(base::Clock& clock);

}  // namespace holdfast::cli
