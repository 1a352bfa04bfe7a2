// SPDX-License-Identifier: Apache-2.0
// libFuzzer on the whole way of a manifest: read_yaml or read_json, parse_manifests, validate, render.
// Whatever the bytes: no crash, findings that are short UTF-8 with lines within the file, documents whose
// text is JSON with a line for each field, and resources that read back. The first byte chooses YAML or JSON;
// what stands after the last NUL is the file's name without its suffix, of any bytes, as in Git.
// Threads: one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/documents.hpp"
#include "gitops/document.hpp"
#include "gitops/render.hpp"

namespace {

using namespace holdfast;  // NOLINT: a fuzz target of one file
using base::Json;

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t fields_in(const Json& value) {
  std::size_t count = 0;
  if (!value.is_structured()) return count;
  for (const auto& child : value) count += 1 + fields_in(child);
  return count;
}

void check_documents(const gitops::Documents& documents, std::size_t lines) {
  for (const auto& document : documents.list) {
    const auto value = base::parse_json(document.json);
    if (!value) continue;  // aliases can make a document that is over JSON's own limits
    require(document.lines.size() == fields_in(*value));
    require(document.line <= lines);
    for (const auto line : document.lines) require(line >= 1 && line <= lines);
  }
}

void check_findings(const gitops::Findings& findings, std::size_t lines) {
  require(findings.size() <= base::limits::kFindingsMax);
  for (const auto& finding : findings) {
    require(base::is_utf8(finding.text()));
    require(finding.text().find('\n') == std::string::npos);
    require(finding.text().size() < 8'192);
    require(base::is_utf8(finding.file) && base::is_utf8(finding.message));
    require(finding.line <= lines);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool json = data[0] == '{';
  std::string text(reinterpret_cast<const char*>(data), size);
  std::string name = "a";
  if (const auto nul = text.rfind('\0'); nul != std::string::npos) {
    name = text.substr(nul + 1);
    text.resize(nul);
  }
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;

  check_documents(json ? gitops::read_json(text) : gitops::read_yaml(text), lines);
  const auto manifests = gitops::parse_manifests({{name + (json ? ".json" : ".yaml"), text}}, "apps");
  check_findings(gitops::validate(manifests), lines);

  const gitops::TemplateValues values{.node_name = "n1",
                                      .node_labels = {{"site", "berlin"}, {"x", "{{ .node.name }}"}},
                                      .node_facts = {{"arch", "arm64"}},
                                      .app_name = "web",
                                      .app_revision = "3f2a91c"};
  const auto rendering = gitops::render(manifests, values, "https://h/a", sync::Revision("1"));
  check_findings(rendering.findings, lines);
  require(rendering.resources.size() == rendering.provenance.size());
  for (const auto& origin : rendering.provenance) require(base::is_utf8(origin.file));
  for (const auto& resource : rendering.resources) {
    const auto again = sync::parse_resource(std::string_view(resource.body));
    require(again.has_value() && *again == resource);
  }
  return 0;
}
