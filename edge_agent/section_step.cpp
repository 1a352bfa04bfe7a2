// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/section_step.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"
#include "base/planted.hpp"

namespace holdfast::edge_agent {
namespace {

using Phase = sync::SectionPhase;
using Event = SectionEvent;
using Command = SectionCommand;

struct Row {
  Phase phase;
  Event event;
  SectionStep next;
};

// clang-format off
constexpr std::array kRows{
    Row{Phase::kPending,       Event::kBegin,          {Phase::kApplying,      Command::kApply}},
    Row{Phase::kPending,       Event::kUnable,         {Phase::kUnschedulable, Command::kKeep}},
    Row{Phase::kPending,       Event::kRetryAsked,     {Phase::kPending,       Command::kApply}},

    Row{Phase::kApplying,      Event::kUnable,         {Phase::kUnschedulable, Command::kKeep}},
    Row{Phase::kApplying,      Event::kAllHealthy,     {Phase::kSynced,        Command::kReportApplied}},
    Row{Phase::kApplying,      Event::kOverPruneLimit, {Phase::kHeld,          Command::kKeep}},
    Row{Phase::kApplying,      Event::kClaimWaits,     {Phase::kPending,       Command::kKeep}},
    Row{Phase::kApplying,      Event::kHostFailed,     {Phase::kRetrying,      Command::kScheduleRetry}},
    Row{Phase::kApplying,      Event::kRetryAsked,     {Phase::kPending,       Command::kApply}},

    Row{Phase::kRetrying,      Event::kBegin,          {Phase::kApplying,      Command::kApply}},
    Row{Phase::kRetrying,      Event::kUnable,         {Phase::kUnschedulable, Command::kKeep}},
    Row{Phase::kRetrying,      Event::kRetryAsked,     {Phase::kPending,       Command::kApply}},

    Row{Phase::kSynced,        Event::kRetryAsked,     {Phase::kSynced,        Command::kKeep}},
    Row{Phase::kSynced,        Event::kUnable,         {Phase::kUnschedulable, Command::kKeep}},

    Row{Phase::kHeld,          Event::kRetryAsked,     {Phase::kPending,       Command::kApply}},
    Row{Phase::kHeld,          Event::kAllHealthy,     {Phase::kSynced,        Command::kReportApplied}},
    Row{Phase::kHeld,          Event::kUnable,         {Phase::kUnschedulable, Command::kKeep}},
    Row{Phase::kHeld,          Event::kHostFailed,     {Phase::kHeld,          Command::kScheduleRetry}},
    Row{Phase::kUnschedulable, Event::kRetryAsked,     {Phase::kPending,       Command::kApply}},
    Row{Phase::kUnschedulable, Event::kHostFailed,     {Phase::kUnschedulable, Command::kScheduleRetry}},

    Row{Phase::kRollingBack,   Event::kAllHealthy,     {Phase::kQuarantined,   Command::kKeep}},
    Row{Phase::kRollingBack,   Event::kClaimWaits,     {Phase::kQuarantined,   Command::kKeep}},
    Row{Phase::kRollingBack,   Event::kRolledBack,     {Phase::kQuarantined,   Command::kKeep}},
    Row{Phase::kRollingBack,   Event::kRollbackFailed, {Phase::kRollingBack,   Command::kScheduleRetry}},
    Row{Phase::kRollingBack,   Event::kHostFailed,     {Phase::kRollingBack,   Command::kScheduleRetry}},
    Row{Phase::kRollingBack,   Event::kRetryAsked,     {Phase::kPending,       Command::kApply}},
    Row{Phase::kQuarantined,   Event::kRetryAsked,     {Phase::kPending,       Command::kApply}},
    Row{Phase::kFailing,       Event::kRetryAsked,     {Phase::kPending,       Command::kApply}},

    Row{Phase::kRemoving,      Event::kRemoved,        {Phase::kRemoving,      Command::kErase}},
    Row{Phase::kHeld,          Event::kRemoved,        {Phase::kHeld,          Command::kErase}},
    Row{Phase::kRemoving,      Event::kOverPruneLimit, {Phase::kHeld,          Command::kKeep}},
    Row{Phase::kRemoving,      Event::kHostFailed,     {Phase::kRemoving,      Command::kScheduleRetry}},
};
// clang-format on

bool is_walking(Phase phase) { return phase == Phase::kApplying || phase == Phase::kPending; }

/// Nothing good to go back to: stop, and keep what is there.
SectionStep way_back(const SectionRecord& record) {
  if (record.last_good.empty()) return {Phase::kQuarantined, Command::kKeep};
  return {Phase::kRollingBack, Command::kRollBack};
}

SectionStep after_accept(const SectionRecord& record) {
  if (!is_quarantined(record, record.accepted.digest)) return {Phase::kPending, Command::kApply};
  if (record.phase == Phase::kFailing) return {Phase::kFailing, Command::kApply};
  // Known bad, and asked for again. Where that is what is good already, rolling back finds nothing to do.
  return way_back(record);
}

SectionStep after_failure(const SectionRecord& record, Event event, std::uint32_t retry_limit,
                          SectionHooks hooks) {
  if (!is_walking(record.phase)) return {record.phase, Command::kNothing};
  if (event == Event::kFailed && record.attempt <= retry_limit)
    return {Phase::kRetrying, Command::kScheduleRetry};
  // It passed every gate on this host before: something else is wrong, and going back would not mend it.
  if (record.applied == record.accepted.digest) return {Phase::kRetrying, Command::kScheduleRetry};
  if (hooks == SectionHooks::kSyncFail) return {Phase::kFailing, Command::kApply};
  return way_back(record);
}

void remember_good(SectionRecord& record) {
  const base::Digest& digest = record.accepted.digest;
  std::erase(record.last_good, digest);
  record.last_good.insert(record.last_good.begin(), digest);
  if (record.last_good.size() > base::limits::kLastGoodKept)
    record.last_good.resize(base::limits::kLastGoodKept);
}

void give_up(SectionRecord& record, const base::Digest& digest) {
  std::erase(record.given_up, digest);
  record.given_up.push_back(digest);
  if (record.given_up.size() > base::limits::kLastGoodKept) record.given_up.erase(record.given_up.begin());
}

/// The way back is over: what it deletes the objects of has none any more.
bool is_undone(const SectionRecord& record) {
  return record.phase == Phase::kQuarantined && !record.last_good.empty();
}

void quarantine(SectionRecord& record) {
  if (base::planted("quarantine-forgotten")) return;
  const base::Digest& digest = record.accepted.digest;
  std::erase(record.quarantined, digest);
  record.quarantined.insert(record.quarantined.begin(), digest);
  if (record.quarantined.size() > base::limits::kQuarantinedKept) {
    record.quarantined.resize(base::limits::kQuarantinedKept);
  }
  std::erase(record.last_good, digest);
}

void forget_trouble(SectionRecord& record) {
  record.attempt = 0;
  record.reason.clear();
  record.message.clear();
}

/// One that was counted once is counted on: hooks of an earlier attempt may still be on the host.
void count_run(SectionRecord& record, SectionHooks hooks) {
  if (hooks != SectionHooks::kNone || record.run != 0) ++record.run;
}

/// What the event itself writes into the books, before the next phase is looked up.
void keep_books(SectionRecord& record, Event event, SectionHooks hooks) {
  switch (event) {
    case Event::kAccepted:
      // What is known bad goes on saying why.
      if (!is_quarantined(record, record.accepted.digest)) forget_trouble(record);
      break;
    case Event::kRemovalAccepted: forget_trouble(record); break;
    case Event::kFailed:
    case Event::kFailedForGood:
      if (!is_walking(record.phase)) break;
      if (record.attempt <= base::limits::kRetryLimitMax) ++record.attempt;
      count_run(record, hooks);
      break;
    case Event::kRollbackFailed:
      // The one before it is next. This one is not good any more; the oldest is tried for as long as it takes.
      if (record.last_good.size() < 2) break;
      give_up(record, record.last_good.front());
      record.last_good.erase(record.last_good.begin());
      break;
    case Event::kAllHealthy:
    case Event::kOverPruneLimit:
      if (record.phase != Phase::kApplying) break;
      forget_trouble(record);
      record.applied = record.accepted.digest;
      record.given_up.clear();
      remember_good(record);
      break;
    case Event::kRetryAsked:
      std::erase(record.quarantined, record.accepted.digest);
      if (record.phase != Phase::kSynced && record.phase != Phase::kRemoving) forget_trouble(record);
      break;
    default: break;
  }
}

}  // namespace

SectionStep step(const SectionRecord& record, Event event, std::uint32_t retry_limit, SectionHooks hooks) {
  if (event == Event::kAccepted) return after_accept(record);
  if (event == Event::kRemovalAccepted) return {Phase::kRemoving, Command::kApply};
  if (record.removal_pending && event == Event::kRetryAsked) return {Phase::kRemoving, Command::kApply};
  if (event == Event::kFailed || event == Event::kFailedForGood)
    return after_failure(record, event, retry_limit, hooks);
  if (event == Event::kHooksOver && record.phase == Phase::kFailing) return way_back(record);
  const auto row = std::ranges::find_if(kRows, [&](const Row& candidate) {
    return candidate.phase == record.phase && candidate.event == event;
  });
  if (row == kRows.end()) return {record.phase, Command::kNothing};
  return row->next;
}

Advance advance(SectionRecord record, Event event, std::uint32_t retry_limit, SectionHooks hooks) {
  keep_books(record, event, hooks);
  const Phase was = record.phase;
  SectionStep next = step(record, event, retry_limit, hooks);
  const bool is_failure = event == Event::kFailed || event == Event::kFailedForGood;
  if (is_failure && is_walking(was) && next.phase != Phase::kRetrying) {
    quarantine(record);
    // It may have been the last of the good ones.
    if (next.phase == Phase::kRollingBack) next = way_back(record);
  }
  const bool is_back = next.phase == Phase::kRollingBack || next.phase == Phase::kQuarantined;
  if (is_undone(record) && !is_back) record.given_up.clear();
  record.phase = next.phase;
  if (next.phase != Phase::kApplying) {
    record.touched_in.clear();
    record.cut_off = 0;
  }
  if (was == Phase::kRollingBack && next.phase == Phase::kQuarantined && !record.last_good.empty()) {
    record.applied = record.last_good.front();
  }
  return {std::move(record), next.command};
}

void begin_another(SectionRecord& record, const base::Digest& was, SectionHooks hooks) {
  count_run(record, hooks);
  const bool is_good = was == record.applied || std::ranges::count(record.last_good, was) > 0;
  if (!is_undone(record) && !is_good && !was.is_none()) give_up(record, was);
  // Its SyncFail hooks are not those of what comes now, which may be known to be bad, too.
  if (record.phase == Phase::kFailing) record.phase = way_back(record).phase;
}

void note_boot(SectionRecord& record, const std::string& boot) {
  if (record.phase != Phase::kApplying || record.touched_in.empty() || record.touched_in == boot) return;
  // What was applied is on the host in this boot, too, and is started again.
  record.touched_in = boot;
  if (record.cut_off < base::limits::kRebootsInARowMax) ++record.cut_off;
}

bool is_reboot_loop(const SectionRecord& record) {
  return record.phase == Phase::kApplying && record.cut_off >= base::limits::kRebootsInARowMax;
}

bool rests(const SectionRecord& record, const std::optional<sync::Hook>& hook) {
  const bool is_for_failure = sync::stage_of(hook) == sync::HookStage::kSyncFail;
  if (record.phase == Phase::kFailing) return !is_for_failure;
  if (!hook) return false;
  if (is_for_failure || record.applied == record.accepted.digest) return true;
  if (hook->stage == sync::HookStage::kPostSync && base::planted("postsync-skipped")) return true;
  if (record.phase == Phase::kRollingBack && base::planted("hooks-on-the-way-back")) return false;
  return !is_walking(record.phase) && record.phase != Phase::kRetrying;
}

base::Digest target_digest(const SectionRecord& record) {
  switch (record.phase) {
    case Phase::kRollingBack:
    case Phase::kQuarantined:
    case Phase::kUnschedulable:
      return record.last_good.empty() ? record.accepted.digest : record.last_good.front();
    default: return record.accepted.digest;
  }
}

base::Digest outgoing_digest(const SectionRecord& record) {
  const bool is_under_way =
      is_walking(record.phase) || record.phase == Phase::kRetrying || record.phase == Phase::kFailing;
  return is_under_way && record.applied != record.accepted.digest ? record.applied : base::Digest{};
}

bool is_quarantined(const SectionRecord& record, const base::Digest& digest) {
  return std::ranges::find(record.quarantined, digest) != record.quarantined.end();
}

}  // namespace holdfast::edge_agent
