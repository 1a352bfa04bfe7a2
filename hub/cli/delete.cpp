// SPDX-License-Identifier: Apache-2.0
// holdfast delete
#include <nlohmann/json.hpp>

#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/targets.hpp"

namespace holdfast::cli {

using base::Json;
using base::Result;

namespace {

Result<Targets> read_delete(const Arguments& arguments) {
  return read_named_targets(arguments.one("KIND"), arguments.all("NAME"));
}

/// An object with finalizers goes when what they stand for is done.
std::string outcome(const Json& answer) {
  const bool waits = !text_at(answer, "metadata/deletionTimestamp").empty() &&
                     !list_at(answer, "metadata/finalizers").empty();
  return waits ? "is being deleted: it goes when its resources are gone from the nodes" : "deleted";
}

Result<ExitCode> delete_all(Invocation& invocation, const Targets& targets) {
  HF_TRY(auto* hub, invocation.hub());
  auto code = ExitCode::kDone;
  for (const auto& name : targets.words) {
    const auto answer = hub->remove(ApiPath(targets.type->plural).part(name));
    if (answer) {
      invocation.out() << object_name(*targets.type, name) << " " << outcome(*answer) << "\n";
    } else {
      code = invocation.failed(with_way_out(answer.error(), *targets.type));
    }
  }
  return code;
}

}  // namespace

ExitCode run_delete(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_delete, delete_all>(invocation, arguments);
}

}  // namespace holdfast::cli
