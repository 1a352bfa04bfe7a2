// SPDX-License-Identifier: Apache-2.0
// holdfast render and validate: what the hub would make of a folder, without a hub.
#include <nlohmann/json.hpp>

#include "gitops/render.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/manifest_folder.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/table.hpp"
#include "hub/cli/yaml_text.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

namespace {

enum class Format { kYaml, kJson, kTable };

struct RenderOptions {
  std::string folder;
  std::string node_file;
  std::string application;
  Format format = Format::kYaml;
  gitops::PlainSecrets plain = gitops::PlainSecrets::kRefuse;
};

Format parse_format(const std::string& text, Format usual) {
  if (text == "json") return Format::kJson;
  if (text == "yaml") return Format::kYaml;
  return text == "table" ? Format::kTable : usual;
}

RenderOptions read_options(const Arguments& arguments, Format usual) {
  RenderOptions out{arguments.one("DIR"), arguments.one("--node"), arguments.one("--app"),
                    parse_format(arguments.one("--output"), usual)};
  if (arguments.has("--allow-plain-secrets")) out.plain = gitops::PlainSecrets::kAllow;
  if (out.application.empty()) out.application = folder_name(out.folder);
  return out;
}

Result<RenderOptions> read_render(const Arguments& arguments) {
  return read_options(arguments, Format::kYaml);
}
Result<RenderOptions> read_validate(const Arguments& arguments) {
  return read_options(arguments, Format::kTable);
}

Result<gitops::TemplateValues> values_for(const RenderOptions& options) {
  gitops::TemplateValues values;
  if (!options.node_file.empty()) {
    HF_TRY(values, read_node_values(options.node_file));
  }
  values.app_name = options.application;
  values.app_revision = "HEAD";
  return values;
}

/// Whether it takes a node to tell what the templates mean.
bool needs_node(const gitops::Manifests& manifests) {
  for (const auto& read : manifests.reads) {
    const bool is_of_node = read.name == gitops::TemplateName::kNodeName ||
                            read.name == gitops::TemplateName::kNodeLabel ||
                            read.name == gitops::TemplateName::kNodeFact;
    if (is_of_node && !read.fallback) return true;
  }
  return false;
}

// ---- findings ----

Json to_json(const gitops::Finding& finding) {
  return {{"severity", finding.severity == gitops::Severity::kError ? "error" : "warning"},
          {"file", finding.file},
          {"line", finding.line},
          {"resource", finding.resource},
          {"field", finding.field},
          {"message", finding.message}};
}

Json findings_json(const gitops::Findings& findings) {
  Json items = Json::array();
  for (const auto& finding : findings) items.push_back(to_json(finding));
  return {{"items", std::move(items)}};
}

// ---- render ----

std::string where(const sync::Provenance& provenance) {
  return provenance.file + ":" + std::to_string(provenance.line);
}

Result<std::string> rendering_text(const gitops::Rendering& rendering, Format format, const Style& style) {
  Json items = Json::array();
  std::string yaml;
  Table table({"RESOURCE", "WAVE", "FILE"});
  for (std::size_t i = 0; i < rendering.resources.size(); ++i) {
    const auto& resource = rendering.resources[i];
    HF_TRY(auto object, base::parse_json(resource.body));
    yaml += "---\n# " + where(rendering.provenance[i]) + "\n" + yaml_text(object);
    table.add({resource.key.brief(), std::to_string(resource.wave), where(rendering.provenance[i])});
    items.push_back(std::move(object));
  }
  if (format == Format::kJson) return json_text({{"items", std::move(items)}});
  return format == Format::kYaml ? yaml : table.text(style);
}

std::size_t hub_kinds(const gitops::Manifests& manifests) {
  std::size_t count = 0;
  for (const auto& manifest : manifests.list) count += manifest.hub_kind ? 1 : 0;
  return count;
}

Result<ExitCode> render(Invocation& invocation, const RenderOptions& options) {
  HF_TRY(const auto manifests, parse_manifest_folder(options.folder, options.plain));
  HF_TRY(const auto values, values_for(options));
  if (options.node_file.empty() && needs_node(manifests)) {
    return fail(Code::kInvalid, "templates in " + options.folder +
                                    " read a node: give one with --node FILE (holdfast get node NAME -o "
                                    "yaml > FILE)");
  }
  const auto rendering = gitops::render(manifests, values, "", sync::Revision("HEAD"));
  for (const auto& finding : rendering.findings) invocation.say(finding.text());
  if (gitops::has_errors(rendering.findings)) {
    return fail(Code::kInvalid, options.folder + " cannot be rendered");
  }
  HF_TRY(const auto text, rendering_text(rendering, options.format, invocation.style()));
  invocation.out() << text;
  if (const auto count = hub_kinds(manifests); count > 0) {
    invocation.say("holdfast: " + std::to_string(count) + (count == 1 ? " object is" : " objects are") +
                   " kept by the hub itself and not shown");
  }
  return ExitCode::kDone;
}

// ---- validate ----

Result<ExitCode> validate(Invocation& invocation, const RenderOptions& options) {
  HF_TRY(const auto manifests, parse_manifest_folder(options.folder, options.plain));
  auto findings = gitops::validate(manifests);
  if (!options.node_file.empty() && !gitops::has_errors(findings)) {
    HF_TRY(const auto values, values_for(options));
    findings = gitops::render(manifests, values, "", sync::Revision("HEAD")).findings;
  }
  switch (options.format) {
    case Format::kJson: invocation.out() << json_text(findings_json(findings)); break;
    case Format::kYaml: invocation.out() << yaml_text(findings_json(findings)); break;
    case Format::kTable:
      for (const auto& finding : findings) invocation.out() << finding.text() << "\n";
  }
  if (gitops::has_errors(findings)) return ExitCode::kFailed;
  if (options.format == Format::kTable) {
    const auto count = manifests.list.size();
    invocation.say(options.folder + ": " + std::to_string(count) +
                   (count == 1 ? " manifest is good" : " manifests are good"));
  }
  return ExitCode::kDone;
}

}  // namespace

ExitCode run_render(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_render, render>(invocation, arguments);
}

ExitCode run_validate(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_validate, validate>(invocation, arguments);
}

}  // namespace holdfast::cli
