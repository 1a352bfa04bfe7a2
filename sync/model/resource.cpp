// SPDX-License-Identifier: Apache-2.0
// parse_resource: the strict reading of one manifest object into its one canonical form.
#include "sync/model/resource.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/metadata.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
namespace limits = base::limits;

std::string api_version_of(const KindInfo& info) {
  return info.group.empty() ? std::string(info.version)
                            : std::string(info.group) + "/" + std::string(info.version);
}

std::string known_kinds() {
  std::string out;
  for (const auto& info : all_kinds()) {
    out += out.empty() ? "" : ", ";
    out += std::string(info.kind) + " (" + api_version_of(info) + ")";
  }
  return out;
}

Result<std::string> required_string(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) {
    return fail(Code::kInvalid, std::string(name) + ": this field is required and missing");
  }
  if (!member->is_string()) return fail(Code::kInvalid, std::string(name) + ": must be a string");
  return member->get_ref<const std::string&>();
}

/// The row of the table, or why there is none; kUnsupported, because a newer agent may know the kind.
Result<const KindInfo*> kind_of(const Json& object) {
  HF_TRY(const std::string api_version, required_string(object, "apiVersion"));
  HF_TRY(const std::string kind, required_string(object, "kind"));
  const std::size_t slash = api_version.rfind('/');
  const std::string group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  const KindInfo* info = find_kind(group, kind);
  if (info == nullptr) {
    return fail(Code::kUnsupported, "kind: " + in_quotes(kind) + " of apiVersion " + in_quotes(api_version) +
                                        " is not known here; known are " + known_kinds());
  }
  if (api_version_of(*info) != api_version) {
    return fail(Code::kUnsupported, "apiVersion: " + in_quotes(api_version) + " is not known for kind " +
                                        kind + "; write " + api_version_of(*info));
  }
  return info;
}

/// As Kubernetes reads it: a member that is null is not there.
void drop_nulls(Json& value) {
  if (value.is_object()) {
    for (auto member = value.begin(); member != value.end();) {
      if (member->is_null()) {
        member = value.erase(member);
      } else {
        drop_nulls(*member);
        ++member;
      }
    }
  } else if (value.is_array()) {
    for (auto& element : value) drop_nulls(element);
  }
}

// ---- annotations that ordering and prune read ----

std::string annotation_place(std::string_view name) {
  return "metadata.annotations[" + in_quotes(name) + "]";
}

const std::string* find_annotation(const Metadata& metadata, std::string_view name) {
  const auto found = metadata.annotations.find(std::string(name));
  return found == metadata.annotations.end() ? nullptr : &found->second;
}

Result<std::int64_t> read_wave(const Metadata& metadata) {
  const std::string* text = find_annotation(metadata, kAnnotationSyncWave);
  if (text == nullptr) return std::int64_t{0};
  std::int32_t wave = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, problem] = std::from_chars(text->data(), end, wave);
  if (problem == std::errc{} && stop == end) return std::int64_t{wave};
  return fail(Code::kInvalid, annotation_place(kAnnotationSyncWave) + ": " + in_quotes(*text) +
                                  " must be a whole number in quotes, such as \"-1\"");
}

/// "enabled", "disabled" or not there. True: disabled.
Result<bool> read_switch(const Metadata& metadata, std::string_view name) {
  const std::string* text = find_annotation(metadata, name);
  if (text == nullptr || *text == "enabled") return false;
  if (*text == "disabled") return true;
  return fail(Code::kInvalid,
              annotation_place(name) + ": " + in_quotes(*text) + " must be \"disabled\" or \"enabled\"");
}

/// https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
bool has_prune_false(const Metadata& metadata) {
  const std::string* text = find_annotation(metadata, kAnnotationSyncOptions);
  if (text == nullptr) return false;
  const auto options = split(*text, ',');
  return std::ranges::any_of(options,
                             [](std::string_view option) { return trimmed(option) == "Prune=false"; });
}

Status check_brief(std::string_view brief, const ResourceKey& self) {
  const auto parts = split(brief, '/');
  const bool whole = std::none_of(parts.begin(), parts.end(), [](auto part) { return part.empty(); });
  if (!whole || parts.size() < 2 || parts.size() > 3) {
    return fail(Code::kInvalid, in_quotes(brief) + " must be Kind/name or Kind/namespace/name");
  }
  if (self.matches_brief(brief)) return fail(Code::kInvalid, in_quotes(brief) + " is this resource itself");
  return {};
}

