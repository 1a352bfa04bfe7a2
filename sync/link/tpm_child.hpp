// SPDX-License-Identifier: Apache-2.0
// What is asked of holdfast-tpm, the program beside this one that speaks to a TPM: a child for each key and each signature,
// ended at its deadline. Whoever asks waits for it, tens to hundreds of milliseconds on a chip; after one that did not
// answer in time nobody waits again for limits::kTpmSilence.
// Threads: any.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/limits/https.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

inline constexpr std::size_t kTpmDigestBytes = 32;  // SHA-256

/// A new P-256 key: PEM `TSS2 PRIVATE KEY`. kUnsupported: holdfast-tpm or OpenSSL's provider is not here; kUnavailable: no TPM
/// answers; kTimeout. The message says what to do.
base::Result<std::string> make_tpm_key();
/// ECDSA in DER over `digest` by the key of such a PEM. Also kPermission: the key is of another TPM.
base::Result<std::string> sign_in_tpm(std::string_view pem, std::string_view digest);

/// Instead of the one beside this program, or in /usr/bin: for tests.
void use_tpm_program(std::string path, std::chrono::milliseconds timeout = base::limits::kTpmTimeout);

// What stands first in the child's job: nothing follows; the digest and the key's PEM do.
inline constexpr std::string_view kTpmMake = "make";
inline constexpr std::string_view kTpmSign = "sign";

// How the child's exit code says what is wrong; its standard output has the words.
constexpr int kTpmUnsupported = 10;
constexpr int kTpmUnavailable = 11;
constexpr int kTpmOfAnother = 12;

constexpr int exit_of_tpm_error(base::Code code) {
  if (code == base::Code::kUnsupported) return kTpmUnsupported;
  if (code == base::Code::kUnavailable) return kTpmUnavailable;
  return code == base::Code::kPermission ? kTpmOfAnother : 1;
}

constexpr base::Code tpm_error_of_exit(int code) {
  if (code == kTpmUnsupported) return base::Code::kUnsupported;
  if (code == kTpmUnavailable) return base::Code::kUnavailable;
  return code == kTpmOfAnother ? base::Code::kPermission : base::Code::kInternal;
}

}  // namespace holdfast::sync
