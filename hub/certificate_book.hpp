// SPDX-License-Identifier: Apache-2.0
// CertificateBook: the node certificates that the hub issued. Each is stored before it is told, so that whichever is out
// there can be revoked; it goes when it has expired. Whether one still counts is nowhere stored: it does as long as
// there is a Node of its uid that is not revoked, so a node that is deleted, revoked or taken back needs no second write.
// Threads: any.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/limits/hub.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "hub/objects.hpp"
#include "hub/pki.hpp"
#include "sync/store/store.hpp"

namespace holdfast::hub {

struct IssuedCertificate {
  sync::NodeUid uid;
  std::string serial;  ///< hex
  base::WallTime not_after{};
};

class CertificateBook {
 public:
  struct Seams {
    base::Clock& clock;
    base::Random& random;
    sync::Store& store;
  };
  CertificateBook(Seams seams, const Pki& pki,
                  std::chrono::milliseconds life = base::limits::kNodeCertificateLife)
      : seams_(seams), pki_(pki), life_(life) {}

  /// kLimit: so many of this node have not expired yet that no more are given (limits::kCertificatesPerNodeMax).
  base::Result<sync::Certificate> issue(const sync::CertificateRequest& request, const sync::NodeUid& uid);
  /// Those that have not expired.
  base::Result<std::vector<IssuedCertificate>> in_use() const;

 private:
  base::Status note(const sync::NodeUid& uid, const sync::Certificate& certificate, base::WallTime now);

  Seams seams_;
  const Pki& pki_;
  std::chrono::milliseconds life_;
};

/// Its serial and end as people see them, in the Node's spec.certificate.
base::Status show_certificate(Objects& objects, const std::string& node,
                              const sync::Certificate& certificate);

}  // namespace holdfast::hub
