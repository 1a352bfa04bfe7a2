// SPDX-License-Identifier: Apache-2.0
#include "hub/seal/seal_job.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/planted.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/secret.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
using Data = std::map<std::string, std::string>;

namespace {

Json data_json(const Data& data) {
  Json out = Json::object();
  for (const auto& [key, bytes] : data) out[key] = base::to_base64(bytes);
  return out;
}

Result<Data> read_data(const Data& encoded) {
  Data out;
  for (const auto& [key, text] : encoded) {
    HF_TRY(auto bytes, base::from_base64(text));
    out.emplace(key, std::move(bytes));
  }
  return out;
}

Status read_order(const Json& value, const std::string& where, SealOrder& out) {
  Data encoded;
  ObjectReader in(value, where);
  in.required("version", sync::digest_field(out.version))
      .required("namespace", out.ns)
      .required("name", out.name)
      .required("key", sync::text_field(out.key, base::SealingKeyId::from_hex))
      .optional("data", encoded)
      .each("nodes", sync::text_elements(out.nodes, SIZE_MAX, base::SealingPublicKey::from_hex));
  HF_CHECK(in.finish());
  HF_TRY(out.data, read_data(encoded));
  return {};
}

Status read_sealed(const Json& value, const std::string& where, SealedFor& out) {
  Data encoded;
  ObjectReader in(value, where);
  in.required("version", sync::digest_field(out.version))
      .required("node", sync::text_field(out.node, base::SealingKeyId::from_hex))
      .optional("data", encoded);
  HF_CHECK(in.finish());
  HF_TRY(out.data, read_data(encoded));
  return {};
}

Status read_failure(const Json& value, const std::string& where, SealFailure& out) {
  ObjectReader in(value, where);
  in.required("version", sync::digest_field(out.version)).required("message", out.message);
  return in.finish();
}

/// Reads elements of one list after the other.
template <class T>
base::ObjectReader::Read elements(std::vector<T>& out, Status (*read)(const Json&, const std::string&, T&)) {
  return [&out, read](const Json& value, const std::string& where) -> Status {
    out.emplace_back();
    return read(value, where, out.back());
  };
}

using Clear = std::map<std::string, base::ClearText>;

Result<Clear> open(const SealOrder& order, const base::SealingKeys& keys) {
  const auto* key = keys.find(order.key);
  if (key == nullptr) {
    return fail(Code::kPermission, "it is sealed to key " + order.key.hex() +
                                       ", which this hub does not have; seal it again with `holdfast seal`");
  }
  Clear out;
  for (const auto& [name, sealed] : order.data) {
    auto value = key->open(sync::bound_to(order.ns, order.name, name), sealed);
    if (!value) {
      return fail(value.error().code(), "spec.encryptedData[\"" + name + "\"]: " + value.error().message() +
                                            "; seal it again for this place with `holdfast seal`");
    }
    out.emplace(name, *std::move(value));
  }
  return out;
}

}  // namespace

std::string encode_seal_job(const SealJob& job) {
  Json orders = Json::array();
  for (const auto& order : job.orders) {
    Json nodes = Json::array();
    for (const auto& node : order.nodes) nodes.push_back(node.hex());
    orders.push_back({{"version", order.version.hex()},
                      {"namespace", order.ns},
                      {"name", order.name},
                      {"key", order.key.hex()},
                      {"data", data_json(order.data)},
                      {"nodes", std::move(nodes)}});
  }
  return base::canonical_json(Json{{"keysFile", job.keys_file}, {"orders", std::move(orders)}});
}

Result<SealJob> decode_seal_job(std::string_view bytes) {
  SealJob job;
  HF_TRY(const Json json, base::parse_json(bytes));
  ObjectReader in(json, "");
  in.required("keysFile", job.keys_file).each("orders", elements(job.orders, read_order));
  HF_CHECK(in.finish());
  return job;
}

std::string encode_seal_answer(const Result<SealAnswer>& answer) {
  if (!answer) return base::canonical_json(Json{{"error", answer.error().message()}});
  Json sealed = Json::array();
  for (const auto& item : answer->sealed) {
    sealed.push_back(
        {{"version", item.version.hex()}, {"node", item.node.hex()}, {"data", data_json(item.data)}});
  }
  Json failures = Json::array();
  for (const auto& item : answer->failures)
    failures.push_back({{"version", item.version.hex()}, {"message", item.message}});
  return base::canonical_json(Json{{"sealed", std::move(sealed)}, {"failures", std::move(failures)}});
}

Result<SealAnswer> decode_seal_answer(std::string_view bytes) {
  SealAnswer answer;
  std::optional<std::string> error;
  HF_TRY(const Json json, base::parse_json(bytes));
  ObjectReader in(json, "the sealing child's answer");
  in.optional("error", error)
      .each("sealed", elements(answer.sealed, read_sealed))
      .each("failures", elements(answer.failures, read_failure));
  HF_CHECK(in.finish());
  if (error) return fail(Code::kInternal, *error);
  return answer;
}

SealAnswer seal_for_nodes(const std::vector<SealOrder>& orders, const base::SealingKeys& keys) {
  SealAnswer out;
  for (const auto& order : orders) {
    const auto opened = open(order, keys);
    if (!opened) {
      out.failures.push_back({order.version, opened.error().message()});
      continue;
    }
    for (const auto& node : order.nodes) {
      SealedFor sealed{order.version, node.id(), {}};
      for (const auto& [name, value] : *opened)
        sealed.data[name] = base::planted("secret-answered-in-clear")
                                ? std::string(value.view())
                                : base::seal(node, sync::bound_to(order.ns, order.name, name), value.view());
      out.sealed.push_back(std::move(sealed));
    }
  }
  return out;
}

}  // namespace holdfast::hub
