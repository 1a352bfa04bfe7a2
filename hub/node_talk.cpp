// SPDX-License-Identifier: Apache-2.0
#include "hub/node_talk.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits/hub.hpp"
#include "base/limits/model.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "gitops/placement.hpp"
#include "hub/json_path.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::Code;
using base::Json;
using base::Status;

namespace {

constexpr std::chrono::seconds kHelloPatience{2};

/// Whether the node says that it does not believe what it holds.
bool says_unverified(const sync::Snapshot& snapshot) {
  return std::ranges::any_of(snapshot.conditions, [](const sync::Condition& condition) {
    return condition.type == "StateVerified" && condition.status == "False";
  });
}

bool holds(const NodeEntry& node, const DesiredRecord* desired) {
  return desired != nullptr && node.accepted_header == desired->header_digest && !node.lacks_bodies;
}

}  // namespace

void NodeTalk::on_message(const std::string& topic, std::string_view payload) {
  const auto uid = sync::Topics::node_of(topic);
  auto* node = uid ? context_.nodes.find(*uid) : nullptr;
  if (uid && node == nullptr && strangers_.is_welcome(*uid)) return strangers_.on_message(*uid, payload);
  if (node == nullptr || node->revoked) {
    ++context_.counters.bad_messages;
    return;
  }
  if (topic == sync::Topics::presence(*uid)) return on_presence(*node, payload);
  context_.counters.bytes_up += payload.size();
  const Status status = on_payload(*node, payload);
  if (status) return;
  ++context_.counters.bad_messages;
  base::log::failure("a message from a node was refused", node->name, status.error());
}

Status NodeTalk::on_payload(NodeEntry& node, std::string_view payload) {
  const auto find_base = [&node](sync::FrameType type, std::string_view name) -> std::optional<std::string> {
    std::string known;
    if (type == sync::FrameType::kHello) known = node.hello_bytes;
    if (type == sync::FrameType::kSnapshot && node.snapshot)
      known = sync::encode(sync::SnapshotReport{node.snapshot_bytes, node.abilities}).body;
    auto base = sync::up_base(std::move(known));
    return base.name == name ? std::optional(std::move(base.bytes)) : std::nullopt;
  };
  HF_TRY(const auto decoded, sync::decode_frame(payload, find_base));
  const auto* lost = std::get_if<sync::BaseLost>(&decoded);
  ++context_.counters.messages_up[lost != nullptr ? lost->type : std::get<sync::Frame>(decoded).type];
  seen(node);
  if (lost != nullptr) {
    if (lost->type != sync::FrameType::kSnapshot && lost->type != sync::FrameType::kHello)
      return base::fail(Code::kInvalid, "of what a node says only snapshots and beacons are deltas");
    on_base_lost_here(node, lost->type);
    return {};
  }
  const auto& frame = std::get<sync::Frame>(decoded);
  auto& counters = context_.counters;
  if (frame.type == sync::FrameType::kHello && !sync::is_delta(payload)) node.hello_bytes = frame.body;
  if (frame.type == sync::FrameType::kSnapshot)
    ++(sync::is_delta(payload) ? counters.snapshots_delta : counters.snapshots_whole);
  return on_frame(node, frame);
}

void NodeTalk::on_base_lost_here(NodeEntry& node, sync::FrameType type) {
  ++context_.counters.bases_lost_up;
  const bool is_beacon = type == sync::FrameType::kHello;
  node.asking.hello = node.asking.hello || is_beacon;
  sender_.ask(node, node.asking.snapshot || !is_beacon, node.asking.abilities, {});
}

