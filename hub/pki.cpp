// SPDX-License-Identifier: Apache-2.0
#include "hub/pki.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "base/json.hpp"
#include "base/limits/hub.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "hub/rotation.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
using namespace std::chrono_literals;

namespace {

constexpr auto kCaLife = 24h * 365 * 20;
constexpr auto kServerLife = 24h * 365;
constexpr auto kClockSkew = 1h;  ///< certificates begin a little in the past: nodes' clocks are not exact
constexpr std::size_t kKeyFileBytesMax = 64U << 10U;

}  // namespace

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<std::optional<std::string>> read_if_there(const std::string& path) {
  auto text = base::read_file(path, kKeyFileBytesMax);
  if (text) return std::optional(*std::move(text));
  if (text.error().code() == Code::kNotFound) return std::nullopt;
  return fail(std::move(text).error());
}

base::Error damaged(const base::Error& error, const std::string& path) {
  if (error.code() == Code::kTooNew) return error.with_context(path);
  const bool is_named = error.message().find(path) != std::string::npos;
  return {error.code(), error.disposition(),
          (is_named ? "" : path + ": ") + error.message() + "; put the file back from a backup"};
}

Status write_if_other(const std::string& path, std::string_view content, std::uint32_t mode) {
  const auto known = base::read_file(path, std::max(content.size(), kKeyFileBytesMax));
  if (known && *known == content) return {};
  return base::write_file(path, content, mode);
}

std::string first_line(std::string_view text) {
  const auto line = text.substr(0, text.find_first_of("\r\n"));
  return std::string(line.substr(0, line.find_last_not_of(' ') + 1));
}

Result<base::SigningKey> read_recovery_key(const std::string& path) {
  HF_TRY(const std::string text, base::read_file(path, kKeyFileBytesMax));
  auto key = base::SigningKey::from_seed_hex(first_line(text));
  if (!key) return fail(Code::kInvalid, path + ": no recovery key: one is a line of 64 hex digits");
  return key;
}

Result<sync::Certificate> make_fleet_ca(const sync::PrivateKey& key, base::WallTime now,
                                        base::Random& random) {
  // Each by a name of its own: a list of revoked certificates finds its CA by it.
  return sync::make_ca(key, "Holdfast CA " + random.uuid().substr(0, 8), now - kClockSkew, now + kCaLife,
                       random);
}

namespace {

Result<base::SigningKey> signing_key_of(const std::string& path, base::Random& random, bool& made) {
  HF_TRY(const auto text, read_if_there(path));
  if (text) {
    return content_of(path, base::SigningKey::from_seed_hex(first_line(*text)));
  }
  made = true;
  auto key = base::SigningKey::generate(random);
  HF_CHECK(base::write_file(path, key.seed_hex() + "\n", 0600));
  return key;
}

Result<std::pair<sync::Certificate, sync::PrivateKey>> ca_of(const DataFolder& folder, base::WallTime now,
                                                             base::Random& random) {
  HF_TRY(const auto certificate, read_if_there(folder.ca_certificate()));
  HF_TRY(const auto key, read_if_there(folder.ca_key()));
  if (certificate && key) {
    HF_TRY(auto ca, content_of(folder.ca_certificate(), sync::Certificate::from_pem(*certificate)));
    HF_TRY(auto ca_key, content_of(folder.ca_key(), sync::PrivateKey::from_pem(*key)));
    if (!ca.matches(ca_key)) {
      return fail(Code::kCorrupt, folder.ca_key() + " is not the key of " + folder.ca_certificate() +
                                      "; put both back from a backup");
    }
    return std::pair(std::move(ca), std::move(ca_key));
  }
  HF_TRY(auto ca_key, sync::PrivateKey::generate());
  HF_TRY(auto ca, make_fleet_ca(ca_key, now, random));
  HF_CHECK(base::write_file(folder.ca_key(), ca_key.pem(), 0600));
  HF_CHECK(base::write_file(folder.ca_certificate(), ca.pem(), 0644));
  return std::pair(std::move(ca), std::move(ca_key));
}

/// Two thirds of its life.
base::WallTime renewal_of(const sync::Certificate& certificate) {
  const auto life = certificate.not_after() - certificate.not_before();
  return certificate.not_before() + life * 2 / 3;
}

bool still_fits(const std::string& pem, const sync::CertificateProfile& profile, const sync::Certificate& ca,
                base::WallTime now) {
  const auto certificate = sync::Certificate::from_pem(pem);
  if (!certificate) return false;
  if (!sync::verify_chain(*certificate, *sync::Certificate::bundle_from_pem(ca.pem()), now, profile.use))
    return false;
  const auto names = certificate->names();
  const bool has_all = std::ranges::all_of(
      profile.names, [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); });
  return has_all && now < renewal_of(*certificate);
}

