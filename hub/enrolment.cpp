// SPDX-License-Identifier: Apache-2.0
#include "hub/enrolment.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/signing.hpp"
#include "base/time_text.hpp"
#include "hub/json_path.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
namespace limits = base::limits;

struct Enrolment::Request {
  std::string token;
  std::string name;
  std::map<std::string, std::string> labels;
  std::string fingerprint;
  std::string agent_version;
  std::string csr;
  std::string key;  ///< digest of the request's public key: who asks again
};

struct Enrolment::Admitted {
  sync::NodeUid uid;
  std::string name;
};

namespace {

constexpr std::string_view kRefused =
    "the token is not valid: it is wrong, used up or expired; make another with "
    "`holdfast token create`";

std::string key_digest(const sync::CertificateRequest& request) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(request.get()), &der);
  if (size <= 0) return {};
  auto digest = base::Digest::of({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)}).hex();
  OPENSSL_free(der);
  return digest;
}

std::string new_secret(base::Random& random) {
  std::array<std::uint8_t, 32> bytes{};
  random.fill(bytes);
  return base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::int64_t uses_of(const Json& token) {
  return find_at(token, "spec/uses") == nullptr ? 1 : number_at(token, "spec/uses");
}

}  // namespace

Result<Json> Enrolment::create_token(const Json& given) {
  Json object = given;
  auto& spec = object["spec"];
  if (spec.is_null()) spec = Json::object();
  if (!spec.is_object()) return fail(Code::kInvalid, "spec: must be an object");
  for (const char* own : {"tokenDigest", "expiresAt"}) {
    if (spec.contains(own))
      return fail(Code::kInvalid, std::string("spec.") + own + ": is written by the hub; remove it");
  }
  std::chrono::milliseconds ttl = limits::kTokenTtlDefault;
  if (spec.contains("ttl") && spec["ttl"].is_string()) {
    auto given_ttl = base::parse_duration(spec["ttl"].get<std::string>());
    if (!given_ttl) return fail(std::move(given_ttl).error().with_context("spec.ttl"));
    ttl = *given_ttl;
  }
  if (ttl > limits::kTokenTtlMax) return fail(Code::kLimit, "spec.ttl: at most 8760h (a year)");
  const auto secret = new_secret(seams_.random);
  spec["tokenDigest"] = base::Digest::of(secret).hex();
  spec["expiresAt"] = base::to_rfc3339_seconds(seams_.clock.wall() + ttl);
  object["apiVersion"] = kApiVersion;
  object["kind"] = "EnrollmentToken";
  auto& metadata = object["metadata"];
  if (metadata.is_null()) metadata = Json::object();
  if (!metadata.contains("name")) metadata["generateName"] = "token-";
  HF_TRY(const auto stored, objects_.create(kEnrollmentTokens, object, Actor::kHub));
  Json answer = *stored;
  const auto token = name_of(*stored) + "." + secret;
  const auto pin = pki_.ca().digest().hex();
  answer["status"] = {{"token", token},
                      {"hub", hub_url_},
                      {"caSha256", pin},
                      {"command", "holdfast-agent enroll --hub " + hub_url_ + " --ca-sha256 " + pin +
                                      " --token " + token + " --data /var/lib/holdfast/agent"}};
  return answer;
}

Result<Enrolment::Request> Enrolment::read(const Json& json) {
  Request out;
  HF_CHECK(base::ObjectReader(json, "enrolment")
               .required("token", out.token)
               .required("name", out.name)
               .required("csr", out.csr)
               .optional("labels", out.labels)
               .optional("fingerprint", out.fingerprint)
               .optional("agentVersion", out.agent_version)
               .ignore("facts")
               .finish_open());
  HF_CHECK(sync::check_name(out.name, "name"));
  HF_TRY(const auto request, sync::CertificateRequest::from_pem(out.csr));
  out.key = key_digest(request);
  return out;
}

