// SPDX-License-Identifier: Apache-2.0
// Invocation: one run of one command: its console, and the hub, which is looked for when it is first needed.
// carry_out() ties a command's two halves together: reading its arguments (wrong ones are exit code 2) and
// doing it (an error is exit code 1).
// Threads: one.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "hub/cli/api_client.hpp"
#include "hub/cli/arguments.hpp"
#include "hub/cli/console.hpp"
#include "hub/cli/exit_code.hpp"
#include "hub/cli/style.hpp"

namespace holdfast::cli {

class Invocation {
 public:
  /// `command`: "token create"; `client_file`: what --config says.
  Invocation(Console& console, std::string command, std::string client_file)
      : console_(console), command_(std::move(command)), client_file_(std::move(client_file)) {}

  Console& console() { return console_; }
  std::ostream& out() { return console_.out; }
  Style style() const { return Style(console_.has_colour()); }
  base::Result<ApiClient*> hub();

  /// A remark beside the output, on standard error.
  void say(const std::string& message);
  ExitCode failed(const base::Error& error);
  ExitCode used_wrongly(const base::Error& error);

 private:
  Console& console_;
  std::string command_;
  std::string client_file_;
  std::unique_ptr<ApiClient> hub_;
};

template <auto Read, auto Run>
ExitCode carry_out(Invocation& invocation, const Arguments& arguments) {
  const auto options = Read(arguments);
  if (!options) return invocation.used_wrongly(options.error());
  const auto done = Run(invocation, *options);
  return done ? *done : invocation.failed(done.error());
}

}  // namespace holdfast::cli
