// SPDX-License-Identifier: Apache-2.0
// Content of kind Secret as a node gets it: no value in clear, but each sealed to the node's own key.
//
//     {"apiVersion":"v1","data":{"sealed":{"data":{"password":"<base64>"},"key":"<16 hex>","version":"<64 hex>"}},
//      "kind":"Secret","metadata":{…},"type":"Opaque"}
//
// Threads: pure functions of values.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::sync {

/// What people see in place of a value, as kubectl and Argo CD show it. It is base64, so it may stand where a sealed
/// value does.
inline constexpr std::string_view kRedacted = "++++++++";

struct Secret {
  base::Digest version;                     ///< of what Git says
  base::SealingKeyId key;                   ///< to which the values are sealed; none: they are redacted
  std::map<std::string, std::string> data;  ///< sealed
  std::string type;
};

/// Strict.
base::Result<Secret> parse_secret(const base::Json& object);
/// A key of a Secret or of a ConfigMap; `where` names the place.
base::Status check_data_key(std::string_view key, std::string_view where);
/// To what a value of a Secret is sealed beside the key, so that a ciphertext counts in its own place alone.
std::string bound_to(std::string_view ns, std::string_view name, std::string_view key);

/// The member `data` of a node's Secret. REQUIRES: `sealed` holds sealed bytes.
base::Json sealed_data(const base::Digest& version, base::SealingKeyId key,
                       const std::map<std::string, std::string>& sealed);
/// The same before it is sealed to anybody, and for people: kRedacted for each of `keys`.
base::Json redacted_data(const base::Digest& version, const std::vector<std::string>& keys);
inline bool is_secret(const ResourceKey& key) { return key.group.empty() && key.kind == "Secret"; }
/// Another resource as it is; of a Secret what is the same for every node. For comparisons and for people.
base::Result<Resource> redacted(const Resource& resource);

}  // namespace holdfast::sync
