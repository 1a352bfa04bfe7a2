// SPDX-License-Identifier: Apache-2.0
#include "base/systemd/systemd_units.hpp"

#include <utility>

#include "base/limits/units.hpp"
#include "base/systemd/unit_object.hpp"

namespace holdfast::base {
namespace {

using namespace std::chrono_literals;

BusMessage manager_call(const char* member, const std::vector<std::string>& arguments = {}) {
  return bus_call(
      {.destination = kSystemdName, .path = kSystemdPath, .interface = kSystemdManager, .member = member},
      arguments);
}

BusMessage property_call(const std::string& path, const char* member,
                         const std::vector<std::string>& arguments) {
  return bus_call({.destination = kSystemdName, .path = path, .interface = kBusProperties, .member = member},
                  arguments);
}

std::string manager_match(const std::string& member) {
  return "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.systemd1.Manager',"
         "member='" +
         member + "'";
}

std::string unit_match(const std::string& unit) {
  return "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.DBus.Properties',path="
         "'" +
         unit_object_path(unit) + "'";
}

Status refused(const Result<BusMessage>& reply) { return reply ? Status() : Status(fail(reply.error())); }

Status answered(Result<BusMessage> reply, UnitState&) { return refused(reply); }

}  // namespace

SystemdUnits::SystemdUnits(EventLoop& loop, const Clock& clock, std::string socket_path,
                           UnitDeadlines deadlines)
    : clock_(clock),
      deadlines_(deadlines),
      reload_soon_(loop.timer([this] { send_reload(); })),
      keep_soon_(loop.timer([this] { keep(); })),
      listen_soon_(loop.timer([this] { listen_again(); })),
      all_soon_(loop.timer([this] { tell_of_all(); })),
      bus_(loop, clock, std::move(socket_path), deadlines,
           {.on_signal = [this](DBusMessage& message) { on_signal(message); },
            .on_back = [this] { tell(""); },
            .on_gone = [this] { tell(""); }}) {}

SystemdUnits::~SystemdUnits() = default;

// ---- calls ----

UnitManager::CallId SystemdUnits::begin(Call call) {
  calls_.emplace(++last_call_, std::move(call));
  return last_call_;
}

void SystemdUnits::ask(CallId id, std::string what, BusMessage message, std::chrono::milliseconds timeout,
                       Read read) {
  const auto part = std::make_shared<SystemdBus::CallId>(0);
  *part = bus_.call(std::move(what), std::move(message), timeout,
                    [this, id, part, read = std::move(read)](Result<BusMessage> reply) {
                      took(id, *part, std::move(reply), read);
                    });
  calls_.at(id).waits.insert(*part);
}

void SystemdUnits::took(CallId id, SystemdBus::CallId part, Result<BusMessage> reply, const Read& read) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  found->second.waits.erase(part);
  const Status status = read(std::move(reply), found->second.state);
  if (!status || found->second.waits.empty()) end(id, status);
}

void SystemdUnits::end(CallId id, const Status& status) {
  auto node = calls_.extract(id);
  Call& call = node.mapped();
  for (const auto part : call.waits) bus_.cancel(part);
  if (call.on_end) return call.on_end(status);
  if (!status) return call.on_loaded(fail(status.error()));
  call.on_loaded(std::move(call.state));
}

void SystemdUnits::cancel(CallId call) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  for (const auto part : found->second.waits) bus_.cancel(part);
  reloads_.erase(call);
  calls_.erase(found);
}

UnitManager::CallId SystemdUnits::load(const std::string& unit, OnEnd<UnitState> on_end) {
  UnitState state;
  state.name = unit;
  const CallId id =
      begin({.waits = {}, .state = std::move(state), .on_loaded = std::move(on_end), .on_end = {}});
  const std::string path = unit_object_path(unit);
  ask(id, "load " + unit, property_call(path, "GetAll", {kUnitInterface}), deadlines_.call,
      [](Result<BusMessage> reply, UnitState& into) -> Status {
        HF_CHECK(refused(reply));
        read_unit_properties(**reply, into);
        if (into.load.empty() || into.active.empty())
          return fail(Code::kCorrupt, "systemd does not say how " + into.name + " stands");
        return {};
      });
  // Not the unit's property of that name: systemd keeps that in a cache.
  ask(id, "look at the file of " + unit, manager_call("GetUnitFileState", {unit}), deadlines_.call,
      [](Result<BusMessage> reply, UnitState& into) -> Status {
        if (reply) {
          into.file = BusValue(**reply).text();
          return {};
        }
        return reply.error().code() == Code::kNotFound ? Status() : refused(reply);
      });
  ask_type(id, unit, path);
  return id;
}

