// SPDX-License-Identifier: Apache-2.0
// holdfast history and rollback
#include <nlohmann/json.hpp>

#include "hub/cli/age.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/table.hpp"
#include "hub/cli/targets.hpp"

namespace holdfast::cli {

using base::fail;
using base::Json;
using base::Result;

namespace {

struct HistoryOptions {
  std::string application;
  bool is_json = false;
};

Result<HistoryOptions> read_history(const Arguments& arguments) {
  return HistoryOptions{arguments.one("APP"), arguments.one("--output") == "json"};
}

Result<ExitCode> history(Invocation& invocation, const HistoryOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  const auto answer = hub->get(ApiPath(kApplications).part(options.application).part("history"));
  if (!answer) return fail(with_way_out(answer.error(), object_type(kApplications)));
  if (options.is_json) {
    invocation.out() << json_text(*answer);
    return ExitCode::kDone;
  }
  Table table({"REVISION", "IN FORCE", "SINCE", "BY", "AUTHOR", "SUBJECT"});
  const auto now = invocation.console().clock.wall();
  for (const auto& entry : list_at(*answer, "items")) {
    table.add({text_at(entry, "revision").substr(0, 10), truth_at(entry, "inForce") ? "*" : "",
               age(text_at(entry, "time"), now), text_at(entry, "initiator"), text_at(entry, "author"),
               text_at(entry, "subject")});
  }
  if (table.empty()) {
    invocation.say("No revision of " + options.application + " was in force yet.");
  } else {
    invocation.out() << table.text(invocation.style());
  }
  return ExitCode::kDone;
}

struct RollbackOptions {
  std::string application;
  std::string revision;
};

Result<RollbackOptions> read_rollback(const Arguments& arguments) {
  return RollbackOptions{arguments.one("APP"), arguments.one("REV")};
}

Result<ExitCode> rollback(Invocation& invocation, const RollbackOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  const auto path = ApiPath(kApplications).part(options.application).part("rollback");
  HF_CHECK(hub->post(path, {{"revision", options.revision}}));
  invocation.out() << object_name(object_type(kApplications), options.application) << " goes back to "
                   << options.revision << " and stays there until `holdfast sync " << options.application
                   << "`\n";
  return ExitCode::kDone;
}

}  // namespace

ExitCode run_history(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_history, history>(invocation, arguments);
}

ExitCode run_rollback(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_rollback, rollback>(invocation, arguments);
}

}  // namespace holdfast::cli
