// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/section_end.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "base/planted.hpp"
#include "edge_agent/prune.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Result;
using base::Status;
using sync::ApplicationUid;
using sync::SectionPhase;

namespace {

constexpr std::size_t kNamedMax = 5;

/// On the way back from a revision that could not be: what it is stays said, and there is nothing that could be tried instead.
bool is_unable_back(const SectionRecord& record) {
  return !record.removal_pending && record.phase == SectionPhase::kUnschedulable;
}

Subject subject_of(const SectionRecord& record) { return {record.accepted.name, ""}; }

bool is_done(const SectionRecord& record) {
  return !record.removal_pending && record.phase == SectionPhase::kSynced &&
         record.applied == record.accepted.digest;
}

std::string counts(const Walk& walk) {
  return std::to_string(walk.created) + " created, " + std::to_string(walk.updated) + " updated, " +
         std::to_string(walk.adopted) + " adopted, " + std::to_string(walk.deleted) + " deleted";
}

}  // namespace

bool is_of_the_store(const base::Error& error) {
  return error.code() == Code::kNotFound || error.code() == Code::kCorrupt || error.code() == Code::kIo;
}

void settle_applied(const Parts& parts, Changes& changes) {
  if (parts.accepted.generation == sync::Generation{}) return;
  for (const auto& [application, record] : parts.store.sections()) {
    // What nobody speaks of any more is no part of what was accepted, whatever became of it.
    if (parts.accepted.verified && parts.is_orphaned(record)) continue;
    const auto changed = changes.sections.find(application);
    const bool is_same = changed == changes.sections.end();
    if (is_same ? !is_done(record) : changed->second && !is_done(*changed->second)) return;
  }
  changes.applied = AppliedState{parts.accepted.generation, parts.accepted.content, parts.accepted.header};
}

// ---- leftovers ----

/// kPending: it is not gone, whatever the reason.
Driver::Progress SectionEnd::delete_one(const Action& action, Changes& changes, Leaving& leaving,
                                        std::vector<Withheld>& kept) {
  const auto& entry = *parts_.store.entry(action.claim);
  const auto removed = parts_.drivers.of(entry)->remove(entry);
  if (!removed && !base::planted("failed-delete-forgotten")) {
    const auto error = removed.error().with_context("cannot delete " + action.key.brief());
    kept.push_back(
        {WithheldReason::kDeleteFailed, action.application, action.key, action.claim, error.message()});
    if (!leaving.error) leaving.error = error;
    return Driver::Progress::kPending;
  }
  if (removed && *removed == Driver::Progress::kPending) {
    leaving.is_pending = true;
    return Driver::Progress::kPending;
  }
  changes.inventory[action.claim] = std::nullopt;
  tell_deleted(action, leaving, action.reason);
  return Driver::Progress::kDone;
}

void SectionEnd::tell_deleted(const Action& action, Leaving& leaving, const std::string& reason) {
  ++leaving.deleted;
  ++parts_.counters.deletes;
  const auto* record = parts_.store.section(action.application);
  parts_.events.normal("Pruned", {record == nullptr ? "" : record->accepted.name, action.key.brief()},
                       action.claim.text() + " was deleted: " + reason);
}

/// REQUIRES: `deletes` in order of their turns, the first to go first. What is not gone holds up all whose turn
/// comes later: it may still use them.
void SectionEnd::delete_in_turn(const std::vector<const Action*>& deletes, Changes& changes, Leaving& leaving,
                                std::vector<Withheld>& kept) {
  const sync::InventoryEntry* first = nullptr;
  const auto holds_up = [&](const sync::InventoryEntry& entry) {
    if (first == nullptr || delete_turn(entry) > delete_turn(*first)) first = &entry;
  };
  for (const auto& withheld : kept) {
    const bool is_in_order = !withheld.goes_first;
    if (is_in_order && withheld.reason == WithheldReason::kUnobservable)
      holds_up(*parts_.store.entry(withheld.claim));
  }
  for (const auto* action : deletes) {
    const auto& entry = *parts_.store.entry(action->claim);
    if (first != nullptr && delete_turn(entry) < delete_turn(*first)) {
      kept.push_back({WithheldReason::kWaiting, action->application, action->key, action->claim,
                      action->key.brief() + " (" + action->claim.text() + ") goes once " +
                          first->key.brief() + " is gone"});
      continue;
    }
    if (delete_one(*action, changes, leaving, kept) == Driver::Progress::kPending) holds_up(entry);
  }
}

