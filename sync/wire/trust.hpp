// SPDX-License-Identifier: Apache-2.0
// Trust document: who a node believes. Signed by the recovery key, which is all that a node pins; nodes
// accept only higher versions. Domain "holdfast/trust/1". Canonical JSON, read open: who was away for long must
// understand what a newer hub wrote.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/signing.hpp"
#include "sync/model/ids.hpp"
#include "sync/wire/frame.hpp"

namespace holdfast::sync {

struct TrustDocument {
  FleetId fleet;
  std::uint64_t version = 0;
  std::string ca_bundle;                      ///< PEM, issuing CAs
  std::vector<base::PublicKey> signing_keys;  ///< of desired states, commands and settings; newest first
  std::vector<std::string> hubs;              ///< https://host:port, in order
  std::vector<std::string> brokers;           ///< mqtts://host:port, in order
  base::WallTime issued{};                    ///< when it was signed; zero: not told
  bool operator==(const TrustDocument&) const = default;
};

struct SignedTrust {
  std::string bytes;
  base::Signature signature;
};

SignedTrust sign_trust(const TrustDocument& document, const base::SigningKey& recovery);
base::Result<TrustDocument> verify_trust(const SignedTrust& trust, const base::PublicKey& recovery);
/// {"document":"…","signature":"…"} as it travels and is stored.
std::string encode_trust(const SignedTrust& trust);
base::Result<SignedTrust> decode_trust(std::string_view bytes);
Frame encode(const SignedTrust& trust);

}  // namespace holdfast::sync
