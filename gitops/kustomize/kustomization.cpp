// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/kustomization.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;

/// Known to kustomize and not to us.
struct Refused {
  std::string_view field;
  std::string_view way_out;
};
constexpr std::array kRefused{
    Refused{"buildMetadata", "what was built from what is in `holdfast why`; take it out"},
    Refused{"configurations", "the fields that name other resources are known; take it out"},
    Refused{"crds", "put the definition into resources"},
    Refused{"generators", "plugins are not run; use configMapGenerator and secretGenerator"},
    Refused{"helmChartInflationGenerator", "commit what `helm template` prints"},
    Refused{"helmCharts", "commit what `helm template` prints"},
    Refused{"helmGlobals", "commit what `helm template` prints"},
    Refused{"imageTags", "write images"},
    Refused{"inventory", "what an application made is in the inventory of each node; take it out"},
    Refused{"openapi", "how lists are merged is known; take it out"},
    Refused{"transformers", "plugins are not run; use patches and replacements"},
    Refused{"validators", "plugins are not run; take it out"},
    Refused{"vars", "write replacements"},
};

constexpr std::array<std::string_view, 22> kSupported{
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "components",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "commonLabels",
    "commonAnnotations",
    "labels",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "images",
    "replicas",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "replacements",
    "sortOptions",
};

bool is_empty(const Json& value) {
  return value.is_null() || (value.is_structured() && value.empty()) || value == "";
}

Status check_refused(const Json& document) {
  for (const auto& [field, way_out] : kRefused) {
    const auto member = document.find(std::string(field));
    if (member == document.end() || is_empty(*member)) continue;
    return fail(Code::kUnsupported,
                std::string(field) + ": is not supported in a kustomization; " + std::string(way_out));
  }
  return {};
}

Status read_kind(const Json& document, Kustomization& out) {
  std::string api_version;
  std::string kind = "Kustomization";
  ObjectReader in(document, "");
  in.optional("apiVersion", api_version).optional("kind", kind);
  HF_CHECK(in.finish_open());
  if (kind != "Kustomization" && kind != "Component")
    return fail(Code::kInvalid, "kind: must be Kustomization or Component");
  out.is_component = kind == "Component";
  const std::string wanted =
      std::string("kustomize.config.k8s.io/") + (out.is_component ? "v1alpha1" : "v1beta1");
  const bool is_newer = api_version == "kustomize.config.k8s.io/v1" && !out.is_component;
  if (!api_version.empty() && api_version != wanted && !is_newer)
    return fail(Code::kInvalid, "apiVersion: must be " + wanted);
  return {};
}

void read_gvk(ObjectReader& in, TargetSelector& out) {
  in.optional("group", out.group).optional("version", out.version).optional("kind", out.kind);
  in.optional("name", out.name).optional("namespace", out.ns);
}

Status read_target(const Json& value, const std::string& where, TargetSelector& out) {
  ObjectReader in(value, where);
  read_gvk(in, out);
  in.optional("labelSelector", out.labels).optional("annotationSelector", out.annotations);
  return in.finish();
}

Status read_patch(const Json& value, const std::string& where, KustomizePatch& out) {
  out.where = where;
  ObjectReader in(value, where);
  in.optional("path", out.path).optional("patch", out.text);
  in.optional("target", [&](const Json& target, const std::string& at) {
    return read_target(target, at, out.target.emplace());
  });
  in.optional("options", [&](const Json& options, const std::string& at) {
    ObjectReader reader(options, at);
    reader.optional("allowNameChange", out.may_rename).optional("allowKindChange", out.may_change_kind);
    return reader.finish();
  });
  HF_CHECK(in.finish());
  if (out.path.empty() == out.text.empty())
    return fail(Code::kInvalid, where + ": must have either path or patch");
  return {};
}

/// A file, or the patch itself.
Status read_strategic_patch(const Json& value, const std::string& where, KustomizePatch& out) {
  const auto* text = value.get_ptr<const std::string*>();
  if (text == nullptr) return fail(Code::kInvalid, where + ": must be a string");
  out.where = where;
  const bool is_text = text->find('\n') != std::string::npos || text->find(": ") != std::string::npos;
  (is_text ? out.text : out.path) = *text;
  return {};
}

