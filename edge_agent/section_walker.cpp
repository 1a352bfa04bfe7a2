// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/section_walker.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "base/planted.hpp"
#include "base/time_text.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Error;
using base::fail;
using base::Result;
using base::Status;
using sync::ApplicationUid;
using sync::Health;
using sync::InventoryPhase;
using sync::SectionPhase;
using sync::SyncStatus;

// ---- which step ----

void SectionWalker::run(const ApplicationUid& application) {
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
    case SectionPhase::kRetrying: walk(application, advance(*record, SectionEvent::kBegin, 0).record); return;
    case SectionPhase::kApplying:
    case SectionPhase::kFailing:
    case SectionPhase::kRollingBack: walk(application, *record); return;
    case SectionPhase::kRemoving: remove(application, *record); return;
    case SectionPhase::kSynced:
    case SectionPhase::kHeld:
    case SectionPhase::kQuarantined:
    case SectionPhase::kUnschedulable: keep(application); return;
  }
}

bool SectionWalker::look_at_all(const ApplicationUid& application) {
  Target* target = parts_.targets.find(application);
  if (target == nullptr) return true;
  bool all_applied = true;
  for (auto& item : target->items) all_applied = healer_.look(application, *target, item) && all_applied;
  return all_applied;
}

void SectionWalker::keep(const ApplicationUid& application) {
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
    walk(application, again.record);
    return;
  }
  const auto& live = parts_.live[application];
  const bool is_clear = live.leftovers_known && live.leftovers.empty();
  const bool has_hooks =
      parts_.targets.find(application) != nullptr && parts_.targets.find(application)->has_hooks();
  const bool is_stopped = record->phase == SectionPhase::kQuarantined && !is_back && has_hooks;
  if ((is_steady || is_back || is_stopped) && !is_clear && !is_waiting) clear_kept(application, *record);
}

