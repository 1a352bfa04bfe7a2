// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/section_keeper.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {

namespace {

constexpr auto kStopAgain = base::limits::kProcessBackoffBase;

}  // namespace

using base::Error;
using base::Status;
using sync::ApplicationUid;
using sync::Health;
using sync::SectionPhase;
using sync::SyncStatus;

void SectionKeeper::run(const ApplicationUid& application) {
  const SectionRecord* record = parts_.store.section(application);
  if (record == nullptr) return;
  const auto& live = parts_.live[application];
  if (live.retry_at > parts_.clock.monotonic()) {
    parts_.look_at(application, live.retry_at);
    keep(application);
    return;
  }
  if (parts_.accepted.is_unverified()) {
    keep(application);
    return;
  }
  switch (record->phase) {
    case SectionPhase::kPending:
    case SectionPhase::kRetrying:
      walker_.walk(application, advance(*record, SectionEvent::kBegin, 0).record);
      return;
    case SectionPhase::kApplying:
      is_reboot_loop(*record) ? end_.fail_by_reboots(*record) : walker_.walk(application, *record);
      return;
    case SectionPhase::kFailing:
    case SectionPhase::kRollingBack: walker_.walk(application, *record); return;
    case SectionPhase::kRemoving: remove(application, *record); return;
    case SectionPhase::kSynced:
    case SectionPhase::kHeld:
    case SectionPhase::kQuarantined:
    case SectionPhase::kUnschedulable: keep(application); return;
  }
}

// ---- kept ----

bool SectionKeeper::look_at_all(const ApplicationUid& application) {
  Target* target = parts_.targets.find(application);
  if (target == nullptr) return true;
  bool all_applied = true;
  for (auto& item : target->items) all_applied = healer_.look(application, *target, item) && all_applied;
  return all_applied;
}

void SectionKeeper::keep(const ApplicationUid& application) {
  const SectionRecord* record = parts_.store.section(application);
  if (record == nullptr) return;
  if (parts_.accepted.is_unverified()) {
    wait_for_proof(application, *record);
    return;
  }
  const bool is_waiting = parts_.live[application].retry_at > parts_.clock.monotonic();
  if (record->removal_pending) {
    if (!is_waiting) remove(application, *record);
    return;
  }
  const bool is_steady = record->phase == SectionPhase::kSynced || record->phase == SectionPhase::kHeld;
  const bool is_back = record->phase == SectionPhase::kQuarantined && !record->last_good.empty();
  const Error* error = parts_.targets.error(application);
  if (error != nullptr && (is_steady || is_back)) {
    if (!is_waiting) lost_target(*record, *error);
    return;
  }
  const bool all_applied = look_at_all(application);
  healer_.look_at_outgoing(application);
  if (!all_applied && (is_steady || is_back)) {
    // The inventory does not say what the record says (it was rebuilt, or a claim changed hands): walk again.
    const auto again = advance(advance(*record, SectionEvent::kAccepted, 0).record, SectionEvent::kBegin, 0);
    walker_.walk(application, again.record);
    return;
  }
  if (!is_waiting && is_to_go_back(application, *record, all_applied)) {
    walker_.walk(application, *record);
    return;
  }
  const auto& live = parts_.live[application];
  const bool is_clear = live.leftovers_known && live.leftovers.empty();
  const bool has_hooks =
      parts_.targets.find(application) != nullptr && parts_.targets.find(application)->has_hooks();
  if (record->phase == SectionPhase::kRetrying && has_hooks && !live.leftovers_known)
    stop_hooks(application, *record);
  const bool is_stopped = record->phase == SectionPhase::kQuarantined && !is_back && has_hooks;
  if ((is_steady || is_back || is_stopped) && !is_clear && !is_waiting) clear_kept(application, *record);
}

/// A revision before it had begun. What that made goes, and the last good state is walked to, wave by wave; what is accepted stays
/// accepted.
bool SectionKeeper::is_to_go_back(const ApplicationUid& application, const SectionRecord& record,
                                  bool all_applied) {
  const Target* target = parts_.targets.find(application);
  const bool is_loaded = target != nullptr && target->digest == target_digest(record);
  if (record.phase != SectionPhase::kUnschedulable || record.last_good.empty() || !is_loaded) return false;
  const auto& live = parts_.live[application];
  const bool is_left = !record.given_up.empty() && !live.leftovers_known;
  return !all_applied || live.walk || is_left;
}

