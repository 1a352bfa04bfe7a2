// SPDX-License-Identifier: Apache-2.0
#include "gitops/parsed_resource.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "gitops/json_text.hpp"
#include "sync/model/config_map.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/pod_spec.hpp"
#include "sync/model/process_spec.hpp"
#include "sync/model/secret.hpp"
#include "sync/model/unit_spec.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;

constexpr std::string_view kPlainRefused =
    "kind: a plain Secret can be read by whoever reads the repository, in all its history; seal it with "
    "`holdfast seal -f "
    "FILE`, commit what that prints in its place, and change the value, for it was seen";

FieldPath spec_field() { return FieldPath{}.member("spec"); }

std::vector<KeyUse> uses_of_file(const Json& object) {
  std::vector<KeyUse> uses;
  const auto spec = sync::parse_file_spec(object);
  if (!spec) return uses;
  const auto from = spec_field().member("contentFrom");
  if (spec->config_map_key)
    uses.push_back({"ConfigMap", *spec->config_map_key, from.member("configMapKeyRef")});
  if (spec->secret_key) uses.push_back({"Secret", *spec->secret_key, from.member("secretKeyRef")});
  return uses;
}

std::vector<KeyUse> uses_of_process(const Json& object) {
  std::vector<KeyUse> uses;
  const auto spec = sync::parse_process_spec(object);
  if (!spec) return uses;
  for (std::size_t i = 0; i < spec->env.size(); ++i) {
    if (!spec->env[i].config_map_key) continue;
    uses.push_back({"ConfigMap", *spec->env[i].config_map_key,
                    spec_field().member("env").element(i).member("valueFrom").member("configMapKeyRef")});
  }
  return uses;
}

/// What a pod cannot be made without; an optional key may be missing.
void add_uses(const sync::ContainerSpec& container, const FieldPath& at, std::vector<KeyUse>& uses) {
  for (std::size_t i = 0; i < container.env.size(); ++i) {
    const auto from = at.member("env").element(i).member("valueFrom");
    const auto& value = container.env[i].value;
    if (const auto* map = std::get_if<sync::ConfigMapKey>(&value); map != nullptr && !map->optional)
      uses.push_back({"ConfigMap", map->ref, from.member("configMapKeyRef")});
    if (const auto* secret = std::get_if<sync::SecretKey>(&value); secret != nullptr && !secret->optional)
      uses.push_back({"Secret", secret->ref, from.member("secretKeyRef")});
  }
}

void add_uses(const sync::VolumeSpec& volume, const FieldPath& at, std::vector<KeyUse>& uses) {
  const auto* data = std::get_if<sync::DataVolume>(&volume.source);
  if (data == nullptr || data->optional) return;
  const bool is_secret = data->kind == sync::DataVolume::Kind::kSecret;
  const auto items = at.member(is_secret ? "secret" : "configMap").member("items");
  for (std::size_t i = 0; i < data->items.size(); ++i)
    uses.push_back({is_secret ? "Secret" : "ConfigMap",
                    {data->name, data->items[i].key},
                    items.element(i).member("key")});
}

std::vector<KeyUse> uses_of_pod(const Json& object) {
  std::vector<KeyUse> uses;
  const auto pod = sync::parse_pod(object);
  if (!pod) return uses;
  const auto& spec = pod->spec;
  for (std::size_t i = 0; i < spec.init_containers.size(); ++i)
    add_uses(spec.init_containers[i], spec_field().member("initContainers").element(i), uses);
  for (std::size_t i = 0; i < spec.containers.size(); ++i)
    add_uses(spec.containers[i], spec_field().member("containers").element(i), uses);
  for (std::size_t i = 0; i < spec.volumes.size(); ++i)
    add_uses(spec.volumes[i], spec_field().member("volumes").element(i), uses);
  return uses;
}

std::vector<KeyUse> uses_of(const sync::ResourceKey& key, const Json& object) {
  if (key.kind == "Pod" && key.group.empty()) return uses_of_pod(object);
  if (key.kind == "File") return uses_of_file(object);
  if (key.kind == "Process") return uses_of_process(object);
  return {};
}

/// A name without a namespace is one of its own.
std::vector<ResourceUse> whole_uses_of(const sync::ResourceKey& key, const Json& object) {
  std::vector<ResourceUse> uses;
  if (key.kind != "Unit") return uses;
  const auto spec = sync::parse_unit_spec(object);
  if (!spec) return uses;
  for (std::size_t i = 0; i < spec->restart_on.size(); ++i) {
    std::string brief = spec->restart_on[i];
    const auto slash = brief.find('/');
    if (slash == brief.rfind('/')) brief.insert(slash + 1, key.ns + "/");
    uses.push_back({std::move(brief), spec_field().member("restartOn").element(i)});
  }
  return uses;
}

std::vector<std::string> config_map_keys(const Json& object) {
  std::vector<std::string> keys;
  const auto map = sync::parse_config_map(object);
  if (!map) return keys;
  for (const auto& [name, value] : map->data) keys.push_back(name);
  return keys;
}

base::Result<ParsedResource> read_secret(const Json& object) {
  ParsedResource out;
  HF_TRY(out.sealed, parse_sealed_secret(object));
  for (const auto& [key, value] : out.sealed->data) out.data_keys.push_back(key);
  HF_TRY(out.resource, sync::parse_resource(as_secret(object, *out.sealed)));
  return out;
}

base::Result<ParsedResource> read_plain_secret(const Json& object, PlainSecrets allowed) {
  if (allowed == PlainSecrets::kRefuse)
    return base::fail(base::Code::kPermission, std::string(kPlainRefused));
  ParsedResource out;
  HF_TRY(const auto plain, parse_plain_secret(object));
  SealedSecret secret{plain.ns, plain.name, {}, {}, {}};
  for (const auto& [key, value] : plain.data) {
    out.data_keys.push_back(key);
    secret.data.emplace(key, value.view());
  }
  Json shown{{"apiVersion", "v1"},
             {"kind", "Secret"},
             {"metadata", without_clear_copy(object.at("metadata"))},
             {"data", sync::redacted_data(secret.version, out.data_keys)}};
  if (!plain.type.empty()) shown["type"] = plain.type;
  HF_TRY(out.resource, sync::parse_resource(shown));
  out.sealed = std::move(secret);
  return out;
}

}  // namespace

base::Result<ParsedResource> read_resource(const Json& object, PlainSecrets plain) {
  if (is_sealed_secret(text_member(object, "apiVersion"), text_member(object, "kind")))
    return read_secret(object);
  if (text_member(object, "apiVersion") == "v1" && text_member(object, "kind") == "Secret")
    return read_plain_secret(object, plain);
  ParsedResource out;
  HF_TRY(out.resource, sync::parse_resource(object));
  const auto& key = out.resource.key;
  if (const auto* kind = sync::find_kind(key.group, key.kind)) out.claims = kind->claims(key, object);
  std::sort(out.claims.begin(), out.claims.end());
  if (key.kind == "ConfigMap") out.data_keys = config_map_keys(object);
  out.uses = uses_of(key, object);
  out.whole_uses = whole_uses_of(key, object);
  return out;
}

}  // namespace holdfast::gitops
