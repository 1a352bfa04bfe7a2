// SPDX-License-Identifier: Apache-2.0
// What the local API answers, from the engine as it is: /healthz, /metrics, /v1/status, /v1/plan, /v1/why?key=,
// POST /v1/sync, /v1/trust and /v1/sealing-key. Also the JSON forms that `holdfast-agent … -o json` prints, which are stable.
// Threads: one, the event loop's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/metric.hpp"
#include "edge_agent/engine.hpp"
#include "edge_agent/local_api.hpp"
#include "edge_agent/session.hpp"

namespace holdfast::edge_agent {

/// {"brokerError"?:…,"connected":…,"name":…,"running":…,"snapshot":{…}}: `session` is null where no agent runs.
base::Json status_json(const Engine& engine, const NodeIdentity& identity, const Session* session);
/// {"actions":[…],"withheld":[…]}
base::Json plan_json(const Plan& plan);
/// {"items":[…]}
base::Json why_json(const std::vector<Engine::Why>& list);

/// Of the node's own certificate.
struct CertificateNote {
  base::WallTime not_after{};  ///< 0: there is none that can be read
  base::WallTime renewal_due{};
  std::string trouble;  ///< why the last renewal failed, or it cannot be read; empty: neither
  bool is_key_in_tpm = false;
};

/// Of the trust document.
struct TrustNote {
  std::uint64_t version = 0;  ///< 0: there is none that can be believed
  std::string trouble;        ///< why there is none, or none newer was found while no broker is reached
};

class LocalRoutes {
 public:
  LocalRoutes(Engine& engine, const Session& session, NodeIdentity identity)
      : engine_(engine), session_(session), identity_(std::move(identity)) {}

  /// What status and metrics say of the certificate from now on.
  void show_certificate(std::function<CertificateNote()> note) { certificate_ = std::move(note); }
  /// The same of the trust document, and what POST /v1/trust does.
  void show_trust(std::function<TrustNote()> note, std::function<base::Result<bool>()> take_offered) {
    trust_ = std::move(note);
    take_offered_ = std::move(take_offered);
  }
  /// What POST /v1/sealing-key does.
  void rotate_sealing_key(std::function<base::Status()> rotate) { rotate_sealing_key_ = std::move(rotate); }
  /// What metrics say of the machine from now on.
  void show_machine(std::function<std::vector<base::Metric>()> metrics) { machine_ = std::move(metrics); }
  LocalResponse answer(const LocalRequest& request);

 private:
  LocalResponse why(const LocalRequest& request);
  LocalResponse take_trust();
  LocalResponse new_sealing_key();
  base::Json status() const;
  std::string metrics() const;

  Engine& engine_;
  const Session& session_;
  NodeIdentity identity_;
  std::function<CertificateNote()> certificate_;
  std::function<TrustNote()> trust_;
  std::function<base::Result<bool>()> take_offered_;
  std::function<base::Status()> rotate_sealing_key_;
  std::function<std::vector<base::Metric>()> machine_;
};

}  // namespace holdfast::edge_agent
