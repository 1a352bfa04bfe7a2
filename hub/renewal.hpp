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
#include "hub/readmission.hpp"

namespace holdfast::hub {

class Renewal {
 public:
  /// `readmission`: whether nodes that are not known are taken back; none: they never are.
  Renewal(base::Clock& clock, Objects& objects, const Pki& pki, CertificateBook& certificates,
          Readmission* readmission = nullptr)
      : clock_(clock), objects_(objects), pki_(pki), certificates_(certificates), readmission_(readmission) {}

  /// {"certificate","csr","signature","name"?} → {"certificate"}. The certificate may have expired, and be of a CA before
  /// the one in use. `name`: by which the node is taken back where it is not known. kPermission, without saying why: it is of no CA of ours, of a node that is gone or revoked, or not
  /// proven. kInvalid for a request that is wrong.
  base::Result<base::Json> renew(const base::Json& request);
  /// {"certificate","signature","hardware"?} → {"name"}; the Node is deleted. Errors as above, and kConflict: it was
  /// another machine's disk that was copied. `hardware`: as its fingerprint begins.
  base::Result<base::Json> leave(const base::Json& request);

 private:
  struct Asked;
  /// Of whoever has shown by the certificate who it is.
  base::Result<ObjectPtr> node_of(const std::string& uid, const std::string& name) const;
  base::Result<ObjectPtr> proven_node(const Asked& asked, std::string_view purpose) const;
  base::Status check_issuer(const sync::Certificate& certificate) const;

  base::Clock& clock_;
  Objects& objects_;
  const Pki& pki_;
  CertificateBook& certificates_;
  Readmission* readmission_;
};

}  // namespace holdfast::hub
