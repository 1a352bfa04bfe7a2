// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/name_changes.hpp"

#include <nlohmann/json.hpp>

#include "gitops/kustomize/field_walk.hpp"

namespace holdfast::gitops {

using base::Json;

void set_namespace(const std::string& ns, ResourceMap& all) {
  if (ns.empty()) return;
  const auto set = [&](Json& value) { value = ns; };
  for (auto& resource : all) {
    if (resource.is_hub_kind()) continue;
    resource.store_previous();
    const std::string kind = resource.text("kind");
    if (kind == "Namespace") resource.rename(ns);
    if (!is_cluster_kind(kind)) for_each_field(*resource.object, "metadata/namespace", Missing::kCreate, set);
  }
}

void change_names(const Kustomization& kustomization, ResourceMap& all) {
  const auto& prefix = kustomization.name_prefix;
  const auto& suffix = kustomization.name_suffix;
  for (auto& resource : all) {
    const std::string kind = resource.original_id().kind;
    if (kind == "Namespace" || kind == "CustomResourceDefinition" || kind == "APIService") continue;
    if (!prefix.empty()) {
      resource.store_previous();
      resource.prefixes.push_back(prefix);
      resource.rename(prefix + resource.name());
    }
    if (!suffix.empty()) {
      resource.store_previous();
      resource.suffixes.push_back(suffix);
      resource.rename(resource.name() + suffix);
    }
  }
}

}  // namespace holdfast::gitops
