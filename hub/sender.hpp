// SPDX-License-Identifier: Apache-2.0
// Sender: what goes down to nodes. What must reach a node is read from the books whenever there is room on the link, and
// said again, ever less often, until the node has answered; commands and pacing wait in a line.
// Threads: one.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "hub/context.hpp"
#include "hub/state_packer.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

class Sender {
 public:
  explicit Sender(Context& context) : context_(context), packer_(context) {}

  void want_state(NodeEntry& node, std::chrono::milliseconds after = {});
  /// No sooner than if the node had said nothing.
  void want_state_in_turn(NodeEntry& node);
  /// Unless the node says before that it holds it.
  void want_trust(const NodeEntry& node, std::chrono::milliseconds after = {});
  void ask(NodeEntry& node, bool snapshot, bool abilities, std::chrono::milliseconds after);
  void tell_pacing(NodeEntry& node);
  base::Result<bool> needs_parts(NodeEntry& node, const DesiredRecord& desired) {
    return packer_.needs_parts(node, desired);
  }

  /// Puts it behind what waits already; kLimit when too much does.
  base::Status queue(const NodeEntry& node, const sync::Frame& frame);
  /// What waits in the line: nothing is known of anybody any more.
  void drop_waiting() { waiting_.clear(); }
  /// False: the link takes no more.
  bool question(const sync::NodeUid& uid, const sync::Report& report);
  /// Sends what is due as far as the link takes it. REQUIRES: the link is up.
  void pump();
  /// When a desired state is to be sent again.
  std::optional<base::MonotonicTime> next_due() const;

 private:
  // False: the link takes no more.
  bool send_trust(NodeEntry& node);
  bool send_state(NodeEntry& node);
  bool send_parts(NodeEntry& node, const DesiredRecord& desired);
  bool send_question(NodeEntry& node);
  bool send_stored(const NodeEntry& node);
  bool send_due(const Key& key);
  bool send(const sync::NodeUid& node, sync::FrameType type, std::string payload);
  void not_sent(NodeEntry& node, const std::string& why);

  Context& context_;
  StatePacker packer_;
  struct Waiting {
    sync::NodeUid node;
    sync::FrameType type;
    std::string payload;
  };
  std::deque<Waiting> waiting_;
  bool is_blocked_ = false;  // the link took no more; it tells when it does
};

}  // namespace holdfast::hub