/// What was applied before is kept as it was; what was not is nobody's word yet.
void SectionKeeper::wait_for_proof(const ApplicationUid& application, const SectionRecord& record) {
  look_at_all(application);
  const bool stays =
      record.phase == SectionPhase::kQuarantined || record.phase == SectionPhase::kUnschedulable;
  Target* target = parts_.targets.find(application);
  if (target == nullptr || stays || record.removal_pending) return;
  for (auto& item : target->items) {
    if (healer_.is_applied(application, item)) continue;
    parts_.show(
        item, SyncStatus::kOutOfSync,
        {.health = Health::kMissing,
         .reason = "Unverified",
         .message =
             "is applied once the hub has given it anew: it is signed by no key that this node believes"});
  }
}

/// What was on the host in good order cannot be loaded any more: an older agent came, or the store lost it.
void SectionKeeper::lost_target(SectionRecord record, const Error& why) {
  if (!is_of_the_store(why)) {
    // The last good state of a quarantined section has no record of its own that could say so.
    if (record.phase == SectionPhase::kQuarantined) {
      end_.keep_trouble(record, "Unschedulable", why);
    } else {
      end_.unable(std::move(record), why);
    }
    return;
  }
  end_.trouble(record, why);
  parts_.targets.forget_error(record.accepted.application);
  parts_.targets.follow(record.accepted.application);
}

void SectionKeeper::stop_hooks(const ApplicationUid& application, const SectionRecord& record) {
  Changes changes;
  const Plan now = plan(look(parts_, &application));
  const auto leaving = end_.stop_hooks(record, now, changes);
  const Status stored = leaving ? parts_.store.commit(changes) : Status(base::fail(leaving.error()));
  if (!stored) return end_.trouble(record, stored.error());
  auto& live = parts_.live[application];
  // What would not go, the next try meets, and tells.
  if (*leaving) {
    // A stop has several steps, and what is not known yet may run: neither waits for the next try.
    if ((*leaving)->is_pending && live.awaits == Awaits::kChange) live.awaits = Awaits::kAnswer;
    if ((*leaving)->error) parts_.look_at(application, parts_.clock.monotonic() + kStopAgain);
    return;
  }
  end_.show_withheld(record, now);
  live.leftovers_known = true;
}

void SectionKeeper::clear_kept(const ApplicationUid& application, const SectionRecord& record) {
  Changes changes;
  const auto leaving = end_.clear_leftovers(record, plan(look(parts_, &application)), changes);
  if (!leaving) {
    end_.trouble(record, leaving.error());
    return;
  }
  if (leaving->is_unknown) parts_.live[application].awaits = Awaits::kAnswer;
  const bool is_clear = !leaving->is_held && !leaving->is_pending && !leaving->error;
  if (is_clear && record.phase == SectionPhase::kHeld) {
    end_.conclude(record, SectionEvent::kAllHealthy, changes);
  } else if (const Status stored = parts_.store.commit(changes); !stored) {
    end_.trouble(record, stored.error());
  } else if (leaving->error) {
    end_.keep_trouble(record, "PruneFailed", *leaving->error);
  } else {
    end_.no_trouble(record);
  }
}

// ---- removed ----

/// Something of this application that another one wants and has not taken over yet: whoever left now would leave
/// it to nobody should the other change its mind.
bool SectionKeeper::is_awaited_elsewhere(const ApplicationUid& application, const Changes& changes) const {
  return std::ranges::any_of(parts_.store.inventory(), [&](const auto& item) {
    const auto& [claim, entry] = item;
    return entry.application == application && !changes.inventory.contains(claim);
  });
}

void SectionKeeper::remove(const ApplicationUid& application, const SectionRecord& record) {
  Changes changes;
  const auto leaving = end_.clear_leftovers(record, plan(look(parts_, &application)), changes);
  if (!leaving) {
    end_.trouble(record, leaving.error());
    return;
  }
  if (leaving->error) {
    end_.fail(record, *leaving->error, changes);
  } else if (leaving->is_held) {
    SectionRecord held = record;
    held.reason = "PruneLimit";
    held.message = leaving->held_message;
    end_.conclude(std::move(held), SectionEvent::kOverPruneLimit, changes);
  } else if (leaving->is_pending || leaving->kept > 0 || is_awaited_elsewhere(application, changes)) {
    if (const Status stored = parts_.store.commit(changes); !stored) end_.trouble(record, stored.error());
  } else {
    end_.conclude(record, SectionEvent::kRemoved, changes);
  }
}

}  // namespace holdfast::edge_agent
