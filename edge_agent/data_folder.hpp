// SPDX-License-Identifier: Apache-2.0
// DataFolder: what lies where in `--data`, and the node's identity in it. The identity (node.json) is outside the
// store, so that a corrupted store never costs a node its name; its secrets are files of mode 0600.
//
//   node.json    fleet, uid, name, hub, recovery key (public), mark key     node.key  P-256 key, made here
//   node.crt     client certificate       ca.crt  the fleet's CA            trust.json  signed trust document
//   store        LMDB, and store-key, by which its records are known          run/    one folder a process   logs/  their output
//   outbox/      events until the hub has stored them
//   agent.sock   local API                node.next.key, .crt  of a renewal, until the new certificate has connected
//   running      while the agent runs; of one that crashed it stays, and the next checks the store. A text: rescues it
//   trust.next.json  by `holdfast-agent trust FILE`, until the agent has read it
//   sealing.key  X25519 keys to which this node's secrets are sealed, made here (sealing_key_file.hpp)
//   images/      what is pulled: blobs, and the book of images that this agent brought (docs/images.md)
//   marks.json   after `unenroll --keep`: by what the agent knows again what it made
//
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/signing.hpp"
#include "edge_agent/engine.hpp"
#include "sync/wire/trust.hpp"

namespace holdfast::edge_agent {

struct NodeFile {
  sync::FleetId fleet;
  sync::NodeUid uid;
  std::string name;
  std::string hub;               ///< https://host:port it enrolled at
  base::PublicKey recovery_key;  ///< all that is pinned
  base::MacKey mark_key{};
  sync::NodeUid mark_uid;  ///< under which marks are made: an earlier uid of this machine, mostly its own
  std::vector<std::string> hardware;  ///< names of the facts that its fingerprint was made of (hardware.hpp)
};
std::string encode_node_file(const NodeFile& node);
base::Result<NodeFile> decode_node_file(std::string_view bytes);

class DataFolder {
 public:
  explicit DataFolder(std::string root) : root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  std::string node_file() const { return root_ + "/node.json"; }
  std::string key_file() const { return root_ + "/node.key"; }
  std::string re_home_key_file() const {
    return root_ + "/node.re-home.key";
  }  ///< until the new identity is whole
  std::string certificate_file() const { return root_ + "/node.crt"; }
  std::string next_key_file() const { return root_ + "/node.next.key"; }  ///< of a renewal under way
  std::string next_certificate_file() const { return root_ + "/node.next.crt"; }
  std::string ca_file() const { return root_ + "/ca.crt"; }
  std::string trust_file() const { return root_ + "/trust.json"; }
  std::string offered_trust_file() const {
    return root_ + "/trust.next.json";
  }  ///< left by `holdfast-agent trust FILE`
  std::string running_file() const {
    return root_ + "/running";
  }  ///< there until the agent ends in good order
  std::string store() const { return root_ + "/store"; }
  std::string outbox() const { return root_ + "/outbox"; }
  std::string sealing_key_file() const { return root_ + "/sealing.key"; }  ///< newest first
  std::string marks_file() const { return root_ + "/marks.json"; }         ///< left by `unenroll --keep`
  std::string image_book() const { return root_ + "/images/book.json"; }
  std::string image_blobs() const { return root_ + "/images/blobs/sha256"; }
  std::string run() const { return root_ + "/run"; }
  std::string logs() const { return root_ + "/logs"; }
  std::string socket() const { return root_ + "/agent.sock"; }

  bool enrolled() const;
  /// kNotFound says how to enrol; a file that cannot be read comes with the way out.
  base::Result<NodeFile> load_node() const;
  /// Mark key and mark uid of an earlier identity whose inventory is still here; false: there is none.
  base::Result<bool> load_marks(NodeFile& node) const;
  base::Status save_marks(const NodeFile& node) const;
  /// The stored trust document, verified with the pinned recovery key. Errors name the file, and the way out.
  base::Result<sync::TrustDocument> load_trust(const NodeFile& node) const;

 private:
  std::string root_;
};

/// What the engine needs to know of this node.
NodeIdentity identity_of(const NodeFile& node, const sync::TrustDocument& trust);

}  // namespace holdfast::edge_agent