Status read_labels(const Json& value, const std::string& where, KustomizeLabels& out) {
  ObjectReader in(value, where);
  in.optional("pairs", out.pairs);
  in.optional("includeSelectors", out.in_selectors).optional("includeTemplates", out.in_templates);
  if (in.has("fields"))
    return fail(Code::kUnsupported, where + ".fields: is not supported; write a patch for those fields");
  return in.finish();
}

Status read_image(const Json& value, const std::string& where, KustomizeImage& out) {
  ObjectReader in(value, where);
  in.required("name", out.name).optional("newName", out.new_name).optional("digest", out.digest);
  in.optional("newTag", out.new_tag);
  return in.finish();
}

Status read_replicas(const Json& value, const std::string& where, KustomizeReplicas& out) {
  out.where = where;
  ObjectReader in(value, where);
  in.required("name", out.name).required("count", out.count);
  HF_CHECK(in.finish());
  if (out.count < 0) return fail(Code::kInvalid, where + ".count: must not be negative");
  return {};
}

Status read_options(const Json& value, const std::string& where, GeneratorOptions& out) {
  ObjectReader in(value, where);
  in.optional("labels", out.labels).optional("annotations", out.annotations);
  in.optional("disableNameSuffixHash", out.no_hash).optional("immutable", out.immutable);
  return in.finish();
}

Status read_behavior(std::string_view text, const std::string& where, KustomizeGenerator& out) {
  using Behavior = KustomizeGenerator::Behavior;
  if (text == "merge") {
    out.behavior = Behavior::kMerge;
  } else if (text == "replace") {
    out.behavior = Behavior::kReplace;
  } else if (text != "create" && !text.empty()) {
    return fail(Code::kInvalid, where + ".behavior: must be create, merge or replace");
  }
  return {};
}

Status read_generator(const Json& value, const std::string& where, KustomizeGenerator& out) {
  out.where = where;
  std::string behavior;
  std::string env;
  ObjectReader in(value, where);
  in.required("name", out.name).optional("namespace", out.ns).optional("behavior", behavior);
  in.optional("literals", out.literals).optional("files", out.files).optional("envs", out.envs);
  in.optional("env", env);
  if (out.is_secret) in.optional("type", out.type);
  in.optional("options", [&](const Json& options, const std::string& at) {
    return read_options(options, at, out.options);
  });
  HF_CHECK(in.finish());
  if (!env.empty()) out.envs.push_back(std::move(env));
  return read_behavior(behavior, where, out);
}

/// What all generators get; their own goes first.
void add_options(const GeneratorOptions& all, GeneratorOptions& own) {
  own.labels.insert(all.labels.begin(), all.labels.end());
  own.annotations.insert(all.annotations.begin(), all.annotations.end());
  own.no_hash = own.no_hash || all.no_hash;
  own.immutable = own.immutable || all.immutable;
}

Status read_replacement_options(const Json& value, const std::string& where, ReplacementOptions& out) {
  ObjectReader in(value, where);
  in.optional("delimiter", out.delimiter).optional("index", out.index).optional("create", out.create);
  if (in.has("encoding")) return fail(Code::kUnsupported, where + ".encoding: is not supported");
  return in.finish();
}

Status read_replacement_target(const Json& value, const std::string& where,
                               KustomizeReplacement::Target& out) {
  ObjectReader in(value, where);
  in.required("select",
              [&](const Json& select, const std::string& at) { return read_target(select, at, out.select); });
  in.each("reject", [&](const Json& reject, const std::string& at) {
    return read_target(reject, at, out.reject.emplace_back());
  });
  in.optional("fieldPaths", out.field_paths);
  in.optional("options", [&](const Json& options, const std::string& at) {
    return read_replacement_options(options, at, out.options);
  });
  HF_CHECK(in.finish());
  if (out.field_paths.empty()) out.field_paths.emplace_back("metadata.name");
  return {};
}