void SystemdUnits::ask_type(CallId id, const std::string& unit, const std::string& path) {
  const std::string interface = unit_type_interface(unit);
  for (const auto& property : unit_type_properties(unit)) {
    ask(id, "look at " + unit, property_call(path, "Get", {interface, property}), deadlines_.call,
        [property](Result<BusMessage> reply, UnitState& into) -> Status {
          // An older systemd may not have it.
          if (!reply && reply.error().code() != Code::kIo && reply.error().code() != Code::kInvalid)
            return refused(reply);
          if (reply) read_type_property(property, **reply, into);
          return {};
        });
  }
}

UnitManager::CallId SystemdUnits::change(const char* member, const std::string& what, const std::string& unit,
                                         const char* mode, OnEnd<void> on_end) {
  const CallId id = begin({.waits = {}, .state = {}, .on_loaded = {}, .on_end = std::move(on_end)});
  ask(id, what + " " + unit, manager_call(member, {unit, mode}), deadlines_.call, answered);
  return id;
}

/// Else systemd forgets at once how one ended that nothing refers to (that lasts as long as the connection), and counts
/// what Git asks for as if it had failed and been started again.
void SystemdUnits::before_start(const std::string& unit) {
  for (const char* const member : {"RefUnit", "ResetFailedUnit"})
    bus_.call(member, manager_call(member, {unit}), deadlines_.call, [](const Result<BusMessage>&) {});
}

UnitManager::CallId SystemdUnits::start(const std::string& unit, OnEnd<void> on_end) {
  before_start(unit);
  if (unit.ends_with(".socket")) return begin_socket("StartUnit", "start", unit, std::move(on_end));
  return change("StartUnit", "start", unit, "replace", std::move(on_end));
}

UnitManager::CallId SystemdUnits::stop(const std::string& unit, OnEnd<void> on_end) {
  return change("StopUnit", "stop", unit, "replace", std::move(on_end));
}

UnitManager::CallId SystemdUnits::restart(const std::string& unit, OnEnd<void> on_end) {
  before_start(unit);
  if (unit.ends_with(".socket")) return begin_socket("RestartUnit", "restart", unit, std::move(on_end));
  return change("RestartUnit", "restart", unit, "replace", std::move(on_end));
}

/// systemd refuses to start a socket whose service runs.
UnitManager::CallId SystemdUnits::begin_socket(const char* member, const std::string& what,
                                               const std::string& unit, OnEnd<void> on_end) {
  const CallId id = begin({.waits = {}, .state = {}, .on_loaded = {}, .on_end = std::move(on_end)});
  ask(id, "look at " + unit, property_call(unit_object_path(unit), "GetAll", {kUnitInterface}),
      deadlines_.call, [this, id, member, what, unit](Result<BusMessage> reply, UnitState&) -> Status {
        HF_CHECK(refused(reply));
        const bool is_start = std::string_view(member) == "StartUnit";
        bool runs = false;
        std::vector<std::string> services;
        BusValue(**reply).each_property([&](const std::string& name, const BusValue& value) {
          if (name == "ActiveState") runs = value.text() == "active";
          if (name == "Triggers") services = value.texts();
        });
        if (is_start && runs) services.clear();
        for (const auto& service : services)
          bus_.call("stop " + service, manager_call("StopUnit", {service, "replace"}), deadlines_.call,
                    [](const Result<BusMessage>&) {});
        ask(id, what + " " + unit, manager_call(member, {unit, "replace"}), deadlines_.call, answered);
        return {};
      });
  return id;
}

UnitManager::CallId SystemdUnits::change_files(const char* member, const std::string& what,
                                               const std::string& unit, Read read, OnEnd<void> on_end) {
  const CallId id = begin({.waits = {}, .state = {}, .on_loaded = {}, .on_end = std::move(on_end)});
  const std::string_view name = member;
  auto message = manager_call(member);
  add_strings(*message, {unit});
  add_flag(*message, false);  // for good, not until the next boot
  // What is in the way of a link goes; a unit file in the way of a mask does not.
  if (name == "ReenableUnitFiles" || name == "MaskUnitFiles") add_flag(*message, name == "ReenableUnitFiles");
  ask(id, what + " " + unit, std::move(message), deadlines_.call, std::move(read));
  return id;
}

UnitManager::CallId SystemdUnits::enable(const std::string& unit, OnEnd<void> on_end) {
  return change_files(
      "ReenableUnitFiles", "enable", unit,
      [unit](Result<BusMessage> reply, UnitState&) -> Status {
        HF_CHECK(refused(reply));
        if (BusValue(**reply).flag()) return {};
        return fail(Code::kInvalid, unit + " cannot be enabled: its unit file has no [Install] section");
      },
      std::move(on_end));
}

UnitManager::CallId SystemdUnits::disable(const std::string& unit, OnEnd<void> on_end) {
  return change_files("DisableUnitFiles", "disable", unit, answered, std::move(on_end));
}