Status NodeTalk::on_frame(NodeEntry& node, const sync::Frame& frame) {
  switch (frame.type) {
    case sync::FrameType::kHello: return on_hello(node, frame.body);
    case sync::FrameType::kApplied: return on_applied(node, frame.body);
    case sync::FrameType::kSnapshot: return on_report(node, frame.body);
    case sync::FrameType::kEvents: return on_events(node, frame.body);
    case sync::FrameType::kEventBatch: return on_event_batch(node, frame.body);
    case sync::FrameType::kNeed: return on_need(node, frame.body);
    case sync::FrameType::kBaseLost: return on_base_lost(node, frame.body);
    case sync::FrameType::kProof: return epochs_.on_proof(node, frame.body);
    case sync::FrameType::kSealingKey: return on_sealing_key(node, frame.body);
    case sync::FrameType::kAnswer: {
      HF_TRY(const auto answer, sync::decode_answer(frame.body));
      on_answer_(node, answer);
      return {};
    }
    default: return base::fail(Code::kInvalid, "a node does not send messages of this type");
  }
}

void NodeTalk::on_presence(NodeEntry& node, std::string_view payload) {
  const bool was_unknown = node.presence == Presence::kUnknown;
  set_presence(node, payload == "1" ? Presence::kOnline : Presence::kOffline);
  if (!node.is_online()) return;
  // One that has just come says hello at once, and that says what it lacks.
  if (node.sending.wanted) sender_.want_state(node, kHelloPatience);
  if (!was_unknown) return;
  // It may have been connected all along and have spoken while nobody listened.
  node.asking.sealing = node.can("secret/1");  // it may have made another key meanwhile
  sender_.ask(node, true, true, in_turn());
}

std::chrono::milliseconds NodeTalk::in_turn() const {
  constexpr std::int64_t kAsksPerSecond = 200;
  const auto fleet = static_cast<std::int64_t>(context_.nodes.all().size());
  return kHelloPatience + context_.seams.random.jitter(std::chrono::seconds(1 + fleet / kAsksPerSecond));
}

void NodeTalk::set_presence(NodeEntry& node, Presence presence) {
  if (node.presence == presence) return;
  if (node.presence == Presence::kOnline) {
    node.last_seen = context_.seams.clock.wall();
    node.last_seen_is_stored = false;
    context_.last_seen_is_stored = false;
  }
  node.presence = presence;
  node.is_heard = node.is_heard && node.is_online();
  node.is_offered_anew = node.is_offered_anew && node.is_online();
  node.sending.end_parts();
  context_.outgoing.drop({KeyKind::kAsk, node.uid.str()});
  context_.outgoing.drop({KeyKind::kSend, node.uid.str()});
  if (node.is_online() && node.sending.wanted) sender_.want_state(node);
  trust_.on_presence(node, in_turn());
  for (const auto& [uid, placing] : node.placings) {
    if (const auto* application = context_.applications.find(uid)) context_.show(*application);
  }
  context_.show(node);
}

void NodeTalk::seen(NodeEntry& node) {
  node.last_seen = context_.seams.clock.wall();
  node.last_seen_is_stored = false;
  context_.last_seen_is_stored = false;
  set_presence(node, Presence::kOnline);
}

Status NodeTalk::on_hello(NodeEntry& node, std::string_view body) {
  HF_TRY(const auto hello, sync::decode_hello(body));
  if (!clones_.is_same_machine(node, hello.hardware)) return {};
  node.reported = hello.accepted;
  const bool is_other_trust = trust_.on_hello(node, hello);
  if (!hello.beacon || is_other_trust) node.is_offered_anew = false;
  // Of a beacon it is known by now what it stands on.
  node.asking.hello = false;
  node.sending.needed.clear();
  node.sending.end_parts();
  heard(node);
  node.lacks_bodies = hello.accepted != sync::Generation{} && hello.content.is_none();
  // One that holds nothing has lost what it had, if it had anything: bodies go with the state, and are not asked for first.
  if (node.lacks_bodies || hello.accepted == sync::Generation{}) node.held.clear();
  epochs_.on_generation(node, hello.accepted, hello.content);
  const auto* sealing = context_.secrets.node_key(node.uid);
  node.asking.sealing = !hello.sealing.is_none() && (sealing == nullptr || sealing->id() != hello.sealing);
  sender_.ask(node, !node.snapshot || hello.snapshot != node.snapshot_digest,
              node.abilities.empty() || hello.abilities != node.abilities_digest, {});
  if (const auto* desired = context_.desired.find(node.uid)) {
    const bool is_same = hello.accepted == desired->header.generation && hello.content == desired->content;
    if (is_same && !base::planted("hello-always-answered")) {
      // Else the report that it is asked for says whether it believes what it holds.
      const bool is_as_reported = node.snapshot && hello.snapshot == node.snapshot_digest;
      const bool is_on_its_way = node.is_offered_anew && node.sending.wanted;
      if (is_as_reported || !is_on_its_way)
        in_step(node, *desired, is_as_reported && says_unverified(*node.snapshot));
    } else {
      sender_.want_state(node);
    }
  }
  if (!hello.beacon) sender_.tell_pacing(node);
  on_hello_(node);
  return {};
}

