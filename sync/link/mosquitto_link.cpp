// SPDX-License-Identifier: Apache-2.0
#include "sync/link/mosquitto_link.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "sync/link/mosquitto_session.hpp"
#include "sync/link/proxy_tunnel.hpp"
#include "sync/link/reconnect.hpp"
#include "sync/link/resolver.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Ready;
using base::Status;
using std::chrono::milliseconds;

namespace {

// Often enough for the ping to leave in time, seldom enough to let a battery sleep.
milliseconds tick_of(std::chrono::seconds keep_alive) {
  return std::clamp<milliseconds>(keep_alive / 6, std::chrono::seconds(1), std::chrono::seconds(60));
}

/// A broker of version 2.0 does not say why it ends a session. One that ends again and again soon after it began is mostly one
/// that another takes over, and is taken over in turn.
constexpr std::chrono::seconds kShortLife{30};
constexpr unsigned kShortLivesTold = 3;
constexpr const char* kDouble =
    "; sessions end soon after they began: does another program have the same identity (a copied data "
    "folder, a second hub)?";

}  // namespace

struct MosquittoLink::State {
  State(base::EventLoop& loop_in, base::Clock& clock_in, base::Random& random_in,
        MosquittoLinkOptions options_in)
      : loop(loop_in),
        clock(clock_in),
        random(random_in),
        options(std::move(options_in)),
        window(options.reconnect_window) {}

  base::EventLoop& loop;
  base::Clock& clock;
  base::Random& random;
  MosquittoLinkOptions options;
  milliseconds window;

  std::vector<std::string> filters;
  std::string will_topic;
  std::string will_payload;
  OnMessage on_message;
  OnState on_state;
  std::function<void()> on_writable;

  bool started = false;
  bool up = false;
  bool refused = false;  // somebody waits for room
  bool draining = false;
  std::size_t in_flight = 0;
  std::size_t address = 0;
  std::size_t first = 0;  // of this round over all addresses
  bool is_gone = false;   // the session that is up is to an address that is not among them any more
  std::string round;      // why its attempts failed
  int failures = 0;       // rounds in a row
  std::uint64_t attempt_number = 0;  // changes with every connection and every stop

  std::optional<Lookup> lookup;
  std::vector<SocketAddress> left;      // addresses of the host still to be tried
  std::unique_ptr<ProxyTunnel> tunnel;  // of the session, where there is a proxy
  std::unique_ptr<MosquittoSession> session;
  std::unique_ptr<base::EventLoop::Timer> retry_timer = loop.timer([this] { attempt(); });
  std::unique_ptr<base::EventLoop::Timer> deadline_timer = loop.timer([this] { on_deadline(); });
  std::unique_ptr<base::EventLoop::Timer> tick_timer = loop.timer([this] { on_tick(); });
  // What was posted and comes after the end of this link does nothing.
  std::shared_ptr<const bool> alive = std::make_shared<const bool>(true);

  const BrokerAddress& target() const { return options.addresses[address]; }
  const Proxy* proxy() const { return options.proxy.of(target().host); }
  std::string where() const {
    const std::string broker = target().host + ":" + std::to_string(target().port);
    return proxy() == nullptr ? broker : broker + " through the proxy " + proxy()->authority();
  }

  void attempt();
  void on_lookup();
  void connect_next(base::Error last);
  Status connect_to(const SocketAddress& there);
  Status open_tunnel(const Proxy& through, const SocketAddress& there);
  MosquittoSessionOptions session_options(const std::string& ip, std::uint16_t port) const;
  void on_ready(Ready ready);
  void on_deadline();
  void on_tick();
  void after_progress(const Status& status);
  void drain();
  void handle(MosquittoSession::Event event);
  void offer_room();
  void drop();
  void failed(const base::Error& error);
  void drain_later();
  void fail_later(const base::Error& error);
  bool choose_address(bool was_up);
  void begin_round();
  std::string hint_of_a_double() const;

  base::MonotonicTime up_since{};
  unsigned short_lives = 0;  ///< in a row
};

// ---- to connect ----

void MosquittoLink::State::attempt() {
  if (!started) return;
  if (options.addresses.empty()) return failed({Code::kInvalid, "no broker address is known"});
  ++attempt_number;
  deadline_timer->set(options.connect_timeout);
  const Proxy* const through = proxy();
  auto begun = through == nullptr ? Lookup::start(target().host, target().port)
                                  : Lookup::start(through->host, through->port);
  if (!begun) return failed(begun.error());
  lookup = *std::move(begun);
  if (lookup->done()) return on_lookup();
  const Status watched = loop.watch(lookup->fd(), Ready::kRead, [this](Ready) { on_lookup(); });
  if (!watched) failed(watched.error());
}

void MosquittoLink::State::on_lookup() {
  loop.unwatch(lookup->fd());
  auto found = lookup->result();
  lookup.reset();
  if (!found) return failed(found.error());
  left = *std::move(found);
  std::reverse(left.begin(), left.end());  // the first is taken from the end
  connect_next({Code::kUnavailable, "no address"});
}

