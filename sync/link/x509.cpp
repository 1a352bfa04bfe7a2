// SPDX-License-Identifier: Apache-2.0
#include "sync/link/x509.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <cctype>
#include <ctime>
#include <utility>

#include "base/limits/https.hpp"
#include "sync/link/openssl_error.hpp"
#include "sync/link/tpm_child.hpp"
#include "sync/link/tpm_key.hpp"
#include "sync/link/x509_text.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

// Without this OpenSSL asks on the terminal for the password of an encrypted key.
int no_password(char*, int, int, void*) { return 0; }

base::Status check_p256(EVP_PKEY* key, std::string_view what) {
  std::array<char, 64> group{};
  std::size_t length = 0;
  const bool named = EVP_PKEY_get_utf8_string_param(key, "group", group.data(), group.size(), &length) == 1;
  ERR_clear_error();
  if (named && std::string_view(group.data(), length) == "prime256v1") return {};
  return fail(Code::kUnsupported, std::string(what) + ": only ECDSA keys on P-256 are used");
}

}  // namespace

// ---- PrivateKey ----

base::Result<PrivateKey> PrivateKey::generate(KeyPlace place) {
  if (place == KeyPlace::kTpm) {
    HF_TRY(const std::string wrapped, make_tpm_key());
    return from_pem(wrapped);
  }
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  if (key == nullptr) return fail(openssl_error(Code::kInternal, "making a P-256 key"));
  return PrivateKey(key);
}

base::Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  if (is_tpm_key(pem)) {
    HF_TRY(EvpKey read, read_tpm_key(pem));
    PrivateKey key(read.release());
    key.wrapped_ = pem;
    return key;
  }
  const Bio bio = bio_of(pem);
  EVP_PKEY* raw = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr);
  if (raw == nullptr) return fail(openssl_error(Code::kInvalid, "not a private key in PEM"));
  PrivateKey key(raw);
  HF_CHECK(check_p256(key.get(), "private key"));
  return key;
}

PrivateKey PrivateKey::share() const {
  EVP_PKEY_up_ref(key_.get());
  PrivateKey out(key_.get());
  out.wrapped_ = wrapped_;
  return out;
}

std::string PrivateKey::pem() const {
  if (!wrapped_.empty()) return wrapped_;
  const Bio bio = memory_bio();
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio);
}

base::Error PrivateKey::error(std::string_view what) const {
  const auto own = openssl_error(Code::kInternal, what);  // empties the queue, whoever is asked
  const auto trouble = tpm_trouble(key_.get());
  return trouble ? trouble->with_context(what) : own;
}

// ---- Certificate ----

base::Result<std::vector<Certificate>> Certificate::bundle_from_pem(std::string_view pem) {
  const Bio bio = bio_of(pem);
  std::vector<Certificate> out;
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) {
    out.push_back(Certificate(one));
    if (out.size() > base::limits::kCertificatesInBundleMax) {
      return fail(Code::kLimit, "more than " + std::to_string(base::limits::kCertificatesInBundleMax) +
                                    " certificates in one bundle");
    }
  }
  const auto last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (!at_end || out.empty()) return fail(openssl_error(Code::kInvalid, "not a certificate in PEM"));
  ERR_clear_error();
  return out;
}

base::Result<Certificate> Certificate::from_pem(std::string_view pem) {
  HF_TRY(std::vector<Certificate> all, bundle_from_pem(pem));
  return std::move(all.front());
}

Certificate Certificate::share(X509* certificate) {
  X509_up_ref(certificate);
  return Certificate(certificate);
}

std::string Certificate::pem() const {
  const Bio bio = memory_bio();
  PEM_write_bio_X509(bio.get(), certificate_.get());
  return text_of(bio);
}

std::string Certificate::der() const {
  const Bio bio = memory_bio();
  i2d_X509_bio(bio.get(), certificate_.get());
  return text_of(bio);
}

base::Digest Certificate::digest() const { return base::Digest::of(der()); }
std::string Certificate::common_name() const {
  return common_name_of(X509_get_subject_name(certificate_.get()));
}

std::string Certificate::serial_hex() const {
  const base::Handle<BIGNUM, BN_free> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate_.get()), nullptr));
  char* const hex = BN_bn2hex(number.get());
  std::string out(hex);
  OPENSSL_free(hex);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::vector<std::string> Certificate::names() const { return subject_names_of(certificate_.get()); }
base::WallTime Certificate::not_before() const { return time_of(X509_get0_notBefore(certificate_.get())); }
base::WallTime Certificate::not_after() const { return time_of(X509_get0_notAfter(certificate_.get())); }
bool Certificate::is_ca() const { return X509_check_ca(certificate_.get()) == 1; }

bool Certificate::matches(const PrivateKey& key) const {
  const bool same = X509_check_private_key(certificate_.get(), key.get()) == 1;
  ERR_clear_error();
  return same;
}

// ---- CertificateRequest ----

base::Result<CertificateRequest> CertificateRequest::make(const PrivateKey& key,
                                                          std::string_view common_name) {
  X509_REQ* raw = X509_REQ_new();
  if (raw == nullptr) return fail(openssl_error(Code::kInternal, "certificate request"));
  CertificateRequest request(raw);
  HF_TRY(const Name name, name_of(common_name));
  const bool made =
      X509_REQ_set_version(raw, X509_REQ_VERSION_1) == 1 && X509_REQ_set_subject_name(raw, name.get()) == 1 &&
      X509_REQ_set_pubkey(raw, key.get()) == 1 && X509_REQ_sign(raw, key.get(), EVP_sha256()) > 0;
  if (!made) return fail(key.error("certificate request"));
  return request;
}

base::Result<CertificateRequest> CertificateRequest::from_pem(std::string_view pem) {
  const Bio bio = bio_of(pem);
  X509_REQ* raw = PEM_read_bio_X509_REQ(bio.get(), nullptr, no_password, nullptr);
  if (raw == nullptr) return fail(openssl_error(Code::kInvalid, "not a certificate request in PEM"));
  CertificateRequest request(raw);
  EVP_PKEY* const key = X509_REQ_get0_pubkey(raw);
  if (key == nullptr) return fail(openssl_error(Code::kInvalid, "certificate request without a usable key"));
  HF_CHECK(check_p256(key, "certificate request"));
  if (X509_REQ_verify(raw, key) != 1) {
    return fail(openssl_error(Code::kPermission, "the certificate request is not signed by its own key"));
  }
  return request;
}

std::string CertificateRequest::pem() const {
  const Bio bio = memory_bio();
  PEM_write_bio_X509_REQ(bio.get(), request_.get());
  return text_of(bio);
}

std::string CertificateRequest::common_name() const {
  return common_name_of(X509_REQ_get_subject_name(request_.get()));
}

bool CertificateRequest::same_key_as(const Certificate& certificate) const {
  const bool same =
      EVP_PKEY_eq(X509_REQ_get0_pubkey(request_.get()), X509_get0_pubkey(certificate.get())) == 1;
  ERR_clear_error();
  return same;
}

}  // namespace holdfast::sync
