// SPDX-License-Identifier: Apache-2.0
#include "base/systemd/systemd_bus.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/limits/units.hpp"
#include "base/systemd/bus_error.hpp"

namespace holdfast::base {
namespace {

using namespace std::chrono_literals;

constexpr const char* kBusName = "org.freedesktop.DBus";
const std::string kBusPath = "/org/freedesktop/DBus";

const std::string kOwnerMatch =
    "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.freedesktop.systemd1'";

BackoffPolicy bus_backoff() {
  return {.base = limits::kBusBackoffBase,
          .factor = 2,
          .max = limits::kBusBackoffMax,
          .reset_after = std::chrono::milliseconds{0},
          .is_first_free = false};
}

std::string bounded(std::string text) {
  if (text.size() > limits::kUnitWordBytesMax) text.resize(limits::kUnitWordBytesMax);
  return text;
}

Error error_of(DBusMessage& message) {
  const char* const given = dbus_message_get_error_name(&message);
  const std::string_view name = given == nullptr ? "" : given;
  std::string text = bounded(BusValue(message).text());
  if (text.empty()) text = bounded(std::string(name));
  return {code_of_bus_error(name), std::move(text)};
}

}  // namespace

SystemdBus::SystemdBus(EventLoop& loop, const Clock& clock, std::string socket_path, UnitDeadlines deadlines,
                       Listener listener)
    : loop_(loop),
      clock_(clock),
      path_(std::move(socket_path)),
      deadlines_(deadlines),
      listener_(std::move(listener)),
      backoff_(bus_backoff()),
      again_(loop.timer([this] { connect(); })),
      deadline_(
          loop.timer([this] { broke(Error(Code::kUnavailable, "systemd does not answer on its bus")); })),
      sweep_(loop.timer([this] { ended_.clear(); })),
      rest_(loop.timer([this] { rest(); })) {}

SystemdBus::~SystemdBus() = default;

SystemdBus::CallId SystemdBus::add(std::string what, BusMessage message, std::chrono::milliseconds timeout,
                                   OnReply on_reply) {
  const CallId id = ++last_call_;
  Call call{.what = std::move(what),
            .message = std::move(message),
            .on_reply = std::move(on_reply),
            .failed = std::nullopt,
            .timer = loop_.timer([this, id] { late(id); }),
            .timeout = timeout,
            .due = clock_.monotonic() + timeout,
            .serial = 0};
  call.timer->set(timeout);
  calls_.emplace(id, std::move(call));
  return id;
}

SystemdBus::CallId SystemdBus::call(std::string what, BusMessage message, std::chrono::milliseconds timeout,
                                    OnReply on_reply) {
  const bool is_full = calls_.size() >= limits::kUnitCallsMax;
  const CallId id = add(std::move(what), std::move(message), timeout, std::move(on_reply));
  Call& call = calls_.at(id);
  const auto refuse = [&](Error error) {
    call.failed = std::move(error);
    call.timer->set(0ms);
  };
  if (is_full) {
    refuse(Error(Code::kLimit, Disposition::kRetry,
                 "more than " + std::to_string(limits::kUnitCallsMax) + " calls to systemd at a time"));
  } else if (phase_ == Phase::kReady) {
    send_on();
  } else if (phase_ == Phase::kWaiting && !backoff_.is_ready(clock_.monotonic())) {
    refuse(*trouble_);
  } else if (phase_ != Phase::kConnecting) {
    connect();
  }
  return id;
}

void SystemdBus::cancel(CallId call) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  by_serial_.erase(found->second.serial);
  calls_.erase(found);
  if (phase_ == Phase::kReady) send_on();
  rest_soon();
}

void SystemdBus::late(CallId id) {
  Call& call = calls_.at(id);
  if (call.failed) {
    Error error = *call.failed;
    end(id, fail(std::move(error)));
    return;
  }
  // systemd does one after the other: what was sent beside a daemon-reload has as long as that has.
  if (const auto now = clock_.monotonic(); call.serial != 0 && reload_due() > now) {
    call.timer->set(reload_due() - now);
    return;
  }
  end(id, fail(Code::kTimeout, "systemd does not answer in time"));
  if (phase_ == Phase::kReady) broke(Error(Code::kUnavailable, "systemd does not answer"));
}

