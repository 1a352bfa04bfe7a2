// SPDX-License-Identifier: Apache-2.0
#include "hub/sender.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/hub.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::Code;
using base::Status;

namespace {

/// How long an answer may take before the same is said again.
std::chrono::milliseconds patience(std::uint32_t attempts) {
  constexpr std::uint32_t kDoublingsMax = 8;
  const std::chrono::milliseconds wait = limits::kStateAckTimeout * (1U << std::min(attempts, kDoublingsMax));
  return std::min<std::chrono::milliseconds>(wait, limits::kStateAckTimeoutMax);
}

}  // namespace

void Sender::want_state(NodeEntry& node, std::chrono::milliseconds after) {
  node.sending.wanted = true;
  context_.outgoing.set({KeyKind::kSend, node.uid.str()}, context_.now() + after);
}

void Sender::want_trust(const NodeEntry& node, std::chrono::milliseconds after) {
  context_.outgoing.set({KeyKind::kTrust, node.uid.str()}, context_.now() + after);
}

void Sender::want_state_in_turn(NodeEntry& node) { want_state(node, patience(node.sending.attempts)); }

void Sender::ask(NodeEntry& node, bool snapshot, bool abilities, std::chrono::milliseconds after) {
  const auto& asked = node.asking;
  node.asking = Asking{snapshot, abilities, asked.proof, asked.sealing, asked.hello, 0};
  const Key key{KeyKind::kAsk, node.uid.str()};
  // What is due sooner stays so: another question may have come to it, a proof, that nobody has asked yet.
  if (node.asking.wanted())
    context_.outgoing.push(key, context_.now() + after);
  else
    context_.outgoing.drop(key);
}

void Sender::tell_pacing(NodeEntry& node) {
  // A broker takes about 870 mTLS connects a second; a third of a core is left to them. A node tries all addresses in each
  // window, and a hub has two for one broker: its port, and the API's.
  constexpr std::int64_t kConnectsPerSecond = 870 * 3 / 10 / 2;
  const auto by_size =
      std::chrono::seconds(static_cast<std::int64_t>(context_.nodes.all().size()) / kConnectsPerSecond);
  const std::chrono::milliseconds window = std::clamp<std::chrono::milliseconds>(
      by_size, limits::kReconnectWindowMin, limits::kReconnectWindowMax);
  // An agent begins with the shortest window. One that was ever told another is told each time: the message may
  // have been lost, or the agent started anew.
  if (window == limits::kReconnectWindowMin && node.window_told == limits::kReconnectWindowMin) return;
  const auto counter = context_.nodes.next_settings();
  if (!counter) return base::log::failure("pacing could not be told", node.name, counter.error());
  const sync::Settings settings{.node = node.uid,
                                .counter = *counter,
                                .reconnect_window = window,
                                .snapshot_interval = limits::kSnapshotCoalesceMin};
  if (auto status = queue(node, sync::encode(sync::sign_settings(settings, context_.options.signing_key)));
      !status) {
    return base::log::failure("pacing could not be told", node.name, status.error());
  }
  context_.nodes.note_paced(node, window);
}

Status Sender::queue(const NodeEntry& node, const sync::Frame& frame) {
  if (waiting_.size() >= limits::kOutboxMax) {
    return base::fail(Code::kLimit,
                      "more than " + std::to_string(limits::kOutboxMax) + " messages wait for the broker");
  }
  std::string payload = sync::encode_frame(frame);
  if (payload.size() > limits::kPacketBytesMax)
    return base::fail(Code::kLimit, "a message is too large to be sent");
  waiting_.push_back({node.uid, frame.type, std::move(payload)});
  return {};
}

std::optional<base::MonotonicTime> Sender::next_due() const {
  if (is_blocked_ || context_.seams.link.state() != sync::LinkState::kUp) return std::nullopt;
  return context_.outgoing.next_due();
}

/// Ahead of all that is signed, for as long as the node has not said that it holds this version: it may be signed by a key
/// that the node learns of only so.
bool Sender::send_trust(NodeEntry& node) {
  if (node.holds_trust(context_.options.trust_version)) return true;
  if (node.trust_sent && context_.now() - *node.trust_sent < limits::kStateAckTimeout) return true;
  if (!send(node.uid, sync::FrameType::kTrust, sync::encode_frame(context_.options.trust))) return false;
  node.trust_sent = context_.now();
  return true;
}

