// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/healer.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/planted.hpp"
#include "sync/model/workload_claims.hpp"

namespace holdfast::edge_agent {

using sync::ApplicationUid;
using sync::Health;
using sync::SyncStatus;

namespace {

constexpr auto kTendAgain = base::limits::kProcessBackoffBase;

}  // namespace

Subject Healer::subject(const ApplicationUid& application, const TargetItem& item) const {
  const auto* record = parts_.store.section(application);
  return {record == nullptr ? application.str() : record->accepted.name, item.desired.key.brief()};
}

bool Healer::is_applied(const ApplicationUid& application, const TargetItem& item) const {
  if (item.desired.rests) return true;
  return std::ranges::all_of(item.desired.claims,
                             [&](const auto& claim) { return is_applied_at(application, item, claim); });
}

bool Healer::is_applied_at(const ApplicationUid& application, const TargetItem& item,
                           const sync::Claim& claim) const {
  const auto* entry = parts_.store.entry(claim);
  return entry != nullptr && entry->phase == sync::InventoryPhase::kApplied &&
         entry->application == application && entry->key == item.desired.key &&
         entry->effective == item.desired.effective;
}

namespace {

ResourceHealth health_over(const sync::Hook& hook, Observed::End end) {
  const std::string stage(sync::to_string(hook.stage));
  switch (end) {
    case Observed::End::kWell:
      return {
          .health = Health::kHealthy, .reason = "HookSucceeded", .message = stage + " hook; has ended well"};
    case Observed::End::kBadly:
      return {.health = Health::kHealthy,
              .reason = "HookFailed",
              .message = stage + " hook; its last run failed"};
    case Observed::End::kRuns:
      return {.health = Health::kHealthy,
              .reason = "HookOver",
              .message = stage + " hook; is over, and still runs"};
    case Observed::End::kNone: break;
  }
  const bool is_for_failure = hook.stage == sync::HookStage::kSyncFail;
  return {.health = Health::kHealthy,
          .reason = "HookOver",
          .message = stage + (is_for_failure ? " hook; runs when a revision has failed for good"
                                             : " hook; runs with the next revision")};
}

}  // namespace

/// How far a hook that is over is. One that has ended is no business of ours any more, but for what time still asks for.
Observed::End Healer::look_at_resting(const ApplicationUid& application, const TargetItem& item) {
  auto end = Observed::End::kNone;
  for (const auto& claim : item.desired.claims) {
    const auto* entry = parts_.store.entry(claim);
    if (entry == nullptr || entry->application != application || entry->key != item.desired.key) continue;
    const auto observed = item.driver->observe(claim, nullptr, entry);
    if (observed && observed->present) end = observed->end;
  }
  if (end != Observed::End::kWell && end != Observed::End::kBadly) return end;
  const auto tended = item.driver->tend_ended(*item.effective);
  if (tended && tended->again_at) parts_.look_at(item.desired.claims.front(), *tended->again_at);
  return end;
}

/// A hook that is over is as it should be, whatever has become of it: only how it ended is told.
void Healer::show_resting(const ApplicationUid& application, TargetItem& item) {
  if (!item.desired.hook) return;
  const auto end = look_at_resting(application, item);
  auto health = health_over(*item.desired.hook, end);
  const auto* record = parts_.store.section(application);
  const bool is_stopped = record != nullptr && is_quarantined(*record, target_digest(*record));
  if (is_stopped && end == Observed::End::kBadly) health.health = Health::kDegraded;
  parts_.show(item, SyncStatus::kSynced, std::move(health));
}

bool Healer::look(const ApplicationUid& application, Target& target, TargetItem& item) {
  if (item.desired.rests) {
    show_resting(application, item);
    return true;
  }
  for (const auto& claim : item.desired.claims) {
    if (!is_applied_at(application, item, claim)) return false;
    const auto observed = item.driver->observe(claim, item.effective.get(), parts_.store.entry(claim));
    if (!observed && is_not_known_yet(observed.error())) return true;
    if (!observed && is_engine_down(observed.error())) {
      show_engine_down(item, observed.error());
      return true;
    }
    if (!observed) {
      parts_.show(
          item, SyncStatus::kUnknown,
          {.health = Health::kUnknown, .reason = "Unobservable", .message = observed.error().message()});
      parts_.events.warning("Unobservable", subject(application, item), observed.error().message());
      return true;
    }
    const bool is_right = observed->present && observed->matches && observed->ours;
    if (!is_right) {
      drifted(application, target, item, {claim, *observed});
      return true;
    }
    if (const auto node = open_.extract(claim); !node.empty())
      healed(application, item, claim, node.mapped());
    parts_.drift.settled(claim);
  }
  tend(application, target, item);
  return true;
}

namespace {

/// Pod web-0 by Deployment web, or the other way round: under the name of the one runs the other by now.
bool is_run_over(const TargetItem& item, const Target& next) {
  const auto is_over = [](const sync::Claim& a, const sync::Claim& b) { return sync::claim_over(a) == b; };
  return std::ranges::any_of(next.items, [&](const TargetItem& other) {
    return other.desired.key != item.desired.key &&
           std::ranges::any_of(item.desired.claims, [&](const sync::Claim& claim) {
             return std::ranges::any_of(other.desired.claims, [&](const sync::Claim& wanted) {
               return is_over(claim, wanted) || is_over(wanted, claim);
             });
           });
  });
}

}  // namespace

/// Its successor's turn has come, also where that has other claims (a container by another name): what it claimed is a leftover.
bool Healer::is_taken_over(const TargetItem& item, Target* next) const {
  if (next == nullptr) return false;
  const auto* same = next->find(item.desired.key);
  const bool had_its_turn = same != nullptr && same->desired.effective != item.desired.effective &&
                            std::ranges::any_of(same->desired.claims, [&](const sync::Claim& claim) {
                              const auto* entry = parts_.store.entry(claim);
                              return entry != nullptr && entry->key == same->desired.key &&
                                     entry->effective == same->desired.effective;
                            });
  return had_its_turn || is_run_over(item, *next);
}

bool Healer::look_at_outgoing(const ApplicationUid& application, const sync::Claim& claim) {
  Target* target = parts_.targets.outgoing(application);
  if (target == nullptr) return false;
  Target* next = parts_.targets.find(application);
  bool is_kept = false;
  for (auto& item : target->items) {
    const bool is_there = !item.desired.rests && std::ranges::count(item.desired.claims, claim) > 0 &&
                          !is_taken_over(item, next);
    if (is_there && is_applied(application, item)) is_kept = look(application, *target, item) || is_kept;
  }
  return is_kept;
}

void Healer::look_at_outgoing(const ApplicationUid& application) {
  Target* target = parts_.targets.outgoing(application);
  if (target == nullptr) return;
  Target* next = parts_.targets.find(application);
  for (auto& item : target->items) {
    if (item.desired.rests || !is_applied(application, item) || is_taken_over(item, next)) continue;
    // What is the same in both is the new one's already, and shown as that.
    TargetItem* same = next == nullptr ? nullptr : next->find(item.desired.key);
    const bool is_same =
        same != nullptr && !same->desired.rests && same->desired.effective == item.desired.effective;
    is_same ? look(application, *next, *same) : look(application, *target, item);
  }
}

void Healer::tend(const ApplicationUid& application, const Target& target, TargetItem& item) {
  const auto tended = item.driver->tend(*item.effective);
  if (!tended && is_not_known_yet(tended.error())) return;
  if (!tended && is_engine_down(tended.error())) return show_engine_down(item, tended.error());
  if (!tended) {
    parts_.show(item, SyncStatus::kSynced,
                {.health = Health::kDegraded, .reason = "Unobservable", .message = tended.error().message()});
    // Whatever it waited for is not known now, and no event may ever tell.
    const auto again_at = parts_.clock.monotonic() + kTendAgain;
    for (const auto& claim : item.desired.claims) parts_.look_at(claim, again_at);
    return;
  }
  if (!tended->restarted.empty()) {
    parts_.events.warning("Restarted", subject(application, item), tended->restarted);
  }
  if (!tended->missed.empty()) {
    parts_.events.warning("MissedSchedule", subject(application, item), tended->missed);
  }
  if (tended->wants_whole && !go_on(application, target, item)) return;
  if (tended->again_at) {
    for (const auto& claim : item.desired.claims) parts_.look_at(claim, *tended->again_at);
  }
  auto health = item.driver->health(*item.effective);
  const bool is_waited_for = item.desired.hook && !base::planted("hook-not-waited-for");
  if (is_waited_for && health.health == Health::kHealthy && !health.has_ended) {
    health = {.health = Health::kProgressing,
              .reason = "HookRunning",
              .message = std::string(sync::to_string(item.desired.hook->stage)) + " hook; runs"};
  }
  tell(application, item, health);
  parts_.show(item, SyncStatus::kSynced, std::move(health));
}

void Healer::tell(const ApplicationUid& application, const TargetItem& item, const ResourceHealth& health) {
  if (health.is_told) parts_.events.warning(health.reason, subject(application, item), health.message);
}

base::Result<Driver::Progress> Healer::apply_whole(const base::Digest& section, const TargetItem& item,
                                                   const Action& action) const {
  HF_TRY(auto bytes, parts_.store.body(section));
  SectionContents contents(std::move(bytes));
  HF_TRY(const auto whole, contents.whole(item));
  return item.driver->apply(*whole, action);
}

bool Healer::go_on(const ApplicationUid& application, const Target& target, TargetItem& item) {
  const auto& claim = item.desired.claims.front();
  const auto now = parts_.clock.monotonic();
  if (!item.starts.is_ready(now)) {
    parts_.look_at(claim, item.starts.ready_at());
    return false;
  }
  const auto done = apply_whole(target.digest, item,
                                {.kind = ActionKind::kUpdate,
                                 .application = application,
                                 .key = item.desired.key,
                                 .claim = claim,
                                 .effective = item.desired.effective,
                                 .wave = item.desired.wave,
                                 .reason = "is due"});
  if (done) return true;
  if (is_not_known_yet(done.error())) return false;
  if (is_engine_down(done.error())) {
    show_engine_down(item, done.error());
    return false;
  }
  parts_.show(item, SyncStatus::kSynced,
              {.health = Health::kDegraded, .reason = "StartFailed", .message = done.error().message()});
  parts_.look_at(claim, now + item.starts.record(now));
  return false;
}

void Healer::show_engine_down(TargetItem& item, const base::Error& error) {
  parts_.show(item, SyncStatus::kUnknown,
              {.health = Health::kUnknown, .reason = "EngineDown", .message = error.message()});
}

void Healer::drifted(const ApplicationUid& application, Target& target, TargetItem& item,
                     const Drift& drift) {
  const auto& [claim, observed] = drift;
  const auto health = observed.present ? Health::kDegraded : Health::kMissing;
  const std::string difference = observed.matches ? "has lost its ownership mark" : observed.difference;
  if (!target.policy.self_heal || base::planted("drift-not-healed")) {
    parts_.show(item, SyncStatus::kOutOfSync,
                {.health = health, .reason = "SelfHealDisabled", .message = difference});
    return;
  }
  const auto now = parts_.clock.monotonic();
  const auto repair_at = parts_.drift.found(claim, now);
  if (repair_at > now) {
    parts_.show(item, SyncStatus::kOutOfSync,
                {.health = health, .reason = "DriftBackoff", .message = difference});
    parts_.look_at(claim, repair_at);
    return;
  }
  repair(application, target, item, drift);
}

void Healer::repair(const ApplicationUid& application, Target& target, TargetItem& item, const Drift& drift) {
  const auto& claim = drift.claim;
  const auto& observed = drift.observed;
  const auto* entry = parts_.store.entry(claim);
  const Action action{.kind = observed.present ? ActionKind::kUpdate : ActionKind::kCreate,
                      .application = application,
                      .key = item.desired.key,
                      .claim = claim,
                      .effective = item.desired.effective,
                      .wave = item.desired.wave,
                      .reason = observed.difference,
                      .was_there = entry != nullptr && entry->adopted};
  const auto progress = apply_whole(target.digest, item, action);
  if (!progress && is_not_known_yet(progress.error())) return;
  if (!progress) {
    ++parts_.counters.repairs_failed;
    parts_.events.warning("RepairFailed", subject(application, item), progress.error().message());
    parts_.show(
        item, SyncStatus::kOutOfSync,
        {.health = Health::kDegraded, .reason = "RepairFailed", .message = progress.error().message()});
    // The next try waits like the next drift would.
    parts_.drift.repaired(claim);
    const auto now = parts_.clock.monotonic();
    parts_.look_at(claim, std::max(parts_.drift.found(claim, now), now + std::chrono::milliseconds{1}));
    return;
  }
  if (*progress == Driver::Progress::kPending) {
    auto pending =
        item.driver->pending(*item.effective)
            .value_or(ResourceHealth{
                .health = Health::kProgressing, .reason = "Restarting", .message = observed.difference});
    tell(application, item, pending);
    parts_.show(item, SyncStatus::kOutOfSync, std::move(pending));
    open_.try_emplace(claim, observed.difference);
    return;  // an event tells; the drift stays open, so that it is the same one then
  }
  const auto begun = open_.extract(claim);
  const std::string& difference = begun.empty() ? observed.difference : begun.mapped();
  healed(application, item, claim, observed.matches ? "has lost its ownership mark" : difference);
  tend(application, target, item);
}

void Healer::healed(const ApplicationUid& application, const TargetItem& item, const sync::Claim& claim,
                    const std::string& difference) {
  parts_.drift.repaired(claim);
  ++parts_.counters.drift_healed;
  parts_.events.normal("DriftHealed", subject(application, item), difference + "; put right");
}

}  // namespace holdfast::edge_agent