bool SectionEnd::is_resting(const Withheld& withheld) const {
  Target* target = parts_.targets.find(withheld.application);
  const auto* item = target == nullptr ? nullptr : target->find(withheld.key);
  return item != nullptr && item->desired.rests;
}

std::vector<Withheld> SectionEnd::keep_withheld(const SectionRecord& record, const Plan& plan,
                                                Leaving& leaving) const {
  std::vector<Withheld> kept;
  for (const auto& withheld : plan.withheld) {
    const bool is_ours = withheld.application == record.accepted.application;
    if (!is_ours || withheld.reason == WithheldReason::kClaimConflict) continue;
    if (withheld.reason == WithheldReason::kPruneLimit) {
      leaving.is_held = true;
      leaving.held_message = withheld.message;
    }
    if (withheld.is_not_known_yet)
      leaving.is_pending = leaving.is_unknown = true;
    else if (withheld.reason == WithheldReason::kUnobservable && !leaving.error)
      leaving.error = base::Error(Code::kUnavailable, withheld.message);
    // A hook that is over is in order, whatever has become of it.
    if (!withheld.is_not_known_yet || !is_resting(withheld)) kept.push_back(withheld);
  }
  return kept;
}

Result<SectionEnd::Leaving> SectionEnd::clear_leftovers(const SectionRecord& record, const Plan& plan,
                                                        Changes& changes) {
  const auto& application = record.accepted.application;
  Leaving leaving;
  std::vector<const Action*> deletes;
  for (const auto& action : plan.actions) {
    if (action.application != application) continue;
    if (action.kind == ActionKind::kForget) {
      // What was told to go and is gone now was deleted by us, also where its driver was not asked again.
      const bool was_told = parts_.store.entry(action.claim)->phase == sync::InventoryPhase::kDeleting;
      changes.inventory[action.claim] = std::nullopt;
      if (was_told && action.reason == kIsGone) tell_deleted(action, leaving, kIsGone);
    }
    if (action.kind != ActionKind::kDelete) continue;
    deletes.push_back(&action);
    auto entry = *parts_.store.entry(action.claim);
    entry.phase = sync::InventoryPhase::kDeleting;
    changes.inventory[action.claim] = std::move(entry);
  }
  std::ranges::stable_sort(deletes, [this](const Action* a, const Action* b) {
    return delete_turn(*parts_.store.entry(b->claim)) < delete_turn(*parts_.store.entry(a->claim));
  });
  if (!deletes.empty()) HF_CHECK(parts_.store.commit(changes));
  std::vector<Withheld> kept = keep_withheld(record, plan, leaving);
  delete_in_turn(deletes, changes, leaving, kept);

  leaving.kept = kept.size();
  keep_leftovers(record, std::move(kept));
  parts_.live[application].leftovers_known = !leaving.is_pending && !leaving.error;
  return leaving;
}

void SectionEnd::keep_leftovers(const SectionRecord& record, std::vector<Withheld> kept) {
  auto& live = parts_.live[record.accepted.application];
  if (live.leftovers != kept) parts_.changed = true;
  live.leftovers = std::move(kept);
}

void SectionEnd::show_withheld(const SectionRecord& record, const Plan& plan) {
  Leaving of_nothing;
  keep_leftovers(record, keep_withheld(record, plan, of_nothing));
}

Result<std::optional<SectionEnd::Leaving>> SectionEnd::stop_hooks(const SectionRecord& record,
                                                                  const Plan& plan, Changes& changes) {
  Plan first;
  std::ranges::copy_if(plan.actions, std::back_inserter(first.actions), [&](const Action& action) {
    return action.goes_first && action.application == record.accepted.application;
  });
  std::vector<Withheld> others;
  for (const auto& withheld : plan.withheld)
    (withheld.goes_first ? first.withheld : others).push_back(withheld);
  const bool any_first = !first.actions.empty() || std::ranges::any_of(first.withheld, [&](const auto& one) {
    return one.application == record.accepted.application;
  });
  if (!any_first) return std::nullopt;
  HF_TRY(auto leaving, clear_leftovers(record, first, changes));
  // What else stays for a reason goes on saying so.
  auto kept = parts_.live[record.accepted.application].leftovers;
  Leaving of_others;
  std::ranges::move(keep_withheld(record, {.actions = {}, .withheld = std::move(others)}, of_others),
                    std::back_inserter(kept));
  keep_leftovers(record, std::move(kept));
  return std::optional(std::move(leaving));
}

// ---- ends ----