std::string random_secret(base::Random& random) {
  std::array<std::uint8_t, 32> bytes{};
  random.fill(bytes);
  return base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// kubeconfig, so that kubectl works with it too.
/// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
std::string admin_file_text(const std::string& api_url, const std::string& ca_pem, const std::string& token) {
  return "# The administrator's access to this hub. Keep it secret. Use: export HOLDFAST_CONFIG=<this file>\n"
         "apiVersion: v1\n"
         "kind: Config\n"
         "current-context: holdfast\n"
         "clusters:\n"
         "- name: holdfast\n"
         "  cluster:\n"
         "    server: " +
         api_url +
         "\n"
         "    certificate-authority-data: " +
         base::to_base64(ca_pem) +
         "\n"
         "users:\n"
         "- name: admin\n"
         "  user:\n"
         "    token: " +
         token +
         "\n"
         "contexts:\n"
         "- name: holdfast\n"
         "  context:\n"
         "    cluster: holdfast\n"
         "    user: admin\n";
}

}  // namespace

Status Pki::make_leaf(const std::string& certificate_file, const std::string& key_file,
                      const sync::CertificateProfile& profile, base::WallTime now, base::Random& random) {
  const auto note = [this](const sync::Certificate& certificate) {
    renewal_due_ = std::min(renewal_due_, renewal_of(certificate));
    certificates_end_ = std::min(certificates_end_, certificate.not_after());
  };
  HF_TRY(const auto present, read_if_there(certificate_file));
  HF_TRY(const auto key_text, read_if_there(key_file));
  if (present && key_text && still_fits(*present, profile, ca_, now)) {
    note(*sync::Certificate::from_pem(*present));
    return {};
  }
  HF_TRY(const auto key, sync::PrivateKey::generate());
  HF_TRY(const auto request, sync::CertificateRequest::make(key, profile.common_name));
  HF_TRY(const auto certificate, sync::issue(ca_, ca_key_, request, profile, random));
  note(certificate);
  HF_CHECK(base::write_file(key_file, key.pem(), 0600));
  // The CA goes along: a node that enrols pins it by digest and must see it in the chain.
  return base::write_file(certificate_file, certificate.pem() + ca_.pem(), 0644);
}

namespace {

struct HubFile {
  sync::FleetId fleet;
  std::optional<base::Digest> admin_token;
};

Result<HubFile> decode_hub_file(std::string_view text) {
  HF_TRY(const Json json, base::parse_json(text));
  std::string fleet;
  std::string token;
  HF_CHECK(base::ObjectReader(json, "")
               .required("fleet", fleet)
               .optional("adminTokenSha256", token)
               .finish_open());
  HubFile out{.fleet = sync::FleetId(fleet), .admin_token = std::nullopt};
  if (!token.empty()) {
    HF_TRY(out.admin_token, base::Digest::from_hex(token));
  }
  return out;
}

}  // namespace

Status Pki::open_identity(const DataFolder& folder, const PkiOptions& options, base::Random& random) {
  HF_TRY(const auto text, read_if_there(folder.hub_file()));
  if (text) {
    HF_TRY(auto known, content_of(folder.hub_file(), decode_hub_file(*text)));
    fleet_ = std::move(known.fleet);
    // A recovered hub has its fleet, and nobody who may use it yet.
    if (known.admin_token) {
      admin_token_ = *known.admin_token;
      return {};
    }
  }
  if (!text) fleet_ = sync::FleetId(random.uuid());
  const auto token = random_secret(random);
  admin_token_ = base::Digest::of(token);
  HF_CHECK(base::write_file(folder.admin_file(), admin_file_text(options.api_url, ca_.pem(), token), 0600));
  const Json json{{"fleet", fleet_.str()}, {"adminTokenSha256", admin_token_.hex()}};
  return base::write_file(folder.hub_file(), base::canonical_json(json) + "\n", 0600);
}