void MosquittoLink::State::connect_next(base::Error last) {
  deadline_timer->set(options.connect_timeout);
  while (!left.empty()) {
    const SocketAddress there = left.back();
    left.pop_back();
    const Status begun = connect_to(there);
    if (begun) return;
    tunnel.reset();
    session.reset();
    last = base::Error(begun.error()).with_context(there.ip());
  }
  failed(last);
}

Status MosquittoLink::State::connect_to(const SocketAddress& there) {
  const Proxy* const through = proxy();
  if (through != nullptr) HF_CHECK(open_tunnel(*through, there));
  HF_TRY(session, MosquittoSession::begin(tunnel ? session_options("127.0.0.1", tunnel->port())
                                                 : session_options(there.ip(), target().port)));
  if (tunnel) tunnel->expect(session->fd());
  return loop.watch(session->fd(), session->interest(), [this](Ready ready) { on_ready(ready); });
}

Status MosquittoLink::State::open_tunnel(const Proxy& through, const SocketAddress& there) {
  HF_TRY(tunnel, ProxyTunnel::open(loop, {there, connect_request(through, target().host, target().port)},
                                   [this](const base::Error& error) { failed(error); }));
  return {};
}

MosquittoSessionOptions MosquittoLink::State::session_options(const std::string& ip,
                                                              std::uint16_t port) const {
  MosquittoSessionOptions out;
  out.client_id = options.client_id;
  out.ip = ip;
  out.port = port;
  out.keep_alive = options.keep_alive;
  out.filters = filters;
  out.will_topic = will_topic;
  out.will_payload = will_payload;
  out.tls.ca = options.ca;
  out.tls.identity = options.identity_to_try ? options.identity_to_try() : options.identity;
  out.tls.alpn = options.alpn;
  out.tls.server_name = options.server_name.empty() ? target().host : options.server_name;
  out.tls.when = options.when ? options.when() : clock.wall();
  return out;
}

// ---- to go on ----

void MosquittoLink::State::on_ready(Ready ready) { after_progress(session->advance(ready)); }

void MosquittoLink::State::on_tick() {
  if (!session) return;
  tick_timer->set(tick_of(options.keep_alive));
  after_progress(session->tick());
}

void MosquittoLink::State::on_deadline() {
  std::string_view phase = session ? session->phase() : "name lookup";
  if (tunnel && !tunnel->is_open()) phase = "proxy";
  failed({Code::kTimeout, "no answer in time (" + std::string(phase) + ")"});
}

void MosquittoLink::State::after_progress(const Status& status) {
  const std::uint64_t number = attempt_number;
  drain();
  if (number != attempt_number || !session) return;  // a listener stopped the link
  if (!status) return failed(status.error());
  const Status changed = loop.change(session->fd(), session->interest());
  if (!changed) failed(changed.error());
}

void MosquittoLink::State::drain() {
  if (draining) return;  // a listener publishes: what that brings is handled by the drain that called it
  draining = true;
  const std::uint64_t number = attempt_number;
  while (session && number == attempt_number) {
    auto events = session->take_events();
    if (events.empty()) break;
    for (auto& event : events) {
      if (number != attempt_number) break;
      handle(std::move(event));
    }
  }
  draining = false;
}

void MosquittoLink::State::handle(MosquittoSession::Event event) {
  using Kind = MosquittoSession::Event::Kind;
  switch (event.kind) {
    case Kind::kConnected:
      up = true;
      up_since = clock.monotonic();
      is_gone = false;
      round.clear();
      in_flight = 0;
      left.clear();
      deadline_timer->cancel();
      tick_timer->set(tick_of(options.keep_alive));
      if (on_state) on_state(LinkState::kUp, where());
      offer_room();
      break;
    case Kind::kMessage:
      if (on_message) on_message(event.topic, std::move(event.payload));
      break;
    case Kind::kAcknowledged:
      if (in_flight == base::limits::kInFlightMax) refused = true;
      if (in_flight > 0) --in_flight;
      offer_room();
      break;
    case Kind::kRefused:
      base::log::failure("broker refuses", where(), {Code::kPermission, event.payload});
      break;
  }
}

void MosquittoLink::State::offer_room() {
  if (!up || !refused) return;
  refused = false;
  if (on_writable) on_writable();
}

// ---- to end ----

void MosquittoLink::State::drop() {
  if (lookup) loop.unwatch(lookup->fd());
  lookup.reset();
  if (session) loop.unwatch(session->fd());
  session.reset();
  tunnel.reset();
  up = false;
  in_flight = 0;
  deadline_timer->cancel();
  tick_timer->cancel();
}

std::string MosquittoLink::State::hint_of_a_double() const {
  return up && short_lives >= kShortLivesTold ? kDouble : "";
}

/// Where the next attempt goes; true: all were tried, and it waits before. The one that served comes first, for a proxy may
/// let no other through; one that ends sessions soon after they began comes last.
bool MosquittoLink::State::choose_address(bool was_up) {
  if (was_up && std::exchange(is_gone, false)) return true;
  const auto next = (address + 1) % std::max<std::size_t>(options.addresses.size(), 1);
  if (!was_up || short_lives > 0) address = next;
  if (was_up) first = address;
  return address == first;
}

