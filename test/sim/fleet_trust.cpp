// SPDX-License-Identifier: Apache-2.0
#include "test/sim/fleet_trust.hpp"

#include <algorithm>

namespace holdfast::sim {

namespace {

/// Nobody connects by it here; a document must name one that can be read. Made anew it would differ in every run.
constexpr const char* kCa =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBejCCAR+gAwIBAgIUGR8gCR4qWhvqVAqg/pzYBX0zic4wCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGc2ltIENBMCAXDTI2MTEyOTE2NTIwNVoYDzIxMjYxMTA1MTY1\n"
    "MjA1WjARMQ8wDQYDVQQDDAZzaW0gQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AAQFFsV2N/XDBjSTF992QlJBu6mpel/6tAQDG2gaPTR00+w38Kl7twiWR/B0bgJr\n"
    "dZDLEKYeWAkYAApThiHaZaElo1MwUTAdBgNVHQ4EFgQUdgSq6/5WHSLVDgsPPcJG\n"
    "NAIRsvswHwYDVR0jBBgwFoAUdgSq6/5WHSLVDgsPPcJGNAIRsvswDwYDVR0TAQH/\n"
    "BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAnpyx5cN9t/Fwx48jk08uidjhVeIh\n"
    "auikcOQK7635VsACIQCReT2+f7AXgyaXTXkSMSVAMl8n2eo+VxrGh0ZLXgotCA==\n"
    "-----END CERTIFICATE-----\n";

}  // namespace

FleetTrust::FleetTrust(const sync::FleetId& fleet, base::Random& random)
    : recovery_(base::SigningKey::generate(random)), recovery_public_(recovery_.public_key()) {
  keys_.push_back(base::SigningKey::generate(random));
  documents_.push_back({.fleet = fleet,
                        .version = 1,
                        .ca_bundle = kCa,
                        .signing_keys = {keys_.back().public_key()},
                        .hubs = {"https://hub:8443"},
                        .brokers = {"mqtts://hub:8883"}});
}

void FleetTrust::rotate(hub::OldKeys old, base::WallTime now, base::Random& random) {
  keys_.push_back(base::SigningKey::generate(random));
  documents_.push_back(hub::with_signing_key(document(), keys_.back().public_key(), old, now));
}

std::vector<base::SigningKey> FleetTrust::dropped_by(const sync::TrustDocument& document) const {
  std::vector<base::SigningKey> out;
  for (std::size_t i = 0; i < keys_.size() && documents_[i].version < document.version; ++i) {
    const bool is_believed = std::ranges::count(document.signing_keys, keys_[i].public_key()) > 0;
    if (!is_believed) out.push_back(keys_[i]);
  }
  return out;
}

}  // namespace holdfast::sim
