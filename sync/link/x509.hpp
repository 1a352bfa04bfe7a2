// SPDX-License-Identifier: Apache-2.0
// Keys (in a file or a TPM), certificate requests and certificates (ECDSA P-256, OpenSSL): what the hub's CA issues and a node
// holds. Time is always an argument: a node that was offline for months does not believe its clock.
// Threads: plain values; const calls from any thread.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/handle.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

enum class KeyPlace { kFile, kTpm };

/// A P-256 key pair. Its PEM is a secret: to a file of mode 0600 and nowhere else. Of one in a TPM it is what that TPM wrapped,
/// and of no use elsewhere; making one and each signature then takes a child (tpm_child.hpp) and up to limits::kTpmTimeout.
class PrivateKey {
 public:
  static base::Result<PrivateKey> generate(KeyPlace place = KeyPlace::kFile);
  /// PKCS#8 or SEC 1, not encrypted, or `TSS2 PRIVATE KEY`, which is read without a TPM; any curve but P-256 is kUnsupported.
  static base::Result<PrivateKey> from_pem(std::string_view pem);
  PrivateKey share() const;  ///< the same key once more
  std::string pem() const;   ///< PKCS#8, or as it was read
  KeyPlace place() const { return wrapped_.empty() ? KeyPlace::kFile : KeyPlace::kTpm; }
  EVP_PKEY* get() const { return key_.get(); }
  /// Why the last signature failed: the TPM's reason, else OpenSSL's.
  base::Error error(std::string_view what) const;

 private:
  explicit PrivateKey(EVP_PKEY* key) : key_(key) {}
  base::Handle<EVP_PKEY, EVP_PKEY_free> key_;
  std::string wrapped_;  // PEM of one in a TPM
};

class Certificate {
 public:
  /// The first certificate of the text.
  static base::Result<Certificate> from_pem(std::string_view pem);
  /// All of them, at least one, at most limits::kCertificatesInBundleMax.
  static base::Result<std::vector<Certificate>> bundle_from_pem(std::string_view pem);
  /// Takes a reference of its own.
  static Certificate share(X509* certificate);

  std::string pem() const;
  std::string der() const;
  base::Digest digest() const;  ///< SHA-256 of the DER: what `--ca-sha256` pins
  std::string common_name() const;
  std::string serial_hex() const;          ///< lower case
  std::vector<std::string> names() const;  ///< DNS names and IP addresses of subjectAltName
  base::WallTime not_before() const;
  base::WallTime not_after() const;
  bool is_ca() const;
  bool matches(const PrivateKey& key) const;
  X509* get() const { return certificate_.get(); }

 private:
  explicit Certificate(X509* certificate) : certificate_(certificate) {}
  base::Handle<X509, X509_free> certificate_;
};

/// PKCS#10, signed by the key that it asks a certificate for.
class CertificateRequest {
 public:
  static base::Result<CertificateRequest> make(const PrivateKey& key, std::string_view common_name);
  /// Checks its own signature and that the key is P-256.
  static base::Result<CertificateRequest> from_pem(std::string_view pem);
  std::string pem() const;
  std::string common_name() const;
  /// The same key asks, whatever name it asks for (proof of possession at renewal).
  bool same_key_as(const Certificate& certificate) const;
  X509_REQ* get() const { return request_.get(); }

 private:
  explicit CertificateRequest(X509_REQ* request) : request_(request) {}
  base::Handle<X509_REQ, X509_REQ_free> request_;
};

enum class CertificateUse { kClient, kServer };

struct CertificateProfile {
  CertificateUse use = CertificateUse::kClient;
  std::string common_name;         ///< the request's own is not believed
  std::vector<std::string> names;  ///< DNS names and IP addresses
  base::WallTime not_before{};
  base::WallTime not_after{};
};

/// Self-signed, may sign end certificates only (path length 0).
base::Result<Certificate> make_ca(const PrivateKey& key, std::string_view common_name,
                                  base::WallTime not_before, base::WallTime not_after, base::Random& random);
/// A DNS name or an IP address, as a certificate can say it.
bool is_certificate_name(const std::string& name);
/// Never outlives the CA: `not_after` is cut to the CA's.
base::Result<Certificate> issue(const Certificate& ca, const PrivateKey& ca_key,
                                const CertificateRequest& request, const CertificateProfile& profile,
                                base::Random& random);

struct RevokedCertificate {
  std::string serial_hex;
};
/// A CRL in PEM of the CA's own certificates. It holds from `now` for as long as the CA, for one that has run out would
/// make a broker refuse everybody: what says that it is out of date is a newer one.
base::Result<std::string> make_crl(const Certificate& ca, const PrivateKey& ca_key,
                                   const std::vector<RevokedCertificate>& revoked, base::WallTime now);

/// kPermission says what is wrong in words: unknown issuer, expired at `when`, wrong use, wrong name.
/// `host` empty: the name is not checked.
base::Status verify_chain(const Certificate& leaf, const std::vector<Certificate>& roots, base::WallTime when,
                          CertificateUse use, const std::string& host = {});

}  // namespace holdfast::sync
