// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/unit_driver.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/units.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Error;
using base::fail;
using base::Result;
using base::Status;
using base::UnitState;
using sync::ClaimKind;
using sync::Health;

namespace {

constexpr std::string_view kFolder = "/etc/systemd/system/";

const UnitEffective& as_unit(const Effective& effective) {
  return static_cast<const UnitEffective&>(effective);
}

/// Of "/etc/systemd/system/NAME" and of a file in "/etc/systemd/system/NAME.d".
std::string unit_of_path(std::string_view path) {
  if (path.starts_with(kFolder)) path.remove_prefix(kFolder.size());
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::string(path);
  path = path.substr(0, slash);
  if (path.ends_with(".d")) path.remove_suffix(2);
  return std::string(path);
}

UnitWant want_of(const UnitEffective& wanted) {
  return {.enabled = wanted.enabled, .run = wanted.run, .has_file = wanted.file != nullptr};
}

Error no_systemd() {
  return {Code::kUnsupported,
          "no systemd here: this node does not run one, or the agent has a root of its own (--root) and was "
          "given no "
          "--system-bus; place the application elsewhere"};
}

/// It runs, or ran to its end.
bool has_run(const UnitState& state) {
  return is_up(state) || (state.type == "oneshot" && !state.invocation.empty() && state.active == "inactive");
}

/// systemd said no, and did nothing.
bool is_refusal(const Error& error) {
  return error.code() == Code::kInvalid || error.code() == Code::kNotFound ||
         error.code() == Code::kConflict || error.code() == Code::kPermission;
}

bool is_applied(const UnitEffective& wanted, const sync::InventoryEntry* entry) {
  return entry != nullptr && entry->phase == sync::InventoryPhase::kApplied && entry->key == wanted.key &&
         entry->effective == wanted.digest;
}

}  // namespace

UnitDriver::UnitDriver(Seams seams) : seams_(std::move(seams)) {
  if (seams_.units != nullptr)
    seams_.units->on_event([this](const base::UnitEvent& event) { on_unit_event(event); });
}

UnitDriver::~UnitDriver() {
  if (seams_.units == nullptr) return;
  seams_.units->on_event(nullptr);
  for (const auto& [unit, live] : live_) {
    seams_.units->cancel(live.looking);
    seams_.units->cancel(live.doing);
  }
}

// ---- what systemd says ----

UnitDriver::Live& UnitDriver::live(const std::string& unit) { return live_.try_emplace(unit).first->second; }

void UnitDriver::look(const std::string& unit) {
  Live& it = live(unit);
  it.is_look_due = it.looking != 0;
  if (it.is_look_due) return;
  it.looking =
      seams_.units->load(unit, [this, unit](Result<UnitState> state) { looked(unit, std::move(state)); });
}

void UnitDriver::looked(const std::string& unit, Result<UnitState> state) {
  Live& it = live(unit);
  it.looking = 0;
  // What is awaited came after this look began: the next one has it.
  const bool is_old = std::exchange(it.is_look_due, false);
  if (is_old) look(unit);
  const auto trouble = state ? std::nullopt : std::optional(state.error());
  bool is_news = (!is_old && std::exchange(it.is_awaited, false)) || trouble != it.trouble;
  it.trouble = trouble;
  if (state) {
    is_news = is_news || it.state != *state;
    it.state = *std::move(state);
    it.seen_at = seams_.clock.monotonic();
    if (it.state->load != "masked") it.progress.is_unmask_asked = false;
    if (is_enabled(*it.state)) it.progress.is_enable_asked = false;
    if (it.state->file != "enabled") it.progress.is_disable_asked = false;
  }
  if (is_news) tell(unit, it);
  if (is_any_unknown()) return;
  for (const auto& [other, waiting] : live_) {
    const bool is_waiting = waiting.progress.is_reload_due || (waiting.state && waiting.state->needs_reload);
    if (is_waiting && other != unit) tell(other, waiting);
  }
}

/// Asked for the first time, and not answered yet.
bool UnitDriver::is_any_unknown() const {
  return std::ranges::any_of(live_,
                             [](const auto& pair) { return !pair.second.state && pair.second.looking != 0; });
}

void UnitDriver::tell(const std::string& unit, const Live& live) const {
  seams_.on_due({ClaimKind::kUnit, unit});
  for (const auto& path : {live.path, live.leaving_path})
    if (!path.empty()) seams_.on_due({ClaimKind::kPath, path});
}

