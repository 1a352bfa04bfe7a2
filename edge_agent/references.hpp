// SPDX-License-Identifier: Apache-2.0
// References: the ConfigMaps and Secrets of one section, read once each, for the resources that refer to them. Secrets
// stay sealed here; SecretOpener opens.
// Threads: one. The section outlives it.
#pragma once

#include <map>
#include <string>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"
#include "sync/model/config_map.hpp"
#include "sync/model/file_spec.hpp"
#include "sync/model/secret.hpp"
#include "sync/model/section.hpp"

namespace holdfast::edge_agent {

/// One value of a Secret as this node got it.
struct SealedValue {
  sync::ResourceKey secret;
  std::string key;  ///< in the Secret
  base::SealingKeyId sealed_to;
  base::Digest version;
  std::string bytes;
};

/// Of a ConfigMap, Secret or key of one that is not in the section: another revision may have it.
base::Error missing_reference(std::string what);
bool is_missing_reference(const base::Error& error);

class References {
 public:
  explicit References(const sync::Section& section) : section_(section) {}
  /// The value that `ref` of a resource in namespace `ns` means. Errors name ConfigMap and key.
  base::Result<std::string> value(const std::string& ns, const sync::KeyRef& ref);
  /// Of what `brief`, a ConfigMap, Secret or File of the section, gives to whoever reads it.
  base::Result<base::Digest> digest(const std::string& ns, const std::string& brief);
  /// The resource that `brief` names.
  base::Result<const sync::Resource*> file(const std::string& ns, const std::string& brief);
  base::Result<SealedValue> sealed(const std::string& ns, const sync::KeyRef& ref);
  /// All of one; nullptr: there is none.
  base::Result<const sync::ConfigMap*> find_config_map(const std::string& ns, const std::string& name);
  base::Result<const sync::Secret*> find_secret(const std::string& ns, const std::string& name);

 private:
  base::Result<const sync::Resource*> resource(const sync::ResourceKey& key) const;
  base::Result<const sync::ConfigMap*> config_map(const sync::ResourceKey& key);
  base::Result<base::Digest> file_digest(const sync::Resource& file);
  base::Result<const sync::Secret*> secret(const sync::ResourceKey& key);

  const sync::Section& section_;
  std::map<sync::ResourceKey, sync::ConfigMap> config_maps_;
  std::map<sync::ResourceKey, sync::Secret> secrets_;
};

}  // namespace holdfast::edge_agent