std::uint32_t SectionEnd::retry_limit(const SectionRecord& record) const {
  const Target* target = parts_.targets.find(record.accepted.application);
  return target == nullptr ? sync::RetryPolicy{}.limit : target->policy.retry.limit;
}

void SectionEnd::try_again(const SectionRecord& record, base::Error why) {
  auto& live = parts_.live[record.accepted.application];
  const auto now = parts_.clock.monotonic();
  live.retry_at = now + live.host_backoff.record(now);
  live.trouble = std::move(why);
  live.leftovers_known = false;
  parts_.changed = true;
  parts_.look_at(record.accepted.application, live.retry_at);
}

void SectionEnd::trouble(const SectionRecord& record, const base::Error& error) {
  try_again(record, error.with_context("the agent's own store"));
  auto& live = parts_.live[record.accepted.application];
  // What was done and not written down is found again by looking.
  live.walk.reset();
  base::log::failure("a section's state could not be stored", record.accepted.name, error);
  parts_.events.warning("StoreFailed", subject_of(record), live.trouble->message());
}

void SectionEnd::keep_trouble(const SectionRecord& record, std::string_view reason,
                              const base::Error& error) {
  try_again(record, error);
  parts_.events.warning(reason, subject_of(record), error.message());
}

void SectionEnd::no_trouble(const SectionRecord& record) {
  auto& live = parts_.live[record.accepted.application];
  if (!live.trouble) return;
  base::log::recovered("a section's state could not be stored", record.accepted.name);
  live.trouble.reset();
  live.host_backoff.reset();
  parts_.events.settle(subject_of(record));
  parts_.changed = true;
}

void SectionEnd::unable(SectionRecord record, const base::Error& why) {
  Changes changes;
  record.reason = "Unschedulable";
  record.message = sync::bounded_message(why.message());
  conclude(std::move(record), SectionEvent::kUnable, changes);
}

/// The record goes on saying why the newer revision failed; what keeps the good one from coming back is
/// trouble.
void SectionEnd::fail_back(const SectionRecord& record, const base::Error& error, SectionEvent event,
                           Changes& changes) {
  const auto tried = target_digest(record);
  conclude(record, event, changes);
  auto& trouble = parts_.live[record.accepted.application].trouble;
  if (!trouble) trouble = error.with_context("cannot go back to the last good state");
  const auto* stored = parts_.store.section(record.accepted.application);
  const bool is_other = stored != nullptr && target_digest(*stored) != tried;
  parts_.events.warning(
      "RollbackFailed", subject_of(record),
      "section " + tried.brief() + ": " + error.message() +
          (is_other ? "; next is section " + target_digest(*stored).brief() + ", which was good before it"
                    : std::string()));
}

/// What failed, failed already: that a hook about it fails, too, keeps nothing from the way back.
void SectionEnd::end_hooks(const SectionRecord& record, const base::Error& error, Changes& changes) {
  parts_.events.warning("SyncFailHookFailed", subject_of(record), error.message());
  conclude(record, SectionEvent::kHooksOver, changes);
}

void SectionEnd::fail(SectionRecord record, const base::Error& error, Changes& changes) {
  const bool is_hosts = record.removal_pending || is_hosts_fault(error);
  if (record.phase == SectionPhase::kFailing) return end_hooks(record, error, changes);
  if (is_unable_back(record)) return fail_back(record, error, SectionEvent::kHostFailed, changes);
  if (record.phase == SectionPhase::kRollingBack) {
    fail_back(record, error, is_hosts ? SectionEvent::kHostFailed : SectionEvent::kRollbackFailed, changes);
    return;
  }
  record.reason = base::to_string(error.code());
  record.message = sync::bounded_message(error.message());
  conclude(std::move(record), is_hosts ? SectionEvent::kHostFailed : SectionEvent::kFailed, changes);
}

void SectionEnd::fail_by_reboots(SectionRecord record) {
  Changes changes;
  record.reason = "RebootLoop";
  record.message = "the machine was restarted " + std::to_string(record.cut_off) +
                   " times in a row while this revision was being applied";
  conclude(std::move(record), SectionEvent::kFailedForGood, changes);
}

void SectionEnd::fail_gate(SectionRecord record, const base::Error& error, Changes& changes) {
  if (record.phase == SectionPhase::kFailing) return end_hooks(record, error, changes);
  if (is_unable_back(record)) return fail_back(record, error, SectionEvent::kHostFailed, changes);
  if (record.phase == SectionPhase::kRollingBack) {
    fail_back(record, error, SectionEvent::kRollbackFailed, changes);
    return;
  }
  const bool is_late = error.code() == Code::kTimeout;
  record.reason = is_late ? "ProgressDeadlineExceeded" : base::to_string(error.code());
  record.message = sync::bounded_message(error.message());
  conclude(std::move(record), SectionEvent::kFailed, changes);
}

