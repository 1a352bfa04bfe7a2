// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/label_changes.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "gitops/kustomize/field_walk.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;
using sync::StringMap;

/// A selector that follows the labels it selects by. `group`: "*" is any.
struct SelectorRow {
  std::string_view kind;
  std::string_view group;
  Missing missing;
  std::string_view path;
};
constexpr std::array kSelectors{
    SelectorRow{"Service", "", Missing::kCreate, "spec/selector"},
    SelectorRow{"ReplicationController", "", Missing::kCreate, "spec/selector"},
    SelectorRow{"Deployment", "*", Missing::kCreate, "spec/selector/matchLabels"},
    SelectorRow{"ReplicaSet", "*", Missing::kCreate, "spec/selector/matchLabels"},
    SelectorRow{"DaemonSet", "*", Missing::kCreate, "spec/selector/matchLabels"},
    SelectorRow{"StatefulSet", "apps", Missing::kCreate, "spec/selector/matchLabels"},
    SelectorRow{"StatefulSet", "apps", Missing::kLeave, "spec/volumeClaimTemplates/metadata/labels"},
    SelectorRow{"Job", "batch", Missing::kLeave, "spec/selector/matchLabels"},
    SelectorRow{"CronJob", "batch", Missing::kLeave, "spec/jobTemplate/spec/selector/matchLabels"},
    SelectorRow{"PodDisruptionBudget", "policy", Missing::kLeave, "spec/selector/matchLabels"},
    SelectorRow{"NetworkPolicy", "networking.k8s.io", Missing::kLeave, "spec/podSelector/matchLabels"},
    SelectorRow{"NetworkPolicy", "networking.k8s.io", Missing::kLeave,
                "spec/ingress/from/podSelector/matchLabels"},
    SelectorRow{"NetworkPolicy", "networking.k8s.io", Missing::kLeave,
                "spec/egress/to/podSelector/matchLabels"},
};

/// Of Deployments and StatefulSets, within the spec of their pods.
constexpr std::array<std::string_view, 5> kPodSelectors{
    "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/"
    "matchLabels",
    "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/"
    "matchLabels",
    "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "topologySpreadConstraints/labelSelector/matchLabels",
};

void put(Json& object, std::string_view path, Missing missing, const StringMap& pairs) {
  for_each_field(object, path, missing, [&](Json& value) {
    if (value.is_null()) value = Json::object();
    if (!value.is_object()) return;
    for (const auto& [key, text] : pairs) value[key] = text;
  });
}

/// Of the pods, and of the jobs of a CronJob.
void put_in_templates(BuiltResource& resource, std::string_view member, const StringMap& pairs) {
  const std::string kind = resource.text("kind");
  const std::string_view pods = pod_template_of(kind);
  if (pods.empty()) return;
  const std::string path = "/metadata/" + std::string(member);
  put(*resource.object, std::string(pods) + path, Missing::kCreate, pairs);
  if (kind == "CronJob") put(*resource.object, "spec/jobTemplate" + path, Missing::kCreate, pairs);
}

void put_in_selectors(BuiltResource& resource, const StringMap& pairs) {
  const BuiltId id = resource.id();
  for (const auto& row : kSelectors) {
    if (row.kind != id.kind || (row.group != "*" && row.group != id.group)) continue;
    put(*resource.object, row.path, row.missing, pairs);
  }
  if (id.group != "apps" || (id.kind != "Deployment" && id.kind != "StatefulSet")) return;
  for (const auto path : kPodSelectors)
    put(*resource.object, "spec/template/spec/" + std::string(path), Missing::kLeave, pairs);
}

}  // namespace

void add_labels(const Kustomization& kustomization, ResourceMap& all) {
  auto list = kustomization.labels;
  if (!kustomization.common_labels.empty()) list.push_back({kustomization.common_labels, true, true});
  for (const auto& labels : list) {
    if (labels.pairs.empty()) continue;
    for (auto& resource : all) {
      put(*resource.object, "metadata/labels", Missing::kCreate, labels.pairs);
      if (labels.in_templates || labels.in_selectors) put_in_templates(resource, "labels", labels.pairs);
      if (labels.in_selectors) put_in_selectors(resource, labels.pairs);
    }
  }
}

void add_annotations(const Kustomization& kustomization, ResourceMap& all) {
  const auto& pairs = kustomization.common_annotations;
  if (pairs.empty()) return;
  for (auto& resource : all) {
    put(*resource.object, "metadata/annotations", Missing::kCreate, pairs);
    put_in_templates(resource, "annotations", pairs);
  }
}

}  // namespace holdfast::gitops
