// SPDX-License-Identifier: Apache-2.0
#include "base/systemd/fake_units.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/systemd/fake_unit_text.hpp"

namespace holdfast::base {
namespace {

constexpr std::string_view kFolder = "/etc/systemd/system/";

std::string_view word(UnitCall kind) {
  switch (kind) {
    case UnitCall::kLoad: return "load";
    case UnitCall::kStart: return "start";
    case UnitCall::kStop: return "stop";
    case UnitCall::kRestart: return "restart";
    case UnitCall::kEnable: return "enable";
    case UnitCall::kDisable: return "disable";
    case UnitCall::kUnmask: return "unmask";
    case UnitCall::kMask: return "mask";
    case UnitCall::kReload: return "reload";
  }
  return "";
}

}  // namespace

// ---- calls ----

UnitManager::CallId FakeUnitManager::add(UnitCall kind, const std::string& unit, OnEnd<UnitState> on_loaded,
                                         OnEnd<void> on_end) {
  const auto timeout = kind == UnitCall::kReload ? limits::kUnitReloadTimeout : limits::kUnitCallTimeout;
  calls_.emplace(++last_call_,
                 Call{kind, unit, clock_.monotonic() + timeout, std::move(on_loaded), std::move(on_end)});
  return last_call_;
}

UnitManager::CallId FakeUnitManager::load(const std::string& unit, OnEnd<UnitState> on_end) {
  return add(UnitCall::kLoad, unit, std::move(on_end), nullptr);
}
UnitManager::CallId FakeUnitManager::start(const std::string& unit, OnEnd<void> on_end) {
  return add(UnitCall::kStart, unit, nullptr, std::move(on_end));
}
UnitManager::CallId FakeUnitManager::stop(const std::string& unit, OnEnd<void> on_end) {
  return add(UnitCall::kStop, unit, nullptr, std::move(on_end));
}
UnitManager::CallId FakeUnitManager::restart(const std::string& unit, OnEnd<void> on_end) {
  return add(UnitCall::kRestart, unit, nullptr, std::move(on_end));
}
UnitManager::CallId FakeUnitManager::enable(const std::string& unit, OnEnd<void> on_end) {
  return add(UnitCall::kEnable, unit, nullptr, std::move(on_end));
}
UnitManager::CallId FakeUnitManager::disable(const std::string& unit, OnEnd<void> on_end) {
  return add(UnitCall::kDisable, unit, nullptr, std::move(on_end));
}
UnitManager::CallId FakeUnitManager::unmask(const std::string& unit, OnEnd<void> on_end) {
  return add(UnitCall::kUnmask, unit, nullptr, std::move(on_end));
}
UnitManager::CallId FakeUnitManager::mask(const std::string& unit, OnEnd<void> on_end) {
  return add(UnitCall::kMask, unit, nullptr, std::move(on_end));
}
UnitManager::CallId FakeUnitManager::reload(OnEnd<void> on_end) {
  return add(UnitCall::kReload, "", nullptr, std::move(on_end));
}

std::size_t FakeUnitManager::deliver() {
  std::size_t ran = 0;
  if (!hung_) advance();
  std::vector<CallId> ids;
  bool has_reload = false;
  bool has_load = false;
  for (const auto& [id, call] : calls_) {
    if (hung_ && !gone_ && call.deadline > clock_.monotonic()) continue;
    const bool is_load = call.kind == UnitCall::kLoad;
    if (is_load && has_load) continue;
    has_load = has_load || is_load;
    ids.push_back(id);
    has_reload = has_reload || call.kind == UnitCall::kReload;
  }
  const bool reloads = has_reload && !hung_ && !gone_ && !failures_.contains(UnitCall::kReload);
  if (reloads) reload_files();
  for (const CallId id : ids) {
    if (!calls_.contains(id)) continue;
    finish(id);
    ++ran;
  }
  if (hung_ || gone_) return ran;
  for (auto events = std::exchange(events_, {}); !events.empty(); events.pop_front()) {
    if (!events.front().unit.empty() && !watched_.contains(events.front().unit)) continue;
    ++ran;
    if (listener_) listener_(events.front());
  }
  return ran;
}

std::optional<MonotonicTime> FakeUnitManager::next_due() const {
  std::optional<MonotonicTime> next;
  const auto sooner = [&](MonotonicTime at) { next = next ? std::min(*next, at) : at; };
  for (const auto& [id, call] : calls_) sooner(hung_ && !gone_ ? call.deadline : clock_.monotonic());
  if (hung_) return next;
  if (!events_.empty() && !gone_) sooner(clock_.monotonic());
  for (const auto& [name, unit] : units_) {
    if (is_noisy(unit)) sooner(unit.noisy_at);
    if (unit.stopped_at) sooner(*unit.stopped_at);
    if (unit.restarts_at) sooner(*unit.restarts_at);
  }
  return next;
}

void FakeUnitManager::reload_files() {
  if (before_change_) before_change_("reload");
  ++touched_.reloads;
  changes_.emplace_back("reload");
  read_files_again();
}

void FakeUnitManager::finish(CallId id) {
  auto node = calls_.extract(id);
  Call& call = node.mapped();
  const std::string what = std::string(word(call.kind)) + (call.unit.empty() ? "" : " " + call.unit);
  Status status;
  if (gone_) {
    status = fail(Code::kUnavailable, what + ": no message bus");
  } else if (hung_) {
    status = fail(Code::kTimeout, what + ": systemd does not answer in time");
  } else if (const auto failure = failures_.find(call.kind); failure != failures_.end()) {
    status = fail(failure->second);
  } else {
    status = carry_out(call.kind, call.unit);
    if (const auto lost = lost_.find(call.kind); lost != lost_.end()) status = fail(lost->second);
    if (!status) status = fail(status.error().with_context(what));
  }
  if (call.on_end) return call.on_end(status);
  if (!status) return call.on_loaded(fail(status.error()));
  call.on_loaded(state(call.unit));
}

Status FakeUnitManager::carry_out(UnitCall kind, const std::string& unit) {
  if (kind == UnitCall::kLoad) {
    ++touched_.loads;
    return {};
  }
  if (kind == UnitCall::kReload) return {};  // done already, for all that share it
  if (before_change_) before_change_(std::string(word(kind)) + " " + unit);
  const Status done = change(kind, unit);
  if (!done) return done;
  changes_.push_back(std::string(word(kind)) + " " + unit);
  tell(unit);
  return {};
}

Status FakeUnitManager::check_startable(const std::string& name) {
  const std::string load = load_state(name);
  if (load == "not-found") return fail(Code::kNotFound, "Unit " + name + " not found.");
  if (load == "masked") return fail(Code::kInvalid, "Unit " + name + " is masked.");
  if (load != "loaded") return fail(Code::kInvalid, "Unit " + name + " has a bad unit file setting.");
  return {};
}

Status FakeUnitManager::change(UnitCall kind, const std::string& name) {
  Unit& it = unit(name);
  switch (kind) {
    case UnitCall::kStart:
      HF_CHECK(check_startable(name));
      ++touched_.starts;
      if (it.stopped_at) {
        it.starts_again = true;
      } else if (it.active != "active" && !it.is_starting) {
        it.restarts = 0;
        begin(name, it);
      }
      return {};
    case UnitCall::kStop:
      ++touched_.stops;
      begin_stop(name, it, false);
      return {};
    case UnitCall::kRestart:
      HF_CHECK(check_startable(name));
      ++touched_.restarts;
      begin_stop(name, it, true);
      return {};
    case UnitCall::kEnable:
      if (files_of(name).fragment.empty())
        return fail(Code::kNotFound, "Unit file " + name + " does not exist.");
      if (!has_line(files_of(name).text, "[Install]"))
        return fail(Code::kInvalid, name + " cannot be enabled: its unit file has no [Install] section");
      ++touched_.enables;
      // "Also=" alone links nothing.
      if (files_of(name).text.find("WantedBy=") != std::string::npos) enabled_.insert(name);
      for (const auto& alias : values_of(files_of(name).text, "Alias=")) aliases_[alias] = name;
      outdate();
      return {};
    case UnitCall::kDisable:
      ++touched_.disables;
      enabled_.erase(name);
      std::erase_if(aliases_, [&](const auto& alias) { return alias.second == name; });
      outdate();
      return {};
    case UnitCall::kUnmask:
      ++touched_.unmasks;
      masked_.erase(name);
      return {};
    case UnitCall::kMask:
      if (files_of(name).fragment.starts_with(kFolder))
        return fail(Code::kIo, "File " + files_of(name).fragment + " already exists.");
      ++touched_.masks;
      masked_.insert(name);
      return {};
    case UnitCall::kLoad:
    case UnitCall::kReload: return {};
  }
  return {};
}

// ---- units ----

FakeUnitManager::Files FakeUnitManager::files_of(const std::string& name) const {
  Files files;
  auto own = host_.files().find(std::string(kFolder) + name);
  if (const auto at = name.find('@'); own == host_.files().end() && at != std::string::npos)
    own = host_.files().find(std::string(kFolder) + name.substr(0, at + 1) + name.substr(name.rfind('.')));
  if (const auto first = transient_.find(name); first != transient_.end()) {
    files.fragment = "/run/systemd/transient/" + name;
    files.text = first->second;
  } else if (own != host_.files().end()) {
    files.fragment = own->first;
    files.text = own->second.content;
  } else if (const auto vendor = vendor_.find(name); vendor != vendor_.end()) {
    files.fragment = "/usr/lib/systemd/system/" + name;
    files.text = vendor->second;
  }
  files.own = files.text;
  const std::string folder = std::string(kFolder) + name + ".d/";
  for (auto at = host_.files().lower_bound(folder);
       at != host_.files().end() && at->first.starts_with(folder); ++at) {
    if (!at->first.ends_with(".conf")) continue;
    files.drop_ins.push_back(at->first);
    files.text += "\n" + at->second.content;
  }
  return files;
}

/// systemd looks at the files that it has read; one in a folder that comes first, or in a new folder, it does not see.
bool FakeUnitManager::is_seen_to_differ(const std::string& name, const Files& loaded) const {
  const Files now = files_of(name);
  const bool is_over_another = now.fragment != loaded.fragment && vendor_.contains(name);
  const bool is_first_drop_in = now.own == loaded.own && loaded.drop_ins.empty() && !now.drop_ins.empty();
  return now != loaded && !is_over_another && !is_first_drop_in;
}

void FakeUnitManager::outdate() {
  for (auto& [name, it] : units_) it.is_outdated = true;
}

std::int64_t FakeUnitManager::now_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(clock_.monotonic().time_since_epoch())
             .count() +
         1;
}

