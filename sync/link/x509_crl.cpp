// SPDX-License-Identifier: Apache-2.0
// Making a list of revoked certificates (CRL, RFC 5280 §5).
#include <openssl/err.h>
#include <openssl/pem.h>

#include "sync/link/openssl_error.hpp"
#include "sync/link/x509.hpp"
#include "sync/link/x509_text.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

using Crl = base::Handle<X509_CRL, X509_CRL_free>;
using Time = base::Handle<ASN1_TIME, ASN1_TIME_free>;

base::Status add(X509_CRL* crl, const RevokedCertificate& revoked, const ASN1_TIME* since) {
  BIGNUM* raw = nullptr;
  const bool read =
      BN_hex2bn(&raw, revoked.serial_hex.c_str()) == static_cast<int>(revoked.serial_hex.size());
  const base::Handle<BIGNUM, BN_free> number(raw);
  const base::Handle<ASN1_INTEGER, ASN1_INTEGER_free> serial(
      read && raw != nullptr ? BN_to_ASN1_INTEGER(raw, nullptr) : nullptr);
  if (!serial) return fail(Code::kInvalid, revoked.serial_hex + ": is no serial number of a certificate");
  X509_REVOKED* const entry = X509_REVOKED_new();
  const bool made = entry != nullptr && X509_REVOKED_set_serialNumber(entry, serial.get()) == 1 &&
                    X509_REVOKED_set_revocationDate(entry, const_cast<ASN1_TIME*>(since)) == 1;
  if (made && X509_CRL_add0_revoked(crl, entry) == 1) return {};
  X509_REVOKED_free(entry);
  return fail(openssl_error(Code::kInternal, "list of revoked certificates"));
}

}  // namespace

base::Result<std::string> make_crl(const Certificate& ca, const PrivateKey& ca_key,
                                   const std::vector<RevokedCertificate>& revoked, base::WallTime now) {
  const Crl crl(X509_CRL_new());
  const Time begin(ASN1_TIME_set(nullptr, seconds_of(now)));
  const Time end(ASN1_TIME_set(nullptr, seconds_of(ca.not_after())));
  const bool begun = crl && begin && end && X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1 &&
                     X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(ca.get())) == 1 &&
                     X509_CRL_set1_lastUpdate(crl.get(), begin.get()) == 1 &&
                     X509_CRL_set1_nextUpdate(crl.get(), end.get()) == 1;
  if (!begun) return fail(openssl_error(Code::kInternal, "list of revoked certificates"));
  for (const auto& one : revoked) HF_CHECK(add(crl.get(), one, begin.get()));
  X509_CRL_sort(crl.get());
  if (X509_CRL_sign(crl.get(), ca_key.get(), EVP_sha256()) <= 0)
    return fail(openssl_error(Code::kInternal, "signing the list of revoked certificates"));
  const Bio bio = memory_bio();
  PEM_write_bio_X509_CRL(bio.get(), crl.get());
  return text_of(bio);
}

}  // namespace holdfast::sync
