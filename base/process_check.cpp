// SPDX-License-Identifier: Apache-2.0
#include "base/process_check.hpp"

#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"

namespace holdfast::base {
namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Status invalid(const std::string& where, std::string_view what) {
  return fail(Code::kInvalid, where + ": " + std::string(what));
}

Status check_command(const std::string& where, const std::vector<std::string>& argv, const Environment& env) {
  if (argv.empty() || argv.front().empty()) return invalid(where, "names no program");
  std::size_t bytes = 0;
  for (const std::string& argument : argv) {
    if (has_nul(argument)) return invalid(where, "an argument has a NUL byte");
    bytes += argument.size() + 1;
  }
  for (const auto& [name, value] : env) {
    if (name.empty() || has_nul(name) || has_nul(value) || name.find('=') != std::string::npos) {
      return invalid(
          where, "environment variable '" + name.substr(0, name.find('\0')) + "' has a bad name or value");
    }
    bytes += name.size() + value.size() + 2;
  }
  if (argv.size() + env.size() > limits::kCommandArgumentsMax || bytes > limits::kCommandBytesMax) {
    return fail(Code::kLimit, where + ": arguments and environment are more than " +
                                  std::to_string(limits::kCommandArgumentsMax) + " or longer than " +
                                  std::to_string(limits::kCommandBytesMax) + " bytes");
  }
  return {};
}

Status check_folder(const std::string& where, const std::string& folder) {
  if (folder.empty() || folder.front() != '/' || has_nul(folder) || folder.size() > limits::kPathLengthMax) {
    return invalid(where,
                   "working folder '" + folder.substr(0, folder.find('\0')) + "' is not an absolute path");
  }
  return {};
}

/// Whatever could begin a header or a request of its own.
bool breaks_line(std::string_view text) {
  return has_nul(text) || text.find_first_of("\r\n") != std::string_view::npos;
}

Status check_http(const std::string& where, const HttpProbe& http) {
  if (http.path.empty() || http.path.front() != '/' || breaks_line(http.path) ||
      http.path.find(' ') != std::string::npos) {
    return invalid(where, "path must begin with '/' and have no space");
  }
  for (const auto& [name, value] : http.headers) {
    if (name.empty() || breaks_line(name) || name.find_first_of(": ") != std::string::npos ||
        breaks_line(value)) {
      return invalid(where, "header '" + name + "' is malformed");
    }
  }
  return {};
}

}  // namespace

Status check_process_id(const ProcessId& id) {
  const std::string& name = id.instance;
  const bool allowed = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
  if (name.empty() || name.size() > limits::kProcessNameLengthMax || !allowed || name[0] == '.' ||
      name[0] == '-') {
    return fail(Code::kInvalid,
                "'" + name.substr(0, limits::kProcessNameLengthMax) + "' is no name for a process");
  }
  return {};
}

Status check_process_start(const ProcessStart& start) {
  HF_CHECK(check_process_id(start.id));
  const std::string where = "process '" + start.id.instance + "'";
  HF_CHECK(check_command(where, start.argv, start.env));
  HF_CHECK(check_folder(where, start.working_dir));
  if (has_nul(start.user) || has_nul(start.mark) || has_nul(start.spec_digest)) {
    return invalid(where, "a NUL byte where none can be");
  }
  if (start.mark.size() > limits::kMarkBytesMax || start.spec_digest.size() > limits::kMarkBytesMax) {
    return fail(Code::kLimit, where + ": mark or digest is too long");
  }
  return {};
}

Status check_probe_start(const ProbeStart& probe) {
  const std::string where = "probe '" + probe.id + "'";
  const int kinds = (probe.exec ? 1 : 0) + (probe.http ? 1 : 0) + (probe.tcp ? 1 : 0);
  if (kinds != 1) return invalid(where, "must be exactly one of exec, http and tcp");
  if (probe.timeout <= std::chrono::milliseconds(0) || probe.timeout > limits::kProbeTimeoutMax) {
    return invalid(where, "timeout must be above 0 and at most " +
                              std::to_string(limits::kProbeTimeoutMax.count()) + " s");
  }
  if (probe.exec) {
    HF_CHECK(check_command(where, probe.exec->argv, probe.exec->env));
    HF_CHECK(check_folder(where, probe.exec->working_dir));
  }
  if (probe.http) HF_CHECK(check_http(where, *probe.http));
  return {};
}

}  // namespace holdfast::base
