// SPDX-License-Identifier: Apache-2.0
// FakeConsole: a command's outside in memory; time stands still but for pauses.
// Threads: one.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/fake_clock.hpp"
#include "hub/cli/command_line.hpp"
#include "hub/cli/console.hpp"

namespace holdfast::cli {

class FakeConsole {
 public:
  FakeConsole() = default;
  FakeConsole(const FakeConsole&) = delete;
  FakeConsole& operator=(const FakeConsole&) = delete;

  /// Runs `holdfast <words>` and keeps what it wrote.
  ExitCode run(const std::vector<std::string>& words) {
    out.str("");
    err.str("");
    return run_command_line(words, console);
  }

  base::FakeClock clock;
  std::ostringstream out;
  std::ostringstream err;
  std::istringstream in;
  std::map<std::string, std::string> variables;
  std::vector<std::chrono::milliseconds> pauses;
  std::vector<std::vector<std::string>> programs;  ///< that were run
  std::function<base::Status(const std::vector<std::string>& command)> program =
      [](const std::vector<std::string>&) { return base::Status(); };

  Console console{.out = out,
                  .err = err,
                  .in = in,
                  .clock = clock,
                  .environment = [this](const std::string& name) -> std::optional<std::string> {
                    const auto found = variables.find(name);
                    return found == variables.end() ? std::nullopt : std::optional(found->second);
                  },
                  .pause =
                      [this](std::chrono::milliseconds time) {
                        pauses.push_back(time);
                        clock.advance(time);
                      },
                  .run_program =
                      [this](const std::vector<std::string>& command) {
                        programs.push_back(command);
                        return program(command);
                      }};
};

}  // namespace holdfast::cli
