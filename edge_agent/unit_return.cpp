// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/unit_return.hpp"

#include <utility>

#include "edge_agent/unit_step.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Error;
using base::fail;
using base::Result;
using base::UnitState;
using sync::ClaimKind;
using Progress = Driver::Progress;

/// Of "/etc/systemd/system/NAME" and of a file in "/etc/systemd/system/NAME.d".
std::string unit_of_path(std::string_view path) {
  if (path.starts_with(sync::kUnitFolder)) path.remove_prefix(sync::kUnitFolder.size());
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::string(path);
  path = path.substr(0, slash);
  if (path.ends_with(".d")) path.remove_suffix(2);
  return std::string(path);
}

Result<Progress> UnitReturn::remove_file(const sync::InventoryEntry& entry) {
  const std::string unit = unit_of_path(entry.claim.value);
  LiveUnit& it = seams_.talk.live(unit);
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
    seams_.talk.change(unit, {UnitDo::kReload, "its file was removed"});
    return Progress::kPending;
  }
  it.changing.clear();
  it.leaving_path.clear();
  const UnitRecord* const record = seams_.book->find(unit);
  if (record == nullptr) {
    seams_.talk.forget(unit);
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
Result<std::optional<UnitWant>> UnitReturn::want_when_left(const std::string& unit, const UnitState& state) {
  // Under this name it would be another's that is stopped.
  if (is_alias(state)) return std::optional<UnitWant>();
  const UnitRecord* const record = seams_.book->find(unit);
  if (record != nullptr && record->was_there) {
    return UnitWant{.enabled = record->was_enabled,
                    .run = record->was_up ? sync::UnitRun::kRunning : sync::UnitRun::kStopped,
                    .masked = record->was_masked};
  }
  bool is_ours = record != nullptr;
  if (!is_ours && state.fragment.starts_with(sync::kUnitFolder)) {
    HF_TRY(const auto file, seams_.files.observe({ClaimKind::kPath, state.fragment}, nullptr, nullptr));
    is_ours = file.present && file.ours && !file.was_there;
  }
  if (!is_ours) return std::optional<UnitWant>();
  return UnitWant{.enabled = false, .run = sync::UnitRun::kStopped};
}

Result<Progress> UnitReturn::give_back(const std::string& unit) {
  LiveUnit& it = seams_.talk.live(unit);
  if (!std::exchange(it.is_leaving, true)) it.progress = {.is_reload_due = it.progress.is_reload_due};
  seams_.talk.watch(unit);  // its end is of interest, though nobody desires it any more
  HF_TRY(const auto* state, seams_.talk.known(unit));
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
  if (step.what != UnitDo::kWait) seams_.talk.change(unit, step);
  return Progress::kPending;
}

Progress UnitReturn::left(const std::string& unit) {
  LiveUnit& it = seams_.talk.live(unit);
  it.is_leaving = false;
  it.changing.clear();
  it.progress.is_start_asked = false;
  seams_.book->forget(unit);
  // Its file goes next, where there is one.
  if (it.path.empty() && it.leaving_path.empty()) seams_.talk.forget(unit);
  return Progress::kDone;
}

}  // namespace holdfast::edge_agent