UnitManager::CallId SystemdUnits::unmask(const std::string& unit, OnEnd<void> on_end) {
  return change_files("UnmaskUnitFiles", "unmask", unit, answered, std::move(on_end));
}

UnitManager::CallId SystemdUnits::mask(const std::string& unit, OnEnd<void> on_end) {
  return change_files("MaskUnitFiles", "mask", unit, answered, std::move(on_end));
}

UnitManager::CallId SystemdUnits::reload(OnEnd<void> on_end) {
  const CallId id = begin({.waits = {}, .state = {}, .on_loaded = {}, .on_end = std::move(on_end)});
  reloads_.insert(id);
  reload_soon_->set(0ms);
  return id;
}

void SystemdUnits::send_reload() {
  if (reloads_.empty()) return;
  auto shared = std::exchange(reloads_, {});
  bus_.call("daemon-reload", manager_call("Reload"), deadlines_.reload,
            [this, shared = std::move(shared)](const Result<BusMessage>& reply) {
              for (const CallId id : shared) {
                if (calls_.contains(id)) end(id, refused(reply));
              }
            });
}

// ---- events ----

void SystemdUnits::watch(const std::string& unit) {
  if (!watched_.insert(unit).second) return;
  fresh_.insert(unit);
  keep_soon_->set(0ms);
}

void SystemdUnits::unwatch(const std::string& unit) {
  hearing_.erase(unit);
  if (watched_.erase(unit) > 0) keep_soon_->set(0ms);
}

void SystemdUnits::keep() {
  if (watched_.empty()) return bus_.let_go();
  std::set<std::string> matches{manager_match("JobRemoved"), manager_match("Reloading"),
                                manager_match("UnitFilesChanged")};
  for (const auto& unit : watched_) {
    if (const auto found = hearing_.find(unit); found == hearing_.end() || !found->second.is_deaf)
      matches.insert(unit_match(unit));
  }
  bus_.keep(std::move(matches));
  // What happened until now was told to nobody.
  for (const auto& unit : std::exchange(fresh_, {})) tell(unit);
}

void SystemdUnits::on_signal(DBusMessage& message) {
  if (dbus_message_is_signal(&message, kSystemdManager, "JobRemoved") != FALSE) {
    BusValue argument(message);
    argument.next();
    argument.next();
    std::string unit = argument.text();
    if (watched_.contains(unit)) tell(std::move(unit));
    return;
  }
  if (dbus_message_is_signal(&message, kSystemdManager, "Reloading") != FALSE) {
    const bool is_active = BusValue(message).flag();
    if (!is_active) tell_of_all();  // what it says while it reloads is of no use
    return;
  }
  if (dbus_message_is_signal(&message, kSystemdManager, "UnitFilesChanged") != FALSE) return tell_of_all();
  const char* const path = dbus_message_get_path(&message);
  auto unit = unit_of_object_path(path == nullptr ? "" : path);
  if (unit && watched_.contains(*unit)) heard(*unit);
}

/// A service may write STATUS= a thousand times a second, and each time systemd tells all that it has.
void SystemdUnits::heard(const std::string& unit) {
  Hearing& it = hearing_[unit];
  if (it.is_deaf) return;  // it was on its way
  const auto now = clock_.monotonic();
  if (now - it.since > limits::kUnitSignalsTime) it = {.since = now};
  if (++it.signals > limits::kUnitSignalsMax) {
    it = {.since = now, .signals = 0, .is_deaf = true};
    keep_soon_->set(0ms);
    if (!std::exchange(is_any_deaf_, true)) listen_soon_->set(limits::kUnitDeafLook);
  }
  tell(unit);
}

void SystemdUnits::listen_again() {
  const auto now = clock_.monotonic();
  std::vector<std::string> deaf;
  for (auto at = hearing_.begin(); at != hearing_.end();) {
    if (at->second.is_deaf) deaf.push_back(at->first);
    const bool is_over = now - at->second.since > limits::kUnitSignalsTime;
    if (is_over && at->second.is_deaf) fresh_.insert(at->first);
    at = is_over ? hearing_.erase(at) : std::next(at);
  }
  is_any_deaf_ = !deaf.empty();
  if (deaf.empty()) return;
  listen_soon_->set(limits::kUnitDeafLook);
  if (!fresh_.empty()) keep_soon_->set(0ms);
  for (auto& unit : deaf) tell(std::move(unit));
}

void SystemdUnits::tell_of_all() {
  const auto now = clock_.monotonic();
  const auto next = told_of_all_at_ ? *told_of_all_at_ + limits::kUnitDeafLook : now;
  if (next > now) {
    all_soon_->set(std::chrono::ceil<std::chrono::milliseconds>(next - now));
    return;
  }
  told_of_all_at_ = now;
  tell("");
}

void SystemdUnits::tell(std::string unit) const {
  if (listener_) listener_({std::move(unit)});
}

}  // namespace holdfast::base
