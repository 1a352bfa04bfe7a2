// SPDX-License-Identifier: Apache-2.0
// SecretBook: to which key each node's secrets are sealed, and the ciphertexts that were made: one for each Secret's
// version and node key, kept so that what did not change is sent to nobody again. And what is still to be made.
// Threads: one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"
#include "gitops/sealed_secret.hpp"
#include "hub/seal/seal_job.hpp"
#include "sync/model/ids.hpp"
#include "sync/store/store.hpp"

namespace holdfast::hub {

class SecretBook {
 public:
  explicit SecretBook(sync::Store& store) : store_(store) {}

  base::Status load();  ///< the nodes' keys

  /// nullptr: the node has told none.
  const base::SealingPublicKey* node_key(const sync::NodeUid& node) const;
  /// What was made for its earlier key goes.
  base::Status set_node_key(const sync::NodeUid& node, const base::SealingPublicKey& key);
  base::Status forget(const sync::NodeUid& node);

  using Data = std::map<std::string, std::string>;
  /// What was made for this key; nothing: it is still to be made.
  base::Result<std::optional<Data>> find(const base::Digest& version, base::SealingKeyId node) const;
  /// For keys that a node has by now; the rest is passed over.
  base::Status put(const std::vector<SealedFor>& made);
  /// Ciphertexts of versions for which `is_used` says no go.
  base::Status drop_unused(const std::set<base::Digest>& used);

  // ---- what is still to be made ----

  /// `node` is looked at again when it is made.
  void want(const gitops::SealedSecret& secret, const sync::NodeUid& node);
  bool wants_anything() const { return !wanted_.empty(); }
  /// At most limits::kSealItemsMax (Secret, node) pairs, and about limits::kSealJobBytesMax / 4; they are wanted no
  /// more.
  struct Batch {
    std::vector<SealOrder> orders;
    std::set<sync::NodeUid> nodes;
  };
  Batch take_wanted();
  /// Why a version cannot be opened, as long as this hub runs; nullptr: nothing speaks against it.
  const std::string* failure(const base::Digest& version) const;
  void fail(const SealFailure& failure) { failures_[failure.version] = failure.message; }

 private:
  struct Wanted {
    gitops::SealedSecret secret;
    std::set<sync::NodeUid> nodes;
  };
  /// A copied disk brings its key along.
  bool is_shared(base::SealingKeyId key) const;
  base::Status erase_key(sync::WriteTxn& txn, base::SealingKeyId key) const;

  sync::Store& store_;
  std::map<sync::NodeUid, base::SealingPublicKey> keys_;
  std::map<base::Digest, Wanted> wanted_;
  std::map<base::Digest, std::string> failures_;
};

/// For whom a rendering is sealed.
struct NodeSealing {
  const SecretBook* book = nullptr;
  base::SealingKeyId key{};  ///< none: the node has none, and every Secret stays redacted
};

}  // namespace holdfast::hub
