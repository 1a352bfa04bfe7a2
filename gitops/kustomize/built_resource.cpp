// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/built_resource.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "gitops/json_text.hpp"
#include "gitops/render.hpp"

namespace holdfast::gitops {

using base::Json;

namespace {

constexpr std::array<std::string_view, 20> kClusterKinds{
    "APIService",       "CSIDriver",          "CSINode",          "CertificateSigningRequest",
    "ClusterRole",      "ClusterRoleBinding", "ComponentStatus",  "CustomResourceDefinition",
    "FlowSchema",       "IngressClass",       "Namespace",        "Node",
    "PersistentVolume", "PodSecurityPolicy",  "PriorityClass",    "PriorityLevelConfiguration",
    "RuntimeClass",     "StorageClass",       "VolumeAttachment", "ValidatingWebhookConfiguration"};

std::string metadata_text(const Json& object, std::string_view name) {
  const auto metadata = object.find("metadata");
  return metadata == object.end() ? std::string() : text_member(*metadata, name);
}

}  // namespace

std::string BuiltId::brief() const { return kind + "/" + (ns == "default" ? "" : ns + "/") + name; }

std::string BuiltResource::text(std::string_view member) const { return text_member(*object, member); }
std::string BuiltResource::name() const { return metadata_text(*object, "name"); }
std::string BuiltResource::ns() const { return metadata_text(*object, "namespace"); }

BuiltId BuiltResource::id() const {
  const std::string api_version = text("apiVersion");
  const auto slash = api_version.find('/');
  const bool has_group = slash != std::string::npos;
  std::string ns_name = ns();
  const std::string kind = text("kind");
  if (ns_name.empty() || is_cluster_kind(kind)) ns_name = "default";
  return {has_group ? api_version.substr(0, slash) : "",
          has_group ? api_version.substr(slash + 1) : api_version, kind, std::move(ns_name), name()};
}

bool BuiltResource::was(const std::function<bool(const BuiltId&)>& fits) const {
  return fits(id()) || std::any_of(previous.begin(), previous.end(), fits);
}

void BuiltResource::rename(std::string name) { (*object)["metadata"]["name"] = std::move(name); }

bool BuiltResource::is_hub_kind() const { return gitops::is_hub_kind(text("apiVersion"), text("kind")); }

base::Status BuiltResource::check_shape() const {
  const auto missing = [](const char* field) {
    return base::fail(base::Code::kInvalid, std::string(field) + ": is missing, or no text");
  };
  if (!object->is_object()) return base::fail(base::Code::kInvalid, "is no mapping");
  if (text("apiVersion").empty()) return missing("apiVersion");
  if (text("kind").empty()) return missing("kind");
  if (!object->contains("metadata") || !object->at("metadata").is_object() || name().empty())
    return missing("metadata.name");
  return {};
}

bool is_cluster_kind(std::string_view kind) {
  return std::find(kClusterKinds.begin(), kClusterKinds.end(), kind) != kClusterKinds.end() ||
         kind == "MutatingWebhookConfiguration";
}

base::Status check_unique(const ResourceMap& all) {
  std::map<BuiltId, const BuiltResource*> known;
  for (const auto& resource : all) {
    const auto [at, is_new] = known.emplace(resource.id(), &resource);
    if (is_new) continue;
    return base::fail(base::Code::kConflict, at->first.brief() + " is there twice: in " + at->second->file +
                                                 " and in " + resource.file +
                                                 "; take one out, or make a patch of it");
  }
  return {};
}

}  // namespace holdfast::gitops