/// What was applied before is kept as it was; what was not is nobody's word yet.
void SectionWalker::wait_for_proof(const ApplicationUid& application, const SectionRecord& record) {
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

void SectionWalker::clear_kept(const ApplicationUid& application, const SectionRecord& record) {
  Changes changes;
  const auto leaving = end_.clear_leftovers(record, plan(look(parts_, &application)), changes);
  if (!leaving) {
    end_.trouble(record, leaving.error());
    return;
  }
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

/// Something of this application that another one wants and has not taken over yet: whoever left now would leave
/// it to nobody should the other change its mind.
bool SectionWalker::is_awaited_elsewhere(const ApplicationUid& application, const Changes& changes) const {
  return std::ranges::any_of(parts_.store.inventory(), [&](const auto& item) {
    const auto& [claim, entry] = item;
    return entry.application == application && !changes.inventory.contains(claim);
  });
}

void SectionWalker::remove(const ApplicationUid& application, const SectionRecord& record) {
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

// ---- the walk ----

namespace {

bool is_of_the_store(const Error& error) {
  return error.code() == Code::kNotFound || error.code() == Code::kCorrupt || error.code() == Code::kIo;
}

}  // namespace

void SectionWalker::no_target(const ApplicationUid& application, SectionRecord record) {
  const Error* error = parts_.targets.error(application);
  const Error why = error != nullptr ? *error : Error(Code::kInternal, "the section was not loaded");
  Changes changes;
  if (is_of_the_store(why)) {
    // Not the revision's fault: it is read again, and the hub is asked for bytes that are not there.
    parts_.targets.forget_error(application);
    end_.trouble(record, why);
  } else if (record.phase == SectionPhase::kRollingBack || record.phase == SectionPhase::kFailing) {
    end_.fail(record, why, changes);
  } else if (why.code() == Code::kUnsupported || why.code() == Code::kTooNew) {
    unable(std::move(record), why);
  } else {
    record.reason = "Invalid";
    record.message = sync::bounded_message(why.message());
    end_.conclude(std::move(record), SectionEvent::kFailedForGood, changes);
  }
}

/// What was on the host in good order cannot be loaded any more: an older agent came, or the store lost it.
void SectionWalker::lost_target(SectionRecord record, const Error& why) {
  if (!is_of_the_store(why)) {
    // The last good state of a quarantined section has no record of its own that could say so.
    if (record.phase == SectionPhase::kQuarantined) {
      end_.keep_trouble(record, "Unschedulable", why);
    } else {
      unable(std::move(record), why);
    }
    return;
  }
  end_.trouble(record, why);
  parts_.targets.forget_error(record.accepted.application);
  parts_.targets.follow(record.accepted.application);
}

void SectionWalker::unable(SectionRecord record, const Error& why) {
  Changes changes;
  record.reason = "Unschedulable";
  record.message = sync::bounded_message(why.message());
  end_.conclude(std::move(record), SectionEvent::kUnable, changes);
}

Walk& SectionWalker::walk_of(const ApplicationUid& application, const SectionRecord& record,
                             const Target& target) {
  auto& walk = parts_.live[application].walk;
  if (!walk || walk->digest != target.digest || walk->phase != record.phase) {
    walk = Walk{};
    walk->digest = target.digest;
    walk->phase = record.phase;
    walk->done.assign(target.items.size(), false);
  }
  return *walk;
}

void SectionWalker::walk(const ApplicationUid& application, SectionRecord record) {
  parts_.targets.follow(application);
  Target* target = parts_.targets.find(application);
  const bool is_of_this_run = target != nullptr && (target->run == record.run || !target->has_hooks());
  if (!is_of_this_run || target->digest != target_digest(record)) {
    no_target(application, std::move(record));
    return;
  }
  Walk& walk = walk_of(application, record, *target);
  Round round{.application = application,
              .record = std::move(record),
              .target = *target,
              .walk = walk,
              .plan = {},
              .actions = {},
              .blocked = {},
              .is_hook_blocked = false,
              .changes = {}};
  if (const Status prepared = prepare(round); !prepared) {
    parts_.live[application].waits_for_news = is_not_known_yet(prepared.error());
    if (is_not_known_yet(prepared.error())) return;
    parts_.live[application].waits_for_engine = is_engine_down(prepared.error());
    end_.fail(round.record, prepared.error(), round.changes);
  } else if (stop_dropped_hooks(round) == Before::kDone) {
    walk_turns(round);
  }
  healer_.look_at_outgoing(application);
}

Status SectionWalker::prepare(Round& round) {
  const PlanInput input = look(parts_, &round.application);
  round.plan = plan(input);
  for (const auto& action : round.plan.actions) {
    const bool is_apply = action.kind != ActionKind::kDelete && action.kind != ActionKind::kForget;
    if (is_apply && action.application == round.application) round.actions[action.key].push_back(&action);
  }
  for (const auto& withheld : round.plan.withheld) {
    const bool is_conflict = withheld.reason == WithheldReason::kClaimConflict;
    if (is_conflict && withheld.application == round.application) round.blocked.insert(withheld.key);
  }
  show_blocked(round);
  for (const auto& item : round.target.items) {
    if (item.desired.rests) continue;
    for (const auto& claim : item.desired.claims) {
      const auto failed = input.unobservable.find(claim);
      if (failed != input.unobservable.end() && !round.blocked.contains(item.desired.key)) {
        show_held_up(round, item);
        return fail(failed->second);
      }
    }
  }
  return {};
}

void SectionWalker::show_blocked(Round& round) {
  for (const auto& withheld : round.plan.withheld) {
    if (withheld.application != round.application || withheld.reason != WithheldReason::kClaimConflict)
      continue;
    TargetItem* item = round.target.find(withheld.key);
    if (item == nullptr) continue;
    parts_.show(*item, SyncStatus::kOutOfSync,
                {.health = Health::kDegraded, .reason = "ClaimConflict", .message = withheld.message});
  }
  // In apply order, what is depended on comes first, so one pass finds all.
  const Placed* first = nullptr;  // a stage is over only when all of it is there
  const Placed* hook = nullptr;   // and what comes after a hook waits for its end
  for (const auto& placed : round.target.order) {
    auto& item = round.target.items[placed.item];
    if (item.desired.rests) continue;
    if (!round.blocked.contains(item.desired.key)) {
      const Placed* before = hook != nullptr && placed.turn() > hook->turn()   ? hook
                             : first != nullptr && placed.stage > first->stage ? first
                                                                               : nullptr;
      const auto on = std::ranges::find_if(placed.depends_on, [&](std::size_t index) {
        return round.blocked.contains(round.target.items[index].desired.key);
      });
      if (before == nullptr && on == placed.depends_on.end()) continue;
      const auto& waited = round.target.items[on != placed.depends_on.end() ? *on : before->item].desired.key;
      round.blocked.insert(item.desired.key);
      parts_.show(
          item, SyncStatus::kOutOfSync,
          {.health = Health::kMissing, .reason = "Waiting", .message = "waits for " + waited.brief()});
    }
    if (first == nullptr) first = &placed;
    if (hook == nullptr && item.desired.hook) hook = &placed;
  }
  round.is_hook_blocked = hook != nullptr;
}

bool SectionWalker::is_finished(const Round& round, std::size_t item) const {
  if (round.target.items[item].desired.rests) return true;
  // What Git says is to be suspended is where it should be.
  const auto health = round.target.items[item].health.health;
  return round.walk.done[item] && (health == Health::kHealthy || health == Health::kSuspended);
}

bool SectionWalker::is_ready(const Round& round, const Placed& placed) const {
  const auto& desired = round.target.items[placed.item].desired;
  if (round.walk.done[placed.item] || desired.rests || round.blocked.contains(desired.key)) return false;
  return std::ranges::all_of(placed.depends_on, [&](std::size_t on) { return is_finished(round, on); });
}

std::optional<Turn> SectionWalker::current_turn(const Round& round) const {
  for (const auto& placed : round.target.order) {
    const bool is_blocked = round.blocked.contains(round.target.items[placed.item].desired.key);
    if (!is_blocked && !is_finished(round, placed.item)) return placed.turn();
  }
  return std::nullopt;
}

void SectionWalker::enter(Round& round, const Turn& turn) {
  // One that was healthy and is not any more gets no time of its own: it would never end.
  if (round.walk.turn && turn <= *round.walk.turn) return;
  round.walk.turn = turn;
  round.walk.deadline = parts_.clock.monotonic() + round.target.policy.progress_deadline;
}

std::vector<std::size_t> SectionWalker::batch_of(const Round& round, const Turn& turn) const {
  std::vector<std::size_t> batch;
  for (const auto& placed : round.target.order) {
    if (placed.turn() == turn && is_ready(round, placed)) batch.push_back(placed.item);
  }
  return batch;
}

SectionWalker::Before SectionWalker::stop_dropped_hooks(Round& round) {
  Plan first;
  std::ranges::copy_if(round.plan.actions, std::back_inserter(first.actions), [&](const Action& action) {
    return action.goes_first && action.application == round.application;
  });
  if (first.actions.empty()) return Before::kDone;
  const auto leaving = end_.clear_leftovers(round.record, first, round.changes);
  if (!leaving) {
    end_.trouble(round.record, leaving.error());
    return Before::kWaiting;
  }
  if (leaving->error) {
    end_.fail_leaving(round.record, *leaving->error, round.changes);
    return Before::kWaiting;
  }
  round.walk.deleted += leaving->deleted;
  const std::string who = first.actions.front().key.brief();
  for (auto& item : round.target.items) {
    if (item.desired.rests || !round.actions.contains(item.desired.key)) continue;
    parts_.show(item, SyncStatus::kOutOfSync,
                {.health = Health::kMissing,
                 .reason = "Waiting",
                 .message = "waits for " + who + ", a hook of an earlier revision, to end"});
  }
  round.changes.sections[round.application] = round.record;
  if (const Status stored = parts_.store.commit(round.changes); !stored) {
    end_.trouble(round.record, stored.error());
  } else if (!leaving->is_pending) {
    parts_.look_at(round.application, parts_.clock.monotonic());
  }
  return Before::kWaiting;
}

void SectionWalker::walk_turns(Round& round) {
  while (const auto turn = current_turn(round)) {
    enter(round, *turn);
    const auto batch = batch_of(round, *turn);
    auto contents = open_batch(round, batch);
    if (!contents) {
      end_.trouble(round.record, contents.error());
      return;
    }
    const auto outcome = apply_batch(round, batch, *contents);
    if (!outcome) {
      end_.fail(round.record, outcome.error(), round.changes);
      return;
    }
    if (const Status looked = look_at_turn(round, *turn); !looked) {
      end_.fail_gate(round.record, looked.error(), round.changes);
      return;
    }
    if (*outcome == Outcome::kMoved || current_turn(round) != *turn) continue;
    wait(round, *turn);
    return;
  }
  if (round.record.phase == SectionPhase::kFailing) {
    end_.conclude(round.record, SectionEvent::kHooksOver, round.changes);
  } else {
    finish(round);
  }
}

/// All is done but for a resource whose claim somebody else holds.
void SectionWalker::wait_for_claim(Round& round) {
  const auto first = std::ranges::find_if(round.plan.withheld, [&](const Withheld& withheld) {
    return withheld.reason == WithheldReason::kClaimConflict && withheld.application == round.application;
  });
  end_.claim_waits(round.record, first->message, round.changes);
}

void SectionWalker::finish(Round& round) {
  if (round.is_hook_blocked) return wait_for_claim(round);
  auto leaving = end_.clear_leftovers(round.record, round.plan, round.changes);
  if (!leaving) {
    end_.trouble(round.record, leaving.error());
    return;
  }
  round.walk.deleted += leaving->deleted;
  if (leaving->error) {
    end_.fail_leaving(round.record, *leaving->error, round.changes);
  } else if (leaving->is_pending) {
    round.changes.sections[round.application] = round.record;
    if (const Status stored = parts_.store.commit(round.changes); !stored)
      end_.trouble(round.record, stored.error());
  } else if (!round.blocked.empty()) {
    wait_for_claim(round);
  } else {
    end_.conclude(round.record, leaving->is_held ? SectionEvent::kOverPruneLimit : SectionEvent::kAllHealthy,
                  round.changes);
  }
}

// ---- applying ----

void SectionWalker::store_intents(Round& round, const std::vector<std::size_t>& batch) {
  for (const std::size_t index : batch) {
    const auto& item = round.target.items[index];
    const auto actions = round.actions.find(item.desired.key);
    if (actions == round.actions.end()) continue;
    for (const Action* action : actions->second) {
      if (action->kind == ActionKind::kAdopt) continue;  // the record is all there is to it
      note_action(round, *action);
      round.changes.inventory[action->claim]->phase = InventoryPhase::kIntent;
    }
  }
}

/// The inventory entry as it will be once the action is done.
void SectionWalker::note_action(Round& round, const Action& action) {
  const TargetItem* item = round.target.find(action.key);
  const auto* known = parts_.store.entry(action.claim);
  sync::InventoryEntry entry = known != nullptr ? *known : sync::InventoryEntry{};
  if (known == nullptr) {
    entry.claim = action.claim;
    entry.made_by = round.target.digest;
  }
  entry.adopted = action.was_there;
  entry.hook = item != nullptr && item->desired.hook.has_value();
  entry.key = action.key;
  entry.application = action.application;
  entry.effective = action.effective;
  entry.phase = InventoryPhase::kApplied;
  entry.prune_disabled = item != nullptr && item->desired.prune_disabled;
  entry.wave = item != nullptr ? item->wave : 0;
  entry.depth = item != nullptr ? item->depth : 0;
  round.changes.inventory[action.claim] = std::move(entry);
}

/// Nothing is to be done for it, and yet it may stand elsewhere in the order than when it was applied.
void SectionWalker::note_place(Round& round, const TargetItem& item) {
  for (const auto& claim : item.desired.claims) {
    const auto* known = parts_.store.entry(claim);
    if (known == nullptr || (known->wave == item.wave && known->depth == item.depth)) continue;
    sync::InventoryEntry entry = *known;
    entry.wave = item.wave;
    entry.depth = item.depth;
    round.changes.inventory[claim] = std::move(entry);
  }
}

Result<bool> SectionWalker::apply_item(Round& round, SectionContents& contents, std::size_t index) {
  auto& item = round.target.items[index];
  const auto actions = round.actions.find(item.desired.key);
  if (actions == round.actions.end()) {
    note_place(round, item);
    return true;
  }
  for (const Action* action : actions->second) {
    std::unique_ptr<Effective> whole;
    if (action->kind != ActionKind::kAdopt) {
      HF_TRY(whole, contents.whole(item));
    }
    const auto progress = item.driver->apply(whole ? *whole : *item.effective, *action);
    if (!progress && is_not_known_yet(progress.error())) return false;
    HF_CHECK(progress);
    if (*progress == Driver::Progress::kPending) return false;
    note_action(round, *action);
    ++parts_.counters.actions;
    if (action->kind == ActionKind::kCreate) ++round.walk.created;
    if (action->kind == ActionKind::kUpdate || action->kind == ActionKind::kTakeOver) ++round.walk.updated;
    if (action->kind == ActionKind::kAdopt) ++round.walk.adopted;
    if (action->kind == ActionKind::kTakeOver) {
      parts_.events.warning("TookOver", {round.record.accepted.name, action->key.brief()},
                            action->claim.text() + " " + action->reason);
    }
  }
  return true;
}

Result<SectionContents> SectionWalker::open_batch(Round& round, const std::vector<std::size_t>& batch) {
  const bool touches_host = std::ranges::any_of(batch, [&](std::size_t index) {
    const auto actions = round.actions.find(round.target.items[index].desired.key);
    return actions != round.actions.end() && std::ranges::any_of(actions->second, [](const Action* action) {
             return action->kind != ActionKind::kAdopt;
           });
  });
  std::string bytes;
  if (touches_host) {
    store_intents(round, batch);
    if (!base::planted("touch-before-intent")) {
      HF_CHECK(parts_.store.commit(round.changes));
    }
    HF_TRY(bytes, parts_.store.body(round.target.digest));
  }
  return SectionContents(std::move(bytes));
}

Result<SectionWalker::Outcome> SectionWalker::apply_batch(Round& round, const std::vector<std::size_t>& batch,
                                                          SectionContents& contents) {
  Outcome outcome = Outcome::kStuck;
  for (const std::size_t index : batch) {
    auto& item = round.target.items[index];
    auto done = apply_item(round, contents, index);
    if (!done) {
      parts_.show(item, SyncStatus::kOutOfSync,
                  {.health = Health::kDegraded, .reason = "ApplyFailed", .message = done.error().message()});
      show_held_up(round, item);
      return fail(done.error());
    }
    if (!*done) {
      round.pending.insert(index);
      parts_.show(item, SyncStatus::kOutOfSync,
                  item.driver->pending(*item.effective)
                      .value_or(ResourceHealth{.health = Health::kProgressing,
                                               .reason = "Restarting",
                                               .message = "waits for the old one to end"}));
      continue;
    }
    round.walk.done[index] = true;
    for (const auto& claim : item.desired.claims) {
      parts_.drift.reset(claim);
      healer_.applied(claim);
    }
    outcome = Outcome::kMoved;
  }
  return outcome;
}

// ---- waiting ----

Status SectionWalker::look_at_turn(Round& round, const Turn& turn) {
  for (const auto& placed : round.target.order) {
    if (placed.turn() != turn || !round.walk.done[placed.item]) continue;
    auto& item = round.target.items[placed.item];
    if (item.desired.rests) continue;
    healer_.tend(round.application, item);
    if (item.health.is_final) {
      return fail(Code::kUnavailable, item.desired.key.brief() + ": " + item.health.message);
    }
  }
  return {};
}

namespace {

std::string waits_for(const Turn& turn, const Placed& placed) {
  if (placed.stage == turn.stage || turn.stage == sync::HookStage::kSync)
    return "waits for wave " + std::to_string(turn.wave) + " to become healthy";
  return "waits for the " + std::string(sync::to_string(turn.stage)) + " hooks to end well";
}

}  // namespace

void SectionWalker::show_waiting(Round& round, const Turn& turn) {
  for (const auto& placed : round.target.order) {
    auto& item = round.target.items[placed.item];
    if (round.walk.done[placed.item] || round.blocked.contains(item.desired.key) || placed.turn() < turn ||
        item.desired.rests)
      continue;
    if (round.pending.contains(placed.item)) continue;
    std::string message = waits_for(turn, placed);
    for (const std::size_t on : placed.depends_on) {
      if (!is_finished(round, on)) message = "waits for " + round.target.items[on].desired.key.brief();
    }
    parts_.show(item, SyncStatus::kOutOfSync,
                {.health = Health::kMissing, .reason = "Waiting", .message = message});
  }
}

void SectionWalker::show_held_up(Round& round, const TargetItem& failed) {
  for (std::size_t index = 0; index < round.target.items.size(); ++index) {
    auto& item = round.target.items[index];
    const bool is_due =
        !item.desired.rests && !round.walk.done[index] && round.actions.contains(item.desired.key);
    if (!is_due || item.desired.key == failed.desired.key) continue;
    parts_.show(item, SyncStatus::kOutOfSync,
                {.health = Health::kMissing,
                 .reason = "Waiting",
                 .message = "waits for " + failed.desired.key.brief() + ", which cannot be applied"});
  }
}

/// It takes as long as it takes, and says itself when it does not get on. A Job is in place when it is noted, and fetches then.
bool SectionWalker::is_fetching(const Round& round, const Turn& turn) const {
  return std::ranges::any_of(round.target.order, [&](const Placed& placed) {
    return placed.turn() == turn && !is_finished(round, placed.item) &&
           round.target.items[placed.item].health.is_fetching;
  });
}

void SectionWalker::wait(Round& round, const Turn& turn) {
  const auto now = parts_.clock.monotonic();
  if (is_fetching(round, turn)) round.walk.deadline = now + round.target.policy.progress_deadline;
  if (now >= round.walk.deadline) {
    std::string who;
    for (const auto& placed : round.target.order) {
      const auto& item = round.target.items[placed.item];
      if (placed.turn() != turn || is_finished(round, placed.item)) continue;
      who += (who.empty() ? "" : ", ") + item.desired.key.brief();
      if (!item.health.message.empty()) who += " (" + item.health.message + ")";
    }
    const auto after = base::format_duration(round.target.policy.progress_deadline);
    end_.fail_gate(round.record, Error(Code::kTimeout, "not healthy after " + after + ": " + who),
                   round.changes);
    return;
  }
  show_waiting(round, turn);
  round.changes.sections[round.application] = round.record;
  if (const Status stored = parts_.store.commit(round.changes); !stored) {
    end_.trouble(round.record, stored.error());
    return;
  }
  parts_.changed = true;
  parts_.look_at(round.application, round.walk.deadline);
}

}  // namespace holdfast::edge_agent
