// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/session.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/hub.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "base/time_text.hpp"
#include "edge_agent/tables.hpp"
#include "sync/model/kinds.hpp"
#include "sync/wire/frame.hpp"

namespace holdfast::edge_agent {

namespace limits = base::limits;
using base::Code;
using base::Status;

constexpr std::string_view kNotReached = "the broker is not reached";

namespace {

/// How long the hub may take to store a batch of events before the same is sent again.
std::chrono::milliseconds patience(std::uint32_t unanswered) {
  constexpr std::uint32_t kDoublingsMax = 16;
  const std::chrono::milliseconds wait =
      limits::kEventsStoredTimeout * (1U << std::min(unanswered, kDoublingsMax));
  return std::min<std::chrono::milliseconds>(wait, limits::kEventsStoredTimeoutMax);
}

}  // namespace

Session::Session(Seams seams, Engine& engine, NodeIdentity identity, CommandHandler handler)
    : seams_(seams),
      engine_(engine),
      identity_(std::move(identity)),
      handler_(std::move(handler)),
      snapshot_interval_(limits::kSnapshotCoalesceMin) {}

void Session::start() {
  auto& link = seams_.link;
  link.on_message([this](const std::string&, std::string payload) { on_payload(std::move(payload)); });
  link.on_state([this](sync::LinkState state, const std::string& why) { on_link(state, why); });
  link.on_writable([this] { wake(); });
  link.subscribe(sync::Topics::down(identity_.uid));
  link.set_will(sync::Topics::presence(identity_.uid), "0");
  engine_.on_changed([this] {
    queue_snapshot(seams_.clock.monotonic());
    wake();
  });
  link.start();
}

void Session::stop() {
  if (connected_)
    static_cast<void>(
        seams_.link.publish(sync::Topics::presence(identity_.uid), "0", sync::Delivery::kRetained));
  seams_.link.stop();
}

void Session::on_link(sync::LinkState state, const std::string& why) {
  connected_ = state == sync::LinkState::kUp;
  link_trouble_ = connected_ ? std::string() : why;
  // All but events is said again from the hello on; those that the outbox did not take are told once and wait.
  std::erase_if(outgoing_, [](const Outgoing& out) { return out.frame.type != sync::FrameType::kEvents; });
  beacon_due_.reset();
  batch_again_.reset();
  batches_unanswered_ = 0;
  if (!connected_) {
    base::log::failure(kNotReached, identity_.uid.str(), {Code::kUnavailable, why});
    return wake();  // who asks for trust elsewhere meanwhile learns of it
  }
  base::log::recovered(kNotReached, identity_.uid.str());
  ++counters_.connects;
  static_cast<void>(
      seams_.link.publish(sync::Topics::presence(identity_.uid), "1", sync::Delivery::kRetained));
  say_hello(false);
  wake();
}

void Session::queue(sync::Frame frame, sync::Delivery delivery) {
  outgoing_.push_back({std::move(frame), delivery});
}

void Session::say_hello(bool beacon, sync::Delivery delivery) {
  sync::Hello hello = engine_.hello();
  hello.beacon = beacon;
  queue(sync::encode(hello), delivery);
  // A hub that lacks what this hello names asks for it, and then gets the whole.
  if (!beacon)
    expect_report_known(
        sync::encode(sync::SnapshotReport{sync::encode_snapshot(engine_.snapshot()), sync::all_abilities()})
            .body);
  beacon_due_ = seams_.clock.monotonic() + beacon_min_ + seams_.random.jitter(beacon_max_ - beacon_min_);
}

void Session::on_payload(std::string payload) {
  ++counters_.frames_in;
  counters_.bytes_in += payload.size();
  const auto find_base = [this](sync::FrameType type, std::string_view name) -> std::optional<std::string> {
    return type == sync::FrameType::kState ? engine_.state_base(name) : std::nullopt;
  };
  auto decoded = sync::decode_frame(payload, find_base);
  if (!decoded) {
    ++counters_.frames_bad;
    base::log::failure("a message from the broker was ignored", "frame", decoded.error());
    return;
  }
  if (const auto* lost = std::get_if<sync::BaseLost>(&*decoded)) {
    ++counters_.bases_lost;
    if (lost->type == sync::FrameType::kState) queue(sync::encode(*lost));
    return wake();
  }
  auto& frame = std::get<sync::Frame>(*decoded);
  if (frame.type == sync::FrameType::kState)
    ++(sync::is_delta(payload) ? counters_.states_delta : counters_.states_whole);
  // A desired state may be large: the two are not held at once longer than it takes.
  std::string().swap(payload);
  dispatch(std::move(frame));
  wake();
}

void Session::dispatch(sync::Frame frame) {
  Status status;
  switch (frame.type) {
    case sync::FrameType::kState: status = on_state(std::move(frame.body)); break;
    case sync::FrameType::kPart: status = on_part(frame.body); break;
    case sync::FrameType::kCommand: status = on_command(frame.body); break;
    case sync::FrameType::kSettings: status = on_settings(frame.body); break;
    case sync::FrameType::kTrust: status = on_trust_document(frame.body); break;
    case sync::FrameType::kEventsStored: status = on_events_stored(frame.body); break;
    case sync::FrameType::kReport:
      if (auto report = sync::decode_report(frame.body))
        on_report(*report);
      else
        status = base::fail(std::move(report).error());
      break;
    default:
      // A newer hub may say things that this agent does not know; they change nothing.
      base::log::debug("a message of an unknown type was ignored", {{"type", static_cast<int>(frame.type)}});
      return;
  }
  if (status) return;
  ++counters_.frames_bad;
  base::log::failure("a message from the hub was refused", "message", status.error());
}

void Session::on_report(const sync::Report& report) {
  if (report.proof) queue(sync::encode(sync::Proof{identity_.name, engine_.accepted_header()}));
  if (const auto key = engine_.sealing_key(); key && report.sealing)
    queue(sync::encode(sync::SealingKeyTold{*key}));
  if ((!report.snapshot && !report.abilities) || base::planted("snapshot-not-said-again")) return;
  snapshot_digest_sent_ = base::Digest{};
  if (!base::planted("report-answered-by-a-delta")) report_base_.reset();
  snapshot_due_ = seams_.clock.monotonic();
}

/// A desired state is large: what it came in goes before it is worked on.
Status Session::on_state(std::string body) {
  HF_TRY(auto state, sync::decode_state(body));
  std::string().swap(body);
  for (auto& frame : engine_.accept(std::move(state))) queue(std::move(frame));
  return {};
}

Status Session::on_part(std::string_view body) {
  HF_TRY(const auto part, sync::decode_part(body));
  for (auto& frame : engine_.accept(part)) queue(std::move(frame));
  return {};
}

base::Result<bool> Session::take_counter(std::string_view which, std::uint64_t counter) {
  bool fresh = false;
  HF_CHECK(seams_.store.write([&](sync::WriteTxn& txn) -> Status {
    HF_TRY(const auto stored, txn.get(kMetaTable, which));
    std::uint64_t last = 0;
    if (stored) {
      HF_TRY(last, base::from_decimal(*stored));
    }
    fresh = counter > last;
    if (!fresh) return {};
    return txn.put(kMetaTable, which, base::to_decimal(counter));
  }));
  return fresh;
}

Status Session::on_command(std::string_view body) {
  HF_TRY(const auto sealed, sync::decode_command(body));
  HF_TRY(const auto command, sync::verify_command(sealed, identity_.signing_keys, identity_.uid));
  HF_TRY(const bool fresh, take_counter("command_counter", command.counter));
  if (!fresh) return {};  // a repeated message; the first one was answered
  ++counters_.commands;
  sync::Answer answer;
  answer.id = command.id;
  if (auto late = too_late(command); !late.empty()) {
    answer.body = std::move(late);
  } else if (auto done = handler_(command)) {
    answer.ok = true;
    answer.body = *std::move(done);
  } else {
    answer.body = done.error().message();
  }
  if (answer.body.size() > limits::kAnswerBytesMax) {
    answer.ok = false;
    answer.body = "the answer takes " + std::to_string(answer.body.size()) + " bytes, at most " +
                  std::to_string(limits::kAnswerBytesMax) +
                  " are allowed; ask on the node: holdfast-agent status";
  }
  queue(sync::encode(answer));
  return {};
}

/// The deadline is of the hub's clock, and a node's may be wrong. A broker keeps nothing for a node that is away,
/// and the counter stops what is repeated, so what comes now was sent a short while ago, whatever the clock says:
/// only an age that no clock set by a person explains is refused.
std::string Session::too_late(const sync::Command& command) const {
  const auto now = seams_.clock.wall();
  constexpr std::string_view kClock =
      "this node's clock is ahead of the hub's, or a command was long on its way";
  if (now <= command.deadline) {
    base::log::recovered(kClock, identity_.uid.str());
    return {};
  }
  const auto late = base::format_duration(now - command.deadline);
  const std::string what = "the command's deadline passed " + late +
                           " ago by this node's clock, which says " + base::to_rfc3339(now);
  if (now - command.deadline <= limits::kCommandSkewMax) {
    base::log::failure(kClock, identity_.uid.str(), {Code::kTimeout, what});
    return {};
  }
  return what + "; it was not carried out: set the node's clock right, or ask again";
}

Status Session::on_settings(std::string_view body) {
  HF_TRY(const auto sealed, sync::decode_settings(body));
  HF_TRY(const auto settings, sync::verify_settings(sealed, identity_.signing_keys, identity_.uid));
  HF_TRY(const bool fresh, take_counter("settings_counter", settings.counter));
  if (!fresh) return {};
  seams_.link.set_reconnect_window(settings.reconnect_window);
  snapshot_interval_ = std::clamp<std::chrono::milliseconds>(
      settings.snapshot_interval, limits::kSnapshotCoalesceMin, limits::kSnapshotCoalesceMax);
  return {};
}

base::Status Session::on_trust_document(std::string_view body) {
  if (!trust_handler_) return {};
  HF_TRY(const bool taken, trust_handler_(body));
  // A hub that sends what is known has not heard which version this node holds.
  if (!taken) say_hello(true);
  return {};
}

base::Status Session::on_events_stored(std::string_view body) {
  HF_TRY(const auto stored, sync::decode_events_stored(body));
  if (seams_.outbox == nullptr) return {};
  seams_.outbox->stored(stored);
  if (!seams_.outbox->is_answered()) return {};
  batch_again_.reset();
  batches_unanswered_ = 0;
  return {};
}

void Session::set_trust(std::vector<base::PublicKey> signing_keys, std::uint64_t version) {
  identity_.signing_keys = signing_keys;
  identity_.trust = version;
  engine_.set_trust(std::move(signing_keys), version);
  if (!connected_) return;
  say_hello(true);
  wake();
}

void Session::say_hello_again() {
  if (!connected_) return;
  say_hello(true);
  wake();
}

void Session::queue_snapshot(base::MonotonicTime now) {
  if (snapshot_due_) return;
  // The first change after a quiet time is told at once; what follows within the interval is told together.
  snapshot_due_ = ever_sent_ ? std::max(now, snapshot_sent_ + snapshot_interval_) : now;
}

void Session::collect() {
  while (auto applied = engine_.take_applied()) queue(sync::encode(*applied));
  const auto now = seams_.clock.monotonic();
  if (beacon_due_ && *beacon_due_ <= now) say_hello(true, sync::Delivery::kAtMostOnce);
  if (snapshot_due_ && *snapshot_due_ <= now) collect_snapshot(now);
  collect_events(now);
}

void Session::collect_snapshot(base::MonotonicTime now) {
  snapshot_due_.reset();
  const std::string bytes = sync::encode_snapshot(engine_.snapshot());
  const auto digest = base::Digest::of(bytes);
  if (digest == snapshot_digest_sent_) return;
  queue(sync::encode(sync::SnapshotReport{bytes, sync::all_abilities()}));
  snapshot_digest_sent_ = digest;
  snapshot_sent_ = now;
  ever_sent_ = true;
}

void Session::collect_events(base::MonotonicTime now) {
  if (auto events = engine_.take_events(); !events.empty()) {
    queue(sync::Frame{sync::FrameType::kEvents, sync::encode_events(events)});
  }
  if (seams_.outbox == nullptr || (batch_again_ && now < *batch_again_)) return;
  batch_again_.reset();
  const auto batch = seams_.outbox->next();
  if (!batch) return;
  queue(sync::encode(*batch));
  batch_again_ = now + patience(batches_unanswered_++);
}

void Session::expect_report_known(std::string body) {
  // Half for each of the two that a delta takes.
  const bool is_useful = body.size() <= limits::kDeltaBytesMax / 2;
  report_base_ = is_useful ? std::optional(sync::report_base(std::move(body))) : std::nullopt;
}

std::string Session::payload_of(const sync::Frame& frame) const {
  if (frame.type == sync::FrameType::kSnapshot && report_base_)
    return sync::encode_frame(frame, *report_base_);
  return sync::encode_frame(frame);
}

void Session::note_sent(const sync::Frame& frame, bool is_delta) {
  ++counters_.frames_out;
  if (frame.type != sync::FrameType::kSnapshot) return;
  ++(is_delta ? counters_.snapshots_delta : counters_.snapshots_whole);
  expect_report_known(frame.body);
}

bool Session::send(const Outgoing& out) {
  const auto& frame = out.frame;
  std::string payload = payload_of(frame);
  if (payload.size() > limits::kPacketBytesMax) {
    base::log::warn(
        "a message is too large to send and was dropped",
        {{"type", static_cast<int>(frame.type)}, {"bytes", static_cast<std::uint64_t>(payload.size())}});
    return true;
  }
  const bool is_delta = sync::is_delta(payload);
  const std::size_t size = payload.size();
  if (const auto sent =
          seams_.link.publish(sync::Topics::up(identity_.uid), std::move(payload), out.delivery);
      !sent) {
    if (sent.error().code() == Code::kUnavailable) return false;
    base::log::failure("a message was dropped, for the broker would not take it", "publish", sent.error());
    return true;
  }
  counters_.bytes_out += size;
  note_sent(frame, is_delta);
  return true;
}

bool Session::flush() {
  while (!outgoing_.empty()) {
    if (!send(outgoing_.front())) return false;
    outgoing_.pop_front();
  }
  return true;
}

std::optional<base::MonotonicTime> Session::run_due() {
  if (!connected_) return std::nullopt;
  if (flush()) {
    collect();
    flush();
  }
  // While the link takes no more, only its own event brings work; what is overdue would bring it without end.
  if (!outgoing_.empty()) return std::nullopt;
  std::optional<base::MonotonicTime> next = beacon_due_;
  for (const auto& due : {snapshot_due_, batch_again_}) {
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void Session::wake() {
  if (wake_) wake_();
}

}  // namespace holdfast::edge_agent