void UnitDriver::on_unit_event(const base::UnitEvent& event) {
  for (const auto& [unit, it] : live_) {
    if (event.unit.empty() || event.unit == unit) look(unit);
  }
}

Result<const UnitState*> UnitDriver::known(const std::string& unit) {
  if (seams_.units == nullptr) return fail(no_systemd());
  Live& it = live(unit);
  const bool is_old = it.state && seams_.clock.monotonic() - it.seen_at > base::limits::kUnitLookInterval;
  if ((!it.state || it.trouble || is_old) && it.looking == 0) look(unit);
  if (it.trouble) return fail(*it.trouble);
  return it.state ? &*it.state : nullptr;
}

// ---- observe ----

Result<std::unique_ptr<Effective>> UnitDriver::resolve(const sync::Resource& resource,
                                                       References& references) {
  if (seams_.units == nullptr) return fail(no_systemd());
  HF_TRY(auto unit, resolve_unit(resource, references));
  for (const auto* file : unit->named) {
    HF_TRY(auto named, seams_.files.resolve(*file, references));
    named->shed();
    unit->named_files.push_back(std::move(named));
  }
  unit->named.clear();
  return std::unique_ptr<Effective>(std::move(unit));
}

Result<Observed> UnitDriver::observe(const sync::Claim& claim, const Effective* wanted,
                                     const sync::InventoryEntry* entry) {
  const auto* unit = wanted == nullptr ? nullptr : &as_unit(*wanted);
  if (claim.kind == ClaimKind::kPath) return observe_path(claim, unit, entry);
  return observe_unit(claim.value, unit, entry);
}

/// On its way out it is there until systemd has forgotten it, too.
Result<Observed> UnitDriver::observe_path(const sync::Claim& claim, const UnitEffective* wanted,
                                          const sync::InventoryEntry* entry) {
  HF_TRY(auto observed, seams_.files.observe(claim, wanted == nullptr ? nullptr : wanted->file.get(), entry));
  if (wanted != nullptr || observed.present) return observed;
  const auto known = live_.find(unit_of_path(claim.value));
  const bool is_leaving =
      known != live_.end() && known->second.leaving_path == claim.value && known->second.is_clearing();
  if (is_leaving) observed = {.present = true, .ours = true};
  return observed;
}

void UnitDriver::meet(const UnitEffective& wanted, Live& live) {
  if (live.is_named_right || seams_.book->find(wanted.unit) != nullptr) return;
  live.is_named_right = std::ranges::all_of(wanted.named_files, [&](const auto& file) {
    const auto observed = seams_.files.observe(file->claims.front(), file.get(), nullptr);
    return observed && observed->present && observed->matches;
  });
}

Result<bool> UnitDriver::is_file_right(const UnitEffective& wanted) {
  if (!wanted.file) return true;
  HF_TRY(const auto observed, seams_.files.observe(wanted.claims.front(), wanted.file.get(), nullptr));
  return observed.present && observed.matches;
}

/// Before anything of it is touched.
Result<UnitRecord> UnitDriver::found(const UnitEffective& wanted, const Live& live, const UnitState& state) {
  UnitRecord record;
  bool is_made_here = false;
  if (wanted.file && state.fragment == wanted.file->path) {
    HF_TRY(const auto file, seams_.files.observe(wanted.claims.front(), nullptr, nullptr));
    is_made_here = file.present && file.ours && !file.was_there;
  }
  record.was_there = state.load != "not-found" && !is_made_here;
  record.was_enabled = record.was_there && state.file == "enabled";
  record.was_up = record.was_there && is_up(state);
  const bool is_own_file = wanted.file && wanted.file->path == std::string(kFolder) + wanted.unit;
  record.was_masked = state.load == "masked" && !is_own_file;
  record.boot = seams_.host.boot_id();
  HF_TRY(const bool is_file, is_file_right(wanted));
  const bool is_right = is_file && live.is_named_right.value_or(true);
  if (is_right && !state.needs_reload && has_run(state)) {
    record.start = wanted.start;
    record.invocation = state.invocation;
  }
  return record;
}