namespace {

/// What this hub would have in the document: its own keys first where they are not in it, the others as they were.
Result<sync::TrustDocument> wanted_document(const sync::TrustDocument& current, const sync::Certificate& ca,
                                            const base::PublicKey& signing, const PkiOptions& options) {
  sync::TrustDocument wanted = current;
  if (std::ranges::find(wanted.signing_keys, signing) == wanted.signing_keys.end())
    wanted.signing_keys.insert(wanted.signing_keys.begin(), signing);
  if (wanted.ca_bundle.find(ca.pem()) == std::string::npos) wanted.ca_bundle = ca.pem() + wanted.ca_bundle;
  wanted.hubs = {options.api_url};
  wanted.hubs.insert(wanted.hubs.end(), options.more_api_urls.begin(), options.more_api_urls.end());
  wanted.brokers = options.brokers;
  for (const auto* list : {&wanted.hubs, &wanted.brokers}) {
    if (list->size() <= base::limits::kTrustEntriesMax) continue;
    return fail(Code::kLimit, "a trust document has room for " +
                                  std::to_string(base::limits::kTrustEntriesMax) +
                                  " addresses of hub and broker each: give fewer --advertise");
  }
  return wanted;
}

}  // namespace

Status Pki::open_trust(const DataFolder& folder, const PkiOptions& options, base::WallTime now,
                       base::Random& random) {
  HF_TRY(const auto text, read_if_there(folder.trust_file()));
  document_.fleet = fleet_;
  if (text) {
    HF_TRY(trust_, content_of(folder.trust_file(), sync::decode_trust(*text)));
    const std::string public_file = folder.recovery_key() + ".pub";
    HF_TRY(const auto public_key, base::read_file(public_file, kKeyFileBytesMax));
    HF_TRY(recovery_, content_of(public_file, base::PublicKey::from_hex(first_line(public_key))));
    HF_TRY(document_, content_of(folder.trust_file(), sync::verify_trust(trust_, recovery_)));
  }
  HF_TRY(auto wanted, wanted_document(document_, ca_, signing_.public_key(), options));
  if (text && wanted == document_) return {};
  const std::string key_file = options.recovery_key.empty() ? folder.recovery_key() : options.recovery_key;
  if (text) {
    HF_TRY(const auto secret, read_if_there(key_file));
    if (!secret) {
      base::log::warn(
          "addresses or keys changed, but the recovery key is not here to sign a new trust document; "
          "enrolled nodes keep the old addresses: start once with --recovery-key FILE",
          {{"missing", key_file}});
      return {};
    }
  }
  bool made = false;
  HF_TRY(const auto recovery,
         text ? read_recovery_key(key_file) : signing_key_of(folder.recovery_key(), random, made));
  if (text && recovery.public_key() != recovery_)
    return fail(Code::kConflict, key_file + " is not the key that nodes of this fleet pinned");
  is_new_ = made;
  recovery_ = recovery.public_key();
  wanted.version = document_.version + 1;
  wanted.issued = now;
  trust_ = sync::sign_trust(wanted, recovery);
  document_ = std::move(wanted);
  HF_CHECK(base::write_file(folder.recovery_key() + ".pub", recovery_.hex() + "\n", 0644));
  return base::write_file(folder.trust_file(), sync::encode_trust(trust_), 0600);
}

Status Pki::open_old_cas(const DataFolder& folder) {
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(folder.old_cas(), problem)) {
    if (entry.path().extension() != ".crt") continue;
    const auto stem = entry.path().parent_path() / entry.path().stem();
    HF_TRY(const auto pem, read_if_there(entry.path().string()));
    HF_TRY(const auto key_pem, read_if_there(stem.string() + ".key"));
    if (!pem) return fail(Code::kNotFound, entry.path().string() + " is missing");
    HF_TRY(auto certificate, content_of(entry.path().string(), sync::Certificate::from_pem(*pem)));
    std::optional<sync::PrivateKey> key;
    if (key_pem) {
      HF_TRY(key, content_of(stem.string() + ".key", sync::PrivateKey::from_pem(*key_pem)));
    }
    const bool lets_in = key && document_.ca_bundle.find(certificate.pem()) != std::string::npos;
    old_cas_.push_back({std::move(certificate), std::move(key), lets_in});
  }
  return {};
}

