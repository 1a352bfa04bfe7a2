// SPDX-License-Identifier: Apache-2.0
#include "gitops/sealed_secret.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits/secrets.hpp"
#include "gitops/json_text.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/labels.hpp"
#include "sync/model/secret.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;
using Texts = std::map<std::string, std::string>;

constexpr std::string_view kApiVersion = "holdfast.dev/v1";
constexpr std::string_view kKind = "SealedSecret";

struct Place {
  std::string ns = "default";
  std::string name;
};

/// Namespace and name, as sealing needs them before the rest of metadata is read.
Result<Place> place_of(const Json& object) {
  Place place;
  const auto metadata = object.find("metadata");
  if (metadata == object.end()) return fail(Code::kInvalid, "metadata: this field is required and missing");
  ObjectReader in(*metadata, "metadata");
  in.required("name", place.name).optional("namespace", place.ns);
  HF_CHECK(in.finish_open());
  HF_CHECK(sync::check_name(place.name, "metadata.name"));
  HF_CHECK(sync::check_namespace(place.ns, "metadata.namespace"));
  return place;
}

std::string entry(const std::string& where, const std::string& key) {
  return where + "[" + sync::in_quotes(key) + "]";
}

/// Of values in clear, or of sealed ones without what sealing added.
Status check_sizes(const std::map<std::string, std::size_t>& sizes, const std::string& where) {
  std::size_t total = 0;
  for (const auto& [key, size] : sizes) {
    total += size;
    if (size <= limits::kSecretValueBytesMax) continue;
    return fail(Code::kLimit, entry(where, key) + ": " + std::to_string(size) + " bytes; at most " +
                                  std::to_string(limits::kSecretValueBytesMax) + " are allowed");
  }
  if (sizes.size() > limits::kSecretKeysMax)
    return fail(Code::kLimit, where + ": more than " + std::to_string(limits::kSecretKeysMax) + " keys");
  if (total <= limits::kSecretBytesMax) return {};
  return fail(Code::kLimit, where + ": " + std::to_string(total) + " bytes in all; at most " +
                                std::to_string(limits::kSecretBytesMax) + " are allowed");
}

Status read_encrypted(const Texts& encoded, const std::string& where, SealedSecret& out) {
  if (encoded.empty()) return fail(Code::kInvalid, where + ": holds nothing");
  std::map<std::string, std::size_t> sizes;
  for (const auto& [key, text] : encoded) {
    HF_CHECK(sync::check_data_key(key, entry(where, key)));
    auto sealed = base::from_base64(text);
    if (!sealed) return fail(std::move(sealed).error().with_context(entry(where, key)));
    const auto overhead = base::sealed_overhead(sync::bound_to(out.ns, out.name, key));
    if (sealed->size() < overhead)
      return fail(Code::kInvalid,
                  entry(where, key) + ": too short to be a sealed value; make it anew with `holdfast seal`");
    sizes[key] = sealed->size() - overhead;
    out.data.emplace(key, *std::move(sealed));
  }
  return check_sizes(sizes, where);
}

Status check_template(const Json& value, const std::string& where) {
  std::string type;
  Texts labels;
  ObjectReader in(value, where);
  in.optional("type", type).optional("labels", labels);
  HF_CHECK(in.finish());
  return sync::check_labels(labels, where + ".labels");
}

Status read_spec(const Json& value, const std::string& where, SealedSecret& out) {
  Texts encoded;
  ObjectReader in(value, where);
  in.required("key", sync::text_field(out.key, base::SealingKeyId::from_hex))
      .optional("encryptedData", encoded)
      .optional("template", check_template);
  HF_CHECK(in.finish());
  if (out.key.is_none())
    return fail(Code::kInvalid,
                where + ".key: no sealing key has this id; make it anew with `holdfast seal`");
  return read_encrypted(encoded, where + ".encryptedData", out);
}

Status add_value(PlainSecret& out, const std::string& at, const std::string& key, base::ClearText value) {
  HF_CHECK(sync::check_data_key(key, at));
  out.data.insert_or_assign(key, std::move(value));
  return {};
}

}  // namespace

bool is_sealed_secret(std::string_view api_version, std::string_view kind) {
  return api_version == kApiVersion && kind == kKind;
}

