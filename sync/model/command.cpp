// SPDX-License-Identifier: Apache-2.0
#include "sync/model/command.hpp"

#include <algorithm>
#include <set>

#include "base/limits/model.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Status;
namespace limits = base::limits;

bool is_env_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
}

}  // namespace

Status check_no_nul(std::string_view text) {
  if (text.find('\0') == std::string_view::npos) return {};
  return fail(Code::kInvalid, "holds a NUL character, which no program can be given");
}

Status check_arguments(const std::vector<std::string>& arguments) {
  if (arguments.size() > limits::kCommandArgumentsMax) {
    return fail(Code::kLimit, "has " + std::to_string(arguments.size()) + " items; at most " +
                                  std::to_string(limits::kCommandArgumentsMax) + " are allowed");
  }
  std::size_t bytes = 0;
  for (const auto& argument : arguments) {
    HF_CHECK(check_no_nul(argument));
    bytes += argument.size() + 1;
  }
  if (bytes <= limits::kCommandBytesMax) return {};
  return fail(Code::kLimit, "takes " + std::to_string(bytes) + " bytes; at most " +
                                std::to_string(limits::kCommandBytesMax) + " are allowed");
}

Status check_command(const std::vector<std::string>& command) {
  if (command.empty() || command.front().empty()) {
    return fail(Code::kInvalid, "must name a program");
  }
  const std::string& program = command.front();
  if (program.front() != '/' && program.find('/') != std::string::npos) {
    return fail(Code::kInvalid,
                in_quotes(program) + " must be an absolute path, or a plain name found in PATH");
  }
  return check_arguments(command);
}

Status check_env_name(std::string_view name) {
  const bool plain =
      !name.empty() && name.size() <= limits::kNameLengthMax && is_env_start(name.front()) &&
      std::all_of(name.begin(), name.end(), [](char c) { return is_env_start(c) || (c >= '0' && c <= '9'); });
  if (plain) return {};
  return fail(Code::kInvalid,
              in_quotes(name) + " must be letters, digits, '_', '-' and '.', not beginning with a digit");
}

Status check_environment(const std::vector<std::pair<std::string_view, std::string_view>>& variables) {
  if (variables.size() > limits::kCommandArgumentsMax) {
    return fail(Code::kLimit, "more than " + std::to_string(limits::kCommandArgumentsMax) + " variables");
  }
  std::size_t bytes = 0;
  std::set<std::string_view> names;
  for (const auto& [name, value] : variables) {
    bytes += name.size() + value.size() + 2;
    if (!names.insert(name).second) {
      return fail(Code::kInvalid, in_quotes(name) + " is there twice; remove one");
    }
  }
  if (bytes <= limits::kCommandBytesMax) return {};
  return fail(Code::kLimit, std::to_string(bytes) + " bytes; at most " +
                                std::to_string(limits::kCommandBytesMax) + " are allowed");
}

}  // namespace holdfast::sync
