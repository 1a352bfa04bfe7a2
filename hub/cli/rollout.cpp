// SPDX-License-Identifier: Apache-2.0
// holdfast rollout status
#include <nlohmann/json.hpp>

#include "hub/cli/application_state.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/targets.hpp"

namespace holdfast::cli {

using base::Json;
using base::Result;

namespace {

struct RolloutOptions {
  std::string application;
  bool is_json = false;
};

Result<RolloutOptions> read_rollout(const Arguments& arguments) {
  return RolloutOptions{arguments.one("APP"), arguments.one("--output") == "json"};
}

/// Absent nodes stall nothing: they catch up when they return.
bool is_complete(const Json& application) {
  const auto count = [&](const char* name) {
    return number_at(application, std::string("status/nodes/") + name);
  };
  return count("updated") + count("deferred") >= count("total") && count("failed") == 0;
}

Result<ExitCode> rollout_status(Invocation& invocation, const RolloutOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  HF_TRY(const auto application, get_object(*hub, object_type(kApplications), options.application));
  const bool complete = is_complete(application);
  if (options.is_json) {
    const auto* nodes = find_at(application, "status/nodes");
    invocation.out() << json_text({{"application", options.application},
                                   {"revision", text_at(application, "status/revision")},
                                   {"complete", complete},
                                   {"nodes", nodes == nullptr ? Json::object() : *nodes}});
  } else {
    invocation.out() << object_name(object_type(kApplications), options.application) << " "
                     << (complete ? "is rolled out" : "is not rolled out yet") << " at "
                     << text_at(application, "status/revision").substr(0, 10) << ": "
                     << state_text(application) << "\n";
  }
  return complete ? ExitCode::kDone : ExitCode::kNotTrue;
}

}  // namespace

ExitCode run_rollout_status(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_rollout, rollout_status>(invocation, arguments);
}

}  // namespace holdfast::cli