/// Keeps the record true to what runs.
Status UnitDriver::follow(const UnitEffective& wanted, Live& live, const UnitState& state,
                          const sync::InventoryEntry* entry) {
  if (live.start != wanted.start) {
    live.start = wanted.start;
    live.progress = {.is_reload_due = live.progress.is_reload_due};
  }
  live.is_leaving = false;  // whatever was begun
  live.path = wanted.file ? wanted.file->path : "";
  const UnitRecord* const known = seams_.book->find(wanted.unit);
  if (known == nullptr) {
    HF_TRY(auto record, found(wanted, live, state));
    seams_.book->note(wanted.unit, std::move(record));
    return {};
  }
  UnitRecord record = *known;
  HF_TRY(const bool has_booted, follow_boot(wanted, record, state, entry));
  if (!has_booted) credit(record, state);
  const bool is_old = live.doing != 0 || live.is_awaited;
  const bool is_known = !has_booted && !is_old && !live.progress.is_reload_due;
  if (is_known && std::exchange(live.is_file_healed, false) && is_up(state) &&
      state.invocation != record.invocation) {
    record.start = {};
    record.asked = {};
  }
  seams_.book->note(wanted.unit, std::move(record));
  return {};
}

void UnitDriver::credit(UnitRecord& record, const UnitState& state) {
  const bool has_begun = !state.invocation.empty() && state.invocation != record.asked_from;
  if (record.asked == base::Digest{} || !has_begun) return;
  record.start = std::exchange(record.asked, {});
  record.asked_from.clear();
}

/// What began with this boot began with the files that were there: the wanted ones, if they had been applied.
Result<bool> UnitDriver::follow_boot(const UnitEffective& wanted, UnitRecord& record, const UnitState& state,
                                     const sync::InventoryEntry* entry) {
  const std::string boot = seams_.host.boot_id();
  if (record.boot == boot || state.has_job) return false;
  HF_TRY(const bool is_right, is_file_right(wanted));
  const bool was_applied = is_applied(wanted, entry) || record.asked == wanted.start;
  record.boot = boot;
  record.asked = {};
  record.asked_from.clear();
  if (has_run(state)) {
    record.start = is_right && was_applied ? wanted.start : base::Digest{};
  } else if (state.type == "oneshot") {
    record.start = {};  // what it did was before this boot
  }
  return true;
}

UnitStep UnitDriver::step_of(const UnitEffective& wanted, const Live& live) const {
  const UnitRecord* const record = seams_.book->find(wanted.unit);
  UnitProgress progress = live.progress;
  // One that was asked for with something else may begin yet.
  progress.is_settled = record != nullptr && record->start == wanted.start &&
                        (record->asked == base::Digest{} || record->asked == wanted.start);
  return next_step(want_of(wanted), *live.state, progress);
}

Result<Observed> UnitDriver::observe_unit(const std::string& unit, const UnitEffective* wanted,
                                          const sync::InventoryEntry* entry) {
  // Whose it is, is decided by its file and by the inventory: systemd keeps no marks.
  if (wanted == nullptr) return Observed{.present = true, .ours = true};
  if (!is_applied(*wanted, entry)) meet(*wanted, live(unit));
  HF_TRY(const auto* state, known(unit));
  if (state == nullptr) {
    if (is_applied(*wanted, entry)) return Observed{.present = true, .matches = true, .ours = true};
    return Observed{.difference = "systemd was not asked yet"};
  }
  Live& it = live(unit);
  HF_CHECK(follow(*wanted, it, *state, entry));
  const UnitStep step = step_of(*wanted, it);
  Observed observed{.present = state->load != "not-found", .ours = true};
  const bool is_right = step.what == UnitDo::kNothing || step.what == UnitDo::kWait;
  // What was begun is concluded by apply().
  observed.matches = is_right && it.changing.empty();
  // An earlier file of it is on its way out, and remove() sees to what follows.
  if (is_applied(*wanted, entry) && it.is_clearing()) observed.matches = true;
  if (!observed.matches) observed.difference = it.changing.empty() ? step.reason : it.changing;
  return observed;
}

// ---- apply ----

Result<Driver::Progress> UnitDriver::apply(const Effective& wanted, const Action& action) {
  const auto& unit = as_unit(wanted);
  HF_TRY(const auto* state, known(unit.unit));
  if (state == nullptr) return Progress::kPending;
  if (action.claim.kind == ClaimKind::kPath) return apply_file(unit, action);
  return apply_unit(unit);
}

