// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/section_walker.hpp"

#include <algorithm>
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
    end_.unable(std::move(record), why);
  } else {
    record.reason = "Invalid";
    record.message = sync::bounded_message(why.message());
    end_.conclude(std::move(record), SectionEvent::kFailedForGood, changes);
  }
}

Walk& SectionWalker::walk_of(const ApplicationUid& application, const SectionRecord& record,
                             const Target& target) {
  auto& walk = parts_.live[application].walk;
  if (!walk || walk->digest != target.digest || walk->phase != record.phase) {
    walk = Walk{};
    walk->digest = target.digest;
    walk->phase = record.phase;
    walk->done.assign(target.items.size(), false);
    for (const auto& item : target.items) {
      if (item.health.is_final && !item.desired.hook) item.driver->begin_anew(*item.effective);
    }
  }
  return *walk;
}

namespace {

Awaits awaited_after(const Error& error) {
  if (is_not_known_yet(error)) return Awaits::kAnswer;
  return is_engine_down(error) ? Awaits::kEngine : Awaits::kChange;
}

}  // namespace

void SectionWalker::walk(const ApplicationUid& application, SectionRecord record) {
  parts_.targets.follow(application);
  Target* target = parts_.targets.find(application);
  const bool is_of_this_run = target != nullptr && (target->run == record.run || !target->has_hooks());
  if (!is_of_this_run || target->digest != target_digest(record)) {
    no_target(application, std::move(record));
    return;
  }
  Walk& walk = walk_of(application, record, *target);
  SectionRound round{.parts = parts_,
                     .application = application,
                     .record = std::move(record),
                     .target = *target,
                     .walk = walk};
  const Status looked = round.look();
  parts_.live[application].awaits = looked ? Awaits::kChange : awaited_after(looked.error());
  if (!looked) {
    if (is_not_known_yet(looked.error())) return;
    fail_looked(round, looked.error());
  } else if (stop_running_hooks(round) == Before::kDone) {
    walk_turns(round);
  }
  healer_.look_at_outgoing(application);
}

namespace {

/// Whether it was applied, or begun, as it is wanted now.
bool is_at(const StateStore& store, const ApplicationUid& application, const TargetItem& item) {
  return std::ranges::any_of(item.desired.claims, [&](const sync::Claim& claim) {
    const auto* entry = store.entry(claim);
    return entry != nullptr && entry->application == application && entry->key == item.desired.key &&
           entry->effective == item.desired.effective;
  });
}

}  // namespace

/// Whether what was in force before is not on the host as it was, by the records: an agent before this one may have begun.
bool SectionWalker::has_begun(const SectionRound& round) const {
  if (round.walk.touched()) return true;
  const auto is_begun = [&](const auto& known) {
    return known.second.application == round.application && known.second.phase == InventoryPhase::kIntent;
  };
  if (std::ranges::any_of(parts_.store.inventory(), is_begun)) return true;
  if (round.record.applied == round.target.digest) return false;
  Target* const before = parts_.targets.outgoing(round.application);
  return std::ranges::any_of(round.target.items, [&](const TargetItem& item) {
    const TargetItem* old = before == nullptr ? nullptr : before->find(item.desired.key);
    const bool is_same = old != nullptr && old->desired.effective == item.desired.effective;
    return !is_same && is_at(parts_.store, round.application, item);
  });
}

/// What another engine, agent or placement would do is no fault of the revision, as long as nothing of it is there.
void SectionWalker::fail_looked(SectionRound& round, const Error& error) {
  if (error.code() != Code::kUnsupported) return end_.fail(round.record, error, round.changes);
  // The way back waits: what was good is no less good for it.
  if (round.record.phase == SectionPhase::kRollingBack)
    return end_.fail(round.record, Error(Code::kUnavailable, base::Disposition::kRetry, error.message()),
                     round.changes);
  if (round.record.phase != SectionPhase::kApplying || has_begun(round))
    return end_.fail(round.record, error, round.changes);
  end_.unable(round.record, error);
}

