// SPDX-License-Identifier: Apache-2.0
// NodeTalk: the hub's side of the conversation with nodes over the Link. What must reach a node is read from
// the books whenever there is room on the link, so nothing is lost by a lost message: an answer that does not
// come is a reason to say it again.
// Threads: one.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "hub/context.hpp"
#include "hub/epochs.hpp"
#include "hub/state_packer.hpp"
#include "hub/strangers.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

class NodeTalk {
 public:
  using OnNodeAnswer = std::function<void(const NodeEntry& node, const sync::Answer& answer)>;
  using OnHello = std::function<void(NodeEntry& node)>;
  NodeTalk(Context& context, Epochs& epochs, OnNodeAnswer on_answer, OnHello on_hello)
      : context_(context),
        epochs_(epochs),
        packer_(context),
        strangers_(context, [this](const sync::NodeUid& uid,
                                   const sync::Report& report) { return question(uid, report); }),
        on_answer_(std::move(on_answer)),
        on_hello_(std::move(on_hello)) {}

  void on_message(const std::string& topic, std::string_view payload);
  void on_link(sync::LinkState state);

  /// Puts it behind what waits already; kLimit when too much does.
  base::Status queue(const NodeEntry& node, const sync::Frame& frame);
  /// Sends what waits as far as the link takes it.
  void pump();
  /// When a desired state is to be sent again.
  std::optional<base::MonotonicTime> next_due() const;

 private:
  void on_presence(NodeEntry& node, std::string_view payload);
  base::Status on_payload(NodeEntry& node, std::string_view payload);
  base::Status on_frame(NodeEntry& node, const sync::Frame& frame);
  /// A delta of the node that is on something else than what is known here.
  void on_report_base_lost(NodeEntry& node);
  base::Status on_base_lost(NodeEntry& node, std::string_view body);
  base::Status on_hello(NodeEntry& node, std::string_view body);
  base::Status on_applied(NodeEntry& node, std::string_view body);
  base::Status on_report(NodeEntry& node, std::string_view body);
  base::Status on_events(const NodeEntry& node, std::string_view body);
  base::Status on_event_batch(const NodeEntry& node, std::string_view body);
  base::Status on_sealing_key(NodeEntry& node, std::string_view body);
  base::Status on_need(NodeEntry& node, std::string_view body);

  /// False: another machine speaks under this node's uid, and both are cut off.
  bool check_hardware(NodeEntry& node, std::uint64_t hardware);
  base::Status note_hardware(const NodeEntry& node, const base::Json& spec);
  void seen(NodeEntry& node);
  void set_presence(NodeEntry& node, Presence presence);
  void compare_report(NodeEntry& node);
  void heard(NodeEntry& node);
  void acknowledged(NodeEntry& node, const DesiredRecord& desired);
  void want_state(NodeEntry& node, std::chrono::milliseconds after = {});
  void ask(NodeEntry& node, bool snapshot, bool abilities, std::chrono::milliseconds after);
  void tell_pacing(NodeEntry& node);
  /// False: the link takes no more.
  bool send_trust(NodeEntry& node);
  void take_facts(NodeEntry& node);
  void after_report(NodeEntry& node);

  /// Whether the node waits for pieces of what is large, and has come on since it last said so.
  bool takes_parts(NodeEntry& node, const DesiredRecord& desired, const std::set<base::Digest>& needed,
                   const std::map<base::Digest, std::uint32_t>& bytes_there);
  bool send_state(NodeEntry& node);
  bool send_parts(NodeEntry& node, const DesiredRecord& desired);
  void not_sent(NodeEntry& node, const std::string& why);
  bool question(const sync::NodeUid& uid, const sync::Report& report);
  bool send_question(NodeEntry& node);
  bool send_stored(const NodeEntry& node);
  bool send_due(const Key& key);
  bool send(const sync::NodeUid& node, sync::FrameType type, std::string payload);

  Context& context_;
  Epochs& epochs_;
  StatePacker packer_;
  Strangers strangers_;
  OnNodeAnswer on_answer_;
  OnHello on_hello_;
  struct Waiting {
    sync::NodeUid node;
    sync::FrameType type;
    std::string payload;
  };
  std::deque<Waiting> waiting_;
  std::set<sync::NodeUid> trust_due_;  ///< who said hello with an older trust document
  bool is_blocked_ = false;            // the link took no more; it tells when it does
};

}  // namespace holdfast::hub
