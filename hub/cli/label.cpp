// SPDX-License-Identifier: Apache-2.0
// holdfast label
#include <nlohmann/json.hpp>

#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/targets.hpp"
#include "sync/model/labels.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

struct LabelOptions {
  const ObjectType* type = nullptr;
  std::vector<std::string> names;
  Json labels = Json::object();  ///< null: taken away
};

bool is_change(const std::string& word) { return word.find('=') != std::string::npos || word.ends_with('-'); }

Status add_change(const std::string& word, Json& labels) {
  const auto equals = word.find('=');
  const bool is_removal = equals == std::string::npos;
  const auto key = is_removal ? word.substr(0, word.size() - 1) : word.substr(0, equals);
  HF_CHECK(sync::check_label_key(key));
  if (labels.contains(key)) return fail(Code::kInvalid, "label " + key + " is given twice");
  labels[key] = nullptr;
  if (is_removal) return {};
  const auto value = word.substr(equals + 1);
  if (auto status = sync::check_label_value(value); !status)
    return fail(std::move(status).error().with_context("label " + key));
  labels[key] = value;
  return {};
}

Result<LabelOptions> read_label(const Arguments& arguments) {
  HF_TRY(auto targets, read_named_targets(arguments.one("KIND"), arguments.all("NAME")));
  LabelOptions out;
  out.type = targets.type;
  for (const auto& word : targets.words) {
    // The first word is a name whatever it looks like: "node-" could be one.
    if (out.names.empty() || !is_change(word)) {
      out.names.push_back(word);
    } else {
      HF_CHECK(add_change(word, out.labels));
    }
  }
  if (out.labels.empty())
    return fail(Code::kInvalid, "which labels? Write k=v to set one, k- to take one away");
  if (out.names.front().find('=') != std::string::npos)
    return fail(Code::kInvalid, "the name comes before the labels");
  return out;
}

Result<ExitCode> label(Invocation& invocation, const LabelOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  auto code = ExitCode::kDone;
  const Json patch{{"metadata", {{"labels", options.labels}}}};
  for (const auto& name : options.names) {
    const auto answer = hub->merge_patch(ApiPath(options.type->plural).part(name), patch);
    if (answer) {
      invocation.out() << object_name(*options.type, name) << " labeled\n";
    } else {
      code = invocation.failed(with_way_out(answer.error(), *options.type));
    }
  }
  return code;
}

}  // namespace

ExitCode run_label(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_label, label>(invocation, arguments);
}

}  // namespace holdfast::cli
