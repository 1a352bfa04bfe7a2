// SPDX-License-Identifier: Apache-2.0
// FleetTrust: what a fleet's trust is made of: the recovery key, the hub's signing key, and every trust document that
// was ever signed, as `holdfast-hub rotate` makes them. Threads: one.
#pragma once

#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/signing.hpp"
#include "hub/rotation.hpp"
#include "sync/wire/trust.hpp"

namespace holdfast::sim {

class FleetTrust {
 public:
  FleetTrust(const sync::FleetId& fleet, base::Random& random);

  /// A new signing key, and the document of the next version that names it.
  void rotate(hub::OldKeys old, base::WallTime now, base::Random& random);

  const base::SigningKey& signing_key() const { return keys_.back(); }
  const base::PublicKey& recovery_key() const { return recovery_public_; }
  const sync::TrustDocument& document() const { return documents_.back(); }
  sync::SignedTrust sealed() const { return sealed(documents_.size() - 1); }
  /// Of the version that was signed as the n-th.
  sync::SignedTrust sealed(std::size_t n) const { return sync::sign_trust(documents_[n], recovery_); }
  const std::vector<sync::TrustDocument>& documents() const { return documents_; }
  /// Keys of former times that a node which holds `document` believes no more: known to others, maybe.
  std::vector<base::SigningKey> dropped_by(const sync::TrustDocument& document) const;

 private:
  base::SigningKey recovery_;
  base::PublicKey recovery_public_;
  std::vector<base::SigningKey> keys_;  ///< oldest first, one a document
  std::vector<sync::TrustDocument> documents_;
};

}  // namespace holdfast::sim