void SectionWalker::enter(SectionRound& round, const Turn& turn) {
  // One that was healthy and is not any more gets no time of its own: it would never end.
  if (round.walk.turn && turn <= *round.walk.turn) return;
  round.walk.turn = turn;
  round.walk.deadline = parts_.clock.monotonic() + round.target.policy.progress_deadline;
}

namespace {

/// One of those that hold everything up.
std::string first_to_go(const SectionRound& round) {
  const auto is_first = [&](const auto& one) {
    return one.goes_first && one.application == round.application;
  };
  const auto action = std::ranges::find_if(round.plan.actions, is_first);
  if (action != round.plan.actions.end()) return action->key.brief();
  const auto withheld = std::ranges::find_if(round.plan.withheld, is_first);
  return withheld == round.plan.withheld.end() ? "" : withheld->key.brief();
}

}  // namespace

SectionWalker::Before SectionWalker::stop_running_hooks(SectionRound& round) {
  const auto stopped = end_.stop_hooks(round.record, round.plan, round.changes);
  if (!stopped) {
    end_.trouble(round.record, stopped.error());
    return Before::kWaiting;
  }
  if (!*stopped) return Before::kDone;
  const auto& leaving = **stopped;
  if (leaving.error) {
    end_.fail_leaving(round.record, *leaving.error, round.changes);
    return Before::kWaiting;
  }
  if (leaving.is_unknown) parts_.live[round.application].awaits = Awaits::kAnswer;
  round.walk.deleted += leaving.deleted;
  const std::string who = first_to_go(round);
  for (auto& item : round.target.items) {
    if (item.desired.rests || !round.actions.contains(item.desired.key)) continue;
    parts_.show(item, SyncStatus::kOutOfSync,
                {.health = Health::kMissing,
                 .reason = "Waiting",
                 .message = "waits for " + who + ", a hook of an earlier attempt, to end"});
  }
  round.changes.sections[round.application] = round.record;
  if (const Status stored = parts_.store.commit(round.changes); !stored) {
    end_.trouble(round.record, stored.error());
  } else if (!leaving.is_pending) {
    parts_.look_at(round.application, parts_.clock.monotonic());
  }
  return Before::kWaiting;
}

