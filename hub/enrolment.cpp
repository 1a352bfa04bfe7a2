// SPDX-License-Identifier: Apache-2.0
#include "hub/enrolment.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "base/digest.hpp"
#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "base/signing.hpp"
#include "base/time_text.hpp"
#include "gitops/placement.hpp"
#include "hub/broker.hpp"
#include "hub/json_path.hpp"
#include "hub/node_book.hpp"

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
  std::vector<std::string> serials;
  std::string agent_version;
  std::string csr;
  std::string key;  ///< digest of the request's public key: who asks again
};

struct Enrolment::Admitted {
  sync::NodeUid uid;
  std::string name;
  bool pending = false;
};

namespace {

constexpr std::string_view kRefused =
    "the token is not valid: it is wrong, used up, expired or for another machine; the hub's log says which. "
    "Make another with `holdfast token create`";
constexpr const char* kRefusedHere = "enrolment refused";

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

/// `given` with the head and the members that a token has; spec and metadata are objects.
Result<Json> token_object(const Json& given) {
  if (!given.is_object()) return fail(Code::kInvalid, "the body must be one JSON object");
  Json object = given;
  for (const char* part : {"spec", "metadata"}) {
    auto& value = object[part];
    if (value.is_null()) value = Json::object();
    if (!value.is_object()) return fail(Code::kInvalid, std::string(part) + ": must be an object");
  }
  for (const char* own : {"tokenDigest", "expiresAt"}) {
    if (object["spec"].contains(own))
      return fail(Code::kInvalid, std::string("spec.") + own + ": is written by the hub; remove it");
  }
  object["apiVersion"] = kApiVersion;
  object["kind"] = "EnrollmentToken";
  if (!object["metadata"].contains("name")) object["metadata"]["generateName"] = "token-";
  return object;
}

Result<std::chrono::milliseconds> ttl_of(const Json& spec) {
  const auto given = spec.find("ttl");
  if (given == spec.end() || !given->is_string())
    return limits::kTokenTtlDefault;  // admission says what is wrong
  auto ttl = base::parse_duration(given->get<std::string>());
  if (!ttl) return fail(std::move(ttl).error().with_context("spec.ttl"));
  if (*ttl < std::chrono::seconds(1)) return fail(Code::kInvalid, "spec.ttl: at least 1s");
  if (*ttl > limits::kTokenTtlMax) return fail(Code::kLimit, "spec.ttl: at most 8760h (a year)");
  return ttl;
}

/// Only for new tokens: one of an earlier release, which has such labels, is still good.
Status check_no_fact_labels(const Json& token) {
  for (const auto& [key, value] : strings_at(token, "spec/labels")) {
    if (!key.starts_with(gitops::kFactLabelPrefix)) continue;
    return fail(Code::kInvalid, "spec.labels: \"" + key +
                                    "\" is made from what the node reports; use a label of your own instead");
  }
  return {};
}

/// One hardware serial or fingerprint is said in many ways: case and spaces at the ends do not count.
std::string plain(std::string_view serial) {
  std::string out;
  for (const char c : serial) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto begin = out.find_first_not_of(" \t\r\n");
  return begin == std::string::npos ? "" : out.substr(begin, out.find_last_not_of(" \t\r\n") - begin + 1);
}

/// Whether the token is for this machine: any of its serials, or its fingerprint, is in the token's list.
bool is_for(const Json& token, const std::string& fingerprint, const std::vector<std::string>& serials) {
  const Json* listed = find_at(token, "spec/serials");
  if (listed == nullptr) return true;
  std::set<std::string> own{plain(fingerprint)};
  for (const auto& serial : serials) own.insert(plain(serial));
  own.erase("");
  return std::ranges::any_of(*listed, [&](const Json& one) {
    return one.is_string() && own.contains(plain(one.get_ref<const std::string&>()));
  });
}

std::string machine_of(const std::string& fingerprint, const std::vector<std::string>& serials) {
  if (fingerprint.empty() && serials.empty()) return "tells neither a serial nor a fingerprint";
  std::string out = "has ";
  for (const auto& serial : serials) out += "serial " + serial + ", ";
  return out + (fingerprint.empty() ? "no fingerprint" : "fingerprint " + fingerprint);
}

/// What the new hardware of a node takes over: a person's labels and annotations.
Json metadata_of(const Json& node) {
  auto labels = strings_at(node, "metadata/labels");
  std::erase_if(labels, [](const auto& label) { return label.first.starts_with(gitops::kFactLabelPrefix); });
  return {{"name", name_of(node)}, {"labels", labels}, {"annotations", annotations_of(node)}};
}

std::int64_t uses_of(const Json& token) {
  return find_at(token, "spec/uses") == nullptr ? 1 : number_at(token, "spec/uses");
}

}  // namespace