Result<Driver::Progress> UnitDriver::apply_file(const UnitEffective& wanted, const Action& action) {
  const auto inode = [&] {
    const auto info = seams_.host.stat(wanted.file->path);
    return info ? info->stamp.inode : 0;
  };
  const auto before = inode();
  HF_TRY(const auto progress, seams_.files.apply(*wanted.file, action));
  if (inode() == before) return progress;
  Live& it = live(wanted.unit);
  it.path = wanted.file->path;
  it.progress.is_reload_due = true;
  it.progress.is_reloaded = false;
  it.progress.is_enabled_anew = false;
  it.progress.is_enable_asked = false;
  const UnitRecord* const record = seams_.book->find(wanted.unit);
  it.is_file_healed = record != nullptr && record->start == wanted.start;
  return progress;
}

Result<Driver::Progress> UnitDriver::apply_unit(const UnitEffective& wanted) {
  Live& it = live(wanted.unit);
  if (it.doing != 0 || it.is_awaited) return Progress::kPending;
  if (it.failed) {
    const Error error = *std::exchange(it.failed, std::nullopt);
    it.changing.clear();
    return fail(error);
  }
  HF_CHECK(follow(wanted, it, *it.state, nullptr));
  const UnitStep step = step_of(wanted, it);
  switch (step.what) {
    case UnitDo::kWait: return Progress::kPending;
    case UnitDo::kRefuse: it.changing.clear(); return fail(Code::kInvalid, step.reason);
    case UnitDo::kNothing: break;
    case UnitDo::kStart:
    case UnitDo::kRestart:
      note_asked(wanted, *it.state);
      change(wanted.unit, step);
      return Progress::kPending;
    case UnitDo::kReload:
      // Those that are about to write their files share it.
      if (!is_any_unknown()) change(wanted.unit, step);
      return Progress::kPending;
    default: change(wanted.unit, step); return Progress::kPending;
  }
  UnitRecord record = *seams_.book->find(wanted.unit);
  record.start = wanted.start;
  record.asked = {};
  record.asked_from.clear();
  seams_.book->note(wanted.unit, std::move(record));
  it.changing.clear();
  it.progress = {};
  return Progress::kDone;
}

/// It is stored before systemd hears of it: whoever comes after a crash knows with what another run began.
void UnitDriver::note_asked(const UnitEffective& wanted, const UnitState& state) {
  UnitRecord record = *seams_.book->find(wanted.unit);
  record.asked = wanted.start;
  record.asked_from = state.invocation;
  seams_.book->note(wanted.unit, std::move(record));
}

void UnitDriver::change(const std::string& unit, const UnitStep& step) {
  Live& it = live(unit);
  base::UnitManager& units = *seams_.units;
  const auto on_end = [this, unit, what = step.what](const Status& status) { changed(unit, what, status); };
  if (it.changing.empty()) it.changing = step.reason;
  it.last_do = step.what;
  // Else systemd would refuse one that failed too often.
  const bool has_failed = it.state && it.state->active == "failed";
  if (has_failed && (step.what == UnitDo::kStart || step.what == UnitDo::kRestart))
    units.reset_failed(unit, [](const Status&) {});
  switch (step.what) {
    case UnitDo::kReload:
      it.progress.is_reload_due = false;
      it.doing = units.reload(on_end);
      return;
    case UnitDo::kUnmask: it.doing = units.unmask(unit, on_end); return;
    case UnitDo::kMask: it.doing = units.mask(unit, on_end); return;
    case UnitDo::kEnable: it.doing = units.enable(unit, on_end); return;
    case UnitDo::kDisable: it.doing = units.disable(unit, on_end); return;
    case UnitDo::kStart: it.doing = units.start(unit, on_end); return;
    case UnitDo::kStop: it.doing = units.stop(unit, on_end); return;
    case UnitDo::kRestart: it.doing = units.restart(unit, on_end); return;
    case UnitDo::kNothing:
    case UnitDo::kWait:
    case UnitDo::kRefuse: return;
  }
}

/// systemd refused to start it: nothing is on its way.
void UnitDriver::withdraw(const std::string& unit) {
  const UnitRecord* const known = seams_.book->find(unit);
  if (known == nullptr) return;
  UnitRecord record = *known;
  record.asked = {};
  record.asked_from.clear();
  seams_.book->note(unit, std::move(record));
}