MonotonicTime SystemdBus::reload_due() const {
  MonotonicTime out{};
  for (const auto& [id, call] : calls_) {
    if (call.serial != 0 && call.timeout > deadlines_.call) out = std::max(out, call.due);
  }
  return out;
}

void SystemdBus::end(CallId id, Result<BusMessage> reply) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  by_serial_.erase(found->second.serial);
  const auto call = calls_.extract(found);
  if (phase_ == Phase::kReady) send_on();
  auto& ended = call.mapped();
  if (!reply) reply = fail(reply.error().with_context(ended.what));
  rest_soon();
  ended.on_reply(std::move(reply));
}

// ---- the connection ----

void SystemdBus::connect() {
  again_->cancel();
  phase_ = Phase::kConnecting;
  auto opened = BusConnection::open(loop_, path_,
                                    {.on_open = [this] { greet(); },
                                     .on_message = [this](DBusMessage& message) { take(message); },
                                     .on_end = [this](const Error& error) { broke(error); }});
  deadline_->set(deadlines_.connect);
  if (opened) {
    connection_ = *std::move(opened);
    return;
  }
  // Told from the loop: whoever asks is still in its call.
  trouble_ = opened.error();
  phase_ = Phase::kWaiting;
  deadline_->cancel();
  const auto wait = backoff_.record(clock_.monotonic());
  for (auto& [id, call] : calls_) {
    if (call.serial != 0 || call.failed) continue;
    call.failed = *trouble_;
    call.timer->set(0ms);
  }
  if (is_kept_) again_->set(wait);
}

void SystemdBus::ask_bus(const char* member, const std::vector<std::string>& arguments,
                         std::function<void()> on_done) {
  const bool is_systemd = std::string_view(member) == "Subscribe";
  auto message = bus_call({.destination = is_systemd ? kSystemdName : kBusName,
                           .path = is_systemd ? kSystemdPath : kBusPath,
                           .interface = is_systemd ? kSystemdManager : kBusName,
                           .member = member},
                          arguments);
  const CallId id =
      add(member, std::move(message), deadlines_.connect,
          [this, on_done = std::move(on_done)](Result<BusMessage> reply) {
            if (!reply && reply.error().message().find("already subscribed") == std::string::npos)
              return broke(reply.error());
            on_done();
          });
  send(calls_.at(id));
}

void SystemdBus::greet() {
  on_bus_.clear();
  ask_bus("Hello", {}, [this] {
    change_match("AddMatch", kOwnerMatch);
    subscribe();
  });
}

/// Without it systemd sends no signals. That it answers shows that it is there.
void SystemdBus::subscribe() {
  ask_bus("Subscribe", {}, [this] { became_ready(); });
}

void SystemdBus::became_ready() {
  deadline_->cancel();
  phase_ = Phase::kReady;
  backoff_.reset();
  trouble_.reset();
  settle_matches();
  send_on();
  rest_soon();
  if (is_kept_) listener_.on_back();
}

/// Not at once: what is asked for next would have to connect again.
void SystemdBus::rest_soon() {
  if (!is_kept_ && calls_.empty()) rest_->set(limits::kBusLinger);
}

void SystemdBus::rest() {
  if (is_kept_ || !calls_.empty() || phase_ != Phase::kReady) return;
  connection_.reset();
  on_bus_.clear();
  phase_ = Phase::kIdle;
}

void SystemdBus::send_on() {
  for (auto& [id, call] : calls_) {
    if (by_serial_.size() >= limits::kBusCallsOpenMax) return;
    if (call.serial == 0 && !call.failed) send(call);
  }
}

