// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/console.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace holdfast::cli {

using base::Code;
using base::Error;
using base::fail;
using base::Status;

namespace {

Status run_and_wait(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  if (const int error = posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ); error != 0) {
    return fail(Error::from_errno(error, "cannot start " + command.front()));
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return fail(Error::from_errno(errno, "cannot wait for " + command.front()));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const auto how = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                     : "signal " + std::to_string(WTERMSIG(status));
  return fail(Code::kIo, command.front() + " ended with " + how);
}

std::optional<std::string> variable_of_process(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

Console real_console(base::Clock& clock) {
  return {.out = std::cout,
          .err = std::cerr,
          .in = std::cin,
          .clock = clock,
          .out_is_terminal = isatty(STDOUT_FILENO) == 1,
          .err_is_terminal = isatty(STDERR_FILENO) == 1,
          .environment = variable_of_process,
          .pause = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); },
          .run_program = run_and_wait};
}

base::Result<std::string> read_input(Console& console, std::size_t bytes_max) {
  std::string text;
  char piece[4096];
  while (console.in.read(piece, sizeof piece) || console.in.gcount() > 0) {
    text.append(piece, static_cast<std::size_t>(console.in.gcount()));
    if (text.size() > bytes_max)
      return base::fail(base::Code::kLimit,
                        "standard input: more than " + std::to_string(bytes_max) + " bytes");
  }
  return text;
}

}  // namespace holdfast::cli
