// SPDX-License-Identifier: Apache-2.0
// holdfast version, and what is said of commands that come later.
#include "base/version.hpp"

#include <nlohmann/json.hpp>

#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

namespace {

struct VersionOptions {
  bool is_json = false;
};

Result<VersionOptions> read_version(const Arguments& arguments) {
  return VersionOptions{arguments.one("--output") == "json"};
}

/// kubectl wants a version of Kubernetes before the hub's own: "v1.29.0+holdfast-0.1.0".
std::string own_part(const std::string& version) {
  constexpr std::string_view kMark = "holdfast-";
  const auto at = version.find(kMark);
  return at == std::string::npos ? version : version.substr(at + kMark.size());
}

Result<ExitCode> version(Invocation& invocation, const VersionOptions& options) {
  Json out{{"client", base::kVersion}};
  if (auto hub = invocation.hub()) {
    out["server"] = (*hub)->file().server();
    if (const auto answer = (*hub)->get_raw("/version")) {
      out["hub"] = own_part(text_at(*answer, "gitVersion"));
    } else {
      out["problem"] = answer.error().message();
    }
  }
  if (options.is_json) {
    invocation.out() << json_text(out);
    return ExitCode::kDone;
  }
  invocation.out() << "holdfast " << base::kVersion << "\n";
  if (out.contains("hub"))
    invocation.out() << "hub " << text_at(out, "hub") << " at " << text_at(out, "server") << "\n";
  if (out.contains("problem")) invocation.say("holdfast: " + text_at(out, "problem"));
  return ExitCode::kDone;
}

Result<ExitCode> later(Invocation&, const VersionOptions&) {
  return fail(Code::kUnsupported, "this command is not part of this release yet");
}

}  // namespace

ExitCode run_version(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_version, version>(invocation, arguments);
}

ExitCode run_later(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_version, later>(invocation, arguments);
}

}  // namespace holdfast::cli
