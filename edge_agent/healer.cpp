// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/healer.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/planted.hpp"

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

bool Healer::look(const ApplicationUid& application, Target& target, TargetItem& item) {
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
      drifted(application, target, item, *observed);
      return true;
    }
    if (const auto node = open_.extract(claim); !node.empty()) healed(application, item, node.mapped());
    parts_.drift.settled(claim);
  }
  tend(application, item);
  return true;
}

void Healer::tend(const ApplicationUid& application, TargetItem& item) {
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
  if (tended->again_at) {
    for (const auto& claim : item.desired.claims) parts_.look_at(claim, *tended->again_at);
  }
  parts_.show(item, SyncStatus::kSynced, item.driver->health(*item.effective));
}

void Healer::show_engine_down(TargetItem& item, const base::Error& error) {
  parts_.show(item, SyncStatus::kUnknown,
              {.health = Health::kUnknown, .reason = "EngineDown", .message = error.message()});
}

void Healer::drifted(const ApplicationUid& application, Target& target, TargetItem& item,
                     const Observed& observed) {
  const auto health = observed.present ? Health::kDegraded : Health::kMissing;
  const std::string difference = observed.matches ? "has lost its ownership mark" : observed.difference;
  if (!target.policy.self_heal || base::planted("drift-not-healed")) {
    parts_.show(item, SyncStatus::kOutOfSync,
                {.health = health, .reason = "SelfHealDisabled", .message = difference});
    return;
  }
  const auto now = parts_.clock.monotonic();
  const auto& claim = item.desired.claims.front();
  const auto repair_at = parts_.drift.found(claim, now);
  if (repair_at > now) {
    parts_.show(item, SyncStatus::kOutOfSync,
                {.health = health, .reason = "DriftBackoff", .message = difference});
    parts_.look_at(claim, repair_at);
    return;
  }
  repair(application, target, item, observed);
}

void Healer::repair(const ApplicationUid& application, Target& target, TargetItem& item,
                    const Observed& observed) {
  const auto& claim = item.desired.claims.front();
  const auto* entry = parts_.store.entry(claim);
  const auto apply = [&]() -> base::Result<Driver::Progress> {
    Action action{.kind = observed.present ? ActionKind::kUpdate : ActionKind::kCreate,
                  .application = application,
                  .key = item.desired.key,
                  .claim = claim,
                  .effective = item.desired.effective,
                  .wave = item.desired.wave,
                  .reason = observed.difference,
                  .was_there = entry != nullptr && entry->adopted};
    HF_TRY(auto bytes, parts_.store.body(target.digest));
    SectionContents contents(std::move(bytes));
    HF_TRY(const auto whole, contents.whole(item));
    return item.driver->apply(*whole, action);
  };
  const auto progress = apply();
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
    parts_.show(
        item, SyncStatus::kOutOfSync,
        item.driver->pending(*item.effective)
            .value_or(ResourceHealth{
                .health = Health::kProgressing, .reason = "Restarting", .message = observed.difference}));
    open_[claim] = observed.difference;
    return;  // an event tells; the drift stays open, so that it is the same one then
  }
  open_.erase(claim);
  healed(application, item, observed.matches ? "has lost its ownership mark" : observed.difference);
  tend(application, item);
}

void Healer::healed(const ApplicationUid& application, const TargetItem& item,
                    const std::string& difference) {
  parts_.drift.repaired(item.desired.claims.front());
  ++parts_.counters.drift_healed;
  parts_.events.normal("DriftHealed", subject(application, item), difference + "; put right");
}

}  // namespace holdfast::edge_agent