Result<SealedSecret> parse_sealed_secret(const Json& object) {
  SealedSecret out;
  HF_TRY(const auto place, place_of(object));
  out.ns = place.ns;
  out.name = place.name;
  ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind").ignore("metadata");
  in.required("spec",
              [&](const Json& value, const std::string& where) { return read_spec(value, where, out); });
  HF_CHECK(in.finish());
  out.version = base::Digest::of(
      base::canonical_json(Json{{"name", out.name}, {"namespace", out.ns}, {"spec", object.at("spec")}}));
  return out;
}

Json as_secret(const Json& object, const SealedSecret& sealed) {
  std::vector<std::string> keys;
  keys.reserve(sealed.data.size());
  for (const auto& [key, value] : sealed.data) keys.push_back(key);
  Json out{{"apiVersion", "v1"},
           {"kind", "Secret"},
           {"metadata", object.at("metadata")},
           {"data", sync::redacted_data(sealed.version, keys)}};
  const auto made = object.at("spec").find("template");
  if (made == object.at("spec").end() || made->is_null()) return out;
  if (made->contains("type")) out["type"] = made->at("type");
  if (!made->contains("labels") || !made->at("labels").is_object()) return out;
  // Labels of another shape stay, for who reads metadata to refuse.
  auto& labels = out["metadata"]["labels"];
  if (labels.is_null() || labels.is_object()) labels.update(made->at("labels"));
  return out;
}

Json without_clear_copy(Json metadata) {
  const auto annotations = metadata.find("annotations");
  if (annotations == metadata.end() || !annotations->is_object()) return metadata;
  annotations->erase("kubectl.kubernetes.io/last-applied-configuration");
  if (annotations->empty()) metadata.erase("annotations");
  return metadata;
}

Result<PlainSecret> parse_plain_secret(const Json& object) {
  if (text_member(object, "apiVersion") != "v1" || text_member(object, "kind") != "Secret")
    return fail(Code::kInvalid, "not a Secret: apiVersion must be v1, and kind Secret");
  PlainSecret out;
  HF_TRY(const auto place, place_of(object));
  out.ns = place.ns;
  out.name = place.name;
  out.metadata = base::canonical_json(without_clear_copy(object.at("metadata")));
  Texts data;
  Texts texts;
  bool immutable = false;
  ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind").ignore("metadata");
  in.optional("type", out.type).optional("data", data).optional("stringData", texts);
  HF_CHECK(in.optional("immutable", immutable).finish());
  std::map<std::string, std::size_t> sizes;
  for (auto& [key, encoded] : data) {
    auto value = base::from_base64(encoded);
    base::wipe(encoded);
    if (!value)
      return fail(Code::kInvalid, entry("data", key) + ": is not base64; plain text goes into stringData");
    HF_CHECK(add_value(out, entry("data", key), key, base::ClearText(*std::move(value))));
  }
  for (auto& [key, text] : texts)
    HF_CHECK(add_value(out, entry("stringData", key), key, base::ClearText(std::exchange(text, {}))));
  if (out.data.empty()) return fail(Code::kInvalid, "data: the Secret holds nothing to seal");
  for (const auto& [key, value] : out.data) sizes[key] = value.view().size();
  HF_CHECK(check_sizes(sizes, "data"));
  return out;
}

Json sealed_secret(const PlainSecret& secret, const base::SealingPublicKey& key) {
  Json sealed = Json::object();
  for (const auto& [name, value] : secret.data)
    sealed[name] =
        base::to_base64(base::seal(key, sync::bound_to(secret.ns, secret.name, name), value.view()));
  Json metadata = Json::parse(secret.metadata, nullptr, false);
  Json made = Json::object();
  if (!secret.type.empty()) made["type"] = secret.type;
  if (metadata.contains("labels")) {
    made["labels"] = metadata.at("labels");
    metadata.erase("labels");
  }
  for (const char* made_by_a_cluster : {"creationTimestamp", "resourceVersion", "uid", "managedFields"})
    metadata.erase(made_by_a_cluster);
  Json spec{{"key", key.id().hex()}, {"encryptedData", std::move(sealed)}};
  if (!made.empty()) spec["template"] = std::move(made);
  return {{"apiVersion", kApiVersion},
          {"kind", kKind},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

}  // namespace holdfast::gitops