bool FakeUnitManager::is_met(std::string_view text) const {
  constexpr std::string_view kCondition = "ConditionPathExists=";
  const auto at = text.find(kCondition);
  if (at == std::string_view::npos) return true;
  const auto path = text.substr(at + kCondition.size());
  return host_.files().contains(std::string(path.substr(0, path.find('\n'))));
}

FakeUnitManager::Unit& FakeUnitManager::unit(const std::string& name) {
  auto [found, is_new] = units_.try_emplace(name);
  // One that was not there is looked for again.
  if (is_new || found->second.loaded.fragment.empty()) found->second.loaded = files_of(name);
  return found->second;
}

std::string FakeUnitManager::load_state(const std::string& name) {
  if (is_masked(name)) return "masked";
  const Unit& it = unit(name);
  if (it.loaded.fragment.empty()) return "not-found";
  const bool needs_program = name.ends_with(".service");
  return needs_program && it.loaded.text.find("ExecStart=/") == std::string::npos ? "bad-setting" : "loaded";
}

UnitState FakeUnitManager::state(const std::string& name) {
  const auto alias = aliases_.find(name);
  if (alias != aliases_.end() && !host_.files().contains(std::string(kFolder) + name)) {
    UnitState out = state(alias->second);
    out.name = name;
    out.file = "alias";
    return out;
  }
  const Unit& it = unit(name);
  UnitState out;
  out.name = name;
  out.id = name;
  out.load = load_state(name);
  if (out.load == "bad-setting") out.load_error = "Unit " + name + " has a bad unit file setting.";
  out.active = it.active;
  out.sub = it.sub;
  out.fragment = it.loaded.fragment;
  out.drop_ins = it.loaded.drop_ins;
  const Files now = files_of(name);
  out.needs_reload = !it.loaded.fragment.empty() && (is_seen_to_differ(name, it.loaded) || it.is_outdated);
  if (is_masked(name)) {
    out.file = masked_.contains(name) ? "masked" : "masked-runtime";
  } else if (!now.fragment.empty()) {
    const bool can_be = has_line(now.text, "[Install]");
    const bool has_links = now.text.find("WantedBy=") != std::string::npos;
    const bool is_on = enabled_.contains(name) || vendor_enabled_.contains(name);
    out.file = is_on ? "enabled" : !can_be ? "static" : has_links ? "disabled" : "indirect";
  }
  if (name.ends_with(".service")) {
    const auto types = values_of(it.loaded.text, "Type=");
    out.type = types.empty() ? "simple" : types.back();
    out.main_pid = it.pid;
    out.restarts = it.restarts;
    out.exit_status = it.exit_status;
    out.main_exit_us = it.main_exit_us;
  }
  out.result = it.result;
  out.invocation = it.invocation;
  out.active_exit_us = it.active_exit_us;
  out.is_unmet = it.is_unmet;
  out.has_job = it.stopped_at.has_value() || it.is_starting;
  return out;
}

void FakeUnitManager::read_files_again() {
  for (auto& [name, it] : units_) {
    it.loaded = files_of(name);
    it.is_outdated = false;
  }
  std::erase_if(units_, [](const auto& pair) {
    return pair.second.loaded.fragment.empty() && pair.second.active == "inactive";
  });
  tell("");
}

void FakeUnitManager::agent_gone(Asked asked) {
  watched_.clear();
  listener_ = nullptr;
  auto calls = std::exchange(calls_, {});
  const bool is_at_work = asked == Asked::kCarriedOut && answers();
  std::erase_if(calls, [&](const auto& one) { return !is_at_work || failures_.contains(one.second.kind); });
  if (std::ranges::any_of(calls, [](const auto& one) { return one.second.kind == UnitCall::kReload; }))
    reload_files();
  for (const auto& [id, call] : calls) {
    if (call.kind != UnitCall::kLoad) static_cast<void>(carry_out(call.kind, call.unit));
  }
  events_.clear();
}

std::string FakeUnitManager::started_with(const std::string& name) const {
  const auto found = units_.find(name);
  return found == units_.end() ? "" : found->second.started_text;
}

void FakeUnitManager::forget_touched() {
  touched_ = {};
  changes_.clear();
}

}  // namespace holdfast::base
