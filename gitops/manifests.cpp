// SPDX-License-Identifier: Apache-2.0
// parse_manifests: files → documents → manifests. What is the same for every node is read here, once.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits.hpp"
#include "gitops/document.hpp"
#include "gitops/manifest_finding.hpp"
#include "gitops/manifest_path.hpp"
#include "gitops/render.hpp"
#include "gitops/template_leaves.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::Error;
using base::fail;
using base::Json;
using base::Status;
using sync::in_quotes;
namespace limits = base::limits;

constexpr std::array<std::string_view, 5> kHubKinds{"Application", "Node", "EnrollmentToken", "Project",
                                                    "SealedSecret"};
constexpr std::string_view kHubGroup = "holdfast.dev/";

/// Files that make a folder something else than plain manifests.
struct OtherTool {
  std::string_view file;
  std::string_view message;
};
constexpr std::array kOtherTools{
    OtherTool{"kustomization.yaml", "kustomize is not supported by this release; commit plain manifests"},
    OtherTool{"kustomization.yml", "kustomize is not supported by this release; commit plain manifests"},
    OtherTool{"Chart.yaml",
              "Helm charts are not supported by this release; commit what `helm template` prints"},
};

std::string_view name_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

const std::string* string_in(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto member = object.find(std::string(name));
  return member == object.end() ? nullptr : member->get_ptr<const std::string*>();
}

bool templates_disabled(const Json& document) {
  if (!document.contains("metadata") || !document.at("metadata").is_object()) return false;
  const Json& metadata = document.at("metadata");
  if (!metadata.contains("annotations")) return false;
  const std::string* value = string_in(metadata.at("annotations"), sync::kAnnotationTemplate);
  return value != nullptr && *value == "disabled";
}

/// `kind: List`, and kubectl's lists of one kind.
bool is_list(const Json& document) {
  const std::string* kind = string_in(document, "kind");
  return kind != nullptr && kind->ends_with("List") && document.contains("items") &&
         document.at("items").is_array();
}

Status check_shape(const Json& document) {
  if (!document.is_object()) {
    return fail(Code::kInvalid, "not a manifest: it must be a mapping with apiVersion and kind");
  }
  for (const char* name : {"apiVersion", "kind"}) {
    const std::string* text = string_in(document, name);
    if (text == nullptr) {
      return fail(Code::kInvalid, std::string(name) +
                                      ": is missing, so this is not a manifest; keep other files out "
                                      "of the application's path, or begin their names with a dot");
    }
    if (has_template(*text)) return fail(Code::kInvalid, std::string(name) + ": cannot be a template");
  }
  return {};
}

class Collector {
 public:
  void read(const TreeFile& file, const std::string& path_prefix) {
    file_ = joined(path_prefix, file.path);
    const std::string_view name = name_of(file.path);
    const auto other = std::find_if(kOtherTools.begin(), kOtherTools.end(),
                                    [&](const OtherTool& tool) { return tool.file == name; });
    if (other != kOtherTools.end()) return report(0, std::string(other->message));
    Documents documents = is_json_name(name) ? read_json(file.content) : read_yaml(file.content);
    if (documents.problem) report(documents.problem->line, documents.problem->message);
    for (auto& document : documents.list) add(std::move(document));
  }

  Manifests take() {
    auto& reads = out_.reads;
    for (auto& read : reads) read.fallback.reset();
    const auto text_before = [](const auto& a, const auto& b) { return a.text() < b.text(); };
    std::sort(reads.begin(), reads.end(), text_before);
    reads.erase(std::unique(reads.begin(), reads.end()), reads.end());
    return std::move(out_);
  }

 private:
  void report(std::uint32_t line, std::string message) {
    keep({Severity::kError, file_, line, "", "", std::move(message)});
  }
  void keep(Finding finding) {
    if (out_.findings.size() < limits::kFindingsMax) out_.findings.push_back(std::move(finding));
  }

  void add(Document document) {
    const auto value = base::parse_json(document.json);
    if (!value) return report(document.line, value.error().message());
    if (!is_list(*value)) return add_manifest(std::move(document), *value);
    for (auto& item : elements_of(*value, document.lines, "items")) {
      add_manifest({base::canonical_json(*item.value), item.line, std::move(item.lines)}, *item.value);
    }
  }

  void add_manifest(Document document, const Json& value) {
    Manifest manifest{std::move(document.json), file_, document.line, std::move(document.lines)};
    if (auto status = check_shape(value); !status) return keep(finding_in(manifest, status.error()));
    if (out_.list.size() >= limits::kManifestsMax) {
      return report(manifest.line, "more than " + std::to_string(limits::kManifestsMax) +
                                       " manifests; make it several applications");
    }
    manifest.hub_kind = is_hub_kind(value.at("apiVersion"), value.at("kind"));
    manifest.templated = !manifest.hub_kind && !templates_disabled(value) && has_template_leaf(value);
    if (manifest.templated) {
      read_templates(manifest, value);
    } else if (!manifest.hub_kind) {
      auto parsed = read_resource(value);
      if (!parsed) return keep(finding_in(manifest, parsed.error()));
      manifest.parsed = *std::move(parsed);
    }
    out_.list.push_back(std::move(manifest));
  }

  /// All of them, so that a person learns of each bad one at once.
  void read_templates(const Manifest& manifest, Json value) {
    const auto status =
        for_each_template_leaf(value, [&](const FieldPath& field, std::string& text) -> Status {
          const auto parsed = Template::parse(text);
          if (!parsed) {
            keep(finding_at(manifest, field,
                            parsed.error().message() +
                                "; the annotation holdfast.dev/template: disabled turns templates off"));
            return {};
          }
          for (auto& expression : parsed->expressions()) out_.reads.push_back(std::move(expression));
          return {};
        });
    if (!status) keep(finding_in(manifest, status.error()));
  }

  Manifests out_;
  std::string file_;
};

}  // namespace

bool is_hub_kind(const std::string& api_version, const std::string& kind) {
  return api_version.starts_with(kHubGroup) &&
         std::find(kHubKinds.begin(), kHubKinds.end(), kind) != kHubKinds.end();
}

Manifests parse_manifests(const std::vector<TreeFile>& files, const std::string& path_prefix) {
  Collector collector;
  const auto prefix = normal_tree_path(path_prefix);
  for (const auto& file : files) collector.read(file, prefix.value_or(path_prefix));
  return collector.take();
}

std::string values_read(const Manifests& manifests, const TemplateValues& values) {
  std::string out;
  for (const auto& expression : manifests.reads) {
    const auto value = value_of(expression, values);
    // A missing name and an empty one differ; the length keeps two values from running together.
    out += expression.text() + (value ? "=" + std::to_string(value->size()) + ":" + *value : "!") + "\n";
  }
  return out;
}

}  // namespace holdfast::gitops
