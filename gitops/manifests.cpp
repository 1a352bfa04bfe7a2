// SPDX-License-Identifier: Apache-2.0
// parse_manifests: files → documents → manifests. What is the same for every node is read here, once.
#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits/documents.hpp"
#include "gitops/document.hpp"
#include "gitops/json_text.hpp"
#include "gitops/kustomize/build.hpp"
#include "gitops/manifest_finding.hpp"
#include "gitops/manifest_path.hpp"
#include "gitops/render.hpp"
#include "gitops/section_room.hpp"
#include "gitops/template_leaves.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Status;
namespace limits = base::limits;

constexpr std::array<std::string_view, 4> kHubKinds{"Application", "Node", "EnrollmentToken", "Project"};
constexpr std::string_view kHubGroup = "holdfast.dev/";

/// Files that make a folder something else than plain manifests.
struct OtherTool {
  std::string_view file;
  std::string_view message;
};
constexpr std::string_view kKustomizationBeneath =
    "a kustomization in a folder beneath the application's path; point the application at this folder, or "
    "write a "
    "kustomization.yaml at its path that names it";
constexpr std::array kOtherTools{
    OtherTool{"kustomization.yaml", kKustomizationBeneath},
    OtherTool{"kustomization.yml", kKustomizationBeneath},
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

/// Nothing in what is secret is a template, whatever it looks like.
bool templates_disabled(const Json& document) {
  const std::string* kind = string_in(document, "kind");
  if (kind != nullptr && (*kind == "Secret" || *kind == "SealedSecret")) return true;
  if (!document.contains("metadata") || !document.at("metadata").is_object()) return false;
  const Json& metadata = document.at("metadata");
  if (!metadata.contains("annotations")) return false;
  const std::string* value = string_in(metadata.at("annotations"), sync::kAnnotationTemplate);
  return value != nullptr && *value == "disabled";
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
  explicit Collector(PlainSecrets plain) : plain_(plain) {}

  void read(const TreeFile& file, const std::string& path_prefix) {
    if (stopped_ || findings_.is_full()) return;
    const std::string path = joined(path_prefix, file.path);
    file_ = one_line(path, limits::kManifestPathLengthMax);
    if (auto problem = path_problem(path); !problem.empty()) return report(0, std::move(problem));
    const std::string_view name = name_of(file.path);
    const auto other = std::find_if(kOtherTools.begin(), kOtherTools.end(),
                                    [&](const OtherTool& tool) { return tool.file == name; });
    if (other != kOtherTools.end()) return report(0, std::string(other->message));
    Documents documents = is_json_name(name) ? read_json(file.content) : read_yaml(file.content);
    if (documents.problem) report(documents.problem->line, documents.problem->message);
    for (auto& document : documents.list) add(std::move(document));
  }

  void read(KustomizeBuild build) {
    for (auto& finding : build.findings) findings_.add(std::move(finding));
    for (auto& [file, document] : build.list) {
      file_ = one_line(file, limits::kManifestPathLengthMax);
      add(std::move(document));
    }
  }

  Manifests take() {
    for (auto& [text, read] : reads_) out_.reads.push_back(std::move(read));
    out_.findings = std::move(findings_).take();
    return std::move(out_);
  }

 private:
  void report(std::uint32_t line, std::string message) {
    findings_.add({Severity::kError, file_, line, "", "", std::move(message)});
  }
  /// A limit of the whole application: there is no use, and no bound, in reading on.
  void stop(std::uint32_t line, std::string message) {
    stopped_ = true;
    report(line, std::move(message));
  }

  void add(Document document) {
    if (stopped_ || findings_.is_full()) return;
    bytes_ += document.json.size();
    if (bytes_ > limits::kManifestBytesMax) {
      return stop(document.line, "the manifests, with aliases written out, have more than " +
                                     std::to_string(limits::kManifestBytesMax) +
                                     " bytes; make it several applications");
    }
    const auto value = base::parse_json(document.json);
    if (!value) return report(document.line, value.error().message());
    if (!is_manifest_list(*value)) return add_manifest(std::move(document), *value);
    for (auto& item : elements_of(*value, document.lines, "items")) {
      if (stopped_) return;
      add_manifest({base::canonical_json(*item.value), item.line, std::move(item.lines)}, *item.value);
    }
  }

  void add_manifest(Document document, const Json& value) {
    Manifest manifest{std::move(document.json), file_, document.line, std::move(document.lines)};
    if (out_.list.size() >= limits::kManifestsMax) {
      return stop(manifest.line, "more than " + std::to_string(limits::kManifestsMax) +
                                     " manifests; make it several applications");
    }
    if (auto status = read_manifest(manifest, value); !status) {
      return findings_.add(finding_in(manifest, value, status.error()));
    }
    out_.list.push_back(std::move(manifest));
  }

  Status read_manifest(Manifest& manifest, const Json& value) {
    HF_CHECK(check_shape(value));
    manifest.hub_kind = is_hub_kind(value.at("apiVersion"), value.at("kind"));
    manifest.templated = !manifest.hub_kind && !templates_disabled(value) && has_template_leaf(value);
    if (manifest.templated) return read_templates(manifest, value);
    if (manifest.hub_kind) return {};
    HF_TRY(manifest.parsed, read_resource(value, plain_));
    auto status = room_.take(manifest.parsed->resource.body.size());
    stopped_ = stopped_ || !status;
    return status;
  }

  /// All of them, so that a person learns of each bad one at once.
  Status read_templates(const Manifest& manifest, const Json& value) {
    Json document = value;
    return for_each_template_leaf(document, [&](const FieldPath& field, std::string& text) -> Status {
      if (stopped_ || findings_.is_full()) return {};
      const auto parsed = Template::parse(text);
      if (!parsed) {
        findings_.add(finding_at(manifest, value, field,
                                 parsed.error().message() +
                                     "; the annotation holdfast.dev/template: disabled turns templates off"));
        return {};
      }
      for (auto& expression : parsed->expressions()) {
        expression.fallback.reset();
        std::string name = expression.text();
        reads_.emplace(std::move(name), std::move(expression));
        if (reads_.size() <= limits::kTemplateNamesMax) continue;
        stopped_ = true;
        findings_.add(finding_at(manifest, value, field,
                                 "the application's templates read more than " +
                                     std::to_string(limits::kTemplateNamesMax) +
                                     " different names; make it several applications"));
        return {};
      }
      return {};
    });
  }

  PlainSecrets plain_;
  Manifests out_;
  FindingList findings_;
  std::map<std::string, TemplateExpression> reads_;  // by text
  SectionRoom room_;                                 // of what is not templated
  std::size_t bytes_ = 0;
  bool stopped_ = false;
  std::string file_;
};

}  // namespace

bool is_hub_kind(const std::string& api_version, const std::string& kind) {
  return api_version.starts_with(kHubGroup) &&
         std::find(kHubKinds.begin(), kHubKinds.end(), kind) != kHubKinds.end();
}

Manifests parse_manifests(const std::vector<TreeFile>& files, const std::string& path_prefix,
                          PlainSecrets plain) {
  Collector collector(plain);
  const auto prefix = normal_tree_path(path_prefix);
  for (const auto& file : files) collector.read(file, prefix.value_or(path_prefix));
  return collector.take();
}

Manifests parse_build(KustomizeBuild build, PlainSecrets plain) {
  Collector collector(plain);
  collector.read(std::move(build));
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
