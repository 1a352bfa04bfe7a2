// SPDX-License-Identifier: Apache-2.0
#include "hub/admission.hpp"

#include <nlohmann/json.hpp>

#include "base/limits/hub.hpp"
#include "base/time_text.hpp"
#include "gitops/placement.hpp"
#include "hub/json_path.hpp"
#include "hub/kept_json.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/labels.hpp"

namespace holdfast::hub {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

/// What a writer may say of metadata.
struct GivenMeta {
  std::string name;
  std::string generate_name;
  std::string uid;
  std::string resource_version;
  sync::StringMap labels;
  sync::StringMap annotations;
  std::vector<std::string> finalizers;
};

Result<GivenMeta> read_meta(const Json& object) {
  const Json* metadata = find_at(object, "metadata");
  if (metadata == nullptr || !metadata->is_object()) return fail(Code::kInvalid, "metadata: is missing");
  GivenMeta meta;
  base::ObjectReader in(*metadata, "metadata");
  in.optional("name", meta.name).optional("generateName", meta.generate_name).optional("uid", meta.uid);
  in.optional("resourceVersion", meta.resource_version);
  in.optional("labels", meta.labels)
      .optional("annotations", meta.annotations)
      .optional("finalizers", meta.finalizers);
  // What only the hub can know is read back and sent again by every client: let pass, never taken.
  in.ignore("generation").ignore("creationTimestamp").ignore("deletionTimestamp").ignore("managedFields");
  in.ignore("deletionGracePeriodSeconds").ignore("selfLink").ignore("namespace").ignore("ownerReferences");
  HF_CHECK(in.finish());
  HF_CHECK(sync::check_labels(meta.labels, "metadata.labels"));
  HF_CHECK(sync::check_annotations(meta.annotations, "metadata.annotations"));
  for (const auto& finalizer : meta.finalizers) {
    if (auto status = sync::check_label_key(finalizer); !status) {
      return fail(std::move(status).error().with_context("metadata.finalizers: \"" + finalizer + "\""));
    }
  }
  return meta;
}

Status check_head(const ResourceType& type, const Json& object) {
  if (!object.is_object()) return fail(Code::kInvalid, "the object must be a JSON object");
  HF_CHECK(check_keepable(object));
  if (const auto version = text_at(object, "apiVersion"); version != kApiVersion) {
    return fail(Code::kInvalid,
                "apiVersion: must be \"" + std::string(kApiVersion) + "\", not \"" + version + "\"");
  }
  if (const auto kind = text_at(object, "kind"); kind != type.kind) {
    return fail(Code::kInvalid,
                "kind: must be \"" + std::string(type.kind) + "\" here, not \"" + kind + "\"");
  }
  return {};
}

/// Everything but metadata and status, checked.
Result<Json> read_content(const ResourceType& type, const Json& object) {
  Json content = Json::object();
  for (const auto& [name, value] : object.items()) {
    if (name == "metadata" || name == "status") continue;
    if (!type.readonly && name != "apiVersion" && name != "kind" && name != "spec") {
      return fail(Code::kInvalid,
                  "unknown field \"" + name + "\"; an object has apiVersion, kind, metadata and spec");
    }
    content[name] = value;
  }
  Json checked = content;
  checked["metadata"] = object.at("metadata");
  HF_CHECK(type.check(checked));
  return content;
}

bool is_fact_label(std::string_view key) {
  return key.substr(0, gitops::kFactLabelPrefix.size()) == gitops::kFactLabelPrefix;
}

/// A person's labels, and those made from facts as they are.
Result<sync::StringMap> keep_fact_labels(sync::StringMap given, const sync::StringMap& current) {
  for (const auto& [key, value] : given) {
    if (!is_fact_label(key)) continue;
    const auto known = current.find(key);
    if (known == current.end() || known->second != value) {
      return fail(Code::kInvalid,
                  "metadata.labels: \"" + key +
                      "\" is made from what the node reports; use a label of your own instead");
    }
  }
  for (const auto& [key, value] : current) {
    if (is_fact_label(key)) given.emplace(key, value);
  }
  return given;
}

void put_strings(Json& metadata, const char* name, const sync::StringMap& strings) {
  if (strings.empty())
    metadata.erase(name);
  else
    metadata[name] = strings;
}

void put_meta(Json& metadata, const GivenMeta& meta) {
  put_strings(metadata, "labels", meta.labels);
  put_strings(metadata, "annotations", meta.annotations);
  if (meta.finalizers.empty())
    metadata.erase("finalizers");
  else
    metadata["finalizers"] = meta.finalizers;
}

/// Of what was written: a status, which the hub makes of what nodes report, must not stand in the way of a person.
Status check_size(const Json& object) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : object.items()) {
    if (name != "status") bytes += name.size() + base::canonical_json(value).size();
  }
  if (bytes <= base::limits::kObjectBytesMax) return {};
  return fail(Code::kLimit,
              "the object is larger than " + std::to_string(base::limits::kObjectBytesMax) + " bytes");
}

