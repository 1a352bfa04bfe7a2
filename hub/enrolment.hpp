// SPDX-License-Identifier: Apache-2.0
// Enrolment: tokens, and how one becomes a node's identity. A token is "<name>.<secret>"; the hub keeps the
// digest of the secret alone. The use of a token and the Node that comes of it are one transaction; a machine
// that asks again with the same key and token, because the answer was lost, gets the same uid and costs no
// second use.
// Threads: any; Objects and Random must allow it.
#pragma once

#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/limits/hub.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "hub/certificate_book.hpp"
#include "hub/objects.hpp"
#include "hub/pki.hpp"

namespace holdfast::hub {

class Enrolment {
 public:
  struct Seams {
    base::Clock& clock;
    base::Random& random;
  };
  Enrolment(Seams seams, Objects& objects, const Pki& pki, CertificateBook& certificates, std::string hub_url,
            std::size_t nodes_max = base::limits::kNodesMax)
      : seams_(seams),
        objects_(objects),
        pki_(pki),
        certificates_(certificates),
        hub_url_(std::move(hub_url)),
        nodes_max_(nodes_max) {}

  /// `given`: an EnrollmentToken with spec.ttl, uses, labels, and: replace, the name of a node whose place the machine
  /// takes, with labels and all, while the old one is cut off; serials, which machines may use it; approve, that a
  /// person must say yes. The answer is the stored object with
  /// status.token, hub, caSha256 and command, which are told this once.
  /// kTryOut: what would be stored, without status; nothing is, and no secret is told.
  enum class Creation { kStore, kTryOut };
  base::Result<base::Json> create_token(const base::Json& given, Creation creation = Creation::kStore);

  /// {"token","name","labels","csr","fingerprint","serials","facts","agentVersion"} → {"uid","name","labels","fleet","shard",
  /// "certificate","caCertificate","recoveryKey","trust","hub"}. kPermission for any token that does not
  /// hold, without saying why; kConflict when the name is taken; kLimit when the hub has limits::kNodesMax nodes;
  /// kInvalid for a request that is wrong. {"pending":true,"name"} where a person has to approve of it first: ask again.
  base::Result<base::Json> enroll(const base::Json& request);

 private:
  struct Request;
  struct Admitted;
  static base::Result<Request> read(const base::Json& json);
  /// Whether the token lets this machine in. Errors are for the hub's own log.
  base::Result<base::Json> token_for(const Request& request) const;
  base::Result<Admitted> admit(const Request& request, const base::Json& token);
  base::Result<Admitted> admit_again(const base::Json& earlier) const;
  base::Result<base::Json> answer(const Request& request, const Admitted& admitted);
  base::Status store(const Request& request, const base::Json& token, const Admitted& admitted);
  base::Status check_place(const Request& request, const std::string& replaced) const;
  base::Result<base::Json> holding_token(const std::string& token) const;

  Seams seams_;
  Objects& objects_;
  const Pki& pki_;
  CertificateBook& certificates_;
  std::string hub_url_;
  std::size_t nodes_max_;
  std::mutex one_at_a_time_;  ///< the count of uses is read and written in one go
};

}  // namespace holdfast::hub
