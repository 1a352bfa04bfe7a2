// SPDX-License-Identifier: Apache-2.0
// holdfast diagnose
#include <nlohmann/json.hpp>

#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/targets.hpp"
#include "hub/cli/yaml_text.hpp"

namespace holdfast::cli {

using base::fail;
using base::Json;
using base::Result;

namespace {

struct DiagnoseOptions {
  std::string node;
  bool is_json = false;
};

Result<DiagnoseOptions> read_diagnose(const Arguments& arguments) {
  return DiagnoseOptions{arguments.one("NODE"), arguments.one("--output") == "json"};
}

Result<ExitCode> diagnose(Invocation& invocation, const DiagnoseOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  const auto answer = hub->post(ApiPath(kNodes).part(options.node).part("diagnose"), Json::object());
  if (!answer) return fail(with_way_out(answer.error(), object_type(kNodes)));
  invocation.out() << (options.is_json ? json_text(*answer) : yaml_text(*answer));
  return ExitCode::kDone;
}

}  // namespace

ExitCode run_diagnose(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_diagnose, diagnose>(invocation, arguments);
}

}  // namespace holdfast::cli
