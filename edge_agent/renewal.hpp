// SPDX-License-Identifier: Apache-2.0
// Renewal: keeps the node's certificate alive. Looks at it from the agent's loop; when two thirds of its life are over it
// asks the hub for the next one, with the old as proof, in a thread that does nothing else, for hub and TPM take their
// time; and has the link connect anew with it. A certificate that expired while the node was away is renewed all the same.
// Threads: one, the event loop's; the question runs in one of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/event_loop.hpp"
#include "base/random.hpp"
#include "edge_agent/hub_call.hpp"
#include "edge_agent/node_certificate.hpp"
#include "edge_agent/side_call.hpp"
#include "sync/wire/trust.hpp"

namespace holdfast::edge_agent {

/// Pure: the time by which certificates are checked. A machine without a battery for its clock starts in the past; the
/// hub has attested the beginning of the certificate that it gave, and whoever holds the recovery key when the trust document
/// was issued (`attested`: that, or the time of this program's build).
base::WallTime believed_time(base::WallTime clock, base::WallTime not_before, base::WallTime attested = {});

class Renewal {
 public:
  struct Seams {
    base::EventLoop& loop;
    base::Clock& clock;
    base::Random& random;
  };
  using Trust = std::function<sync::TrustDocument()>;
  /// `name`: the node's, by which a hub that lost its store takes it back.
  Renewal(Seams seams, DataFolder folder, std::string name, Trust trust, sync::ProxyRules proxies = {});

  /// Before the link. A key or certificate that cannot be read keeps nobody from running what the store holds: trouble() says
  /// it, and it is looked at again.
  void open();
  void start();
  /// Called when there is a new certificate: the link connects anew.
  void on_renewed(std::function<void()> listener) { on_renewed_ = std::move(listener); }

  /// No clock that is right shows less.
  void set_earliest(base::WallTime earliest) { earliest_ = earliest; }
  /// Addresses or CAs are others now: what failed is tried again at once, and a certificate of a CA that is not the one in
  /// use is exchanged: by who is connected within limits::kReissueSpread, by others soon.
  void trust_changed(bool is_connected);

  sync::TlsIdentity identity_to_try() { return certificate_.identity_to_try(); }
  void connected();
  base::WallTime now() const;

  /// 0: there is none that can be read.
  base::WallTime not_after() const;
  bool is_key_in_tpm() const;
  base::WallTime due() const;
  /// Why the last attempt failed; empty: it did not.
  const std::string& trouble() const { return trouble_; }
  std::uint64_t renewals() const { return renewals_; }

 private:
  base::Status read();
  void look_at_issuer(bool is_connected);
  void look();
  void ask();
  void on_answer(const base::Result<base::Json>& answer);
  base::Status take(const base::Json& answer);

  Seams seams_;
  std::string name_;
  NodeCertificate certificate_;
  Trust trust_;
  sync::ProxyRules proxies_;
  base::WallTime earliest_{};
  double spread_ = 0;
  std::optional<base::WallTime> reissue_due_;  ///< the certificate is of a CA that is not the first any more
  base::Backoff backoff_;
  std::function<void()> on_renewed_;
  SideCall<base::Result<base::Json>> call_;
  std::string trouble_;
  std::uint64_t renewals_ = 0;
  std::unique_ptr<base::EventLoop::Timer> timer_;
};

}  // namespace holdfast::edge_agent
