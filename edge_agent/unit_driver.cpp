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

const UnitEffective& as_unit(const Effective& effective) {
  return static_cast<const UnitEffective&>(effective);
}

UnitWant want_of(const UnitEffective& wanted) {
  return {.enabled = wanted.enabled,
          .run = wanted.run,
          .has_file = wanted.file != nullptr,
          .file = wanted.file ? wanted.file->path : ""};
}

/// The inventory says that it was brought to something else, and not yet that it is being brought to this.
bool is_applied_otherwise(const UnitEffective& wanted, const sync::InventoryEntry* entry) {
  return entry != nullptr && entry->phase == sync::InventoryPhase::kApplied && !is_applied(wanted, entry);
}

}  // namespace

UnitDriver::UnitDriver(Seams seams)
    : seams_(std::move(seams)),
      talk_({seams_.units, seams_.clock, seams_.book, seams_.on_due}),
      runs_({seams_.host, seams_.files, seams_.book}),
      return_({seams_.host, seams_.files, seams_.book, talk_}) {}

Result<std::unique_ptr<Effective>> UnitDriver::resolve(const sync::Resource& resource,
                                                       References& references) {
  HF_CHECK(talk_.check_there());
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
  const LiveUnit* const known = talk_.find(unit_of_path(claim.value));
  const bool is_leaving = known != nullptr && known->leaving_path == claim.value && known->is_clearing();
  if (is_leaving) observed = {.present = true, .ours = true};
  return observed;
}

UnitStep UnitDriver::step_of(const UnitEffective& wanted, const LiveUnit& live) const {
  UnitProgress progress = live.progress;
  if (live.start != wanted.start) progress = {.is_reload_due = live.progress.is_reload_due};
  progress.is_settled = runs_.is_settled(wanted);
  progress.is_same_run = runs_.is_same_run(wanted, *live.state);
  progress.has_begun = runs_.has_begun(wanted);
  return next_step(want_of(wanted), *live.state, progress);
}