void UnitDriver::changed(const std::string& unit, UnitDo what, const Status& status) {
  Live& it = live(unit);
  it.doing = 0;
  if (!status) {
    it.failed = status.error();
    if (what == UnitDo::kReload) it.progress.is_reload_due = true;
    if (is_refusal(status.error())) withdraw(unit);
  } else {
    if (what == UnitDo::kReload) it.progress.is_reloaded = true;
    if (what == UnitDo::kEnable) it.progress.is_enabled_anew = true;
    if (what == UnitDo::kEnable) it.progress.is_enable_asked = true;
    if (what == UnitDo::kDisable) it.progress.is_disable_asked = true;
    if (what == UnitDo::kMask) it.progress.is_mask_asked = true;
    if (what == UnitDo::kUnmask) it.progress.is_unmask_asked = true;
    if (what == UnitDo::kStart || what == UnitDo::kRestart) it.progress.is_start_asked = true;
    // An unmasked unit is found again by reading all files.
    if (what == UnitDo::kUnmask || what == UnitDo::kMask) it.progress.is_reload_due = true;
  }
  // What systemd says counts from now on, and no look that began before.
  it.is_awaited = true;
  look(unit);
}

// ---- remove ----

Result<Driver::Progress> UnitDriver::remove(const sync::InventoryEntry& entry) {
  if (seams_.units == nullptr) return fail(no_systemd());
  if (entry.claim.kind == ClaimKind::kPath) return remove_file(entry);
  return give_back(entry.claim.value);
}

Result<Driver::Progress> UnitDriver::remove_file(const sync::InventoryEntry& entry) {
  const std::string unit = unit_of_path(entry.claim.value);
  Live& it = live(unit);
  it.leaving_path = entry.claim.value;
  if (it.is_leaving || it.doing != 0) return Progress::kPending;
  const auto info = seams_.host.stat(entry.claim.value);
  if (!info && info.error().code() != Code::kNotFound) return fail(info.error());
  if (info) {
    HF_CHECK(seams_.files.remove(entry));
    it.progress.is_reload_due = true;
  }
  if (it.failed) return fail(*std::exchange(it.failed, std::nullopt));
  if (it.progress.is_reload_due) {
    change(unit, {UnitDo::kReload, "its file was removed"});
    return Progress::kPending;
  }
  it.changing.clear();
  it.leaving_path.clear();
  const UnitRecord* const record = seams_.book->find(unit);
  if (record == nullptr) {
    forget(unit);
    return Progress::kDone;
  }
  if (!it.path.empty() && it.path != entry.claim.value) return Progress::kDone;
  // The unit itself is kept on, without a file, and runs with one that is no more.
  UnitRecord stale = *record;
  stale.start = {};
  seams_.book->note(unit, std::move(stale));
  it.path.clear();
  return Progress::kDone;
}

/// How a unit that is kept no longer is to be; nothing: as it is.
Result<std::optional<UnitWant>> UnitDriver::want_when_left(const std::string& unit, const UnitState& state) {
  const UnitRecord* const record = seams_.book->find(unit);
  if (record != nullptr && record->was_there) {
    return UnitWant{.enabled = record->was_enabled,
                    .run = record->was_up ? sync::UnitRun::kRunning : sync::UnitRun::kStopped,
                    .masked = record->was_masked};
  }
  bool is_ours = record != nullptr;
  if (!is_ours && state.fragment.starts_with(kFolder)) {
    HF_TRY(const auto file, seams_.files.observe({ClaimKind::kPath, state.fragment}, nullptr, nullptr));
    is_ours = file.present && file.ours && !file.was_there;
  }
  if (!is_ours) return std::optional<UnitWant>();
  return UnitWant{.enabled = false, .run = sync::UnitRun::kStopped};
}

Result<Driver::Progress> UnitDriver::give_back(const std::string& unit) {
  Live& it = live(unit);
  if (!std::exchange(it.is_leaving, true)) it.progress = {.is_reload_due = it.progress.is_reload_due};
  seams_.units->watch(unit);  // its end is of interest, though nobody desires it any more
  HF_TRY(const auto* state, known(unit));
  if (state == nullptr || it.doing != 0 || it.is_awaited) return Progress::kPending;
  HF_TRY(const auto want, want_when_left(unit, *state));
  if (!want) return left(unit);
  it.progress.is_settled = true;
  UnitStep step = next_step(*want, *state, it.progress);
  if (it.failed) {
    const Error error = *std::exchange(it.failed, std::nullopt);
    if (error.code() != Code::kInvalid && error.code() != Code::kNotFound) return fail(error);
    step = {UnitDo::kRefuse, error.message()};
    // A unit that refuses is left as it is: that must keep nothing else from going.
    if (it.last_do == UnitDo::kStop) return left(unit);
  }
  // What it refuses, or cannot be, is left so; one that is to be stopped is told all the same.
  const bool is_to_stop = want->run == sync::UnitRun::kStopped && is_up(*state);
  if (step.what == UnitDo::kRefuse) step = {is_to_stop ? UnitDo::kStop : UnitDo::kNothing, "runs"};
  if (step.what == UnitDo::kNothing) return left(unit);
  if (step.what != UnitDo::kWait) change(unit, step);
  return Progress::kPending;
}

