// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/enrolment.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/file_io.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/https.hpp"
#include "base/limits/hub.hpp"
#include "base/limits/model.hpp"
#include "base/limits/node.hpp"
#include "base/system_clock.hpp"
#include "base/version.hpp"
#include "edge_agent/hardware.hpp"
#include "edge_agent/machine_facts.hpp"
#include "edge_agent/sealing_key_file.hpp"
#include "edge_agent/unenrolment.hpp"
#include "sync/link/https_client.hpp"
#include "sync/link/tpm_key.hpp"
#include "sync/link/x509.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

constexpr std::string_view kEnrollTarget = "/apis/holdfast.dev/v1/enroll";

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "node";
}

/// The same again after an attempt that failed: its token may be used up by then, and answers this key alone.
Result<sync::PrivateKey> key_in(const std::string& path, sync::KeyPlace place) {
  if (const auto pem = base::read_file(path, base::limits::kJsonBytesMax)) {
    auto key = sync::PrivateKey::from_pem(*pem);
    if (!key) return fail(std::move(key).error().with_context(path));
    if (key->place() == place) return key;
    return fail(Code::kConflict,
                path + ": an earlier attempt made this key " +
                    (place == sync::KeyPlace::kTpm ? "without --tpm" : "with --tpm") +
                    "; enrol in the same way, or delete the file (its token is not accepted again then)");
  }
  HF_TRY(auto key, sync::PrivateKey::generate(place));
  HF_CHECK(base::write_file(path, key.pem(), 0600));
  return key;
}

/// A node whose key is in a TPM keeps its next one there, too, whether or not anybody thinks of saying so.
sync::KeyPlace place_of(const AgentOptions& options, const DataFolder& folder) {
  const auto earlier = options.re_home ? base::read_file(folder.key_file(), base::limits::kPemBytesMax)
                                       : Result<std::string>(fail(Code::kNotFound, ""));
  return options.tpm || (earlier && sync::is_tpm_key(*earlier)) ? sync::KeyPlace::kTpm
                                                                : sync::KeyPlace::kFile;
}

Result<std::string> token_of(const AgentOptions& options) {
  if (options.token_file.empty()) return options.token;
  auto read = base::read_file(options.token_file, base::limits::kTokenFileBytesMax);
  if (!read) return fail(std::move(read).error().with_context("--token-file"));
  const std::string token(sync::trimmed(sync::without_byte_order_mark(*read)));
  const bool is_text = std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7f; });
  if (!token.empty() && is_text) return token;
  return fail(Code::kInvalid, "--token-file: " + options.token_file + ": " +
                                  (token.empty() ? "is empty" : "holds more than a token") +
                                  "; `holdfast token create` prints one");
}

std::vector<std::string> names_of(const std::map<std::string, std::string>& facts) {
  std::vector<std::string> out;
  out.reserve(facts.size());
  for (const auto& [name, value] : facts) out.push_back(name);
  return out;
}

Result<std::string> body_of(const AgentOptions& options, const std::string& token,
                            const sync::PrivateKey& key, const std::string& name,
                            const std::map<std::string, std::string>& hardware) {
  Json serials = Json::array();
  for (const auto& [fact, serial] : hardware) {
    if (serials.size() < base::limits::kMachineSerialsMax) serials.push_back(serial);
  }
  HF_TRY(const auto request, sync::CertificateRequest::make(key, name));
  return base::canonical_json(Json{{"token", token},
                                   {"name", name},
                                   {"labels", options.labels},
                                   {"csr", request.pem()},
                                   {"fingerprint", fingerprint_of(hardware, names_of(hardware))},
                                   {"serials", serials},
                                   {"facts", machine_facts(options.data)},
                                   {"agentVersion", base::kVersion}});
}

base::Error refused(const sync::HttpResponse& response) {
  std::string why = response.body.substr(0, base::limits::kMessageLengthMax);
  if (const auto json = base::parse_json(response.body);
      json && json->is_object() && json->contains("message")) {
    if (const auto& message = json->at("message"); message.is_string()) why = message.get<std::string>();
  }
  const auto code = response.status == 409 ? Code::kConflict : Code::kPermission;
  return {code, "the hub refused to enrol this machine (" + std::to_string(response.status) + "): " + why};
}

struct Identity {
  NodeFile node;
  std::optional<std::map<std::string, std::string>> labels;  ///< that the node has; none: not told
  std::string certificate;
  std::string ca;
  std::string trust;
};

Result<Identity> identity_of_answer(const std::string& body) {
  HF_TRY(const Json json, base::parse_json(body));
  Identity out;
  std::string uid;
  std::string fleet;
  std::string recovery;
  HF_CHECK(base::ObjectReader(json, "the hub's answer")
               .required("uid", uid)
               .required("name", out.node.name)
               .required("fleet", fleet)
               .required("certificate", out.certificate)
               .required("caCertificate", out.ca)
               .required("recoveryKey", recovery)
               .required("trust", out.trust)
               .finish_open());
  if (json.contains("labels"))
    HF_CHECK(
        base::ObjectReader(json, "the hub's answer").optional("labels", out.labels.emplace()).finish_open());
  out.node.uid = sync::NodeUid(uid);
  out.node.fleet = sync::FleetId(fleet);
  HF_TRY(out.node.recovery_key, base::PublicKey::from_hex(recovery));
  HF_TRY(const auto sealed, sync::decode_trust(out.trust));
  HF_CHECK(sync::verify_trust(sealed, out.node.recovery_key));
  return out;
}

