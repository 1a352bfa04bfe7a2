// SPDX-License-Identifier: Apache-2.0
// Revocation: keeps the embedded broker to what the Nodes say. A certificate in use whose uid has no Node, or one that
// is revoked, stands in the broker's list of revoked certificates, and its live session is ended; both follow from what
// is stored, so a restart of hub or broker forgets nothing.
// Threads: one, the event loop's; changed() from any.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "hub/broker.hpp"
#include "hub/certificate_book.hpp"
#include "hub/objects.hpp"
#include "hub/pki.hpp"
#include "hub/takeover.hpp"

namespace holdfast::hub {

/// Pure: those of `issued` that must not let anybody in any more.
std::vector<IssuedCertificate> revoked_of(const std::vector<IssuedCertificate>& issued,
                                          const std::vector<ObjectPtr>& nodes);

class Revocation {
 public:
  struct Parts {
    base::EventLoop& loop;
    base::Clock& clock;
    Objects& objects;
    const CertificateBook& certificates;
    const Pki& pki;
    Broker& broker;
    Takeover& takeover;
  };
  explicit Revocation(Parts parts);

  /// Before the broker starts: it must find the list. On a full disk the one from before has to do until there is room.
  base::Status start();
  /// A node was deleted, revoked or taken back: looks soon, at all of them.
  void changed();

 private:
  base::Result<std::vector<IssuedCertificate>> publish();
  void look();
  void look_again(const base::Error& error);

  Parts parts_;
  std::set<std::string> serials_;  ///< in the list that the broker has
  std::set<sync::NodeUid> again_;  ///< may have been shaking hands when the list changed: ended once more
  bool is_due_ = false;
  std::unique_ptr<base::EventLoop::Timer> timer_;
  std::unique_ptr<base::EventLoop::Timer> again_timer_;
};

}  // namespace holdfast::hub
