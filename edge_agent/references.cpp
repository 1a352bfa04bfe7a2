// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/references.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;

namespace {

base::Error no_such_key(const sync::ResourceKey& key, const std::string& name) {
  return missing_reference("refers to key \"" + name + "\" of " + key.brief() + ", which does not have it");
}

}  // namespace

base::Error missing_reference(std::string what) {
  return {Code::kInvalid, base::Disposition::kWait, std::move(what)};
}

bool is_missing_reference(const base::Error& error) {
  return error.code() == Code::kInvalid && error.disposition() == base::Disposition::kWait;
}

Result<const sync::Resource*> References::resource(const sync::ResourceKey& key) const {
  const auto at = std::ranges::lower_bound(section_.resources, key, {}, &sync::Resource::key);
  if (at == section_.resources.end() || at->key != key)
    return fail(missing_reference("refers to " + key.brief() + ", which its application does not have"));
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

Result<base::Digest> References::file_digest(const sync::Resource& file) {
  HF_TRY(const base::Json object, base::parse_json(file.body));
  HF_TRY(const auto spec, sync::parse_file_spec(object));
  std::string text = base::canonical_json(object.at("spec"));
  if (spec.config_map_key) {
    HF_TRY(const auto content, value(file.key.ns, *spec.config_map_key));
    text += base::Digest::of(content).hex();
  }
  if (spec.secret_key) {
    HF_TRY(const auto content, sealed(file.key.ns, *spec.secret_key));
    text += content.version.hex();
  }
  return base::Digest::of(text);
}

namespace {

sync::ResourceKey key_of_brief(const std::string& ns, const std::string& brief) {
  const auto first = brief.find('/');
  const auto last = brief.rfind('/');
  const std::string kind = brief.substr(0, first);
  return {.group = kind == "File" ? "holdfast.dev" : "",
          .kind = kind,
          .ns = first == last ? ns : brief.substr(first + 1, last - first - 1),
          .name = brief.substr(last + 1)};
}

}  // namespace

Result<const sync::Resource*> References::file(const std::string& ns, const std::string& brief) {
  return resource(key_of_brief(ns, brief));
}

Result<base::Digest> References::digest(const std::string& ns, const std::string& brief) {
  const sync::ResourceKey key = key_of_brief(ns, brief);
  const std::string& kind = key.kind;
  if (kind == "File") {
    HF_TRY(const auto* file, resource(key));
    return file_digest(*file);
  }
  // Of a Secret its version: sealed anew, it is the same.
  if (kind == "Secret") {
    HF_TRY(const auto* found, secret(key));
    return found->version;
  }
  HF_TRY(const auto* found, config_map(key));
  std::string text;
  for (const auto& [name, value] : found->data)
    text += std::to_string(name.size()) + ":" + name + std::to_string(value.size()) + ":" + value;
  return base::Digest::of(text);
}

}  // namespace holdfast::edge_agent