void MosquittoLink::State::failed(const base::Error& error) {
  if (up) short_lives = clock.monotonic() - up_since < kShortLife ? short_lives + 1 : 0;
  // Two that throw each other out do so ever less often.
  if (up) failures = static_cast<int>(short_lives);
  const std::string why =
      options.addresses.empty() ? error.message() : where() + ": " + error.message() + hint_of_a_double();
  const bool was_up = up;
  drop();
  if (!left.empty()) return connect_next(error);  // the host has another address
  ++attempt_number;
  round += (round.empty() ? "" : "; ") + why;
  const std::string told = round;
  const bool waits = choose_address(was_up);
  if (waits) {
    ++failures;
    round.clear();
  }
  if (started) retry_timer->set(waits ? reconnect_wait(window, failures, random) : milliseconds(0));
  if (on_state) on_state(LinkState::kDown, told);
}

void MosquittoLink::State::begin_round() {
  first = address;
  round.clear();
}

// From inside a caller's call, where no listener may be called.
void MosquittoLink::State::drain_later() {
  const std::weak_ptr<const bool> weak = alive;
  loop.post([this, weak, number = attempt_number] {
    if (!weak.expired() && number == attempt_number) drain();
  });
}

void MosquittoLink::State::fail_later(const base::Error& error) {
  const std::weak_ptr<const bool> weak = alive;
  loop.post([this, weak, error, number = attempt_number] {
    if (!weak.expired() && number == attempt_number) failed(error);
  });
}

// ---- the seam ----

MosquittoLink::MosquittoLink(base::EventLoop& loop, base::Clock& clock, base::Random& random,
                             MosquittoLinkOptions options)
    : state_(std::make_unique<State>(loop, clock, random, std::move(options))) {}

MosquittoLink::~MosquittoLink() {
  if (state_->draining) std::abort();  // destroyed inside its own callback: see the header
  state_->started = false;
  state_->drop();
}

void MosquittoLink::start() {
  if (state_->started) return;
  state_->started = true;
  state_->failures = 0;
  state_->begin_round();
  state_->retry_timer->set(milliseconds(0));
}

void MosquittoLink::stop() {
  state_->started = false;
  ++state_->attempt_number;
  state_->retry_timer->cancel();
  state_->left.clear();
  if (state_->session) state_->session->say_goodbye();
  state_->drop();
}

LinkState MosquittoLink::state() const { return state_->up ? LinkState::kUp : LinkState::kDown; }

Status MosquittoLink::publish(const std::string& topic, std::string payload, Delivery delivery) {
  if (payload.size() > base::limits::kPacketBytesMax) {
    return fail(Code::kLimit, topic + ": a message of " + std::to_string(payload.size()) + " bytes");
  }
  if (!state_->up || state_->in_flight == base::limits::kInFlightMax) {
    state_->refused = true;
    return fail(Code::kUnavailable,
                state_->up ? "too many messages on their way" : "the broker is not reached");
  }
  auto sent = state_->session->publish(topic, payload, delivery);
  if (!sent) {
    if (sent.error().code() == Code::kUnavailable) state_->fail_later(sent.error());
    return fail(std::move(sent).error().with_context(topic));
  }
  ++state_->in_flight;
  // The socket's buffer took it, and with that it is done.
  if (delivery == Delivery::kAtMostOnce) state_->drain_later();
  const Status changed = state_->loop.change(state_->session->fd(), state_->session->interest());
  if (!changed) state_->fail_later(changed.error());
  return {};
}

void MosquittoLink::subscribe(const std::string& filter) { state_->filters.push_back(filter); }

void MosquittoLink::set_will(const std::string& topic, std::string payload) {
  state_->will_topic = topic;
  state_->will_payload = std::move(payload);
}

void MosquittoLink::set_reconnect_window(milliseconds window) {
  state_->window = std::clamp<milliseconds>(window, milliseconds(1), base::limits::kReconnectWindowMax);
}

void MosquittoLink::believe(std::vector<BrokerAddress> addresses, Pem ca) {
  auto& s = *state_;
  const auto current = s.options.addresses.empty() ? BrokerAddress{} : s.target();
  s.options.addresses = std::move(addresses);
  s.options.ca = std::move(ca);
  const auto& known = s.options.addresses;
  const auto found = std::ranges::find(known, current);
  s.is_gone = s.up && found == known.end();
  s.address = found == known.end() ? 0 : static_cast<std::size_t>(found - known.begin());
  s.begin_round();
  if (!s.started || s.up) return;
  // What is under way, or waited for, was by addresses and a CA that counted before.
  ++s.attempt_number;
  s.left.clear();
  s.drop();
  s.failures = 0;
  s.retry_timer->set(milliseconds(0));
}

void MosquittoLink::on_message(OnMessage listener) { state_->on_message = std::move(listener); }
void MosquittoLink::on_state(OnState listener) { state_->on_state = std::move(listener); }
void MosquittoLink::on_writable(std::function<void()> listener) { state_->on_writable = std::move(listener); }

}  // namespace holdfast::sync
