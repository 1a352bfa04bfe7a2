// SPDX-License-Identifier: Apache-2.0
// ConfigMaps: the ConfigMaps of one section, read once each, for the resources that refer to them.
// Threads: one. The section outlives it.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "sync/model/config_map.hpp"
#include "sync/model/file_spec.hpp"
#include "sync/model/section.hpp"

namespace holdfast::edge_agent {

class ConfigMaps {
 public:
  explicit ConfigMaps(const sync::Section& section) : section_(section) {}
  /// The value that `ref` of a resource in namespace `ns` means. Errors name ConfigMap and key.
  base::Result<std::string> value(const std::string& ns, const sync::KeyRef& ref);

 private:
  base::Result<const sync::ConfigMap*> find(const sync::ResourceKey& key);

  const sync::Section& section_;
  std::map<sync::ResourceKey, sync::ConfigMap> read_;
};

}  // namespace holdfast::edge_agent