/// One that people hold a copy of, and that outlives its CA.
Status Pki::write_bundle(const DataFolder& folder) const {
  std::string bundle = ca_.pem();
  for (const auto& old : old_cas_) {
    if (old.lets_in) bundle += old.certificate.pem();
  }
  HF_CHECK(write_if_other(folder.ca_bundle(), bundle, 0644));
  HF_TRY(const auto admin, read_if_there(folder.admin_file()));
  constexpr std::string_view kMember = "certificate-authority-data: ";
  const auto begin = admin ? admin->find(kMember) : std::string::npos;
  if (begin == std::string::npos) return {};
  std::string text = *admin;
  const auto value = begin + kMember.size();
  text.replace(value, text.find('\n', value) - value, base::to_base64(ca_.pem()));
  return text == *admin ? Status() : base::write_file(folder.admin_file(), text, 0600);
}

std::vector<sync::Certificate> Pki::issuers() const {
  std::vector<sync::Certificate> out;
  out.push_back(sync::Certificate::share(ca_.get()));
  for (const auto& old : old_cas_) out.push_back(sync::Certificate::share(old.certificate.get()));
  return out;
}

Result<Pki> Pki::load_or_make(const DataFolder& folder, const PkiOptions& options, base::WallTime now,
                              base::Random& random) {
  HF_CHECK(finish_rotation(folder));
  HF_CHECK(check_identity(folder, options.store));
  HF_TRY(auto ca, ca_of(folder, now, random));
  bool made = false;
  HF_TRY(auto signing, signing_key_of(folder.signing_key(), random, made));
  Pki pki(std::move(ca.first), std::move(ca.second), std::move(signing));
  HF_CHECK(pki.make_leaf(folder.server_certificate(), folder.server_key(),
                         {.use = sync::CertificateUse::kServer,
                          .common_name = options.names.empty() ? "localhost" : options.names.front(),
                          .names = options.names,
                          .not_before = now - kClockSkew,
                          .not_after = now + kServerLife},
                         now, random));
  HF_CHECK(pki.make_leaf(folder.client_certificate(), folder.client_key(),
                         {.use = sync::CertificateUse::kClient,
                          .common_name = kHubClientName,
                          .names = {},
                          .not_before = now - kClockSkew,
                          .not_after = now + kServerLife},
                         now, random));
  HF_CHECK(pki.open_identity(folder, options, random));
  HF_CHECK(pki.open_trust(folder, options, now, random));
  HF_CHECK(pki.open_old_cas(folder));
  HF_CHECK(pki.write_bundle(folder));
  return pki;
}

Result<sync::Certificate> Pki::issue_node_certificate(const sync::CertificateRequest& request,
                                                      const sync::NodeUid& uid, base::WallTime now,
                                                      base::Random& random,
                                                      std::chrono::milliseconds life) const {
  // The life that a node reckons with begins where the certificate does.
  const auto skew = std::min<std::chrono::milliseconds>(kClockSkew, life / 10);
  return sync::issue(ca_, ca_key_, request,
                     {.use = sync::CertificateUse::kClient,
                      .common_name = uid.str(),
                      .names = {},
                      .not_before = now - skew,
                      .not_after = now + life},
                     random);
}

Result<std::string> Pki::revocation_list(const std::vector<sync::RevokedCertificate>& revoked,
                                         base::WallTime now) const {
  HF_TRY(std::string out, sync::make_crl(ca_, ca_key_, revoked, now - kClockSkew));
  // Serial numbers are random, so that each list may hold those of all.
  for (const auto& old : old_cas_) {
    if (!old.lets_in) continue;
    HF_TRY(const auto list, sync::make_crl(old.certificate, *old.key, revoked, now - kClockSkew));
    out += list;
  }
  return out;
}

}  // namespace holdfast::hub