/// '*' in `pattern` stands for any text.
bool fits(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::optional<std::size_t> star;  // the last one that was passed
  std::size_t skipped = 0;          // text up to here stands for it
  for (std::size_t i = 0; i < text.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      skipped = i;
    } else if (at < pattern.size() && pattern[at] == text[i]) {
      ++at;
      ++i;
    } else if (star) {
      at = *star + 1;
      i = ++skipped;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

Status check_writer(const ResourceType& type, Actor actor) {
  if (actor == Actor::kHub || !type.readonly) return {};
  return fail(Code::kPermission, std::string(type.plural) + " are written by the hub only");
}

}  // namespace

Result<Json> admit_create(const ResourceType& type, const Json& given, const AdmissionInput& input) {
  HF_CHECK(check_writer(type, input.actor));
  if (input.actor == Actor::kPerson && type.plural == kNodes) {
    return fail(Code::kPermission,
                "a node joins by enrolment: run \"holdfast token create\" and what it prints");
  }
  HF_CHECK(check_head(type, given));
  HF_TRY(auto meta, read_meta(given));
  if (meta.name.empty() && !meta.generate_name.empty()) meta.name = meta.generate_name + input.suffix;
  HF_CHECK(sync::check_name(meta.name, "metadata.name"));
  if (!meta.resource_version.empty()) {
    return fail(Code::kInvalid, "metadata.resourceVersion: must not be set on an object to be created");
  }
  if (input.actor == Actor::kPerson) {
    HF_TRY(meta.labels, keep_fact_labels(std::move(meta.labels), {}));
  }
  HF_TRY(Json object, read_content(type, given));
  Json metadata = Json::object();
  metadata["name"] = meta.name;
  metadata["uid"] = input.uid;
  metadata["creationTimestamp"] = base::to_rfc3339_seconds(input.now);
  if (type.has_generation) metadata["generation"] = 1;
  put_meta(metadata, meta);
  object["metadata"] = std::move(metadata);
  HF_CHECK(check_size(object));
  return object;
}

Result<Json> admit_update(const ResourceType& type, const Json& current, const Json& given, Actor actor) {
  HF_CHECK(check_writer(type, actor));
  HF_CHECK(check_head(type, given));
  HF_TRY(auto meta, read_meta(given));
  const auto name = text_at(current, "metadata/name");
  if (meta.name != name)
    return fail(Code::kInvalid, "metadata.name: must be \"" + name + "\"; a name never changes");
  if (!meta.uid.empty() && meta.uid != text_at(current, "metadata/uid")) {
    return fail(Code::kConflict,
                std::string(type.plural) + " \"" + name + "\" was deleted and made anew; read it again");
  }
  if (!meta.resource_version.empty() &&
      meta.resource_version != text_at(current, "metadata/resourceVersion")) {
    return fail(Code::kConflict,
                std::string(type.plural) + " \"" + name +
                    "\" has been modified by somebody else; read it again and repeat the change");
  }
  if (actor == Actor::kPerson) {
    HF_TRY(meta.labels, keep_fact_labels(std::move(meta.labels), strings_at(current, "metadata/labels")));
  }
  HF_TRY(Json object, read_content(type, given));
  if (type.plural == kNodes && text_at(object, "spec/uid") != text_at(current, "spec/uid")) {
    return fail(Code::kInvalid, "spec.uid: never changes; it is the node's identity");
  }
  object["metadata"] = current.at("metadata");
  Json& metadata = object["metadata"];
  put_meta(metadata, meta);
  if (const auto status = current.find("status"); status != current.end()) object["status"] = *status;
  const bool spec_changed = object.value("spec", Json()) != current.value("spec", Json());
  if (type.has_generation && spec_changed)
    metadata["generation"] = number_at(current, "metadata/generation") + 1;
  HF_CHECK(check_size(object));
  return object;
}

std::string project_of(const Json& application) {
  auto name = text_at(application, "spec/project");
  return name.empty() ? "default" : name;
}

Status check_project(const Json& application, const Json* project) {
  const auto name = project_of(application);
  if (project == nullptr) {
    if (name == "default") return {};
    return fail(Code::kNotFound, "spec.project: there is no project \"" + name + "\"; make it first");
  }
  const Json* allowed = find_at(*project, "spec/sourceRepos");
  if (allowed == nullptr || !allowed->is_array() || allowed->empty()) return {};
  const auto repository = text_at(application, "spec/source/repoURL");
  for (const Json& pattern : *allowed) {
    if (pattern.is_string() && fits(pattern.get_ref<const std::string&>(), repository)) return {};
  }
  return fail(Code::kPermission, "spec.source.repoURL: " + repository +
                                     " is none of the sourceRepos of project \"" + name + "\"");
}

Json merge_patch(const Json& target, const Json& patch) {
  Json result = target;
  result.merge_patch(patch);
  return result;
}

}  // namespace holdfast::hub
