// SPDX-License-Identifier: Apache-2.0
// NodeCertificate: the node's key and certificate as files, and their successors beside them. A renewal makes
// node.next.key, then node.next.crt; both pairs are tried until the new one has connected, and only then takes the place
// of the old. Wherever a kill falls, one whole pair is there: what is begun is taken up, what is half is dropped.
// Threads: one at a time.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge_agent/data_folder.hpp"
#include "sync/link/tls.hpp"
#include "sync/link/x509.hpp"

namespace holdfast::edge_agent {

/// Pure: when a certificate is to be renewed: at two thirds of its life, and up to a thirtieth later, so that a fleet
/// that was enrolled in one go does not come back in one go. `spread`: 0 to 1.
base::WallTime renewal_time(base::WallTime not_before, base::WallTime not_after, double spread);

class NodeCertificate {
 public:
  explicit NodeCertificate(DataFolder folder) : folder_(std::move(folder)) {}

  /// Reads what is there, and ends what a kill interrupted.
  base::Status load();
  const DataFolder& folder() const { return folder_; }
  bool is_loaded() const { return current_.has_value(); }
  // What follows REQUIRES is_loaded(), but for identity_to_try() and connected().
  /// The one that a renewal is asked with, and counts until the next has connected.
  const sync::Certificate& current() const { return current_->certificate; }
  const sync::PrivateKey& current_key() const { return current_->key; }
  bool has_next() const { return next_.has_value(); }
  /// The next one where there is one.
  const sync::Certificate& newest() const { return next_ ? next_->certificate : current_->certificate; }
  /// Of the newest.
  base::WallTime not_before() const { return newest().not_before(); }
  base::WallTime not_after() const { return newest().not_after(); }

  /// For one attempt to connect: the next pair where there is one, and the old one every other time, for the broker may
  /// not know the new CA yet.
  sync::TlsIdentity identity_to_try();
  /// The identity tried last has connected: if it is the next one it takes the place of the old.
  base::Status connected();

  /// The key of the next certificate, stored; the same again until there is one. Made where the present one is.
  base::Result<sync::PrivateKey> next_key() const { return next_key(folder_, current_key().place()); }
  /// The same, from any thread: a TPM takes its time.
  static base::Result<sync::PrivateKey> next_key(const DataFolder& folder, sync::KeyPlace place);
  /// kInvalid: not for that key, or of another node.
  base::Status take_next(const std::string& pem);

 private:
  struct Pair {
    sync::PrivateKey key;
    sync::Certificate certificate;
  };
  static base::Result<Pair> read_pair(const std::string& certificate_file, const std::string& key_file);
  base::Status drop_next();

  DataFolder folder_;
  std::optional<Pair> current_;
  std::optional<Pair> next_;
  bool tried_next_ = false;
};

}  // namespace holdfast::edge_agent
