// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/config_maps.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;

Result<const sync::ConfigMap*> ConfigMaps::find(const sync::ResourceKey& key) {
  if (const auto known = read_.find(key); known != read_.end()) return &known->second;
  const auto at = std::ranges::lower_bound(section_.resources, key, {}, &sync::Resource::key);
  if (at == section_.resources.end() || at->key != key) {
    return fail(Code::kInvalid, "refers to " + key.brief() + ", which its application does not have");
  }
  HF_TRY(const base::Json object, base::parse_json(at->body));
  HF_TRY(auto config_map, sync::parse_config_map(object));
  return &read_.emplace(key, std::move(config_map)).first->second;
}

Result<std::string> ConfigMaps::value(const std::string& ns, const sync::KeyRef& ref) {
  const sync::ResourceKey key{.group = "", .kind = "ConfigMap", .ns = ns, .name = ref.name};
  HF_TRY(const auto* config_map, find(key));
  const auto value = config_map->data.find(ref.key);
  if (value == config_map->data.end()) {
    return fail(Code::kInvalid,
                "refers to key \"" + ref.key + "\" of " + key.brief() + ", which does not have it");
  }
  return value->second;
}

}  // namespace holdfast::edge_agent
