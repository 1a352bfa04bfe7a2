// SPDX-License-Identifier: Apache-2.0
// What kubectl asks first: which groups, versions and types there are.
#include <nlohmann/json.hpp>

#include "base/version.hpp"
#include "hub/api/rest.hpp"

namespace holdfast::hub {

using base::Json;

namespace {

const Json kGroupVersion{{"groupVersion", kApiVersion}, {"version", kVersion}};

Json group() {
  return {{"name", kGroup}, {"versions", Json::array({kGroupVersion})}, {"preferredVersion", kGroupVersion}};
}

Json group_list() {
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", Json::array({group()})}};
}

Json one_group() {
  Json out = group();
  out["kind"] = "APIGroup";
  out["apiVersion"] = "v1";
  return out;
}

Json resource_json(const ResourceType& type) {
  const Json all{"create", "delete", "get", "list", "patch", "update", "watch"};
  const Json some{"get", "list", "watch"};
  return {{"name", type.plural}, {"singularName", type.singular},       {"namespaced", false},
          {"kind", type.kind},   {"verbs", type.readonly ? some : all}, {"shortNames", type.short_names}};
}

Json resource_list() {
  Json resources = Json::array();
  for (const auto& type : all_types()) {
    resources.push_back(resource_json(type));
    if (!type.has_status) continue;
    resources.push_back({{"name", std::string(type.plural) + "/status"},
                         {"singularName", ""},
                         {"namespaced", false},
                         {"kind", type.kind},
                         {"verbs", {"get"}}});
  }
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", kApiVersion},
          {"resources", std::move(resources)}};
}

/// No schemas yet: `kubectl apply --validate=false`; the hub itself checks every field.
Json openapi() {
  return {{"swagger", "2.0"},
          {"info", {{"title", "Holdfast"}, {"version", base::kVersion}}},
          {"paths", Json::object()},
          {"definitions", Json::object()}};
}

}  // namespace

std::optional<ApiResponse> Rest::discovery(const ApiRequest& request) const {
  const auto& path = request.path;
  if (path == "/version") {
    return json_answer(
        200,
        {{"major", "1"}, {"minor", "29"}, {"gitVersion", std::string("v1.29.0+holdfast-") + base::kVersion}});
  }
  if (path == "/api") return json_answer(200, {{"kind", "APIVersions"}, {"versions", {"v1"}}});
  if (path == "/api/v1") {
    return json_answer(200,
                       {{"kind", "APIResourceList"}, {"groupVersion", "v1"}, {"resources", Json::array()}});
  }
  if (path == "/apis") return json_answer(200, group_list());
  if (path == "/apis/holdfast.dev") return json_answer(200, one_group());
  if (path == "/apis/holdfast.dev/v1") return json_answer(200, resource_list());
  if (path == "/openapi/v2") return json_answer(200, openapi());
  return std::nullopt;
}

}  // namespace holdfast::hub