Result<Json> Enrolment::create_token(const Json& given, Creation creation) {
  HF_TRY(Json object, token_object(given));
  HF_CHECK(check_no_fact_labels(object));
  const auto secret = new_secret(seams_.random);
  HF_TRY(const auto ttl, ttl_of(object["spec"]));
  object["spec"]["tokenDigest"] = base::Digest::of(secret).hex();
  object["spec"]["expiresAt"] = base::to_rfc3339_seconds(seams_.clock.wall() + ttl);
  ObjectPtr stored;
  const auto replaced = text_at(object, "spec/replace");
  const auto work = [&](ObjectWriter& writer) -> Status {
    if (!replaced.empty()) HF_CHECK(writer.get(kNodes, replaced));
    HF_TRY(stored, writer.create(kEnrollmentTokens, object));
    return {};
  };
  if (creation == Creation::kTryOut) {
    HF_CHECK(objects_.rehearse(Actor::kHub, work));
    return *stored;
  }
  HF_CHECK(objects_.write(Actor::kHub, work));
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
               .optional("serials", out.serials)
               .optional("agentVersion", out.agent_version)
               .ignore("facts")
               .finish_open());
  HF_CHECK(sync::check_name(out.name, "name"));
  if (out.name == kHubClientName || out.name == kBrokerAdminName)
    return fail(Code::kInvalid, "name: " + out.name + " is the hub's own; choose another with --name");
  if (out.serials.size() > limits::kMachineSerialsMax)
    return fail(Code::kLimit, "serials: at most " + std::to_string(limits::kMachineSerialsMax));
  HF_TRY(const auto request, sync::CertificateRequest::from_pem(out.csr));
  out.key = key_digest(request);
  if (out.key.empty()) return fail(Code::kInvalid, "csr: its public key cannot be read");
  return out;
}

Result<Json> Enrolment::holding_token(const std::string& token) const {
  const auto dot = token.rfind('.');
  const auto name = token.substr(0, dot == std::string::npos ? 0 : dot);
  const auto secret = dot == std::string::npos ? token : token.substr(dot + 1);
  const auto object = objects_.get(kEnrollmentTokens, name);
  // The comparison is made for an unknown name too, so that names cannot be told by time.
  const std::string expected = object ? text_at(**object, "spec/tokenDigest") : std::string(64, '0');
  const bool holds = base::equal_constant_time(base::Digest::of(secret).hex(), expected);
  const bool is_name = sync::check_name(name, "").has_value();
  if (!object) return fail(Code::kNotFound, is_name ? "there is no token " + name : "that is no token");
  if (!holds) return fail(Code::kPermission, "token " + name + ": its secret is another one");
  return **object;
}

Result<Json> Enrolment::enroll(const Json& json) {
  HF_TRY(const auto request, read(json));
  const std::lock_guard guard(one_at_a_time_);
  const auto token = token_for(request);
  if (!token) {
    // What is wrong is told here alone: outside it would help to guess. One that is tried again and again goes quiet.
    const bool is_known = token.error().code() == Code::kPermission;
    base::log::failure(kRefusedHere, is_known ? token.error().message() : "no token of this hub",
                       token.error(), {{"name", request.name}});
    return fail(Code::kPermission, std::string(kRefused));
  }
  auto admitted = admit(request, *token);
  if (!admitted) {
    base::log::warn(kRefusedHere, {{"name", request.name}, {"error", admitted.error().message()}});
    return fail(std::move(admitted).error());
  }
  if (admitted->pending) {
    base::log::info("a machine waits for a person's approval", {{"name", admitted->name}});
    return Json{{"pending", true}, {"name", admitted->name}};
  }
  base::log::info("node enrolled", {{"name", admitted->name}, {"uid", admitted->uid.str()}});
  return answer(request, *admitted);
}

Result<Json> Enrolment::token_for(const Request& request) const {
  HF_TRY(auto token, holding_token(request.token));
  // Keys of machines that this token enrolled: asked again, answered again, however long a person took to approve.
  if (const Json* earlier = find_at(token, "status/enrolled/" + request.key)) {
    if (auto again = admit_again(*earlier); !again)
      return fail(std::move(again).error().with_context("token " + name_of(token)));
    return token;
  }
  const auto refused = [&token](const std::string& why) {
    return fail(Code::kPermission, "token " + name_of(token) + why);
  };
  const auto end = text_at(token, "spec/expiresAt");
  const auto expires = base::parse_rfc3339(end);
  if (!expires || *expires <= seams_.clock.wall()) return refused(" expired at " + end);
  if (number_at(token, "status/used") >= uses_of(token)) return refused(" is used up");
  if (!is_for(token, request.fingerprint, request.serials))
    return refused(" is for other machines: this one " + machine_of(request.fingerprint, request.serials));
  return token;
}

