// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/field_walk.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

namespace holdfast::gitops {
namespace {

using base::Json;

struct PodPlace {
  std::string_view kind;
  std::string_view pod_template;
  std::string_view spec;
};
constexpr std::array kPodPlaces{
    PodPlace{"Pod", "", "spec"},
    PodPlace{"Deployment", "spec/template", "spec/template/spec"},
    PodPlace{"DaemonSet", "spec/template", "spec/template/spec"},
    PodPlace{"StatefulSet", "spec/template", "spec/template/spec"},
    PodPlace{"ReplicaSet", "spec/template", "spec/template/spec"},
    PodPlace{"ReplicationController", "spec/template", "spec/template/spec"},
    PodPlace{"Job", "spec/template", "spec/template/spec"},
    PodPlace{"CronJob", "spec/jobTemplate/spec/template", "spec/jobTemplate/spec/template/spec"},
};

const PodPlace* find_place(std::string_view kind) {
  const auto* const found = std::find_if(kPodPlaces.begin(), kPodPlaces.end(),
                                         [&](const PodPlace& place) { return place.kind == kind; });
  return found == kPodPlaces.end() ? nullptr : found;
}

}  // namespace

void for_each_field(Json& value, std::string_view path, Missing missing,
                    const std::function<void(Json&)>& change) {
  if (value.is_array()) {
    for (auto& element : value) for_each_field(element, path, missing, change);
    return;
  }
  if (value.is_null() && missing == Missing::kCreate) value = Json::object();
  if (!value.is_object()) return;
  const auto slash = path.find('/');
  const std::string name(path.substr(0, slash));
  if (!value.contains(name)) {
    if (missing == Missing::kLeave) return;
    value[name] = nullptr;
  }
  Json& member = value[name];
  if (slash == std::string_view::npos) return change(member);
  for_each_field(member, path.substr(slash + 1), missing, change);
}

std::string_view pod_template_of(std::string_view kind) {
  const auto* place = find_place(kind);
  return place == nullptr ? std::string_view() : place->pod_template;
}

std::string_view pod_spec_of(std::string_view kind) {
  const auto* place = find_place(kind);
  return place == nullptr ? std::string_view() : place->spec;
}

}  // namespace holdfast::gitops
