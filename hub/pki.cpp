// SPDX-License-Identifier: Apache-2.0
#include "hub/pki.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "base/json.hpp"
#include "base/limits/hub.hpp"
#include "base/log.hpp"

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

Result<std::optional<std::string>> read_if_there(const std::string& path) {
  auto text = base::read_file(path, kKeyFileBytesMax);
  if (text) return std::optional(*std::move(text));
  if (text.error().code() == Code::kNotFound) return std::nullopt;
  return fail(std::move(text).error());
}

std::string without_newline(std::string text) {
  text.erase(text.find_last_not_of(" \r\n") + 1);
  return text;
}

Result<base::SigningKey> signing_key_of(const std::string& path, base::Random& random, bool& made) {
  HF_TRY(const auto text, read_if_there(path));
  if (text) {
    auto key = base::SigningKey::from_seed_hex(without_newline(*text));
    if (!key) return fail(std::move(key).error().with_context(path));
    return key;
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
    HF_TRY(auto ca, sync::Certificate::from_pem(*certificate));
    HF_TRY(auto ca_key, sync::PrivateKey::from_pem(*key));
    if (!ca.matches(ca_key)) {
      return fail(Code::kCorrupt, folder.ca_key() + " is not the key of " + folder.ca_certificate());
    }
    return std::pair(std::move(ca), std::move(ca_key));
  }
  if (certificate) {
    return fail(Code::kNotFound, folder.ca_key() + " is missing while " + folder.ca_certificate() +
                                     " is there; put it back from a backup");
  }
  HF_TRY(auto ca_key, sync::PrivateKey::generate());
  HF_TRY(auto ca, sync::make_ca(ca_key, "Holdfast CA", now - kClockSkew, now + kCaLife, random));
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

Status Pki::open_identity(const DataFolder& folder, const PkiOptions& options, base::Random& random) {
  HF_TRY(const auto text, read_if_there(folder.hub_file()));
  if (text) {
    HF_TRY(const Json json, base::parse_json(*text));
    std::string fleet;
    std::string token;
    HF_CHECK(base::ObjectReader(json, folder.hub_file())
                 .required("fleet", fleet)
                 .required("adminTokenSha256", token)
                 .finish_open());
    fleet_ = sync::FleetId(fleet);
    HF_TRY(admin_token_, base::Digest::from_hex(token));
    return {};
  }
  fleet_ = sync::FleetId(random.uuid());
  const auto token = random_secret(random);
  admin_token_ = base::Digest::of(token);
  HF_CHECK(base::write_file(folder.admin_file(), admin_file_text(options.api_url, ca_.pem(), token), 0600));
  const Json json{{"fleet", fleet_.str()}, {"adminTokenSha256", admin_token_.hex()}};
  return base::write_file(folder.hub_file(), base::canonical_json(json) + "\n", 0600);
}

Status Pki::open_trust(const DataFolder& folder, const PkiOptions& options, base::Random& random) {
  HF_TRY(const auto text, read_if_there(folder.trust_file()));
  sync::TrustDocument wanted;
  wanted.fleet = fleet_;
  wanted.version = 1;
  wanted.ca_bundle = ca_.pem();
  wanted.signing_keys = {signing_.public_key()};
  wanted.hubs = {options.api_url};
  wanted.brokers = options.brokers;
  if (text) {
    HF_TRY(trust_, sync::decode_trust(*text));
    HF_TRY(const auto public_key, read_if_there(folder.recovery_key() + ".pub"));
    if (!public_key) return fail(Code::kNotFound, folder.recovery_key() + ".pub is missing");
    HF_TRY(recovery_, base::PublicKey::from_hex(without_newline(*public_key)));
    HF_TRY(const auto current, sync::verify_trust(trust_, recovery_));
    wanted.version = current.version;
    if (wanted == current) return {};
    wanted.version = current.version + 1;
    HF_TRY(const auto secret, read_if_there(folder.recovery_key()));
    if (!secret) {
      base::log::warn(
          "addresses or keys changed, but the recovery key is not here to sign a new trust document; "
          "enrolled nodes keep the old addresses",
          {{"put", folder.recovery_key()}});
      return {};
    }
  }
  bool made = false;
  HF_TRY(const auto recovery, signing_key_of(folder.recovery_key(), random, made));
  if (text && recovery.public_key() != recovery_) {
    return fail(Code::kConflict, folder.recovery_key() + " is not the key that nodes of this fleet pinned");
  }
  is_new_ = made;
  recovery_ = recovery.public_key();
  trust_ = sync::sign_trust(wanted, recovery);
  HF_CHECK(base::write_file(folder.recovery_key() + ".pub", recovery_.hex() + "\n", 0644));
  return base::write_file(folder.trust_file(), sync::encode_trust(trust_), 0600);
}

Result<Pki> Pki::load_or_make(const DataFolder& folder, const PkiOptions& options, base::WallTime now,
                              base::Random& random) {
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
  HF_CHECK(pki.open_trust(folder, options, random));
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
  return sync::make_crl(ca_, ca_key_, revoked, now - kClockSkew);
}

}  // namespace holdfast::hub