Result<std::vector<std::string>> read_depends_on(const Metadata& metadata, const ResourceKey& self) {
  std::vector<std::string> briefs;
  const std::string* text = find_annotation(metadata, kAnnotationDependsOn);
  if (text == nullptr || trimmed(*text).empty()) return briefs;
  const std::string where = annotation_place(kAnnotationDependsOn);
  for (const std::string_view part : split(*text, ',')) {
    const std::string_view brief = trimmed(part);
    if (auto status = check_brief(brief, self); !status) {
      return fail(std::move(status).error().with_context(where));
    }
    briefs.emplace_back(brief);
  }
  if (briefs.size() <= limits::kDependsOnMax) return briefs;
  return fail(Code::kLimit, where + ": more than " + std::to_string(limits::kDependsOnMax) + " entries");
}

Status read_annotations(const Metadata& metadata, Resource& resource) {
  HF_TRY(resource.wave, read_wave(metadata));
  HF_TRY(const bool is_kept, read_switch(metadata, kAnnotationPrune));
  resource.prune_disabled = is_kept || has_prune_false(metadata);
  HF_TRY([[maybe_unused]] const bool not_templated, read_switch(metadata, kAnnotationTemplate));
  HF_TRY(resource.depends_on, read_depends_on(metadata, resource.key));
  HF_TRY(resource.hook, parse_hook(metadata.annotations));
  return {};
}

std::string hook_kinds() {
  std::string out;
  for (const auto& info : all_kinds()) {
    if (info.check_hook != nullptr) out += (out.empty() ? "" : ", ") + std::string(info.kind);
  }
  return out;
}

/// REQUIRES: the content was checked.
Status check_hook(const KindInfo& info, const Json& object) {
  if (info.check_hook != nullptr) return info.check_hook(object);
  return fail(
      Code::kInvalid,
      annotation_place(kAnnotationHook) + ": a " + std::string(info.kind) +
          " does not end, so nothing could wait until it has; what can be a hook is: " + hook_kinds());
}

/// An empty status says nothing: `kubectl create --dry-run=client` prints one. It is taken away.
Status check_top(Json& object) {
  if (!object.is_object())
    return fail(Code::kInvalid, "a manifest must be an object with apiVersion and kind");
  const auto status = object.find("status");
  if (status == object.end()) return {};
  if (!status->is_object() || !status->empty())
    return fail(Code::kInvalid, "status: is written by Holdfast and has no place in a manifest; remove it");
  object.erase(status);
  return {};
}

Result<Metadata> metadata_in(const Json& object) {
  const auto member = object.find("metadata");
  if (member == object.end()) return fail(Code::kInvalid, "metadata: this field is required and missing");
  return parse_metadata(*member, "metadata");
}

Result<Metadata> metadata_of(const Resource& resource) {
  HF_TRY(const Json object, base::parse_json(resource.body));
  if (!object.is_object()) return fail(Code::kInvalid, "the body is not an object");
  return metadata_in(object);
}

}  // namespace

Result<Resource> parse_resource(const Json& manifest) {
  Json object = manifest;
  drop_nulls(object);
  HF_CHECK(check_top(object));
  HF_TRY(const KindInfo* const info, kind_of(object));
  HF_TRY(const Metadata metadata, metadata_in(object));

  Resource resource;
  resource.key = {std::string(info->group), std::string(info->kind), metadata.ns, metadata.name};
  HF_CHECK(read_annotations(metadata, resource));
  HF_CHECK(info->check(object));
  if (resource.hook) HF_CHECK(check_hook(*info, object));

  object["metadata"] = to_json(metadata);
  resource.body = base::canonical_json(object);
  if (resource.body.size() > limits::kSectionBytesMax) {
    return fail(Code::kLimit, "the resource takes " + std::to_string(resource.body.size()) +
                                  " bytes; at most " + std::to_string(limits::kSectionBytesMax) +
                                  " fit into a section");
  }
  resource.digest = base::Digest::of(resource.body);
  return resource;
}

Result<Resource> parse_resource(std::string_view json) {
  HF_TRY(const Json object, base::parse_json(json));
  return parse_resource(object);
}

Result<std::map<std::string, std::string>> labels_of(const Resource& resource) {
  HF_TRY(Metadata metadata, metadata_of(resource));
  return std::move(metadata.labels);
}

Result<std::map<std::string, std::string>> annotations_of(const Resource& resource) {
  HF_TRY(Metadata metadata, metadata_of(resource));
  return std::move(metadata.annotations);
}

}  // namespace holdfast::sync