void SystemdBus::send(Call& call) {
  const auto serial = connection_->send(*call.message);
  if (!serial) {
    call.failed = serial.error();
    call.timer->set(0ms);
    return;
  }
  call.serial = *serial;
  for (auto& [id, known] : calls_) {
    if (&known == &call) by_serial_[*serial] = id;
  }
}

void SystemdBus::broke(const Error& error) {
  if (phase_ != Phase::kConnecting && phase_ != Phase::kReady) return;
  if (connection_) ended_.push_back(std::move(connection_));
  sweep_->set(0ms);
  deadline_->cancel();
  phase_ = Phase::kWaiting;
  trouble_ = error;
  const auto wait = backoff_.record(clock_.monotonic());
  if (is_kept_) again_->set(wait);
  fail_all(error);
  if (is_kept_) listener_.on_gone();
}

/// Those that there are now: what their callbacks ask for is for the next connection.
void SystemdBus::fail_all(const Error& error) {
  std::vector<CallId> ids;
  for (const auto& [id, call] : calls_) {
    if (!call.failed) ids.push_back(id);
  }
  for (const CallId id : ids) end(id, fail(error));
}

// ---- what comes ----

void SystemdBus::take(DBusMessage& message) {
  switch (dbus_message_get_type(&message)) {
    case DBUS_MESSAGE_TYPE_METHOD_RETURN:
    case DBUS_MESSAGE_TYPE_ERROR: take_reply(message); return;
    case DBUS_MESSAGE_TYPE_SIGNAL:
      if (dbus_message_is_signal(&message, kBusName, "NameOwnerChanged") != FALSE)
        take_owner(message);
      else if (is_kept_)
        listener_.on_signal(message);
      return;
    default: return;  // nobody has anything to ask of us
  }
}

void SystemdBus::take_reply(DBusMessage& message) {
  const auto found = by_serial_.find(dbus_message_get_reply_serial(&message));
  if (found == by_serial_.end()) return;  // it was cancelled
  const CallId id = found->second;
  if (dbus_message_get_type(&message) == DBUS_MESSAGE_TYPE_ERROR) {
    end(id, fail(error_of(message)));
  } else {
    end(id, BusMessage(dbus_message_ref(&message)));
  }
}

/// It executes itself anew (daemon-reexec), or it ended.
void SystemdBus::take_owner(DBusMessage& message) {
  BusValue argument(message);
  argument.next();
  argument.next();
  const bool is_there = !argument.text().empty();
  if (phase_ != Phase::kReady) return;
  if (is_there) {
    subscribe();
  } else if (is_kept_) {
    listener_.on_gone();
  }
}

// ---- signals ----

void SystemdBus::change_match(const char* member, const std::string& rule) {
  auto message =
      bus_call({.destination = kBusName, .path = kBusPath, .interface = kBusName, .member = member}, {rule});
  // A rule that is refused would be a defect; what it would have told is found by looking.
  const CallId id = add(member, std::move(message), deadlines_.call, [](const Result<BusMessage>&) {});
  send(calls_.at(id));
}

/// On the bus what was asked to be kept.
void SystemdBus::settle_matches() {
  for (const auto& rule : matches_) {
    if (!on_bus_.contains(rule)) change_match("AddMatch", rule);
  }
  for (const auto& rule : on_bus_) {
    if (!matches_.contains(rule)) change_match("RemoveMatch", rule);
  }
  on_bus_ = matches_;
}

void SystemdBus::keep(std::set<std::string> matches) {
  matches_ = std::move(matches);
  is_kept_ = true;
  if (phase_ == Phase::kReady) {
    settle_matches();
  } else if (phase_ == Phase::kIdle || (phase_ == Phase::kWaiting && backoff_.is_ready(clock_.monotonic()))) {
    connect();
  } else if (phase_ == Phase::kWaiting) {
    again_->set(backoff_.ready_at() - clock_.monotonic());
  }
}

void SystemdBus::let_go() {
  is_kept_ = false;
  again_->cancel();
  matches_.clear();
  rest_soon();
}

}  // namespace holdfast::base
