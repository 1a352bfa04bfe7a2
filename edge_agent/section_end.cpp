// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/section_end.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Result;
using base::Status;
using sync::ApplicationUid;
using sync::SectionPhase;

namespace {

std::string reason_of(const base::Error& error) {
  return error.code() == Code::kTimeout ? "ProgressDeadlineExceeded"
                                        : std::string(base::to_string(error.code()));
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

void settle_applied(const Parts& parts, Changes& changes) {
  if (parts.accepted.generation == sync::Generation{}) return;
  for (const auto& [application, record] : parts.store.sections()) {
    const auto changed = changes.sections.find(application);
    const bool is_same = changed == changes.sections.end();
    if (is_same ? !is_done(record) : changed->second && !is_done(*changed->second)) return;
  }
  for (const auto& [application, record] : changes.sections) {
    if (record && !is_done(*record)) return;
  }
  changes.applied = AppliedState{parts.accepted.generation, parts.accepted.content, parts.accepted.header};
}

// ---- leftovers ----

Status SectionEnd::forget(const Action& action, Changes& changes) {
  changes.inventory[action.claim] = std::nullopt;
  return {};
}

void SectionEnd::delete_one(const Action& action, Changes& changes, Leaving& leaving) {
  const auto* entry = parts_.store.entry(action.claim);
  Driver* driver = parts_.drivers.of(action.claim);
  if (entry == nullptr || driver == nullptr) return;
  const auto removed = driver->remove(*entry);
  if (!removed) {
    if (!leaving.error) leaving.error = removed.error().with_context("cannot delete " + action.key.brief());
    return;
  }
  if (*removed == Driver::Progress::kPending) {
    leaving.is_pending = true;
    return;
  }
  changes.inventory[action.claim] = std::nullopt;
  ++leaving.deleted;
  ++parts_.counters.deletes;
  const auto* record = parts_.store.section(action.application);
  parts_.events.normal("Pruned", {record == nullptr ? "" : record->accepted.name, action.key.brief()},
                       action.claim.text() + " was deleted: " + action.reason);
}

Result<SectionEnd::Leaving> SectionEnd::clear_leftovers(const SectionRecord& record, const Plan& plan,
                                                        Changes& changes) {
  const auto& application = record.accepted.application;
  Leaving leaving;
  std::vector<const Action*> deletes;
  for (const auto& action : plan.actions) {
    if (action.application != application) continue;
    if (action.kind == ActionKind::kForget) HF_CHECK(forget(action, changes));
    if (action.kind != ActionKind::kDelete) continue;
    deletes.push_back(&action);
    auto entry = *parts_.store.entry(action.claim);
    entry.phase = sync::InventoryPhase::kDeleting;
    changes.inventory[action.claim] = std::move(entry);
  }
  if (!deletes.empty()) HF_CHECK(parts_.store.commit(changes));
  for (const auto* action : deletes) delete_one(*action, changes, leaving);

  auto& live = parts_.live[application];
  std::vector<Withheld> kept;
  for (const auto& withheld : plan.withheld) {
    if (withheld.application != application || withheld.reason == WithheldReason::kClaimConflict) continue;
    if (withheld.reason == WithheldReason::kPruneLimit) {
      leaving.is_held = true;
      leaving.held_message = withheld.message;
    }
    kept.push_back(withheld);
  }
  leaving.kept = kept.size();
  if (live.leftovers != kept) parts_.changed = true;
  live.leftovers = std::move(kept);
  live.leftovers_known = true;
  return leaving;
}

// ---- ends ----

std::uint32_t SectionEnd::retry_limit(const SectionRecord& record) const {
  const Target* target = parts_.targets.find(record.accepted.application);
  return target == nullptr ? sync::RetryPolicy{}.limit : target->policy.retry.limit;
}

void SectionEnd::trouble(const SectionRecord& record, const base::Error& error) {
  auto& live = parts_.live[record.accepted.application];
  const auto now = parts_.clock.monotonic();
  live.retry_at = now + live.host_backoff.record(now);
  // What was done and not written down is found again by looking.
  live.walk.reset();
  live.trouble = error.with_context("the agent's own store");
  parts_.changed = true;
  parts_.look_at(record.accepted.application, live.retry_at);
  base::log::failure("a section's state could not be stored", record.accepted.name, error);
  parts_.events.warning("StoreFailed", subject_of(record), live.trouble->message());
}

/// The record goes on saying why the newer revision failed; what keeps the good one from coming back is
/// trouble.
void SectionEnd::fail_back(const SectionRecord& record, const base::Error& error, Changes& changes) {
  conclude(record, SectionEvent::kRollbackFailed, changes);
  parts_.live[record.accepted.application].trouble =
      error.with_context("cannot go back to the last good state");
  parts_.events.warning("RollbackFailed", subject_of(record), error.message());
}

void SectionEnd::fail(SectionRecord record, const base::Error& error, Changes& changes) {
  if (record.phase == SectionPhase::kRollingBack) {
    fail_back(record, error, changes);
    return;
  }
  record.reason = reason_of(error);
  record.message = sync::bounded_message(error.message());
  SectionEvent event = SectionEvent::kFailed;
  if (error.code() == Code::kNoSpace || record.phase == SectionPhase::kRemoving)
    event = SectionEvent::kHostFailed;
  conclude(std::move(record), event, changes);
}

void SectionEnd::conclude(SectionRecord record, SectionEvent event, Changes& changes) {
  const auto application = record.accepted.application;
  const std::uint32_t limit = retry_limit(record);
  const SectionRecord before = record;
  Advance next = advance(std::move(record), event, limit);
  const bool is_erased = next.command == SectionCommand::kErase;
  if (is_erased) {
    changes.sections[application] = std::nullopt;
  } else {
    changes.sections[application] = next.record;
  }
  settle_applied(parts_, changes);
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
  if (command == SectionCommand::kRollBack || command == SectionCommand::kApply)
    parts_.look_at(application, now);
}

/// Somebody waits for a claim that may be free now.
void SectionEnd::wake_waiting(const ApplicationUid& application) {
  for (const auto& [other, record] : parts_.store.sections()) {
    if (other != application && record.phase == SectionPhase::kPending)
      parts_.look_at(other, parts_.clock.monotonic());
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

void SectionEnd::tell(const SectionRecord& before, const SectionRecord& after, SectionEvent event) {
  const auto subject = subject_of(after);
  switch (event) {
    case SectionEvent::kFailed:
    case SectionEvent::kFailedForGood:
    case SectionEvent::kHostFailed:
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
    case SectionEvent::kClaimWaits: parts_.events.warning("ClaimConflict", subject, after.message); break;
    case SectionEvent::kOverPruneLimit: tell_held(after); break;
    case SectionEvent::kRemoved:
      parts_.events.normal("Removed", subject, "the application left this node");
      break;
    case SectionEvent::kAllHealthy:
      if (before.phase == SectionPhase::kRollingBack) {
        parts_.events.warning(
            "RolledBack", subject,
            "section " + target_digest(after).brief() + " is in force again; what the failed one " +
                "changed in files it did not make is written again, data of programs is not");
      } else {
        const auto& walk = parts_.live[after.accepted.application].walk;
        tell_applied(after, before.applied != after.applied || (walk && walk->touched()));
      }
      break;
    default: break;
  }
}

}  // namespace holdfast::edge_agent
