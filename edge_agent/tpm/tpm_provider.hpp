// SPDX-License-Identifier: Apache-2.0
// Tpm: this machine's TPM 2.0 through OpenSSL's provider (package tpm2-openssl). It alone is preferred for nothing: keys are
// asked of it by name, so hashes, random numbers and TLS's own keys stay with OpenSSL. Where the TPM is found says
// TPM2OPENSSL_TCTI, else it is the kernel's resource manager, else tpm2-abrmd.
// Threads: one.
#pragma once

#include <openssl/evp.h>
#include <openssl/provider.h>

#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::edge_agent {

class Tpm {
 public:
  /// kUnsupported: no provider is installed. kUnavailable: no TPM answers. Either says what to do.
  static base::Result<Tpm> open();

  /// A new P-256 key for signatures, beneath the primary key of the owner hierarchy: PEM `TSS2 PRIVATE KEY`, of use to this
  /// very TPM alone.
  base::Result<std::string> make_key();
  /// ECDSA in DER over a SHA-256 digest. kPermission: the key is of another TPM.
  base::Result<std::string> sign(std::string_view pem, std::string_view digest);

 private:
  using Library = base::Handle<OSSL_LIB_CTX, OSSL_LIB_CTX_free>;
  using Provider = base::Handle<OSSL_PROVIDER, OSSL_PROVIDER_unload>;
  using Key = base::Handle<EVP_PKEY, EVP_PKEY_free>;

  Tpm() = default;
  base::Result<Key> load(std::string_view pem);

  Library library_;  // first: goes last
  Provider usual_;
  Provider tpm_;
};

}  // namespace holdfast::edge_agent
