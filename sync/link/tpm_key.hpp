// SPDX-License-Identifier: Apache-2.0
// A key in a TPM as OpenSSL sees it: a P-256 key whose public half is read from its file, with no TPM at hand, and whose
// signatures holdfast-tpm makes (tpm_child.hpp). TLS does the rest by itself: its own keys and hashes are no business of a TPM's.
// The file is PEM `TSS2 PRIVATE KEY`, as tpm2-openssl and tpm2-tss write it: the private half, wrapped by the TPM's primary key,
// and the public one in clear (TCG's TPM2B_PUBLIC).
// Threads: as OpenSSL's keys.
#pragma once

#include <openssl/evp.h>

#include <optional>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

using EvpKey = base::Handle<EVP_PKEY, EVP_PKEY_free>;

bool is_tpm_key(std::string_view pem);
/// kInvalid: no such PEM. kUnsupported: another curve than P-256, or no ECDSA key.
base::Result<EvpKey> read_tpm_key(std::string_view pem);
/// Why the key's last signature failed; none, too, where the key is in no TPM.
std::optional<base::Error> tpm_trouble(const EVP_PKEY* key);

}  // namespace holdfast::sync
