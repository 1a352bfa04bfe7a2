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

namespace {

constexpr std::string_view kNotReached = "the broker is not reached";
constexpr const char* kThere = "1";  ///< presence; its Will says the other
constexpr const char* kAway = "0";

}  // namespace

Session::Session(Seams seams, Engine& engine, NodeIdentity identity, CommandHandler handler)
    : seams_(seams),
      engine_(engine),
      identity_(std::move(identity)),
      handler_(std::move(handler)),
      snapshot_interval_(limits::kSnapshotCoalesceMin),
      event_batches_(seams_.outbox) {}

void Session::start() {
  auto& link = seams_.link;
  link.on_message([this](const std::string&, std::string payload) { on_payload(std::move(payload)); });
  link.on_state([this](sync::LinkState state, const std::string& why) { on_link(state, why); });
  link.on_writable([this] { wake(); });
  link.subscribe(sync::Topics::down(identity_.uid));
  link.set_will(sync::Topics::presence(identity_.uid), kAway);
  engine_.on_changed([this] {
    queue_snapshot(seams_.clock.monotonic());
    wake();
  });
  link.start();
}

void Session::stop() {
  // Where it cannot be said, the Will says it.
  if (connected_) static_cast<void>(say_presence(kAway));
  seams_.link.stop();
}

Status Session::say_presence(const char* there) {
  return seams_.link.publish(sync::Topics::presence(identity_.uid), there, sync::Delivery::kRetained);
}

void Session::on_link(sync::LinkState state, const std::string& why) {
  connected_ = state == sync::LinkState::kUp;
  link_trouble_ = connected_ ? std::string() : why;
  // All but events is said again from the hello on; those that the outbox did not take are told once and wait.
  std::erase_if(outgoing_, [](const Outgoing& out) { return out.frame.type != sync::FrameType::kEvents; });
  beacon_due_.reset();
  event_batches_.begin_anew();
  hello_base_.reset();
  if (!connected_) {
    base::log::failure(kNotReached, identity_.uid.str(), {Code::kUnavailable, why});
    return wake();  // who asks for trust elsewhere meanwhile learns of it
  }
  base::log::recovered(kNotReached, identity_.uid.str());
  ++counters_.connects;
  static_cast<void>(say_presence(kThere));
  say_hello(Greeting::kJoin);
  wake();
}

void Session::queue(sync::Frame frame, sync::Delivery delivery) {
  outgoing_.push_back({std::move(frame), delivery});
}

void Session::say_hello(Greeting greeting) {
  sync::Hello hello = engine_.hello();
  hello.beacon = greeting != Greeting::kJoin;
  // The next beacon says what a lost one would have said.
  queue(sync::encode(hello),
        greeting == Greeting::kBeacon ? sync::Delivery::kAtMostOnce : sync::Delivery::kAtLeastOnce);
  // A hub that lacks what this hello names asks for it, and then gets the whole.
  if (greeting == Greeting::kJoin)
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
    case sync::FrameType::kEventsStored:
      status = sync::decode_events_stored(frame.body).map([this](const sync::EventsStored& stored) {
        event_batches_.on_stored(stored);
      });
      break;
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
  // A hub that knows nothing of this node did not listen before: events that were on their way are lost, and so is that
  // something is lacking here, which a hello says alone.
  const bool is_unknown = report.snapshot && report.abilities;
  if (is_unknown) event_batches_.begin_anew();
  const auto hello = engine_.hello();
  const bool is_lacking = hello.accepted != sync::Generation{} && hello.content.is_none();
  if (report.hello || (is_unknown && is_lacking)) say_hello(Greeting::kNews);
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
  if (auto late = too_late(command); !late.empty()) {
    answer(command.id, fail(Code::kTimeout, std::move(late)));
    return {};
  }
  auto done = handler_(command);
  if (!done) {
    answer(command.id, fail(std::move(done).error()));
  } else if (*done) {
    answer(command.id, **std::move(done));
  }
  return {};
}

void Session::answer(const std::string& id, base::Result<std::string> done) {
  sync::Answer answer;
  answer.id = id;
  answer.ok = done.has_value();
  answer.body = done ? *std::move(done) : done.error().message();
  if (answer.body.size() > limits::kAnswerBytesMax) {
    answer.ok = false;
    answer.body = "the answer takes " + std::to_string(answer.body.size()) + " bytes, at most " +
                  std::to_string(limits::kAnswerBytesMax) +
                  " are allowed; ask on the node: holdfast-agent status";
  }
  queue(sync::encode(answer));
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
  if (!taken) say_hello(Greeting::kNews);
  return {};
}

void Session::set_trust(std::vector<base::PublicKey> signing_keys, std::uint64_t version) {
  identity_.signing_keys = signing_keys;
  identity_.trust = version;
  engine_.set_trust(std::move(signing_keys), version);
  say_hello_again();
}

void Session::say_hello_again() {
  if (!connected_) return;
  say_hello(Greeting::kNews);
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
  if (beacon_due_ && *beacon_due_ <= now) say_hello(Greeting::kBeacon);
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
  if (const auto batch = event_batches_.next(now)) queue(sync::encode(*batch));
}

void Session::expect_report_known(std::string body) {
  // Half for each of the two that a delta takes.
  const bool is_useful = body.size() <= limits::kDeltaBytesMax / 2;
  report_base_ = is_useful ? std::optional(sync::up_base(std::move(body))) : std::nullopt;
}

std::string Session::payload_of(const Outgoing& out) const {
  if (out.frame.type == sync::FrameType::kSnapshot && report_base_)
    return sync::encode_frame(out.frame, *report_base_);
  const bool is_beacon =
      out.frame.type == sync::FrameType::kHello && out.delivery == sync::Delivery::kAtMostOnce;
  if (is_beacon && hello_base_) return sync::encode_frame(out.frame, *hello_base_);
  return sync::encode_frame(out.frame);
}

void Session::note_sent(const sync::Frame& frame, bool is_delta) {
  ++counters_.frames_out;
  if (frame.type == sync::FrameType::kHello && !is_delta) hello_base_ = sync::up_base(frame.body);
  if (frame.type != sync::FrameType::kSnapshot) return;
  ++(is_delta ? counters_.snapshots_delta : counters_.snapshots_whole);
  expect_report_known(frame.body);
}

bool Session::send(const Outgoing& out) {
  const auto& frame = out.frame;
  std::string payload = payload_of(out);
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
  for (const auto& due : {snapshot_due_, event_batches_.due()}) {
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void Session::wake() {
  if (wake_) wake_();
}

}  // namespace holdfast::edge_agent
