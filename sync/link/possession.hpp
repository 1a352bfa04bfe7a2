// SPDX-License-Identifier: Apache-2.0
// Proof of possession: who asks holds the key of a certificate, be it expired. An ECDSA signature (P-256, SHA-256, DER)
// over the purpose, a zero byte, the SHA-256 of the certificate's DER and the SHA-256 of what is asked for.
// docs/wire.md has the bytes.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sync/link/x509.hpp"

namespace holdfast::sync {

// What a proof is for: one made for the one never serves the other.
inline constexpr std::string_view kRenewPurpose = "holdfast/renew/1";
inline constexpr std::string_view kLeavePurpose = "holdfast/leave/1";

/// `asked`: the certificate request's PEM at renewal, empty when leaving. kInvalid: not the key of the certificate.
base::Result<std::string> prove_possession(const PrivateKey& key, const Certificate& certificate,
                                           std::string_view purpose, std::string_view asked);
/// kPermission: the signature is not of that certificate's key, or is for something else.
base::Status check_possession(const Certificate& certificate, std::string_view purpose,
                              std::string_view asked, std::string_view signature);

}  // namespace holdfast::sync