Status read_replacement_entry(const Json& value, const std::string& where, KustomizeReplacementEntry& out) {
  out.where = where;
  if (value.is_object() && value.contains("path")) {
    ObjectReader in(value, where);
    in.required("path", out.path);
    return in.finish();
  }
  HF_TRY(out.replacement, read_replacement(value, where));
  return {};
}

/// Calls `read` with a new element of `list` for each entry.
template <class T, class Read>
void each(ObjectReader& in, std::string_view field, std::vector<T>& list, Read read) {
  in.each(field, [&list, read](const Json& value, const std::string& where) {
    return read(value, where, list.emplace_back());
  });
}

void read_generators(ObjectReader& in, Kustomization& out) {
  for (const bool is_secret : {false, true}) {
    in.each(is_secret ? "secretGenerator" : "configMapGenerator",
            [&out, is_secret](const Json& value, const std::string& where) {
              auto& generator = out.generators.emplace_back();
              generator.is_secret = is_secret;
              return read_generator(value, where, generator);
            });
  }
}

}  // namespace

Result<KustomizeReplacement> read_replacement(const Json& value, const std::string& where) {
  KustomizeReplacement out;
  ObjectReader in(value, where);
  in.required("source", [&](const Json& source, const std::string& at) {
    ObjectReader reader(source, at);
    read_gvk(reader, out.source);
    reader.optional("fieldPath", out.source_path);
    reader.optional("options", [&](const Json& options, const std::string& beneath) {
      return read_replacement_options(options, beneath, out.source_options);
    });
    return reader.finish();
  });
  in.each("targets", [&](const Json& target, const std::string& at) {
    return read_replacement_target(target, at, out.targets.emplace_back());
  });
  HF_CHECK(in.finish());
  if (out.source_path.empty()) out.source_path = "metadata.name";
  if (out.targets.empty()) return fail(Code::kInvalid, where + ".targets: is missing");
  return out;
}

Result<Kustomization> read_kustomization(const Json& document) {
  Kustomization out;
  if (!document.is_object()) return fail(Code::kInvalid, "a kustomization is a mapping");
  HF_CHECK(check_refused(document));
  HF_CHECK(read_kind(document, out));
  ObjectReader in(document, "");
  for (const char* name : {"apiVersion", "kind", "metadata", "sortOptions"}) in.ignore(name);
  for (const auto& [field, way_out] : kRefused) in.ignore(field);
  std::vector<std::string> bases;
  GeneratorOptions all;
  in.optional("resources", out.resources).optional("bases", bases).optional("components", out.components);
  in.optional("namespace", out.ns).optional("namePrefix", out.name_prefix);
  in.optional("nameSuffix", out.name_suffix).optional("commonLabels", out.common_labels);
  in.optional("commonAnnotations", out.common_annotations);
  each(in, "labels", out.labels, read_labels);
  each(in, "patchesStrategicMerge", out.strategic_patches, read_strategic_patch);
  each(in, "patches", out.patches, read_patch);
  each(in, "patchesJson6902", out.json_patches, read_patch);
  each(in, "images", out.images, read_image);
  each(in, "replicas", out.replicas, read_replicas);
  each(in, "replacements", out.replacements, read_replacement_entry);
  read_generators(in, out);
  in.optional("generatorOptions", [&](const Json& options, const std::string& where) {
    return read_options(options, where, all);
  });
  HF_CHECK(in.finish());
  for (auto& patch : out.json_patches) patch.forgets_names = true;
  out.resources.insert(out.resources.end(), bases.begin(), bases.end());
  for (auto& generator : out.generators) add_options(all, generator.options);
  return out;
}

std::vector<std::string> supported_kustomization_fields() { return {kSupported.begin(), kSupported.end()}; }

std::vector<std::string> refused_kustomization_fields() {
  std::vector<std::string> out;
  for (const auto& [field, way_out] : kRefused) out.emplace_back(field);
  return out;
}

}  // namespace holdfast::gitops