/// What it opens with from now on: its secrets are sealed anew, and sent.
Status NodeTalk::on_sealing_key(NodeEntry& node, std::string_view body) {
  HF_TRY(const auto told, sync::decode_sealing_key(body));
  if (!node.asking.sealing) return {};  // each one costs a write and a child: only in answer to a question
  ++context_.counters.store_writes;
  HF_CHECK(context_.secrets.set_node_key(node.uid, told.key));
  node.asking.sealing = false;
  context_.look_at(node);
  return {};
}

/// It holds what is in force. What it cannot verify, for the key was dropped since, it is given once more, signed by a key of
/// today: once for each trust document that it holds, as it may believe none of this hub's keys.
void NodeTalk::in_step(NodeEntry& node, const DesiredRecord& desired, bool is_unverified) {
  if (is_unverified && node.is_offered_anew && node.sending.wanted) return;  // it is on its way
  acknowledged(node, desired);
  if (!is_unverified) node.refused.clear();
  if (base::planted("unverified-state-left-alone")) return;
  if (is_unverified && !std::exchange(node.is_offered_anew, true)) sender_.want_state(node);
}

void NodeTalk::acknowledged(NodeEntry& node, const DesiredRecord& desired) {
  node.accepted_header = desired.header_digest;
  node.was_in_step = true;
  std::map<base::Digest, base::Digest> provenances;
  for (const auto& ref : desired.header.sections) {
    for (const auto* known : {&node.sending.provenances, &node.provenances}) {
      if (const auto found = known->find(ref.digest); found != known->end()) provenances.insert(*found);
    }
  }
  node.provenances = std::move(provenances);
  context_.bases.drop(node.uid);
  node.sending = Sending{};
  context_.outgoing.drop({KeyKind::kSend, node.uid.str()});
  for (const auto& ref : desired.header.sections) node.held.insert(ref.digest);
}

Status NodeTalk::on_applied(NodeEntry& node, std::string_view body) {
  HF_TRY(const auto applied, sync::decode_applied(body));
  const auto* desired = context_.desired.find(node.uid);
  const bool is_current = desired != nullptr && applied.generation == desired->header.generation;
  if (applied.stage == sync::AppliedStage::kRefused) {
    // An older one that came late is rightly refused; (0, 0): it could not even be read.
    if (!is_current && applied.generation != sync::Generation{}) return {};
    const bool is_unreadable = applied.generation == sync::Generation{};
    node.refused = is_unreadable
                       ? "the node could not read or verify what it was sent; its events say why"
                       : "the node refused generation " + applied.generation.text() + "; see its events";
    // It has what it needs, and would refuse the same again.
    if (is_unreadable && node.is_offered_anew && holds(node, desired)) {
      node.sending = Sending{};
      context_.outgoing.drop({KeyKind::kSend, node.uid.str()});
    }
    context_.show(node);
    return {};
  }
  node.reported = std::max(node.reported, applied.generation);
  heard(node);
  epochs_.on_generation(node, applied.generation, applied.content);
  node.lacks_bodies = false;
  // Proof is the digest of a header that this hub signed; the numbers alone prove nothing.
  if (!is_current || applied.header != desired->header_digest) return {};
  acknowledged(node, *desired);
  node.refused.clear();
  if (applied.stage == sync::AppliedStage::kApplied) node.applied_header = desired->header_digest;
  after_report(node);
  return {};
}