/// Asked again as long as a person has not yet approved; whoever ends this program may run it again.
Result<std::string> answer_of(const sync::HttpsRequest& request) {
  for (bool is_told = false; true; is_told = true) {
    HF_TRY(const auto answer, sync::https_call(request));
    if (answer.response.status != 200 && answer.response.status != 201) return fail(refused(answer.response));
    HF_TRY(const Json json, base::parse_json(answer.response.body));
    if (!json.is_object() || !json.value("pending", false)) return answer.response.body;
    if (!is_told) {
      std::fprintf(stderr,
                   "waiting for a person: holdfast approve %s\n(this may be ended, and run again with the "
                   "same token)\n",
                   json.value("name", "NODE").c_str());
    }
    std::this_thread::sleep_for(base::limits::kApprovalPollInterval);
  }
}

Status save(const DataFolder& folder, const sync::PrivateKey& key, const Identity& identity) {
  HF_CHECK(base::write_file(folder.key_file(), key.pem(), 0600));
  HF_CHECK(base::write_file(folder.certificate_file(), identity.certificate, 0644));
  HF_CHECK(base::write_file(folder.ca_file(), identity.ca, 0644));
  HF_CHECK(base::write_file(folder.trust_file(), identity.trust, 0600));
  return base::write_file(folder.node_file(), encode_node_file(identity.node), 0600);
}

/// The identity in the fleet that this machine is of; none: it is of none.
Result<std::optional<NodeFile>> earlier_identity(const DataFolder& folder, bool is_left) {
  auto node = folder.load_node();
  if (!node) return std::optional<NodeFile>();
  if (is_left) return std::optional(*std::move(node));
  return fail(
      Code::kConflict,
      folder.root() + ": already enrolled as " + node->name + " (" + node->uid.str() +
          "); `holdfast-agent unenroll` first, or, if its hub is lost for good, enrol with --re-home, "
          "or choose another --data folder");
}

/// What a person typed, looked at before anything is made.
struct Asked {
  sync::HttpsUrl hub;
  std::string token;
};

Result<Asked> asked_of(const AgentOptions& options) {
  Asked asked;
  HF_TRY(asked.hub, sync::HttpsUrl::parse(options.hub));
  if (asked.hub.target != "/")
    return fail(Code::kInvalid,
                "--hub: " + options.hub + " has a path; a hub is https://HOST:PORT and no more");
  asked.hub.target = kEnrollTarget;
  HF_TRY(asked.token, token_of(options));
  return asked;
}

Result<Identity> ask_for_identity(const AgentOptions& options, const Asked& asked,
                                  const sync::PrivateKey& key, const std::string& name) {
  sync::HttpsRequest request;
  request.method = "POST";
  request.url = asked.hub;
  request.headers = {{"Content-Type", "application/json"}};
  const auto hardware = hardware_facts();
  HF_TRY(request.body, body_of(options, asked.token, key, name, hardware));
  HF_TRY(request.tls.pinned_ca, base::Digest::from_hex(options.ca_sha256));
  request.tls.when = base::SystemClock().wall();
  HF_TRY(const auto rules, proxy_of(options, environment_variable));
  if (const auto* const proxy = rules.of(request.url.host)) request.proxy = *proxy;
  HF_TRY(const auto body, answer_of(request));
  HF_TRY(auto identity, identity_of_answer(body));
  identity.node.hub = options.hub;
  identity.node.hardware = names_of(hardware);
  return identity;
}

std::vector<std::string> not_granted(const AgentOptions& options, const Identity& identity) {
  std::vector<std::string> out;
  if (!identity.labels) return out;
  for (const auto& [key, value] : options.labels) {
    const auto has = identity.labels->find(key);
    if (has == identity.labels->end() || has->second != value) out.push_back(key + "=" + value);
  }
  return out;
}

}  // namespace

Result<Enrolled> enroll(const AgentOptions& options, base::Random& random) {
  HF_TRY(const auto asked, asked_of(options));
  const DataFolder folder(options.data);
  HF_CHECK(base::make_private_directory(folder.root()));
  if (base::read_file(folder.root() + "/hub.json", base::limits::kJsonBytesMax))
    return fail(Code::kConflict,
                folder.root() + ": is the data folder of a hub; give the agent one of its own with --data");
  HF_TRY(const auto earlier, earlier_identity(folder, options.re_home));
  auto lock = base::DirectoryLock::take(folder.root());
  if (!lock) return fail(std::move(lock).error().with_context("stop the agent first"));
  const std::string own_name = earlier ? earlier->name : host_name();
  HF_TRY(const auto key,
         key_in(earlier ? folder.re_home_key_file() : folder.key_file(), place_of(options, folder)));
  HF_TRY(auto identity,
         ask_for_identity(options, asked, key, options.name.empty() ? own_name : options.name));
  HF_CHECK(earlier ? keep_for_next(folder, *earlier) : forget_lost_identity(folder));
  HF_TRY(const bool has_marks, folder.load_marks(identity.node));
  if (!has_marks) {
    identity.node.mark_key = base::make_mac_key(random);
    identity.node.mark_uid = identity.node.uid;
  }
  HF_CHECK(SealingKeyFile(folder.sealing_key_file()).load_or_make(random, base::SystemClock().wall()));
  for (const auto& path : {folder.next_key_file(), folder.next_certificate_file()})
    HF_CHECK(base::remove_file(path));
  HF_CHECK(save(folder, key, identity));
  HF_CHECK(base::remove_file(folder.re_home_key_file()));
  return Enrolled{identity.node, not_granted(options, identity)};
}

}  // namespace holdfast::edge_agent