Result<Json> Enrolment::holding_token(const std::string& token, base::WallTime now) const {
  const auto dot = token.rfind('.');
  const auto name = token.substr(0, dot == std::string::npos ? 0 : dot);
  const auto secret = dot == std::string::npos ? token : token.substr(dot + 1);
  const auto object = objects_.get(kEnrollmentTokens, name);
  // The comparison is made for an unknown name too, so that names cannot be told by time.
  const std::string expected = object ? text_at(**object, "spec/tokenDigest") : std::string(64, '0');
  const bool holds = base::equal_constant_time(base::Digest::of(secret).hex(), expected);
  if (!object || !holds) return fail(Code::kPermission, std::string(kRefused));
  const auto expires = base::parse_rfc3339(text_at(**object, "spec/expiresAt"));
  if (!expires || *expires <= now) return fail(Code::kPermission, std::string(kRefused));
  return **object;
}

Result<Json> Enrolment::enroll(const Json& json) {
  HF_TRY(const auto request, read(json));
  const std::lock_guard guard(one_at_a_time_);
  auto admitted = admit(request);
  if (!admitted) {
    base::log::warn("enrolment refused", {{"name", request.name}, {"error", admitted.error().message()}});
    return fail(std::move(admitted).error());
  }
  base::log::info("node enrolled", {{"name", admitted->name}, {"uid", admitted->uid.str()}});
  return answer(request, *admitted);
}

Result<Enrolment::Admitted> Enrolment::admit(const Request& request) {
  HF_TRY(const auto token, holding_token(request.token, seams_.clock.wall()));
  // Keys of machines that this token enrolled: asked again, answered again.
  if (const auto earlier = strings_at(token, "status/enrolled"); earlier.contains(request.key)) {
    const auto& name = earlier.at(request.key);
    HF_TRY(const auto node, objects_.get(kNodes, name));
    return Admitted{sync::NodeUid(text_at(*node, "spec/uid")), name};
  }
  if (number_at(token, "status/used") >= uses_of(token))
    return fail(Code::kPermission, std::string(kRefused));
  if (objects_.get(kNodes, request.name)) {
    return fail(Code::kConflict, "a node named " + request.name +
                                     " exists already; choose another with --name, or "
                                     "`holdfast delete node " +
                                     request.name + "` first");
  }
  Admitted admitted{sync::NodeUid(seams_.random.uuid()), request.name};
  HF_CHECK(store(request, token, admitted));
  return admitted;
}

Status Enrolment::store(const Request& request, const Json& token, const Admitted& admitted) {
  Json metadata{{"name", admitted.name}, {"labels", strings_at(token, "spec/labels")}};
  // Labels that the machine asks for are shown, and count only when a person takes them over.
  if (!request.labels.empty()) {
    metadata["annotations"] = {{"holdfast.dev/requested-labels", base::canonical_json(Json(request.labels))}};
  }
  const Json node{{"apiVersion", kApiVersion},
                  {"kind", "Node"},
                  {"metadata", std::move(metadata)},
                  {"spec", {{"uid", admitted.uid.str()}, {"fingerprint", request.fingerprint}}}};
  Json status = token.value("status", Json::object());
  status["used"] = number_at(token, "status/used") + 1;
  status["enrolled"][request.key] = admitted.name;
  return objects_.write(Actor::kHub, [&](ObjectWriter& writer) -> Status {
    HF_CHECK(writer.create(kNodes, node));
    HF_CHECK(writer.update_status(kEnrollmentTokens, name_of(token), status));
    return {};
  });
}

Result<Json> Enrolment::answer(const Request& request, const Admitted& admitted) {
  HF_TRY(const auto csr, sync::CertificateRequest::from_pem(request.csr));
  HF_TRY(const auto certificate,
         pki_.issue_node_certificate(csr, admitted.uid, seams_.clock.wall(), seams_.random));
  return Json{{"uid", admitted.uid.str()},
              {"name", admitted.name},
              {"fleet", pki_.fleet().str()},
              {"shard", sync::shard_of(admitted.uid)},
              {"certificate", certificate.pem()},
              {"caCertificate", pki_.ca().pem()},
              {"recoveryKey", pki_.recovery_key().hex()},
              {"trust", sync::encode_trust(pki_.trust())},
              {"hub", hub_url_}};
}

}  // namespace holdfast::hub