void SectionWalker::walk_turns(SectionRound& round) {
  while (const auto turn = round.current_turn()) {
    enter(round, *turn);
    const auto batch = round.batch_of(*turn);
    auto contents = open_batch(round, batch);
    if (!contents) {
      end_.trouble(round.record, contents.error());
      return;
    }
    const auto ready = prepare_batch(round, batch, *contents);
    if (const Status stored = store_intents(round, ready); !stored) {
      end_.trouble(round.record, stored.error());
      return;
    }
    const auto outcome = apply_batch(round, ready, *contents);
    if (round.failed) return cannot_go_on(round, *turn);
    if (const Status looked = look_at_turn(round, *turn); !looked) {
      end_.fail_gate(round.record, looked.error(), round.changes);
      return;
    }
    if (outcome == Outcome::kMoved || round.current_turn() != *turn) continue;
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
void SectionWalker::wait_for_claim(SectionRound& round) {
  const auto first = std::ranges::find_if(round.plan.withheld, [&](const Withheld& withheld) {
    return withheld.reason == WithheldReason::kClaimConflict && withheld.application == round.application;
  });
  end_.claim_waits(round.record, first->message, round.changes);
}

void SectionWalker::finish(SectionRound& round) {
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

Result<SectionContents> SectionWalker::open_batch(const SectionRound& round,
                                                  const std::vector<std::size_t>& batch) {
  std::string bytes;
  const bool is_needed =
      std::ranges::any_of(batch, [&](std::size_t index) { return round.touches_host(index); });
  if (is_needed) {
    HF_TRY(bytes, parts_.store.body(round.target.digest));
  }
  return SectionContents(std::move(bytes));
}

Result<Driver::Progress> SectionWalker::prepare_item(const SectionRound& round, SectionContents& contents,
                                                     std::size_t index) {
  const auto& item = round.target.items[index];
  if (!item.driver->prepares() || !round.touches_host(index)) return Driver::Progress::kDone;
  HF_TRY(const auto whole, contents.whole(item));
  const auto progress = item.driver->prepare(*whole);
  if (!progress && is_not_known_yet(progress.error())) return Driver::Progress::kPending;
  return progress;
}

std::vector<std::size_t> SectionWalker::prepare_batch(SectionRound& round,
                                                      const std::vector<std::size_t>& batch,
                                                      SectionContents& contents) {
  std::vector<std::size_t> ready;
  for (const std::size_t index : batch) {
    auto& item = round.target.items[index];
    const auto progress = prepare_item(round, contents, index);
    if (!progress && !cannot_apply(round, index, progress.error())) return {};
    if (!progress) continue;
    item.is_preparing = *progress == Driver::Progress::kPending;
    item.is_preparing ? show_pending(round, index) : ready.push_back(index);
  }
  return ready;
}

Status SectionWalker::store_intents(SectionRound& round, const std::vector<std::size_t>& batch) {
  bool touches_host = false;
  for (const std::size_t index : batch) {
    for (const Action* action : round.actions_of(index)) {
      if (action->kind == ActionKind::kAdopt) continue;  // the record is all there is to it
      note_action(round, *action);
      round.changes.inventory[action->claim]->phase = InventoryPhase::kIntent;
      touches_host = true;
    }
  }
  if (!touches_host || base::planted("touch-before-intent")) return {};
  const bool is_attempt =
      round.record.phase == SectionPhase::kApplying && round.record.applied != round.record.accepted.digest;
  if (is_attempt && round.record.touched_in != parts_.boot) {
    round.record.touched_in = parts_.boot;
    round.changes.sections[round.application] = round.record;
  }
  return parts_.store.commit(round.changes);
}

/// The inventory entry as it will be once the action is done.
void SectionWalker::note_action(SectionRound& round, const Action& action) {
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
void SectionWalker::note_place(SectionRound& round, const TargetItem& item) {
  for (const auto& claim : item.desired.claims) {
    const auto* known = parts_.store.entry(claim);
    if (known == nullptr || (known->wave == item.wave && known->depth == item.depth)) continue;
    sync::InventoryEntry entry = *known;
    entry.wave = item.wave;
    entry.depth = item.depth;
    round.changes.inventory[claim] = std::move(entry);
  }
}

/// What was begun by an action that stayed pending is found right, and is adopted: it is counted as what was begun.
void SectionWalker::count_action(SectionRound& round, const Action& action) {
  ++parts_.counters.actions;
  const auto* known = parts_.store.entry(action.claim);
  const bool was_begun = action.kind == ActionKind::kAdopt && known != nullptr &&
                         known->phase == InventoryPhase::kIntent && known->key == action.key &&
                         known->application == action.application && known->effective == action.effective;
  const bool is_new = was_begun && known->made_by == round.target.digest;
  if (action.kind == ActionKind::kCreate || is_new) {
    ++round.walk.created;
  } else if (action.kind != ActionKind::kAdopt || was_begun) {
    ++round.walk.updated;
  } else {
    ++round.walk.adopted;
  }
}

Result<bool> SectionWalker::apply_item(SectionRound& round, SectionContents& contents, std::size_t index) {
  auto& item = round.target.items[index];
  const auto& actions = round.actions_of(index);
  if (actions.empty()) {
    note_place(round, item);
    return true;
  }
  for (const Action* action : actions) {
    std::unique_ptr<Effective> whole;
    if (action->kind != ActionKind::kAdopt) {
      HF_TRY(whole, contents.whole(item));
    }
    const auto progress = item.driver->apply(whole ? *whole : *item.effective, *action);
    if (!progress && is_not_known_yet(progress.error())) return false;
    HF_CHECK(progress);
    if (*progress == Driver::Progress::kPending) return false;
    count_action(round, *action);
    note_action(round, *action);
    if (action->kind == ActionKind::kTakeOver) {
      parts_.events.warning("TookOver", {round.record.accepted.name, action->key.brief()},
                            action->claim.text() + " " + action->reason);
    }
  }
  return true;
}

SectionWalker::Outcome SectionWalker::apply_batch(SectionRound& round, const std::vector<std::size_t>& batch,
                                                  SectionContents& contents) {
  Outcome outcome = Outcome::kStuck;
  for (const std::size_t index : batch) {
    auto& item = round.target.items[index];
    const auto done = apply_item(round, contents, index);
    if (!done && !cannot_apply(round, index, done.error())) return outcome;
    if (!done) continue;
    if (!*done) {
      show_pending(round, index);
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

void SectionWalker::show_pending(SectionRound& round, std::size_t index) {
  auto& item = round.target.items[index];
  round.pending.insert(index);
  auto health = item.driver->pending(*item.effective)
                    .value_or(ResourceHealth{.health = Health::kProgressing,
                                             .reason = "Restarting",
                                             .message = "waits for the old one to end"});
  if (health.is_told)
    parts_.events.warning(health.reason, {round.record.accepted.name, item.desired.key.brief()},
                          health.message);
  parts_.show(item, SyncStatus::kOutOfSync, std::move(health));
}

/// Whether the others of its turn are applied all the same: a host that can no more cannot do these either.
bool SectionWalker::cannot_apply(SectionRound& round, std::size_t index, const Error& error) {
  auto& item = round.target.items[index];
  parts_.show(item, SyncStatus::kOutOfSync,
              {.health = Health::kDegraded, .reason = "ApplyFailed", .message = error.message()});
  const bool is_hosts = is_hosts_fault(error);
  // What the host cannot goes before: it is tried for as long as it takes.
  if (round.failed && !is_hosts) return true;
  const std::string who = item.desired.key.brief();
  const bool is_named = error.message().starts_with(who);
  round.failed = {index, is_named ? error : error.with_context(who)};
  return !is_hosts;
}

/// Told of it, of what was applied beside it, and of what waits for it.
void SectionWalker::cannot_go_on(SectionRound& round, const Turn& turn) {
  const auto& [index, error] = *round.failed;
  static_cast<void>(look_at_turn(round, turn));
  round.show_held_up(round.target.items[index]);
  end_.fail(round.record, error, round.changes);
}

// ---- waiting ----

Status SectionWalker::look_at_turn(SectionRound& round, const Turn& turn) {
  for (const auto& placed : round.target.order) {
    if (placed.turn() != turn || !round.walk.done[placed.item]) continue;
    auto& item = round.target.items[placed.item];
    if (item.desired.rests) continue;
    healer_.tend(round.application, round.target, item);
    if (item.health.is_final) {
      return fail(Code::kUnavailable, item.desired.key.brief() + ": " + cause_text(item.health));
    }
  }
  return {};
}

void SectionWalker::wait(SectionRound& round, const Turn& turn) {
  const auto now = parts_.clock.monotonic();
  // It takes as long as it takes, and says itself when it does not get on.
  if (round.waits_for_node(turn)) round.walk.deadline = now + round.target.policy.progress_deadline;
  if (now >= round.walk.deadline) {
    const auto after = base::format_duration(round.target.policy.progress_deadline);
    end_.fail_gate(round.record,
                   Error(Code::kTimeout, "not healthy after " + after + ": " + round.unfinished(turn)),
                   round.changes);
    return;
  }
  round.show_waiting(turn);
  round.changes.sections[round.application] = round.record;
  if (const Status stored = parts_.store.commit(round.changes); !stored) {
    end_.trouble(round.record, stored.error());
    return;
  }
  parts_.changed = true;
  parts_.look_at(round.application, round.walk.deadline);
}

}  // namespace holdfast::edge_agent
