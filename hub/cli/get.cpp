// SPDX-License-Identifier: Apache-2.0
// holdfast get
#include <nlohmann/json.hpp>

#include "gitops/application.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/object_table.hpp"
#include "hub/cli/targets.hpp"
#include "hub/cli/watch.hpp"
#include "hub/cli/yaml_text.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

enum class Format { kTable, kWide, kJson, kYaml, kName };

struct GetOptions {
  Targets targets;
  std::string selector;
  std::string field_selector;
  std::string node;
  std::string application;
  Format format = Format::kTable;
  bool is_watched = false;

  bool is_table() const { return format == Format::kTable || format == Format::kWide; }
  Columns columns() const { return format == Format::kWide ? Columns::kWide : Columns::kUsual; }
  std::string_view accept() const { return is_table() ? accept_for_table(*targets.type) : kJsonType; }
};

Format parse_format(const std::string& text) {
  if (text == "wide") return Format::kWide;
  if (text == "json") return Format::kJson;
  if (text == "yaml") return Format::kYaml;
  if (text == "name") return Format::kName;
  return Format::kTable;
}

Status check_report_options(const GetOptions& options) {
  const bool is_report = options.targets.type->is_report;
  if (is_report && (options.is_watched || !options.selector.empty() || !options.field_selector.empty())) {
    return fail(Code::kInvalid, "resources take no -w and no selectors; use --node and --application");
  }
  if (!is_report && (!options.node.empty() || !options.application.empty())) {
    return fail(Code::kInvalid,
                "--node and --application are for resources: holdfast get resources --node NODE");
  }
  return {};
}

Result<GetOptions> read_get(const Arguments& arguments) {
  GetOptions out;
  HF_TRY(out.targets, read_targets(arguments.one("KIND"), arguments.all("NAME")));
  out.selector = arguments.one("--selector");
  out.field_selector = arguments.one("--field-selector");
  out.node = arguments.one("--node");
  out.application = arguments.one("--application");
  out.format = parse_format(arguments.one("--output"));
  out.is_watched = arguments.has("--watch");
  HF_CHECK(check_report_options(out));
  if (auto selector = gitops::parse_selector_text(out.selector); !selector)
    return fail(std::move(selector).error().with_context("--selector"));
  const auto names = out.targets.words.size();
  const bool is_selected = !out.selector.empty() || !out.field_selector.empty();
  if (names > 0 && is_selected) return fail(Code::kInvalid, "give names or selectors, not both");
  if (names > 1 && out.is_watched) return fail(Code::kInvalid, "-w takes one name, or none for all");
  return out;
}

ApiPath list_path(const GetOptions& options) {
  ApiPath path(options.targets.type->plural);
  path.query("labelSelector", options.selector).query("fieldSelector", options.field_selector);
  path.query("node", options.node).query("application", options.application);
  return path;
}

std::string name_of(const Json& object) { return text_at(object, "metadata/name"); }

// ---- printing ----

void print_names(Invocation& invocation, const GetOptions& options, const Json& answer) {
  for (const auto& item : items_of(answer)) {
    invocation.out() << object_name(*options.targets.type, name_of(item)) << "\n";
  }
}

void print_objects(Invocation& invocation, const GetOptions& options, const Json& answer) {
  switch (options.format) {
    case Format::kJson: invocation.out() << json_text(answer); return;
    case Format::kYaml: invocation.out() << yaml_text(answer); return;
    default: print_names(invocation, options, answer);
  }
}

void print(Invocation& invocation, const GetOptions& options, const Json& answer) {
  if (!options.is_table()) return print_objects(invocation, options, answer);
  const auto table =
      object_table(answer, *options.targets.type, options.columns(), invocation.console().clock.wall());
  if (table.empty()) return invocation.say("No " + std::string(options.targets.type->plural) + " found.");
  invocation.out() << table.text(invocation.style());
}

// ---- once ----

