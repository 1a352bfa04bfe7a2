// SPDX-License-Identifier: Apache-2.0
// Renewal: what a node asks of the hub with its own certificate as proof, over HTTPS and not over MQTT, since a
// certificate that has expired opens no MQTT session: a new certificate, or to leave the fleet. The proof is a
// signature by the certificate's key (sync/link/possession.hpp).
// Threads: any; Objects and the book must allow it.
#pragma once

#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "hub/certificate_book.hpp"
#include "hub/objects.hpp"
#include "hub/pki.hpp"

namespace holdfast::hub {

class Renewal {
 public:
  Renewal(base::Clock& clock, Objects& objects, const Pki& pki, CertificateBook& certificates)
      : clock_(clock), objects_(objects), pki_(pki), certificates_(certificates) {}

  /// {"certificate","csr","signature"} → {"certificate"}. The certificate may have expired, and be of an older CA of the
  /// trust document. kPermission, without saying why: it is of no CA of ours, of a node that is gone or revoked, or not
  /// proven. kInvalid for a request that is wrong.
  base::Result<base::Json> renew(const base::Json& request);
  /// {"certificate","signature","hardware"?} → {"name"}; the Node is deleted. Errors as above, and kConflict: it was
  /// another machine's disk that was copied. `hardware`: as its fingerprint begins.
  base::Result<base::Json> leave(const base::Json& request);

 private:
  struct Asked;
  base::Result<ObjectPtr> proven_node(const Asked& asked, std::string_view purpose) const;
  base::Status check_issuer(const sync::Certificate& certificate) const;

  base::Clock& clock_;
  Objects& objects_;
  const Pki& pki_;
  CertificateBook& certificates_;
};

}  // namespace holdfast::hub
