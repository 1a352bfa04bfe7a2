// SPDX-License-Identifier: Apache-2.0
#include "gitops/parsed_resource.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "sync/model/config_map.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/process_spec.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;

FieldPath spec_field() { return FieldPath{}.member("spec"); }

std::vector<ConfigMapUse> uses_of_file(const Json& object) {
  const auto spec = sync::parse_file_spec(object);
  if (!spec || !spec->config_map_key) return {};
  return {{*spec->config_map_key, spec_field().member("contentFrom").member("configMapKeyRef")}};
}

std::vector<ConfigMapUse> uses_of_process(const Json& object) {
  std::vector<ConfigMapUse> uses;
  const auto spec = sync::parse_process_spec(object);
  if (!spec) return uses;
  for (std::size_t i = 0; i < spec->env.size(); ++i) {
    if (!spec->env[i].config_map_key) continue;
    uses.push_back({*spec->env[i].config_map_key,
                    spec_field().member("env").element(i).member("valueFrom").member("configMapKeyRef")});
  }
  return uses;
}

std::vector<ConfigMapUse> uses_of(const sync::ResourceKey& key, const Json& object) {
  if (key.kind == "File") return uses_of_file(object);
  if (key.kind == "Process") return uses_of_process(object);
  return {};
}

std::vector<std::string> data_keys_of(const sync::ResourceKey& key, const Json& object) {
  std::vector<std::string> keys;
  if (key.kind != "ConfigMap") return keys;
  const auto map = sync::parse_config_map(object);
  if (!map) return keys;
  for (const auto& [name, value] : map->data) keys.push_back(name);
  return keys;
}

}  // namespace

base::Result<ParsedResource> read_resource(const Json& object) {
  ParsedResource out;
  HF_TRY(out.resource, sync::parse_resource(object));
  const auto& key = out.resource.key;
  if (const auto* kind = sync::find_kind(key.group, key.kind)) out.claims = kind->claims(key, object);
  std::sort(out.claims.begin(), out.claims.end());
  out.data_keys = data_keys_of(key, object);
  out.uses = uses_of(key, object);
  return out;
}

}  // namespace holdfast::gitops
