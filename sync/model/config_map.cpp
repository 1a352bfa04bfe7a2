// SPDX-License-Identifier: Apache-2.0
#include "sync/model/config_map.hpp"

#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/limits/model.hpp"
#include "sync/model/secret.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Status;
using Data = std::map<std::string, std::string>;

std::string place(std::string_view field, std::string_view key) {
  return std::string(field) + "[" + in_quotes(key) + "]";
}

Status check_entry(std::string_view field, const std::string& key, const std::string& value) {
  HF_CHECK(check_data_key(key, place(field, key)));
  if (value.size() <= base::limits::kFileContentBytesMax) return {};
  return fail(Code::kLimit, place(field, key) + ": " + std::to_string(value.size()) + " bytes; at most " +
                                std::to_string(base::limits::kFileContentBytesMax) + " are allowed");
}

Status merge_binary(const Data& binary, Data& data) {
  for (const auto& [key, encoded] : binary) {
    auto decoded = base::from_base64(encoded);
    if (!decoded) return fail(std::move(decoded).error().with_context(place("binaryData", key)));
    HF_CHECK(check_entry("binaryData", key, *decoded));
    if (!data.emplace(key, *std::move(decoded)).second) {
      return fail(Code::kInvalid, place("binaryData", key) + ": this key is in data, too; remove one");
    }
  }
  return {};
}

}  // namespace

base::Result<ConfigMap> parse_config_map(const base::Json& object) {
  ConfigMap map;
  Data binary;
  bool immutable = false;  // Kubernetes' promise to its API; Git decides here, so it changes nothing
  base::ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind").ignore("metadata");
  in.optional("data", map.data).optional("binaryData", binary).optional("immutable", immutable);
  HF_CHECK(in.finish());
  for (const auto& [key, value] : map.data) HF_CHECK(check_entry("data", key, value));
  HF_CHECK(merge_binary(binary, map.data));
  return map;
}

}  // namespace holdfast::sync
