// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/references.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;

namespace {

base::Error no_such_key(const sync::ResourceKey& key, const std::string& name) {
  return {Code::kInvalid, "refers to key \"" + name + "\" of " + key.brief() + ", which does not have it"};
}

}  // namespace

Result<const sync::Resource*> References::resource(const sync::ResourceKey& key) const {
  const auto at = std::ranges::lower_bound(section_.resources, key, {}, &sync::Resource::key);
  if (at == section_.resources.end() || at->key != key)
    return fail(Code::kInvalid, "refers to " + key.brief() + ", which its application does not have");
  return &*at;
}

Result<const sync::ConfigMap*> References::config_map(const sync::ResourceKey& key) {
  if (const auto known = config_maps_.find(key); known != config_maps_.end()) return &known->second;
  HF_TRY(const auto* found, resource(key));
  HF_TRY(const base::Json object, base::parse_json(found->body));
  HF_TRY(auto config_map, sync::parse_config_map(object));
  return &config_maps_.emplace(key, std::move(config_map)).first->second;
}

Result<const sync::Secret*> References::secret(const sync::ResourceKey& key) {
  if (const auto known = secrets_.find(key); known != secrets_.end()) return &known->second;
  HF_TRY(const auto* found, resource(key));
  HF_TRY(const base::Json object, base::parse_json(found->body));
  HF_TRY(auto secret, sync::parse_secret(object));
  return &secrets_.emplace(key, std::move(secret)).first->second;
}

Result<const sync::ConfigMap*> References::find_config_map(const std::string& ns, const std::string& name) {
  const sync::ResourceKey key{.group = "", .kind = "ConfigMap", .ns = ns, .name = name};
  if (!resource(key)) return nullptr;
  return config_map(key);
}

Result<const sync::Secret*> References::find_secret(const std::string& ns, const std::string& name) {
  const sync::ResourceKey key{.group = "", .kind = "Secret", .ns = ns, .name = name};
  if (!resource(key)) return nullptr;
  return secret(key);
}

Result<std::string> References::value(const std::string& ns, const sync::KeyRef& ref) {
  const sync::ResourceKey key{.group = "", .kind = "ConfigMap", .ns = ns, .name = ref.name};
  HF_TRY(const auto* found, config_map(key));
  const auto value = found->data.find(ref.key);
  if (value == found->data.end()) return fail(no_such_key(key, ref.key));
  return value->second;
}

Result<SealedValue> References::sealed(const std::string& ns, const sync::KeyRef& ref) {
  const sync::ResourceKey key{.group = "", .kind = "Secret", .ns = ns, .name = ref.name};
  HF_TRY(const auto* found, secret(key));
  const auto value = found->data.find(ref.key);
  if (value == found->data.end()) return fail(no_such_key(key, ref.key));
  return SealedValue{key, ref.key, found->key, found->version, value->second};
}

}  // namespace holdfast::edge_agent