void Sender::pump() {
  is_blocked_ = false;
  while (!waiting_.empty()) {
    auto* const node = context_.nodes.find(waiting_.front().node);
    if (node != nullptr && !send_trust(*node)) return;
    if (!send(waiting_.front().node, waiting_.front().type, waiting_.front().payload)) return;
    waiting_.pop_front();
  }
  while (const auto key = context_.outgoing.pop(context_.now())) {
    if (send_due(*key)) continue;
    context_.outgoing.set(*key, context_.now());
    return;
  }
}

bool Sender::send_due(const Key& key) {
  auto* node = context_.nodes.find(sync::NodeUid(key.id));
  if (node == nullptr || node->revoked || !node->is_online()) return true;
  if (key.kind == KeyKind::kTrust) return send_trust(*node);
  if (key.kind == KeyKind::kStored) return send_stored(*node);
  if (key.kind == KeyKind::kAsk) return !node->asking.wanted() || send_question(*node);
  if (!node->sending.wanted || !node->ahead.empty()) return true;
  if (node->is_heard) return send_state(*node);
  if (!node->asking.snapshot) ask(*node, true, node->asking.abilities, {});
  return true;
}

bool Sender::question(const sync::NodeUid& uid, const sync::Report& report) {
  return send(uid, sync::FrameType::kReport, sync::encode_frame(sync::encode(report)));
}

bool Sender::send_stored(const NodeEntry& node) {
  const auto stored = context_.intake.stored(node.uid);
  return !stored || send(node.uid, sync::FrameType::kEventsStored, sync::encode_frame(sync::encode(*stored)));
}

bool Sender::send_question(NodeEntry& node) {
  const auto& asking = node.asking;
  if (!question(node.uid, {asking.snapshot, asking.abilities, asking.proof, asking.sealing, asking.hello}))
    return false;
  context_.outgoing.set({KeyKind::kAsk, node.uid.str()}, context_.now() + patience(node.asking.attempts++));
  return true;
}

bool Sender::send_state(NodeEntry& node) {
  Sending& sending = node.sending;
  const auto* desired = context_.desired.find(node.uid);
  if (desired == nullptr) {
    sending = Sending{};
    return true;
  }
  if (sending.parts_due) return send_parts(node, *desired);
  auto payload = packer_.state(node, *desired);
  if (!payload) {
    not_sent(node, payload.error().message());
    return true;
  }
  const bool is_delta = sync::is_delta(*payload);
  if (!send_trust(node)) return false;
  if (!send(node.uid, sync::FrameType::kState, *std::move(payload))) return false;
  ++context_.counters.states_sent;
  if (is_delta) ++context_.counters.states_delta;
  sending.is_asked = true;
  context_.outgoing.set({KeyKind::kSend, node.uid.str()}, context_.now() + patience(sending.attempts++));
  return true;
}

/// One piece a turn, so that every node gets its turn.
bool Sender::send_parts(NodeEntry& node, const DesiredRecord& desired) {
  Sending& sending = node.sending;
  const Key key{KeyKind::kSend, node.uid.str()};
  const auto part = packer_.next_part(node, desired);
  if (!part) {
    not_sent(node, part.error().message());
    return true;
  }
  if (!*part) {
    sending.parts_due = false;
    context_.outgoing.set(key, context_.now() + patience(sending.attempts++));
    return true;
  }
  if (!send(node.uid, sync::FrameType::kPart, sync::encode_frame(sync::encode(**part)))) return false;
  packer_.note_part(node, **part);
  context_.outgoing.set(key, context_.now());
  return true;
}

void Sender::not_sent(NodeEntry& node, const std::string& why) {
  if (node.refused != why) context_.tell(node, sync::EventType::kWarning, "NotSent", why);
  node.refused = why;
  context_.outgoing.set({KeyKind::kSend, node.uid.str()}, context_.now() + limits::kStateAckTimeoutMax);
  context_.show(node);
}

bool Sender::send(const sync::NodeUid& node, sync::FrameType type, std::string payload) {
  const std::size_t size = payload.size();
  const auto sent =
      context_.seams.link.publish(sync::Topics::down(node), std::move(payload), sync::Delivery::kAtLeastOnce);
  is_blocked_ = !sent && sent.error().code() == Code::kUnavailable;
  if (is_blocked_) return false;
  if (!sent) {
    base::log::failure("a message was dropped, for the broker would not take it", node.str(), sent.error());
    return true;
  }
  ++context_.counters.messages_down[type];
  context_.counters.bytes_down += size;
  return true;
}

}  // namespace holdfast::hub