Status NodeTalk::on_report(NodeEntry& node, std::string_view body) {
  HF_TRY(const auto report, sync::decode_snapshot_report(body));
  const bool is_first = !node.snapshot;
  const auto abilities = node.abilities;
  HF_TRY(const bool changed, context_.nodes.take_report(node, report));
  // Of one that a recovered hub took back it is known only now that it takes Secrets.
  const bool is_news = is_first || abilities != node.abilities;
  if (is_news && node.can("secret/1") && context_.secrets.node_key(node.uid) == nullptr)
    node.asking.sealing = true;
  sender_.ask(node, node.asking.snapshot && report.snapshot.empty(),
              node.asking.abilities && report.abilities.empty(), limits::kStateAckTimeout);
  if (!report.snapshot.empty()) heard(node);
  compare_report(node);
  take_facts(node);
  if (!changed) return {};
  if (is_news) context_.look_at(node);
  after_report(node);
  return {};
}

void NodeTalk::heard(NodeEntry& node) {
  if (!std::exchange(node.was_heard, true)) context_.look_at(node);
  if (std::exchange(node.is_heard, true) || !node.sending.wanted) return;
  sender_.want_state(node);
}

void NodeTalk::compare_report(NodeEntry& node) {
  if (!node.snapshot) return;
  epochs_.on_generation(node, node.snapshot->accepted, node.snapshot->content);
  const auto* desired = context_.desired.find(node.uid);
  if (desired == nullptr) return;
  if (node.snapshot->accepted != desired->header.generation) {
    // One that is on its way is given its time.
    if (!node.sending.wanted) sender_.want_state(node);
  } else if (node.snapshot->content == desired->content && !node.lacks_bodies) {
    in_step(node, *desired, says_unverified(*node.snapshot));
  }
}

void NodeTalk::after_report(NodeEntry& node) {
  context_.show(node);
  for (const auto& [uid, placing] : node.placings) {
    if (const auto* application = context_.applications.find(uid)) context_.show(*application);
  }
  // An application that is being deleted, and a removal that found no room, wait for what the nodes say.
  const auto* desired = context_.desired.find(node.uid);
  if (desired == nullptr) return;
  if (desired->header.removals.size() >= limits::kSectionsPerNodeMax) context_.look_at(node);
  for (const auto& removal : desired->header.removals) {
    if (const auto* application = context_.applications.find(removal.application))
      context_.look_at(*application);
  }
}

void NodeTalk::take_facts(NodeEntry& node) {
  auto labels = node.own_labels();
  labels.merge(fact_labels(node.snapshot->facts));
  if (labels == node.labels) return;
  // Onto the object as it is now: a person may have changed it meanwhile. It comes back as a change.
  const auto done = context_.objects.write(Actor::kHub, [&](ObjectWriter& writer) -> Status {
    HF_TRY(const auto before, writer.get(kNodes, node.name));
    auto now = labels_of(*before);
    std::erase_if(now, [](const auto& label) { return label.first.starts_with(gitops::kFactLabelPrefix); });
    now.merge(fact_labels(node.snapshot->facts));
    Json object = *before;
    object["metadata"]["labels"] = now;
    return writer.update(kNodes, node.name, object).map([](const ObjectPtr&) {});
  });
  if (done) return base::log::recovered("a node's facts could not be kept", node.name);
  base::log::failure("a node's facts could not be kept", node.name, done.error());
  sender_.ask(node, true, node.asking.abilities, limits::kStateAckTimeout);
}

Status NodeTalk::on_events(const NodeEntry& node, std::string_view body) {
  HF_TRY(const auto events, sync::decode_events(body));
  for (const auto& event : events) HF_CHECK(context_.events.record({"Node", node.name, "agent"}, event));
  return {};
}

Status NodeTalk::on_event_batch(const NodeEntry& node, std::string_view body) {
  HF_TRY(const auto batch, sync::decode_event_batch(body));
  if (context_.intake.take(node, batch))
    context_.outgoing.set({KeyKind::kStored, node.uid.str()}, context_.now());
  return {};
}