/// Reports have no names of their own: "File/motd" or the whole name picks from the list.
Json picked(const Json& list, const std::vector<std::string>& names) {
  if (names.empty()) return list;
  Json out = list;
  out["items"] = Json::array();
  for (const auto& item : items_of(list)) {
    for (const auto& name : names) {
      if (name_of(item) == name || text_at(item, "resource") == name) out["items"].push_back(item);
    }
  }
  return out;
}

Json merged_tables(const std::vector<Json>& tables) {
  Json out = tables.front();
  for (std::size_t i = 1; i < tables.size(); ++i) {
    for (const auto& row : list_at(tables[i], "rows")) out["rows"].push_back(row);
  }
  return out;
}

Json merged(const std::vector<Json>& answers) {
  if (answers.size() == 1) return answers.front();
  if (text_at(answers.front(), "kind") == "Table") return merged_tables(answers);
  return {{"apiVersion", "v1"}, {"kind", "List"}, {"metadata", Json::object()}, {"items", answers}};
}

Result<Json> fetch(ApiClient& hub, const GetOptions& options) {
  const auto& names = options.targets.words;
  const auto& type = *options.targets.type;
  if (names.empty() || type.is_report) {
    HF_TRY(const auto list, hub.get(list_path(options), options.accept()));
    return picked(list, names);
  }
  std::vector<Json> answers;
  for (const auto& name : names) {
    HF_TRY(auto answer, get_object(hub, type, name, options.accept()));
    answers.push_back(std::move(answer));
  }
  return merged(answers);
}

// ---- and every change ----

/// The list as it is, then every change, one after the other.
class Following {
 public:
  Following(Invocation& invocation, const GetOptions& options) : invocation_(invocation), options_(options) {}

  Result<ExitCode> run(ApiClient& hub) {
    const auto path = list_path(options_);
    const auto name = options_.targets.words.empty() ? std::string() : options_.targets.words.front();
    auto listed = path;
    if (!name.empty()) listed.query("fieldSelector", "metadata.name=" + name);
    for (;;) {
      HF_TRY(const auto list, hub.get(listed, options_.accept()));
      show(list);
      WatchOptions watched{path, name};
      watched.accept = options_.accept();
      watched.from_version = text_at(list, "metadata/resourceVersion");
      HF_TRY(const auto end, watch(hub, invocation_.console(), std::move(watched),
                                   [this](const std::string&, const Json& object) {
                                     show(object);
                                     return invocation_.out().good();
                                   }));
      if (end != WatchEnd::kExpired) return ExitCode::kFailed;  // nobody reads any more
    }
  }

 private:
  void show(const Json& answer) {
    if (options_.is_table()) {
      show_rows(answer);
    } else if (options_.format == Format::kYaml) {
      for (const auto& item : items_of(answer)) invocation_.out() << yaml_text(item) << "---\n";
    } else if (options_.format == Format::kJson) {
      for (const auto& item : items_of(answer)) invocation_.out() << json_text(item);
    } else {
      print_names(invocation_, options_, answer);
    }
    invocation_.out().flush();
  }

  void show_rows(const Json& answer) {
    const auto now = invocation_.console().clock.wall();
    const auto table = object_table(answer, *options_.targets.type, options_.columns(), now);
    if (table.empty()) return;
    if (widths_.empty()) invocation_.out() << table.header_text(widths_);
    invocation_.out() << table.rows_text(invocation_.style(), widths_);
  }

  Invocation& invocation_;
  const GetOptions& options_;
  std::vector<std::size_t> widths_;
};

Result<ExitCode> get(Invocation& invocation, const GetOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  if (options.is_watched) return Following(invocation, options).run(*hub);
  HF_TRY(const auto answer, fetch(*hub, options));
  print(invocation, options, answer);
  return ExitCode::kDone;
}

}  // namespace

ExitCode run_get(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_get, get>(invocation, arguments);
}

}  // namespace holdfast::cli
