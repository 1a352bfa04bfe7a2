// SPDX-License-Identifier: Apache-2.0
// NodeTalk: the hub's side of the conversation with nodes over the Link: what they say, and what follows from it. What goes
// down is the Sender's: nothing is lost by a lost message, for an answer that does not come is a reason to say it again.
// Threads: one.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "hub/clone_watch.hpp"
#include "hub/context.hpp"
#include "hub/epochs.hpp"
#include "hub/sender.hpp"
#include "hub/strangers.hpp"
#include "hub/trust_teller.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

class NodeTalk {
 public:
  using OnNodeAnswer = std::function<void(const NodeEntry& node, const sync::Answer& answer)>;
  using OnHello = std::function<void(NodeEntry& node)>;
  NodeTalk(Context& context, Epochs& epochs, Sender& sender, OnNodeAnswer on_answer, OnHello on_hello)
      : context_(context),
        epochs_(epochs),
        sender_(sender),
        strangers_(context, [this](const sync::NodeUid& uid,
                                   const sync::Report& report) { return sender_.question(uid, report); }),
        clones_(context),
        trust_(context, sender),
        on_answer_(std::move(on_answer)),
        on_hello_(std::move(on_hello)) {}

  void on_message(const std::string& topic, std::string_view payload);
  /// `why` it is down.
  void on_link(sync::LinkState state, const std::string& why);

  /// Sends what waits as far as the link takes it.
  void pump();

 private:
  void on_presence(NodeEntry& node, std::string_view payload);
  base::Status on_payload(NodeEntry& node, std::string_view payload);
  base::Status on_frame(NodeEntry& node, const sync::Frame& frame);
  /// A delta of the node that is on something else than what is known here: the whole is asked for.
  void on_base_lost_here(NodeEntry& node, sync::FrameType type);
  base::Status on_base_lost(NodeEntry& node, std::string_view body);
  base::Status on_hello(NodeEntry& node, std::string_view body);
  base::Status on_applied(NodeEntry& node, std::string_view body);
  base::Status on_report(NodeEntry& node, std::string_view body);
  base::Status on_events(const NodeEntry& node, std::string_view body);
  base::Status on_event_batch(const NodeEntry& node, std::string_view body);
  base::Status on_sealing_key(NodeEntry& node, std::string_view body);
  base::Status on_need(NodeEntry& node, std::string_view body);

  void seen(NodeEntry& node);
  void set_presence(NodeEntry& node, Presence presence);
  /// After which one that has not spoken is spoken to: who has just come says hello at once, and a fleet is asked one after the
  /// other.
  std::chrono::milliseconds in_turn() const;
  void compare_report(NodeEntry& node);
  void heard(NodeEntry& node);
  void in_step(NodeEntry& node, const DesiredRecord& desired, bool is_unverified);
  void acknowledged(NodeEntry& node, const DesiredRecord& desired);
  void take_facts(NodeEntry& node);
  void after_report(NodeEntry& node);

  /// Whether the node waits for pieces of what is large, and has come on since it last said so.
  bool takes_parts(NodeEntry& node, const DesiredRecord& desired, const std::set<base::Digest>& needed,
                   const std::map<base::Digest, std::uint32_t>& bytes_there);

  Context& context_;
  Epochs& epochs_;
  Sender& sender_;
  Strangers strangers_;
  CloneWatch clones_;
  TrustTeller trust_;
  OnNodeAnswer on_answer_;
  OnHello on_hello_;
};

}  // namespace holdfast::hub
