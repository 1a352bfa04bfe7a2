// SPDX-License-Identifier: Apache-2.0
// holdfast diff
#include <nlohmann/json.hpp>

#include "hub/cli/commands.hpp"
#include "hub/cli/line_diff.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/shown_text.hpp"
#include "hub/cli/targets.hpp"
#include "hub/cli/yaml_text.hpp"

namespace holdfast::cli {

using base::fail;
using base::Json;
using base::Result;

namespace {

constexpr std::size_t kNodesShownMax = 5;

struct DiffOptions {
  std::string application;
  bool is_json = false;
};

Result<DiffOptions> read_diff(const Arguments& arguments) {
  return DiffOptions{arguments.one("APP"), arguments.one("--output") == "json"};
}

/// A resource's canonical JSON as YAML, which people read.
std::string readable(const std::string& json) {
  if (json.empty()) return {};
  const auto value = base::parse_json(json);
  return value ? yaml_text(*value) : json;
}

std::string nodes_text(const Json& nodes) {
  std::string names;
  for (std::size_t i = 0; i < nodes.size() && i < kNodesShownMax; ++i)
    names += (i == 0 ? "" : ", ") + value_text(nodes[i]);
  if (nodes.size() > kNodesShownMax)
    names += ", … and " + std::to_string(nodes.size() - kNodesShownMax) + " more";
  return names.empty() ? "" : " on " + names;
}

std::string place_text(const Json& difference) {
  const auto file = text_at(difference, "file");
  const auto line = number_at(difference, "line");
  if (file.empty()) return {};
  return "  (" + file + (line > 0 ? ":" + std::to_string(line) : "") + ")";
}

void print(Invocation& invocation, const Json& difference) {
  const auto style = invocation.style();
  auto& out = invocation.out();
  const auto title = text_at(difference, "change") + " " + text_at(difference, "resource") +
                     nodes_text(list_at(difference, "nodes")) + place_text(difference);
  out << style.heading(safe_cell(title)) << "\n";
  if (const auto message = text_at(difference, "message"); !message.empty()) {
    out << "  " << indented(safe_lines(message), "  ") << "\n";
  }
  for (const auto& line :
       line_diff(readable(text_at(difference, "before")), readable(text_at(difference, "after")))) {
    const auto text =
        line.mark == '@' ? "  …" : "  " + std::string(1, line.mark) + " " + safe_cell(line.text);
    out << (line.mark == '-' ? style.removed(text) : line.mark == '+' ? style.added(text) : text) << "\n";
  }
}

Result<ExitCode> diff(Invocation& invocation, const DiffOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  const auto answer = hub->get(ApiPath(kApplications).part(options.application).part("diff"));
  if (!answer) return fail(with_way_out(answer.error(), object_type(kApplications)));
  const auto& items = list_at(*answer, "items");
  if (options.is_json) {
    invocation.out() << json_text(*answer);
  } else {
    for (const auto& difference : items) print(invocation, difference);
    if (items.empty()) invocation.say("Nothing differs: the nodes hold what the newest commit says.");
  }
  return items.empty() ? ExitCode::kDone : ExitCode::kNotTrue;
}

}  // namespace

ExitCode run_diff(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_diff, diff>(invocation, arguments);
}

}  // namespace holdfast::cli