void SectionEnd::fail_leaving(SectionRecord record, const base::Error& error, Changes& changes) {
  if (record.phase == SectionPhase::kFailing) return end_hooks(record, error, changes);
  if (record.phase == SectionPhase::kRollingBack || is_unable_back(record)) {
    fail_back(record, error, SectionEvent::kHostFailed, changes);
    return;
  }
  record.reason = "PruneFailed";
  record.message = sync::bounded_message(error.message());
  conclude(std::move(record), SectionEvent::kHostFailed, changes);
}

SectionHooks SectionEnd::hooks_of(const SectionRecord& record) const {
  const Target* target = parts_.targets.find(record.accepted.application);
  const bool is_known = target != nullptr && target->digest == record.accepted.digest;
  if (!is_known || !target->has_hooks()) return SectionHooks::kNone;
  return target->has_hooks_of(sync::HookStage::kSyncFail) ? SectionHooks::kSyncFail : SectionHooks::kSome;
}

/// Hooks are over with the walk that ran them; what their delete policy says of them is done next, and what runs is stopped.
void SectionEnd::clear_hooks_later(const SectionRecord& record) {
  const auto& application = record.accepted.application;
  const Target* target = parts_.targets.find(application);
  const bool is_end = record.phase == SectionPhase::kSynced || record.phase == SectionPhase::kHeld ||
                      record.phase == SectionPhase::kQuarantined || record.phase == SectionPhase::kRetrying;
  if (!is_end || target == nullptr || !target->has_hooks()) return;
  parts_.live[application].leftovers_known = false;
  parts_.look_at(application, parts_.clock.monotonic());
}

void SectionEnd::claim_waits(SectionRecord record, const std::string& conflict, Changes& changes) {
  const SectionRecord before = record;
  // On the way back the record goes on saying why the newer revision failed.
  const bool is_back = record.phase == SectionPhase::kRollingBack;
  if (!is_back) {
    record.reason = "ClaimConflict";
    record.message = sync::bounded_message(conflict);
  }
  conclude(std::move(record), SectionEvent::kClaimWaits, changes);
  auto& trouble = parts_.live[before.accepted.application].trouble;
  if (is_back && !trouble) trouble = base::Error(Code::kConflict, conflict);
  parts_.events.warning("ClaimConflict", subject_of(before), conflict);
}

void SectionEnd::conclude(SectionRecord record, SectionEvent event, Changes& changes) {
  const auto application = record.accepted.application;
  const std::uint32_t limit = retry_limit(record);
  const SectionRecord before = record;
  Advance next = advance(std::move(record), event, limit, hooks_of(before));
  const bool is_erased = next.command == SectionCommand::kErase;
  if (is_erased) {
    changes.sections[application] = std::nullopt;
  } else {
    changes.sections[application] = next.record;
  }
  settle_applied(parts_, changes);
  const auto* const known = parts_.store.section(application);
  const bool is_same_end = known != nullptr && known->phase == next.record.phase;
  if (const Status stored = parts_.store.commit(changes); !stored) {
    trouble(before, stored.error());
    return;
  }
  parts_.changed = true;
  auto& live = parts_.live[application];
  if (live.trouble) base::log::recovered("a section's state could not be stored", before.accepted.name);
  live.trouble.reset();
  tell(before, next.record, event);
  const bool touched = live.walk && live.walk->touched();
  live.walk.reset();
  if (is_erased) parts_.live.erase(application);
  parts_.targets.follow(application);
  schedule(next.record, next.command, event);
  // A walk that met the claim held as before, and did nothing, ran no hook: another one would only meet the same.
  const bool waits_as_before = event == SectionEvent::kClaimWaits && is_same_end && !touched;
  if (!waits_as_before) clear_hooks_later(next.record);
  if (touched || is_erased) wake_waiting(application);
}

