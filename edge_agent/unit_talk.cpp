// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/unit_talk.hpp"

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

namespace {

/// systemd said no, and did nothing.
bool is_refusal(const Error& error) {
  return error.code() == Code::kInvalid || error.code() == Code::kNotFound ||
         error.code() == Code::kConflict || error.code() == Code::kPermission;
}

/// It was done.
void note_progress(UnitProgress& progress, UnitDo what) {
  if (what == UnitDo::kReload) progress.is_reloaded = true;
  if (what == UnitDo::kEnable) progress.is_enabled_anew = true;
  if (what == UnitDo::kEnable) progress.is_enable_asked = true;
  if (what == UnitDo::kDisable) progress.is_disable_asked = true;
  if (what == UnitDo::kMask) progress.is_mask_asked = true;
  if (what == UnitDo::kUnmask) progress.is_unmask_asked = true;
  if (what == UnitDo::kStart || what == UnitDo::kRestart) progress.is_start_asked = true;
}

}  // namespace

UnitTalk::UnitTalk(Seams seams) : seams_(std::move(seams)) {
  if (seams_.units != nullptr)
    seams_.units->on_event([this](const base::UnitEvent& event) { on_unit_event(event); });
}

UnitTalk::~UnitTalk() {
  if (seams_.units == nullptr) return;
  seams_.units->on_event(nullptr);
  for (const auto& [unit, live] : live_) {
    seams_.units->cancel(live.looking);
    seams_.units->cancel(live.doing);
  }
}

Status UnitTalk::check_there() const {
  if (seams_.units != nullptr) return {};
  return fail(
      Code::kUnsupported,
      "no systemd here: this node does not run one, or the agent has a root of its own (--root) and was "
      "given no --system-bus; place the application elsewhere");
}

LiveUnit& UnitTalk::live(const std::string& unit) { return live_.try_emplace(unit).first->second; }

const LiveUnit* UnitTalk::find(const std::string& unit) const {
  const auto found = live_.find(unit);
  return found == live_.end() ? nullptr : &found->second;
}

void UnitTalk::look_again(const std::string& unit) {
  // What systemd says counts from now on, and no look that began before.
  live(unit).is_awaited = true;
  look(unit);
}

void UnitTalk::watch(const std::string& unit) { seams_.units->watch(unit); }

void UnitTalk::look(const std::string& unit) {
  LiveUnit& it = live(unit);
  it.is_look_due = it.looking != 0;
  if (it.is_look_due) return;
  it.looking =
      seams_.units->load(unit, [this, unit](Result<UnitState> state) { looked(unit, std::move(state)); });
}

void UnitTalk::looked(const std::string& unit, Result<UnitState> state) {
  LiveUnit& it = live(unit);
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
bool UnitTalk::is_any_unknown() const {
  return std::ranges::any_of(live_,
                             [](const auto& pair) { return !pair.second.state && pair.second.looking != 0; });
}

void UnitTalk::tell(const std::string& unit, const LiveUnit& live) const {
  seams_.on_due({ClaimKind::kUnit, unit});
  for (const auto& path : {live.path, live.leaving_path})
    if (!path.empty()) seams_.on_due({ClaimKind::kPath, path});
}

void UnitTalk::on_unit_event(const base::UnitEvent& event) {
  for (const auto& [unit, it] : live_) {
    if (event.unit.empty() || event.unit == unit) look(unit);
  }
}

Result<const UnitState*> UnitTalk::known(const std::string& unit) {
  HF_CHECK(check_there());
  LiveUnit& it = live(unit);
  const bool is_old = it.state && seams_.clock.monotonic() - it.seen_at > base::limits::kUnitLookInterval;
  if ((!it.state || it.trouble || is_old) && it.looking == 0) look(unit);
  if (it.trouble) return fail(*it.trouble);
  return it.state ? &*it.state : nullptr;
}

void UnitTalk::change(const std::string& unit, const UnitStep& step) {
  LiveUnit& it = live(unit);
  base::UnitManager& units = *seams_.units;
  const auto on_end = [this, unit, what = step.what](const Status& status) { changed(unit, what, status); };
  if (it.changing.empty()) it.changing = step.reason;
  it.last_do = step.what;
  it.doing_for = it.start;
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
void UnitTalk::withdraw(const std::string& unit) {
  const UnitRecord* const known = seams_.book->find(unit);
  if (known == nullptr) return;
  UnitRecord record = *known;
  record.asked = {};
  record.asked_from.clear();
  seams_.book->note(unit, std::move(record));
}

void UnitTalk::changed(const std::string& unit, UnitDo what, const Status& status) {
  LiveUnit& it = live(unit);
  it.doing = 0;
  // Else another is wanted by now: of that nothing was begun, and nothing has failed.
  const bool is_of_this = it.doing_for == it.start;
  if (!status) {
    if (is_of_this) it.failed = status.error();
    if (what == UnitDo::kReload) it.progress.is_reload_due = true;
    if (is_refusal(status.error())) withdraw(unit);
  } else {
    if (is_of_this) note_progress(it.progress, what);
    // An unmasked unit is found again by reading all files.
    if (what == UnitDo::kUnmask || what == UnitDo::kMask) it.progress.is_reload_due = true;
  }
  look_again(unit);
}

void UnitTalk::forget(const std::string& unit) {
  const auto found = live_.find(unit);
  if (found == live_.end()) return;
  seams_.units->cancel(found->second.looking);
  seams_.units->cancel(found->second.doing);
  seams_.units->unwatch(unit);
  live_.erase(found);
}

}  // namespace holdfast::edge_agent