Result<Enrolment::Admitted> Enrolment::admit(const Request& request, const Json& token) {
  if (const Json* earlier = find_at(token, "status/enrolled/" + request.key)) return admit_again(*earlier);
  const auto replaced = text_at(token, "spec/replace");
  HF_CHECK(check_place(request, replaced));
  Admitted admitted{.uid = sync::NodeUid(seams_.random.uuid()),
                    .name = replaced.empty() ? request.name : replaced,
                    .pending = truth_at(token, "spec/approve")};
  HF_CHECK(store(request, token, admitted));
  return admitted;
}

Status Enrolment::check_place(const Request& request, const std::string& replaced) const {
  if (!replaced.empty()) {
    if (objects_.get(kNodes, replaced)) return {};
    return fail(Code::kConflict, "node " + replaced + ", whose place this machine was to take, is gone; " +
                                     "make a token without --replace");
  }
  if (objects_.count(kNodes) >= nodes_max_) {
    return fail(Code::kLimit, "this hub has " + std::to_string(nodes_max_) +
                                  " nodes, as many as it takes; `holdfast delete node` those that are gone");
  }
  if (objects_.get(kNodes, request.name)) {
    return fail(Code::kConflict, "a node named " + request.name +
                                     " exists already; choose another with --name, or "
                                     "`holdfast delete node " +
                                     request.name + "` first; new hardware takes its place with " +
                                     "`holdfast token create --replace " + request.name + "`");
  }
  return {};
}

/// A node of that name may by now be another machine, or the machine be cut off: the uid is its identity, and only the
/// one that it was given is told again.
Result<Enrolment::Admitted> Enrolment::admit_again(const Json& earlier) const {
  Admitted admitted{
      .uid = sync::NodeUid(text_at(earlier, "uid")), .name = text_at(earlier, "name"), .pending = false};
  const auto node = objects_.get(kNodes, admitted.name);
  const bool is_same =
      node && !admitted.uid.str().empty() && text_at(**node, "spec/uid") == admitted.uid.str();
  if (!is_same || is_cut_off(**node))
    return fail(Code::kPermission, "it enrolled this machine as node " + admitted.name +
                                       ", which is deleted, cut off or another machine by now");
  admitted.pending = truth_at(**node, "spec/pending");
  return admitted;
}

Status Enrolment::store(const Request& request, const Json& token, const Admitted& admitted) {
  Json metadata{{"name", admitted.name}, {"labels", strings_at(token, "spec/labels")}};
  // Labels that the machine asks for are shown, and count only when a person takes them over.
  if (!request.labels.empty()) {
    metadata["annotations"] = {{"holdfast.dev/requested-labels", base::canonical_json(Json(request.labels))}};
  }
  Json node{{"apiVersion", kApiVersion},
            {"kind", "Node"},
            {"metadata", std::move(metadata)},
            {"spec", {{"uid", admitted.uid.str()}, {"fingerprint", request.fingerprint}}}};
  if (admitted.pending) node["spec"]["pending"] = true;
  const bool takes_place = !text_at(token, "spec/replace").empty();
  Json status = token.value("status", Json::object());
  status["used"] = number_at(token, "status/used") + 1;
  status["enrolled"][request.key] = {{"name", admitted.name}, {"uid", admitted.uid.str()}};
  return objects_.write(Actor::kHub, [&](ObjectWriter& writer) -> Status {
    if (takes_place) {
      HF_TRY(const auto old, writer.get(kNodes, admitted.name));
      // The token's labels come on top: who made it knows more than who made the first.
      Json moved = metadata_of(*old);
      moved["labels"].update(node["metadata"]["labels"]);
      if (node["metadata"].contains("annotations"))
        moved["annotations"].update(node["metadata"]["annotations"]);
      node["metadata"] = std::move(moved);
      node["spec"]["replaces"] = text_at(*old, "spec/uid");
      HF_CHECK(writer.remove(kNodes, admitted.name, {}));
    }
    HF_CHECK(writer.create(kNodes, node));
    HF_CHECK(writer.update_status(kEnrollmentTokens, name_of(token), status));
    return {};
  });
}

Result<Json> Enrolment::answer(const Request& request, const Admitted& admitted) {
  HF_TRY(const auto csr, sync::CertificateRequest::from_pem(request.csr));
  HF_TRY(const auto certificate, certificates_.issue(csr, admitted.uid));
  HF_CHECK(show_certificate(objects_, admitted.name, certificate));
  HF_TRY(const auto node, objects_.get(kNodes, admitted.name));
  return Json{{"uid", admitted.uid.str()},
              {"name", admitted.name},
              {"labels", strings_at(*node, "metadata/labels")},
              {"fleet", pki_.fleet().str()},
              {"shard", sync::shard_of(admitted.uid)},
              {"certificate", certificate.pem()},
              {"caCertificate", pki_.ca().pem()},
              {"recoveryKey", pki_.recovery_key().hex()},
              {"trust", sync::encode_trust(pki_.trust())},
              {"hub", hub_url_}};
}

}  // namespace holdfast::hub
