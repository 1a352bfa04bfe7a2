// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/unit_runs.hpp"

#include <algorithm>
#include <utility>

#include "edge_agent/unit_step.hpp"

namespace holdfast::edge_agent {

using base::Result;
using base::Status;
using base::UnitState;

namespace {

/// It runs, or ran to its end.
bool has_run(const UnitState& state) {
  return is_up(state) || (state.type == "oneshot" && !state.invocation.empty() && state.active == "inactive");
}

}  // namespace

bool is_applied(const UnitEffective& wanted, const sync::InventoryEntry* entry) {
  return entry != nullptr && entry->phase == sync::InventoryPhase::kApplied && entry->key == wanted.key &&
         entry->effective == wanted.digest;
}

void UnitRuns::meet(const UnitEffective& wanted, LiveUnit& live) {
  if (live.is_named_right || seams_.book->find(wanted.unit) != nullptr) return;
  live.is_named_right = std::ranges::all_of(wanted.named_files, [&](const auto& file) {
    const auto observed = seams_.files.observe(file->claims.front(), file.get(), nullptr);
    return observed && observed->present && observed->matches;
  });
}

Result<bool> UnitRuns::is_file_right(const UnitEffective& wanted) {
  if (!wanted.file) return true;
  HF_TRY(const auto observed, seams_.files.observe(wanted.claims.front(), wanted.file.get(), nullptr));
  return observed.present && observed.matches;
}

/// Before anything of it is touched.
Result<UnitRecord> UnitRuns::found(const UnitEffective& wanted, const LiveUnit& live,
                                   const UnitState& state) {
  UnitRecord record;
  bool is_made_here = false;
  if (wanted.file && state.fragment == wanted.file->path) {
    HF_TRY(const auto file, seams_.files.observe(wanted.claims.front(), nullptr, nullptr));
    is_made_here = file.present && file.ours && !file.was_there;
  }
  record.was_there = state.load != "not-found" && !is_made_here;
  record.was_enabled = record.was_there && state.file == "enabled";
  record.was_up = record.was_there && is_up(state);
  const bool is_own_file = wanted.file && wanted.file->path == std::string(sync::kUnitFolder) + wanted.unit;
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
Status UnitRuns::follow(const UnitEffective& wanted, LiveUnit& live, const UnitState& state,
                        const sync::InventoryEntry* entry) {
  if (live.start != wanted.start) {
    live.start = wanted.start;
    live.progress = {.is_reload_due = live.progress.is_reload_due};
    live.failed.reset();
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

void UnitRuns::credit(UnitRecord& record, const UnitState& state) {
  const bool has_begun = !state.invocation.empty() && state.invocation != record.asked_from;
  if (record.asked == base::Digest{} || !has_begun) return;
  record.start = std::exchange(record.asked, {});
  record.asked_from.clear();
}

/// What began with this boot began with the files that were there: the wanted ones, if they had been applied.
Result<bool> UnitRuns::follow_boot(const UnitEffective& wanted, UnitRecord& record, const UnitState& state,
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

void UnitRuns::note_asked(const UnitEffective& wanted, const UnitState& state) {
  UnitRecord record = *seams_.book->find(wanted.unit);
  record.asked = wanted.start;
  record.asked_from = state.invocation;
  seams_.book->note(wanted.unit, std::move(record));
}

bool UnitRuns::is_settled(const UnitEffective& wanted) const {
  const UnitRecord* const record = seams_.book->find(wanted.unit);
  // One that was asked for with something else may begin yet.
  return record != nullptr && record->start == wanted.start &&
         (record->asked == base::Digest{} || record->asked == wanted.start);
}

bool UnitRuns::is_same_run(const UnitEffective& wanted, const UnitState& state) const {
  const UnitRecord* const record = seams_.book->find(wanted.unit);
  return record != nullptr && record->asked == wanted.start && !state.invocation.empty() &&
         record->asked_from == state.invocation;
}

bool UnitRuns::has_begun(const UnitEffective& wanted) const {
  const UnitRecord* const record = seams_.book->find(wanted.unit);
  return record != nullptr && record->asked != wanted.start;
}

void UnitRuns::forget_run(const UnitEffective& wanted) {
  const UnitRecord* const known = seams_.book->find(wanted.unit);
  if (known == nullptr) return;
  UnitRecord record = *known;
  record.start = {};
  record.asked = {};
  record.asked_from.clear();
  seams_.book->note(wanted.unit, std::move(record));
}

void UnitRuns::note_done(const UnitEffective& wanted) {
  UnitRecord record = *seams_.book->find(wanted.unit);
  record.start = wanted.start;
  record.asked = {};
  record.asked_from.clear();
  seams_.book->note(wanted.unit, std::move(record));
}

}  // namespace holdfast::edge_agent
