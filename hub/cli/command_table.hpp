// SPDX-License-Identifier: Apache-2.0
// The table of commands: what each takes, what it is for, an example, and the function that does it. The
// parser, the help and the shell completions are all made from these rows.
// Threads: constants.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "hub/cli/arguments.hpp"
#include "hub/cli/exit_code.hpp"
#include "hub/cli/invocation.hpp"

namespace holdfast::cli {

/// What a shell offers in a place.
enum class Completes {
  kNothing,
  kWords,        ///< of `words`
  kType,         ///< types of objects
  kName,         ///< names of the type given first
  kApplication,  ///< names of applications
  kNode,         ///< names of nodes
  kFile,
  kFolder,
};

enum class Count { kOne, kOptional, kMany };

struct PositionalSpec {
  std::string_view name;  ///< "NAME"
  Count count;
  Completes completes;
  std::string_view help;
  std::string_view words = {};  ///< "bash zsh"
};

struct OptionSpec {
  std::string_view name;        ///< "--selector"
  std::string_view short_name;  ///< "-l"; may be empty
  std::string_view value;       ///< "SELECTOR"; empty: a flag
  std::string_view help;
  Completes completes = Completes::kNothing;
  std::string_view words = {};  ///< "table json": no other value is taken
  bool is_repeated = false;
};

struct CommandSpec {
  std::string_view name;  ///< "get", "token create"
  std::string_view group;
  std::string_view summary;
  std::string_view example;
  std::vector<PositionalSpec> positionals;
  std::vector<OptionSpec> options;
  ExitCode (*run)(Invocation& invocation, const Arguments& arguments);
  bool takes_anything = false;  ///< of a later release: whatever is given, it says so
};

std::span<const CommandSpec> commands();
/// What stands before the commands that have two words: "token", "rollout".
std::string_view group_summary(std::string_view first_word);

}  // namespace holdfast::cli