Result<Observed> UnitDriver::observe_unit(const std::string& unit, const UnitEffective* wanted,
                                          const sync::InventoryEntry* entry) {
  // Whose it is, is decided by its file and by the inventory: systemd keeps no marks.
  if (wanted == nullptr) return Observed{.present = true, .ours = true};
  if (!is_applied(*wanted, entry)) runs_.meet(*wanted, talk_.live(unit));
  // It may have left Git, and be kept going until hooks have ended: then it is watched by nobody else.
  talk_.watch(unit);
  HF_TRY(const auto* state, talk_.known(unit));
  if (state == nullptr) {
    if (is_applied(*wanted, entry)) return Observed{.present = true, .matches = true, .ours = true};
    return Observed{.difference = "systemd was not asked yet"};
  }
  LiveUnit& it = talk_.live(unit);
  // Behind a hook the one before it goes on, and what is under way is about that: this one's turn begins with apply().
  const bool is_before_its_turn = is_applied_otherwise(*wanted, entry);
  if (!is_before_its_turn) HF_CHECK(runs_.follow(*wanted, it, *state, entry));
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

Result<Driver::Progress> UnitDriver::apply(const Effective& wanted, const Action& action) {
  const auto& unit = as_unit(wanted);
  HF_TRY(const auto* state, talk_.known(unit.unit));
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
  LiveUnit& it = talk_.live(wanted.unit);
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
  LiveUnit& it = talk_.live(wanted.unit);
  if (it.doing != 0 || it.is_awaited) return Progress::kPending;
  HF_CHECK(runs_.follow(wanted, it, *it.state, nullptr));
  if (it.failed) {
    const Error error = *std::exchange(it.failed, std::nullopt);
    it.changing.clear();
    return fail(error);
  }
  const UnitStep step = step_of(wanted, it);
  const bool begins =
      step.what == UnitDo::kStart || step.what == UnitDo::kRestart || step.what == UnitDo::kRefuse;
  // A File may have been written since that is the template of this unit, and systemd tells nobody.
  if (begins && !std::exchange(it.progress.is_looked, true)) {
    talk_.look_again(wanted.unit);
    return Progress::kPending;
  }
  switch (step.what) {
    case UnitDo::kWait: return Progress::kPending;
    case UnitDo::kRefuse: return fail(refuse(wanted, step));
    case UnitDo::kNothing: break;
    case UnitDo::kStart:
    case UnitDo::kRestart:
      runs_.note_asked(wanted, *it.state);
      talk_.change(wanted.unit, step);
      return Progress::kPending;
    case UnitDo::kReload:
      // Those that are about to write their files share it.
      if (!talk_.is_any_unknown()) talk_.change(wanted.unit, step);
      return Progress::kPending;
    default: talk_.change(wanted.unit, step); return Progress::kPending;
  }
  runs_.note_done(wanted);
  it.changing.clear();
  it.progress = {};
  return Progress::kDone;
}

/// A start that came to nothing is asked for anew by the next try; what else does not yield is not.
Error UnitDriver::refuse(const UnitEffective& wanted, const UnitStep& step) {
  LiveUnit& it = talk_.live(wanted.unit);
  it.changing.clear();
  if (it.state->active == "inactive") it.progress.is_start_asked = false;
  return {Code::kInvalid, step.reason};
}

Result<Driver::Progress> UnitDriver::remove(const sync::InventoryEntry& entry) {
  HF_CHECK(talk_.check_there());
  if (entry.claim.kind == ClaimKind::kPath) return return_.remove_file(entry);
  return return_.give_back(entry.claim.value);
}

Result<Driver::Tended> UnitDriver::tend(const Effective& wanted) {
  const auto& unit = as_unit(wanted);
  HF_TRY(const auto* state, talk_.known(unit.unit));
  Tended tended;
  if (state == nullptr) return tended;
  LiveUnit& it = talk_.live(unit.unit);
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
  const auto settled_at =
      it.up_since + std::max<std::chrono::milliseconds>(base::limits::kUnitSettle, unit.min_ready);
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
  const LiveUnit* const found = talk_.find(unit.unit);
  if (found != nullptr && found->trouble)
    return {Health::kUnknown, "Unobservable", found->trouble->message()};
  if (found == nullptr || !found->state)
    return {Health::kProgressing, "Asking", "systemd has not said yet how it is"};
  const LiveUnit& it = *found;
  const UnitRecord* const record = seams_.book->find(unit.unit);
  const bool is_up_long =
      it.state->invocation.empty() || (record != nullptr && record->invocation == it.state->invocation);
  // In a row: those before it was last up for long do not count.
  UnitState state = *it.state;
  state.restarts -= std::min(state.restarts, it.settled_restarts);
  auto health = health_of_unit(want_of(unit), state, is_up_long);
  const bool is_starting = health.health == Health::kProgressing && health.reason == "Starting";
  const bool is_waiting =
      is_starting && state.active == "active" && unit.min_ready > base::limits::kUnitSettle;
  if (is_waiting) health = {Health::kProgressing, "MinReady", "is up, and not yet for its minReadySeconds"};
  return health;
}

std::optional<ResourceHealth> UnitDriver::pending(const Effective& wanted) {
  const LiveUnit* const found = talk_.find(as_unit(wanted).unit);
  if (found == nullptr || !found->state) return health(wanted);
  const bool has_old_one = is_up(*found->state) || found->state->active == "deactivating";
  if (has_old_one && found->last_do != UnitDo::kStart) return std::nullopt;
  return ResourceHealth{Health::kProgressing, "Starting", found->changing};
}

void UnitDriver::begin_anew(const Effective& wanted) {
  const auto& unit = as_unit(wanted);
  LiveUnit& it = talk_.live(unit.unit);
  const bool has_failed = it.state && unit.run == sync::UnitRun::kRunning &&
                          (it.state->active == "failed" || (it.state->is_unmet && !is_up(*it.state)));
  if (it.doing != 0 || !has_failed) return;
  it.progress = {.is_reload_due = it.progress.is_reload_due};
  runs_.forget_run(unit);
}

Status UnitDriver::watch(const Effective& wanted) {
  const auto& unit = as_unit(wanted);
  LiveUnit& it = talk_.live(unit.unit);
  it.path = unit.file ? unit.file->path : "";
  it.is_leaving = false;
  talk_.watch(unit.unit);
  return unit.file ? seams_.files.watch(*unit.file) : Status();
}

/// Whoever removes it watches it again.
void UnitDriver::unwatch(const sync::Claim& claim) {
  if (claim.kind == ClaimKind::kPath) seams_.files.unwatch(claim);
  if (claim.kind == ClaimKind::kUnit) talk_.forget(claim.value);
}

/// The FileDriver knows of files, and systemd of units.
std::vector<sync::Claim> UnitDriver::on_event(const base::HostEvent& /*event*/) { return {}; }

}  // namespace holdfast::edge_agent
