// SPDX-License-Identifier: Apache-2.0
#include "sync/model/secret.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/limits/model.hpp"
#include "base/limits/secrets.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;

constexpr std::string_view kDomain = "holdfast/secret/1";

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

Result<base::SealingKeyId> read_key_id(std::string_view text) {
  if (text.empty()) return base::SealingKeyId{};
  return base::SealingKeyId::from_hex(text);
}

Status read_values(const std::map<std::string, std::string>& encoded, const std::string& where, Secret& out) {
  for (const auto& [key, text] : encoded) {
    const std::string at = where + "[" + in_quotes(key) + "]";
    HF_CHECK(check_data_key(key, at));
    auto value = base::from_base64(text);
    if (!value) return fail(std::move(value).error().with_context(at));
    out.data.emplace(key, *std::move(value));
  }
  if (out.data.size() <= limits::kSecretKeysMax) return {};
  return fail(Code::kLimit, where + ": more than " + std::to_string(limits::kSecretKeysMax) + " keys");
}

Status read_sealed(const Json& value, const std::string& where, Secret& out) {
  std::map<std::string, std::string> encoded;
  ObjectReader in(value, where);
  in.required("version", digest_field(out.version))
      .required("key", text_field(out.key, read_key_id))
      .optional("data", encoded);
  HF_CHECK(in.finish());
  if (!in.has("data")) return fail(Code::kInvalid, where + ".data: this field is required and missing");
  return read_values(encoded, where + ".data", out);
}

}  // namespace

Status check_data_key(std::string_view key, std::string_view where) {
  const bool plain = !key.empty() && key.size() <= limits::kNameLengthMax && key != "." && key != ".." &&
                     std::ranges::all_of(key, is_key_character);
  if (plain) return {};
  return fail(Code::kInvalid,
              std::string(where) + ": a key must be 1 to 253 letters, digits, '-', '_' and '.'");
}

Result<Secret> parse_secret(const Json& object) {
  Secret secret;
  ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind").ignore("metadata");
  in.optional("type", secret.type)
      .required("data", [&](const Json& data, const std::string& where) -> Status {
        ObjectReader sealed(data, where);
        sealed.required("sealed", [&](const Json& value, const std::string& at) {
          return read_sealed(value, at, secret);
        });
        return sealed.finish();
      });
  HF_CHECK(in.finish());
  return secret;
}

std::string bound_to(std::string_view ns, std::string_view name, std::string_view key) {
  std::string out(kDomain);
  for (const auto part : {ns, name, key}) out.append(1, '\0').append(part);
  return out;
}

Json sealed_data(const base::Digest& version, base::SealingKeyId key,
                 const std::map<std::string, std::string>& sealed) {
  Json data = Json::object();
  for (const auto& [name, bytes] : sealed) data[name] = base::to_base64(bytes);
  return {{"sealed", {{"data", std::move(data)}, {"key", key.hex()}, {"version", version.hex()}}}};
}

Json redacted_data(const base::Digest& version, const std::vector<std::string>& keys) {
  Json data = Json::object();
  for (const auto& key : keys) data[key] = kRedacted;
  return {{"sealed", {{"data", std::move(data)}, {"key", ""}, {"version", version.hex()}}}};
}

Result<Resource> redacted(const Resource& resource) {
  if (!is_secret(resource.key)) return resource;
  HF_TRY(Json object, base::parse_json(resource.body));
  HF_TRY(const auto secret, parse_secret(object));
  std::vector<std::string> keys;
  keys.reserve(secret.data.size());
  for (const auto& [key, value] : secret.data) keys.push_back(key);
  object["data"] = redacted_data(secret.version, keys);
  return parse_resource(object);
}

}  // namespace holdfast::sync
