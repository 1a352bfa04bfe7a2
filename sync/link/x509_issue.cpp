// SPDX-License-Identifier: Apache-2.0
// Making certificates: a CA of one's own and what it issues; and checking a chain.
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <string>

#include "sync/link/openssl_error.hpp"
#include "sync/link/x509.hpp"
#include "sync/link/x509_text.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Status;

namespace {

using RawCertificate = base::Handle<X509, X509_free>;

// 127 random bits: unique without a counter to keep (RFC 5280 §4.1.2.2 asks for a positive one of 20 octets
// at most).
Status set_serial(X509* certificate, base::Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7fU) | 0x40U);
  const base::Handle<BIGNUM, BN_free> number(
      BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  if (BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr) return {};
  return fail(openssl_error(Code::kInternal, "serial number"));
}

Status set_times(X509* certificate, base::WallTime from, base::WallTime to) {
  if (from >= to) return fail(Code::kInvalid, "a certificate must end after it begins");
  const bool set = ASN1_TIME_set(X509_getm_notBefore(certificate), seconds_of(from)) != nullptr &&
                   ASN1_TIME_set(X509_getm_notAfter(certificate), seconds_of(to)) != nullptr;
  return set ? Status{} : Status(fail(openssl_error(Code::kInternal, "times of a certificate")));
}

Status add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const base::Handle<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (extension && X509_add_ext(certificate, extension.get(), -1) == 1) return {};
  return fail(openssl_error(Code::kInvalid, std::string(OBJ_nid2sn(nid)) + "=" + value));
}

base::Result<std::string> alternative_names(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) {
    if (!is_certificate_name(name))
      return fail(Code::kInvalid, "'" + name + "' is neither a host name nor an IP address");
    out.append(out.empty() ? "" : ",").append(is_ip(name) ? "IP:" : "DNS:").append(name);
  }
  return out;
}

base::Result<RawCertificate> begin(EVP_PKEY* subject_key, const X509_NAME* subject, const X509_NAME* issuer,
                                   base::Random& random) {
  RawCertificate certificate(X509_new());
  const bool set = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                   X509_set_subject_name(certificate.get(), subject) == 1 &&
                   X509_set_issuer_name(certificate.get(), issuer) == 1 &&
                   X509_set_pubkey(certificate.get(), subject_key) == 1;
  if (!set) return fail(openssl_error(Code::kInternal, "certificate"));
  HF_CHECK(set_serial(certificate.get(), random));
  return certificate;
}

base::Result<Certificate> sign(RawCertificate certificate, const PrivateKey& key) {
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) <= 0) {
    return fail(openssl_error(Code::kInternal, "signing a certificate"));
  }
  return Certificate::share(certificate.get());
}

}  // namespace

// The list of names is a small language of OpenSSL's, so a name must not be able to say anything in it.
bool is_certificate_name(const std::string& name) {
  const bool is_plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-_*:").find(c) != std::string_view::npos;
  });
  return is_plain && (is_ip(name) || name.find(':') == std::string::npos);
}

base::Result<Certificate> make_ca(const PrivateKey& key, std::string_view common_name,
                                  base::WallTime not_before, base::WallTime not_after, base::Random& random) {
  HF_TRY(const Name name, name_of(common_name));
  HF_TRY(RawCertificate ca, begin(key.get(), name.get(), name.get(), random));
  HF_CHECK(set_times(ca.get(), not_before, not_after));
  HF_CHECK(add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  HF_CHECK(add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign"));
  HF_CHECK(add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash"));
  return sign(std::move(ca), key);
}

base::Result<Certificate> issue(const Certificate& ca, const PrivateKey& ca_key,
                                const CertificateRequest& request, const CertificateProfile& profile,
                                base::Random& random) {
  if (!ca.matches(ca_key)) return fail(Code::kInvalid, "the CA's key does not belong to its certificate");
  HF_TRY(const Name name, name_of(profile.common_name));
  const X509_NAME* const issuer = X509_get_subject_name(ca.get());
  HF_TRY(RawCertificate made, begin(X509_REQ_get0_pubkey(request.get()), name.get(), issuer, random));
  HF_CHECK(set_times(made.get(), profile.not_before, std::min(profile.not_after, ca.not_after())));
  const bool client = profile.use == CertificateUse::kClient;
  HF_CHECK(add_extension(made.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE"));
  HF_CHECK(add_extension(made.get(), ca.get(), NID_key_usage, "critical,digitalSignature"));
  HF_CHECK(add_extension(made.get(), ca.get(), NID_ext_key_usage, client ? "clientAuth" : "serverAuth"));
  HF_CHECK(add_extension(made.get(), ca.get(), NID_subject_key_identifier, "hash"));
  HF_CHECK(add_extension(made.get(), ca.get(), NID_authority_key_identifier, "keyid:always"));
  HF_TRY(const std::string names, alternative_names(profile.names));
  if (!names.empty()) HF_CHECK(add_extension(made.get(), ca.get(), NID_subject_alt_name, names));
  return sign(std::move(made), ca_key);
}

Status verify_chain(const Certificate& leaf, const std::vector<Certificate>& roots, base::WallTime when,
                    CertificateUse use, const std::string& host) {
  const base::Handle<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  for (const auto& root : roots) X509_STORE_add_cert(store.get(), root.get());
  const base::Handle<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr) != 1) {
    return fail(openssl_error(Code::kInternal, "checking a certificate"));
  }
  X509_STORE_CTX_set_default(context.get(), use == CertificateUse::kClient ? "ssl_client" : "ssl_server");
  X509_VERIFY_PARAM* const param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(param, seconds_of(when));
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
  if (!host.empty() && is_ip(host)) X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str());
  if (!host.empty() && !is_ip(host)) X509_VERIFY_PARAM_set1_host(param, host.c_str(), 0);
  if (X509_verify_cert(context.get()) == 1) return {};
  const int why = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  return fail(Code::kPermission,
              "certificate of " + leaf.common_name() + ": " + X509_verify_cert_error_string(why));
}

}  // namespace holdfast::sync
