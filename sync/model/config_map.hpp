// SPDX-License-Identifier: Apache-2.0
// Content of kind ConfigMap: data and binaryData, as in Kubernetes.
// Threads: plain values.
#pragma once

#include <map>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

struct ConfigMap {
  std::map<std::string, std::string> data;  ///< binaryData decoded and merged; a key in both is an error
};

base::Result<ConfigMap> parse_config_map(const base::Json& object);

}  // namespace holdfast::sync
