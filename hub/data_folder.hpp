// SPDX-License-Identifier: Apache-2.0
// DataFolder: what lies where in the hub's `--data`. Everything in it is for the hub's user alone.
//
//   hub.json            fleet id, hash of the administrator's token
//   admin.yaml          the administrator's client file
//   ca.crt, ca.key      the fleet's CA
//   ca.old/             earlier ones: whose certificates still let in, or are good for renewal alone
//   ca-bundle.crt       whose certificates the embedded broker lets in
//   server.crt, .key    of the API server and of the embedded broker
//   client.crt, .key    of the hub's own session with the broker
//   signing.key         Ed25519, signs desired states
//   recovery.key, .pub  Ed25519, signs the trust document: keep a copy offline
//   sealing.key, .pub   X25519, newest first: opens the SealedSecrets in Git; .pub is what people seal to
//   trust.json          the signed trust document
//   *.next.*            of a rotation, until it is done
//   recovered.json      where this hub was recovered: what it begins above, and whom it takes back
//   store               LMDB
//   mirrors/            bare Git mirrors
//   broker/             configuration of the embedded broker
//   run/, logs/         the supervised broker
//
// Threads: plain values.
#pragma once

#include <string>

#include "base/digest.hpp"

namespace holdfast::hub {

class DataFolder {
 public:
  explicit DataFolder(std::string root) : root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  std::string hub_file() const { return root_ + "/hub.json"; }
  std::string admin_file() const { return root_ + "/admin.yaml"; }
  std::string ca_certificate() const { return root_ + "/ca.crt"; }
  std::string ca_key() const { return root_ + "/ca.key"; }
  std::string old_cas() const { return root_ + "/ca.old"; }
  /// Without its ending: .crt, and .key where that was not lost.
  std::string old_ca(const base::Digest& digest) const {
    return old_cas() + "/" + digest.hex().substr(0, 16);
  }
  std::string recovered_file() const { return root_ + "/recovered.json"; }
  std::string ca_bundle() const { return root_ + "/ca-bundle.crt"; }
  std::string next_ca_certificate() const { return root_ + "/ca.next.crt"; }
  std::string next_ca_key() const { return root_ + "/ca.next.key"; }
  std::string next_signing_key() const { return root_ + "/signing.next.key"; }
  std::string server_certificate() const { return root_ + "/server.crt"; }
  std::string server_key() const { return root_ + "/server.key"; }
  std::string client_certificate() const { return root_ + "/client.crt"; }  ///< the hub's own, for the broker
  std::string client_key() const { return root_ + "/client.key"; }
  std::string signing_key() const { return root_ + "/signing.key"; }
  std::string recovery_key() const { return root_ + "/recovery.key"; }
  std::string sealing_key() const { return root_ + "/sealing.key"; }
  std::string sealing_public_key() const { return root_ + "/sealing.pub"; }
  std::string trust_file() const { return root_ + "/trust.json"; }
  std::string store() const { return root_ + "/store"; }
  std::string mirrors() const { return root_ + "/mirrors"; }
  std::string broker() const { return root_ + "/broker"; }
  std::string run() const { return root_ + "/run"; }
  std::string logs() const { return root_ + "/logs"; }

 private:
  std::string root_;
};

}  // namespace holdfast::hub