void SectionEnd::schedule(const SectionRecord& record, SectionCommand command, SectionEvent event) {
  const auto& application = record.accepted.application;
  const auto now = parts_.clock.monotonic();
  if (command == SectionCommand::kErase) {
    parts_.queue.drop({WorkKind::kSection, application.str()});
    return;
  }
  auto& live = parts_.live[application];
  if (command == SectionCommand::kScheduleRetry) {
    const Target* target = parts_.targets.find(application);
    const sync::RetryPolicy retry = target == nullptr ? sync::RetryPolicy{} : target->policy.retry;
    const auto delay =
        event == SectionEvent::kFailed ? retry.delay_before(record.attempt) : live.host_backoff.record(now);
    live.retry_at = now + delay;
    parts_.look_at(application, live.retry_at);
    return;
  }
  live.retry_at = now;
  live.host_backoff.reset();
  const bool goes_back = event == SectionEvent::kUnable && !record.last_good.empty();
  if (command == SectionCommand::kRollBack || command == SectionCommand::kApply || goes_back)
    parts_.look_at(application, now);
}

/// Somebody waits for a claim that may be free now, or to leave until what it held was taken over.
void SectionEnd::wake_waiting(const ApplicationUid& application) {
  for (const auto& [other, record] : parts_.store.sections()) {
    const bool waits = record.phase == SectionPhase::kPending || record.phase == SectionPhase::kRemoving;
    if (other != application && waits) parts_.look_at(other, parts_.clock.monotonic());
  }
}

// ---- telling ----

void SectionEnd::tell_applied(const SectionRecord& after, bool is_news) {
  const auto& live = parts_.live[after.accepted.application];
  if (is_news) {
    parts_.events.normal("Applied", subject_of(after),
                         "revision " + after.accepted.revision.str() + " is on the host" +
                             (live.walk ? ": " + counts(*live.walk) : ""));
  } else {
    parts_.events.settle(subject_of(after));
  }
}

void SectionEnd::tell_held(const SectionRecord& after) {
  for (const auto& withheld : parts_.live[after.accepted.application].leftovers) {
    if (withheld.reason != WithheldReason::kPruneLimit) continue;
    parts_.events.warning("PruneHeld", subject_of(after), withheld.message);
    return;
  }
}

/// A rollback says what it cannot bring back.
void SectionEnd::tell_rolled_back(const SectionRecord& after) {
  std::string lost;
  std::size_t count = 0;
  for (const auto& withheld : parts_.live[after.accepted.application].leftovers) {
    const auto* entry = parts_.store.entry(withheld.claim);
    const bool was_taken =
        entry != nullptr && entry->adopted &&
        (entry->made_by == after.accepted.digest || std::ranges::count(after.given_up, entry->made_by) > 0);
    if (withheld.reason != WithheldReason::kRolledBack || !was_taken) continue;
    if (++count <= kNamedMax) lost += (lost.empty() ? "" : ", ") + withheld.claim.text();
  }
  if (count > kNamedMax) lost += " and " + std::to_string(count - kNamedMax) + " more";
  std::string message = "section " + target_digest(after).brief() +
                        " is in force again; what programs wrote meanwhile stays as it is";
  if (!after.message.empty())
    message = "revision " + after.accepted.revision.str() + " failed: " + after.message + "; " + message;
  if (!lost.empty()) {
    message +=
        ", and so does what was there before the failed revision took it over, for what it was then is "
        "not known: " +
        lost;
  }
  parts_.events.warning("RolledBack", subject_of(after), message);
}

void SectionEnd::tell(const SectionRecord& before, const SectionRecord& after, SectionEvent event) {
  const auto subject = subject_of(after);
  switch (event) {
    case SectionEvent::kFailed:
    case SectionEvent::kFailedForGood:
    case SectionEvent::kHostFailed:
      if (before.phase == SectionPhase::kRollingBack) break;  // fail_back() tells
      if (after.phase == SectionPhase::kRetrying || after.phase == before.phase) {
        parts_.events.warning("Failed", subject, after.reason + ": " + after.message);
        break;
      }
      ++parts_.counters.rollbacks;
      parts_.events.warning("Quarantined", subject,
                            "section " + after.accepted.digest.brief() + " of revision " +
                                after.accepted.revision.str() +
                                " failed and is not tried again: " + after.message);
      break;
    case SectionEvent::kUnable: parts_.events.warning("Unschedulable", subject, after.message); break;
    case SectionEvent::kOverPruneLimit: tell_held(after); break;
    case SectionEvent::kRemoved:
      parts_.events.normal("Removed", subject, "the application left this node");
      break;
    case SectionEvent::kAllHealthy:
      if (before.phase == SectionPhase::kRollingBack) {
        tell_rolled_back(after);
      } else {
        const auto& walk = parts_.live[after.accepted.application].walk;
        tell_applied(after, before.applied != after.applied || (walk && walk->touched()));
      }
      break;
    default: break;
  }
}

}  // namespace holdfast::edge_agent