Driver::Progress UnitDriver::left(const std::string& unit) {
  Live& it = live(unit);
  it.is_leaving = false;
  it.changing.clear();
  it.progress.is_start_asked = false;
  seams_.book->forget(unit);
  // Its file goes next, where there is one.
  if (it.path.empty() && it.leaving_path.empty()) forget(unit);
  return Progress::kDone;
}

void UnitDriver::forget(const std::string& unit) {
  const auto found = live_.find(unit);
  if (found == live_.end()) return;
  seams_.units->cancel(found->second.looking);
  seams_.units->cancel(found->second.doing);
  seams_.units->unwatch(unit);
  live_.erase(found);
}

// ---- going on ----

Result<Driver::Tended> UnitDriver::tend(const Effective& wanted) {
  const auto& unit = as_unit(wanted);
  HF_TRY(const auto* state, known(unit.unit));
  Tended tended;
  if (state == nullptr) return tended;
  Live& it = live(unit.unit);
  const auto now = seams_.clock.monotonic();
  if (it.restarts && state->restarts > *it.restarts)
    tended.restarted = "systemd started it again, as its Restart= says: " + state->result;
  it.restarts = state->restarts;
  const bool is_waiting = it.progress.is_reload_due || it.is_file_healed;
  if (is_waiting && it.doing == 0 && it.changing.empty()) tended.again_at = now;
  const UnitRecord* const record = seams_.book->find(unit.unit);
  if (record == nullptr || state->active != "active" || state->invocation == record->invocation)
    return tended;
  if (it.up_invocation != state->invocation) {
    it.up_invocation = state->invocation;
    it.up_since = now;
  }
  const auto settled_at = it.up_since + base::limits::kUnitSettle;
  if (now < settled_at) {
    tended.again_at = tended.again_at.value_or(settled_at);
  } else if (!is_waiting) {
    it.settled_restarts = state->restarts;
    UnitRecord lasting = *record;
    lasting.invocation = state->invocation;
    seams_.book->note(unit.unit, std::move(lasting));
  }
  return tended;
}

ResourceHealth UnitDriver::health(const Effective& wanted) {
  const auto& unit = as_unit(wanted);
  const auto found = live_.find(unit.unit);
  if (found == live_.end() || !found->second.state)
    return {Health::kProgressing, "Asking", "systemd has not said yet how it is"};
  const Live& it = found->second;
  if (it.trouble) return {Health::kUnknown, "Unobservable", it.trouble->message()};
  const UnitRecord* const record = seams_.book->find(unit.unit);
  const bool is_up_long =
      it.state->invocation.empty() || (record != nullptr && record->invocation == it.state->invocation);
  // In a row: those before it was last up for long do not count.
  UnitState state = *it.state;
  state.restarts -= std::min(state.restarts, it.settled_restarts);
  return health_of_unit(want_of(unit), state, is_up_long);
}

Status UnitDriver::watch(const Effective& wanted) {
  const auto& unit = as_unit(wanted);
  Live& it = live(unit.unit);
  it.path = unit.file ? unit.file->path : "";
  it.is_leaving = false;
  seams_.units->watch(unit.unit);
  return unit.file ? seams_.files.watch(*unit.file) : Status();
}

/// Whoever removes it watches it again.
void UnitDriver::unwatch(const sync::Claim& claim) {
  if (claim.kind == ClaimKind::kPath) seams_.files.unwatch(claim);
  if (claim.kind == ClaimKind::kUnit) forget(claim.value);
}

/// The FileDriver knows of files, and systemd of units.
std::vector<sync::Claim> UnitDriver::on_event(const base::HostEvent& /*event*/) { return {}; }

}  // namespace holdfast::edge_agent