Status NodeTalk::on_need(NodeEntry& node, std::string_view body) {
  HF_TRY(const auto need, sync::decode_need(body));
  const auto* desired = context_.desired.find(node.uid);
  if (desired == nullptr || need.generation != desired->header.generation) return {};
  std::set<base::Digest> needed;
  for (const auto& ref : desired->header.sections) {
    if (std::ranges::find(need.sections, ref.digest) != need.sections.end()) needed.insert(ref.digest);
  }
  if (needed.empty()) return {};
  for (const auto& digest : needed) node.held.erase(digest);
  Sending& sending = node.sending;
  if (takes_parts(node, *desired, needed, need.have)) return {};
  const bool is_further = needed.size() < sending.needed.size();
  // One that goes on asking for the same is answered no sooner than one that says nothing.
  const bool is_new =
      sending.needed.empty() && (need.generation != node.needed_of || context_.now() >= node.next_need_at);
  sending.needed = std::move(needed);
  if (!is_further && !is_new) {
    sender_.want_state_in_turn(node);
    return {};
  }
  if (is_new) node.next_need_at = context_.now() + limits::kStateAckTimeout;
  node.needed_of = need.generation;
  sending.attempts = 0;
  sender_.want_state(node);
  return {};
}

bool NodeTalk::takes_parts(NodeEntry& node, const DesiredRecord& desired,
                           const std::set<base::Digest>& needed,
                           const std::map<base::Digest, std::uint32_t>& bytes_there) {
  Sending& sending = node.sending;
  const auto before = std::exchange(sending.needed, needed);
  const auto in_parts = sender_.needs_parts(node, desired);
  if (!in_parts || !*in_parts) {
    sending.needed = before;
    return false;
  }
  sending.have = bytes_there;
  auto& stream = sending.stream;
  const auto found = bytes_there.find(stream.digest);
  const std::uint32_t have = found == bytes_there.end() ? 0 : found->second;
  const bool is_another = stream.digest.is_none() || !sending.needed.contains(stream.digest);
  const bool is_further = !is_another && have > stream.acknowledged;
  // One that asks for the same again is answered no sooner than one that says nothing; what it asks for when it was
  // sent the header again is where to go on.
  if (!is_further && !is_another && !sending.is_asked) return true;
  if (is_another) {
    stream = {};
  } else if (is_further) {
    stream.acknowledged = have;
    stream.sent = std::max(stream.sent, have);
  } else {
    stream.acknowledged = stream.sent = have;
    stream.provenance_sent = false;
  }
  sending.is_asked = false;
  sending.parts_due = true;
  sending.attempts = is_further ? 0 : sending.attempts;
  sender_.want_state(node);
  return true;
}

Status NodeTalk::on_base_lost(NodeEntry& node, std::string_view body) {
  HF_TRY(const auto lost, sync::decode_base_lost(body));
  ++context_.counters.bases_lost_down;
  Sending& sending = node.sending;
  if (!sending.wanted) return {};  // of an earlier one; it has come by now
  node.provenances.clear();
  // The whole is said once; if that is lost, the next is as late as any other.
  if (sending.whole) return {};
  if (base::planted("base-lost-answered-by-a-delta")) return {};
  sending.whole = true;
  sending.end_parts();
  sender_.want_state(node);
  return {};
}

void NodeTalk::on_link(sync::LinkState state, const std::string& why) {
  constexpr const char* kNotReached = "the broker is not reached";
  if (state == sync::LinkState::kUp) return base::log::recovered(kNotReached, "hub");
  base::log::failure(kNotReached, "hub", {Code::kUnavailable, why});
  // Nothing is known of anybody until the broker tells again.
  sender_.drop_waiting();
  strangers_.forget();
  for (auto& [uid, node] : context_.nodes.all()) set_presence(node, Presence::kUnknown);
  for (const auto& [uid, application] : context_.applications.all()) context_.show(application);
}

void NodeTalk::pump() {
  if (context_.seams.link.state() != sync::LinkState::kUp) return;
  if (strangers_.pump()) sender_.pump();
}

}  // namespace holdfast::hub
