// SPDX-License-Identifier: Apache-2.0
// TrustKeeper: the trust document that this node holds, and the one way in which it changes: a higher version of the
// same fleet, signed by the recovery key that was pinned at enrolment, stored whole before it counts. It comes over MQTT,
// over HTTPS (trust_fetch.hpp), or from a file that a person gives (`holdfast-agent trust FILE`). Where the one that is stored is
// missing or cannot be believed the node believes nobody: it asks no hub, for how new an answer is could not be told, and waits
// for a person.
// Threads: one at a time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge_agent/data_folder.hpp"
#include "sync/wire/trust.hpp"

namespace holdfast::edge_agent {

class TrustKeeper {
 public:
  TrustKeeper(DataFolder folder, NodeFile node) : folder_(std::move(folder)), node_(std::move(node)) {}

  /// What is stored, and then what a person left for an agent that did not run. Nothing that can be believed: trouble().
  void load();
  /// Where there is trouble(): whether a person has put the file right since. Listeners are told.
  void read_again();
  /// Why there is no document, and the way out; empty: there is one.
  const std::string& trouble() const { return trouble_; }
  /// Of version 0, without keys and addresses, where there is none.
  const sync::TrustDocument& document() const { return document_; }
  /// False: it is not newer than what is held, and changes nothing. kPermission: not signed by the pinned key, or of
  /// another fleet. kInvalid, kLimit: it cannot be read, or would leave the node with nobody to believe.
  base::Result<bool> take(std::string_view encoded);
  /// From where `holdfast-agent trust FILE` put it, which is empty afterwards. False: nothing is there, or nothing newer.
  base::Result<bool> take_offered();
  /// Called after each that was taken.
  void on_taken(std::function<void()> listener) { listeners_.push_back(std::move(listener)); }

 private:
  base::Status read();
  base::Result<bool> take_from_person(std::string_view encoded);
  void in_force(sync::TrustDocument document);

  DataFolder folder_;
  NodeFile node_;
  sync::TrustDocument document_;
  std::string trouble_;
  std::vector<std::function<void()>> listeners_;
};

/// For a document that a node does not hold yet: whether it could live by it. Pure.
base::Status check_trust(const sync::TrustDocument& document, const sync::FleetId& fleet);
/// What `encoded` says, where it is newer than what is held; nothing: it is not. Errors as of TrustKeeper::take(). Pure.
base::Result<std::optional<sync::TrustDocument>> newer_trust(std::string_view encoded,
                                                             const sync::TrustDocument& held,
                                                             const NodeFile& node);

}  // namespace holdfast::edge_agent
