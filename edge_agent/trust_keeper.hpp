// SPDX-License-Identifier: Apache-2.0
// TrustKeeper: the trust document that this node holds, and the one way in which it changes: a higher version of the
// same fleet, signed by the recovery key that was pinned at enrolment, stored whole before it counts. It comes over MQTT,
// over HTTPS (trust_fetch.hpp), or from a file that a person gives (`holdfast-agent trust FILE`).
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

  /// What is stored, and then what a person left for an agent that did not run.
  base::Status load();
  const sync::TrustDocument& document() const { return document_; }
  /// False: it is not newer than what is held, and changes nothing. kPermission: not signed by the pinned key, or of
  /// another fleet. kInvalid, kLimit: it cannot be read, or would leave the node with nobody to believe.
  base::Result<bool> take(std::string_view encoded);
  /// From where `holdfast-agent trust FILE` put it, which is empty afterwards. False: nothing is there, or nothing newer.
  base::Result<bool> take_offered();
  /// Called after each that was taken.
  void on_taken(std::function<void()> listener) { listeners_.push_back(std::move(listener)); }

 private:
  DataFolder folder_;
  NodeFile node_;
  sync::TrustDocument document_;
  std::vector<std::function<void()>> listeners_;
};

/// For a document that a node does not hold yet: whether it could live by it. Pure.
base::Status check_trust(const sync::TrustDocument& document, const sync::FleetId& fleet);
/// What `encoded` says, where it is newer than what is held; nothing: it is not. Errors as of TrustKeeper::take(). Pure.
base::Result<std::optional<sync::TrustDocument>> newer_trust(std::string_view encoded,
                                                             const sync::TrustDocument& held,
                                                             const NodeFile& node);

}  // namespace holdfast::edge_agent
