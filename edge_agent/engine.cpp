// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/engine.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/log.hpp"
#include "edge_agent/desired_keeper.hpp"
#include "edge_agent/engine_metrics.hpp"
#include "edge_agent/healer.hpp"
#include "edge_agent/image_needs.hpp"
#include "edge_agent/inventory_rebuild.hpp"
#include "edge_agent/live.hpp"
#include "edge_agent/marks.hpp"
#include "edge_agent/node_conditions.hpp"
#include "edge_agent/node_snapshot.hpp"
#include "edge_agent/plan_input.hpp"
#include "edge_agent/section_keeper.hpp"
#include "sync/model/kinds.hpp"

namespace holdfast::edge_agent {

using base::MonotonicTime;
using base::Result;
using base::Status;
namespace limits = base::limits;

/// A run that goes on for ever would starve the link: what is more waits for the next call.
constexpr std::size_t kWorkPerRunMax = 10'000;

struct Engine::State {
  State(Seams the_seams, NodeIdentity the_identity)
      : seams(the_seams),
        identity(std::move(the_identity)),
        started(seams.clock.monotonic()),
        marks(identity.mark_uid.str().empty() ? identity.uid : identity.mark_uid, identity.mark_key),
        store(seams.store, restarts),
        drivers({seams.host, seams.clock, marks, restarts, secrets,
                 [this](const sync::Claim& claim) { on_due(claim); },
                 [this](const sync::Claim& claim, MonotonicTime at) { parts.look_at(claim, at); },
                 seams.containers, identity.name, seams.pod_places, seams.units, &store.units(), seams.puller,
                 &store.jobs(), seams.not_before, seams.machine}),
        targets(store, drivers),
        events(seams.clock, seams.outbox),
        parts{seams.clock, store, drivers,  targets,  queue,         drift,
              events,      live,  accepted, counters, facts.boot_id, changed},
        healer(parts),
        sections(parts, healer),
        part_book(seams.store),
        keeper(parts, part_book, {identity.fleet, identity.uid, identity.signing_keys}) {
    facts.node = identity.uid;
  }

  void note_boot();
  void do_work(const WorkKey& key);
  void full_pass();
  void go_on_proven();
  std::vector<sync::Frame> after_accept(const std::function<std::vector<sync::Frame>()>& accept);
  void retry_unschedulable();
  void retry_unschedulable(const std::set<sync::ApplicationUid>& applications);
  void look_at_claim(const sync::Claim& claim);
  void on_due(const sync::Claim& claim);
  void retry_what_no_engine_gave();
  void look_for_strays();
  void remove_left_files();
  void store_restarts();
  void after_work();
  void refresh_snapshot();
  void show_conditions();
  void lift(const sync::ApplicationUid& application, Changes& changes) const;
  void lift_each(const std::vector<sync::ApplicationUid>& applications);

  Seams seams;
  NodeIdentity identity;
  MonotonicTime started;
  ImageNeeds image_needs;
  Marks marks;
  RestartBook restarts;
  StateStore store;
  SecretOpener secrets;
  Drivers drivers;
  Targets targets;
  WorkQueue queue;
  DriftBook drift;
  EventBook events;
  std::map<sync::ApplicationUid, LiveSection> live;
  AcceptedState accepted;
  Counters counters;
  bool changed = true;
  bool is_boot_noted = false;
  Parts parts;
  Healer healer;
  SectionKeeper sections;
  PartBook part_book;
  DesiredKeeper keeper;

  std::chrono::milliseconds full_pass_interval = limits::kFullPassInterval;
  NodeFacts facts;
  NodeConditions conditions;
  bool strays_due =
      false;  ///< records were lost, and the containers that are left are to be told once they are known
  bool left_files_due = true;
  bool engine_lack_due = false;  ///< an engine that did not give what was asked of it is to be asked again
  sync::Snapshot snapshot;
  base::Digest snapshot_digest;
  AppliedState told_applied;
  std::optional<sync::Applied> applied_to_tell;
  std::function<void()> on_changed;
  std::function<void()> on_wake;
};

Engine::Engine(Seams seams, NodeIdentity identity)
    : state_(std::make_unique<State>(seams, std::move(identity))) {}

Engine::~Engine() { state_->seams.host.on_event(nullptr); }

// ---- boot ----

Status Engine::boot() {
  State& s = *state_;
  HF_CHECK(s.store.load());
  HF_CHECK(s.part_book.load());
  s.told_applied = s.store.applied();
  s.facts.boot_id = s.seams.host.boot_id();
  HF_CHECK(s.keeper.boot());
  s.targets.follow_all();
  if (s.store.deletes_forbidden()) {
    // Not stored, as on a full disk, it is done again at the next start.
    if (const Status rebuilt = rebuild_inventory(s.parts, s.seams.host, s.marks); !rebuilt)
      base::log::failure("the inventory could not be rebuilt", "inventory", rebuilt.error());
  }
  s.seams.host.on_event([this](const base::HostEvent& event) { on_host_event(event); });
  s.queue.add({WorkKind::kFullPass, ""}, s.seams.clock.monotonic());
  s.changed = true;  // facts may have been set before: what was shown then is not what was loaded now
  s.refresh_snapshot();
  return {};
}

void Engine::State::note_boot() {
  Changes changes;
  for (const auto& [application, record] : store.sections()) {
    SectionRecord noted = record;
    edge_agent::note_boot(noted, facts.boot_id);
    if (!(noted == record)) changes.sections[application] = std::move(noted);
  }
  if (changes.sections.empty()) return;
  // Not stored, as on a full disk, it is counted at the next start.
  if (const Status stored = store.commit(changes); !stored)
    base::log::failure("that a reboot cut off an attempt could not be stored", "boot", stored.error());
}

void Engine::started(MonotonicTime at) { state_->started = at; }

// ---- work ----

std::optional<MonotonicTime> Engine::run_due() {
  State& s = *state_;
  // Not in boot(): who merely looks at the store of an agent that does not run does that, too.
  if (!std::exchange(s.is_boot_noted, true)) s.note_boot();
  for (std::size_t done = 0; done < kWorkPerRunMax; ++done) {
    const auto key = s.queue.take(s.seams.clock.monotonic());
    if (!key) break;
    s.do_work(*key);
  }
  s.after_work();
  return s.queue.next();
}

void Engine::State::do_work(const WorkKey& key) {
  switch (key.kind) {
    case WorkKind::kFullPass: full_pass(); return;
    case WorkKind::kSection: sections.run(sync::ApplicationUid(key.name)); return;
    case WorkKind::kClaim:
      if (const auto claim = sync::Claim::parse(key.name)) look_at_claim(*claim);
      return;
  }
}

void Engine::State::full_pass() {
  const auto began = seams.clock.monotonic();
  const bool is_first = counters.full_passes == 0;
  is_first ? retry_unschedulable() : retry_unschedulable(std::set(targets.lack_gpus()));
  engine_lack_due = true;
  std::vector<sync::ApplicationUid> applications;
  for (const auto& [application, record] : store.sections()) applications.push_back(application);
  for (const auto& application : applications) sections.run(application);
  const auto now = seams.clock.monotonic();
  ++counters.full_passes;
  counters.last_full_pass = now - began;
  if (is_first) counters.first_reconcile = now - started;
  const auto spread = seams.random.jitter(full_pass_interval / 10);
  queue.add({WorkKind::kFullPass, ""}, now + full_pass_interval - spread);
}

/// This agent may be newer than the one that could not.
void Engine::State::retry_unschedulable() {
  std::set<sync::ApplicationUid> all;
  for (const auto& [application, record] : store.sections()) all.insert(application);
  retry_unschedulable(all);
}

/// What they lacked may be there now, or free. Of others nothing changed: they would only be found unable again.
void Engine::State::retry_unschedulable(const std::set<sync::ApplicationUid>& applications) {
  if (accepted.is_unverified()) return;
  Changes changes;
  for (const auto& application : applications) {
    const auto* record = store.section(application);
    const bool is_unable = record != nullptr && record->phase == sync::SectionPhase::kUnschedulable;
    if (!is_unable || !targets.is_loadable(*record)) continue;
    lift(application, changes);
    targets.forget_error(application);
    parts.look_at(application, seams.clock.monotonic());
  }
  if (changes.sections.empty()) return;
  if (const Status stored = store.commit(changes); !stored)
    base::log::failure("that a retry is due could not be stored", "retry", stored.error());
  targets.follow_all();
}

/// The engine may have been mended or replaced, or know of a driver that came late. Once after each full pass, and only where somebody waits
/// for it.
void Engine::State::retry_what_no_engine_gave() {
  auto* const pods = drivers.pods();
  if (pods == nullptr || !engine_lack_due || accepted.is_unverified()) return;
  std::set<sync::ApplicationUid> waiting;
  for (const auto& [application, record] : store.sections()) {
    const bool is_unable = record.phase == sync::SectionPhase::kUnschedulable;
    if (is_unable && !targets.lack_gpus().contains(application)) waiting.insert(application);
  }
  const Status gives = waiting.empty() ? Status() : pods->gpus().gives({sync::ClaimKind::kContainer, "*"});
  if (!gives && is_not_known_yet(gives.error())) return;
  engine_lack_due = false;
  if (!gives) return;
  std::erase_if(waiting,
                [this](const auto& application) { return !targets.wants_gpus(*store.section(application)); });
  retry_unschedulable(waiting);
}

void Engine::State::look_at_claim(const sync::Claim& claim) {
  const auto* entry = store.entry(claim);
  const bool is_leaving = entry != nullptr && entry->phase == sync::InventoryPhase::kDeleting;
  bool is_desired = false;
  for (const auto& ref : targets.who_desires(claim)) {
    if (entry != nullptr && entry->application != ref.application) {
      parts.heard(ref.application, false);  // it may wait for the same word
      continue;
    }
    is_desired = true;
    Target* target = targets.find(ref.application);
    auto& item = target->items[ref.item];
    const bool is_applied = healer.look(ref.application, *target, item);
    // What is there until the walk comes to it is no news to the walk, but for what it fetches for it.
    const bool is_kept = !is_applied && healer.look_at_outgoing(ref.application, claim);
    const bool is_change =
        is_kept ? item.is_preparing : live[ref.application].walk || !is_applied || is_leaving;
    parts.heard(ref.application, is_change);
  }
  if (entry == nullptr || is_desired) return;
  // Nobody desires it: it is kept until what comes has had its turn, or is on its way out.
  parts.heard(entry->application, !healer.look_at_outgoing(entry->application, claim));
}

void Engine::State::on_due(const sync::Claim& claim) {
  parts.look_at(claim, seams.clock.monotonic());
  if (on_wake) on_wake();
}

/// Once after records were lost: else what nobody knows of was let go on purpose.
void Engine::State::look_for_strays() {
  auto* const pods = drivers.pods();
  if (pods == nullptr || !strays_due || store.deletes_forbidden() || accepted.is_unverified()) return;
  if (!pods->cache().known({sync::ClaimKind::kContainer, "*"})) return;
  strays_due = false;
  tell_stray_containers(parts, pods->cache(), marks);
}

/// Once for each agent, when its first full pass has shown what is wanted.
void Engine::State::remove_left_files() {
  auto* const pods = drivers.pods();
  if (pods == nullptr || !left_files_due || counters.full_passes == 0 || store.deletes_forbidden() ||
      accepted.is_unverified())
    return;
  left_files_due = !pods->remove_left_files({sync::ClaimKind::kContainer, "*"});
}

void Engine::State::store_restarts() {
  if (restarts.changed().empty() && store.units().changed().empty() && store.jobs().changed().empty()) return;
  Changes none;
  if (const Status stored = store.commit(none); !stored) {
    base::log::failure("what was noted of processes, units and Jobs could not be stored", "restarts",
                       stored.error());
  }
}

void Engine::State::after_work() {
  if (targets.take_gpus_freed()) retry_unschedulable(std::set(targets.lack_gpus()));
  retry_what_no_engine_gave();
  look_for_strays();
  remove_left_files();
  store_restarts();
  if (store.applied() != told_applied) {
    told_applied = store.applied();
    applied_to_tell = sync::Applied{.stage = sync::AppliedStage::kApplied,
                                    .generation = told_applied.generation,
                                    .content = told_applied.content,
                                    .header = told_applied.header};
    changed = true;
  }
  show_conditions();
  refresh_snapshot();
}

void Engine::State::refresh_snapshot() {
  if (!changed) return;
  changed = false;
  auto fresh = make_snapshot(parts, facts);
  if (fresh == snapshot) return;
  snapshot = std::move(fresh);
  snapshot_digest = base::Digest::of(sync::encode_snapshot(snapshot));
  if (on_changed) on_changed();
}

// ---- from outside ----

std::vector<sync::Frame> Engine::accept(sync::State state) {
  return state_->after_accept([&] { return state_->keeper.accept(std::move(state)); });
}

std::vector<sync::Frame> Engine::accept(const sync::Part& part) {
  return state_->after_accept([&] { return state_->keeper.accept(part); });
}

std::vector<sync::Frame> Engine::State::after_accept(
    const std::function<std::vector<sync::Frame>()>& accept) {
  const bool was_forbidden = store.deletes_forbidden();
  const bool was_unverified = accepted.is_unverified();
  auto frames = accept();
  const bool is_allowed = was_forbidden && !store.deletes_forbidden();
  if (is_allowed) tell_strays(parts, seams.host, marks);
  strays_due = strays_due || is_allowed;
  if (is_allowed || (was_unverified && accepted.verified)) go_on_proven();
  after_work();
  if (on_wake) on_wake();
  return frames;
}

std::optional<std::string> Engine::state_base(std::string_view name) const {
  return state_->keeper.base(name);
}

void Engine::on_host_event(const base::HostEvent& event) {
  State& s = *state_;
  const auto now = s.seams.clock.monotonic();
  if (event.kind == base::HostEventKind::kPath && event.name.empty()) {
    s.queue.add({WorkKind::kFullPass, ""}, now);
  }
  for (const auto& claim : s.drivers.on_event(event)) s.parts.look_at(claim, now);
  if (s.on_wake) s.on_wake();
}

void Engine::State::lift(const sync::ApplicationUid& application, Changes& changes) const {
  const auto& record = *store.section(application);
  auto lifted = advance(record, SectionEvent::kRetryAsked, 0).record;
  if (!(lifted == record)) changes.sections[application] = std::move(lifted);
}

void Engine::State::lift_each(const std::vector<sync::ApplicationUid>& applications) {
  if (accepted.is_unverified()) return;
  Changes changes;
  for (const auto& application : applications)
    if (store.section(application) != nullptr) lift(application, changes);
  for (const auto& [application, record] : changes.sections) live[application].walk.reset();
  if (const Status stored = store.commit(changes); !stored) {
    base::log::failure("that a retry was asked for could not be stored", "retry", stored.error());
  }
  targets.follow_all();
  changed = true;
}

void Engine::look_at_everything() {
  State& s = *state_;
  const auto now = s.seams.clock.monotonic();
  s.drift.reset_all();
  s.targets.forget_errors();
  for (auto& [application, of] : s.live) of.retry_at = now;
  s.queue.add({WorkKind::kFullPass, ""}, now);
  if (s.on_wake) s.on_wake();
}

void Engine::retry(const std::vector<sync::ApplicationUid>& applications) {
  state_->lift_each(applications);
  look_at_everything();
}

void Engine::retry_all() {
  std::vector<sync::ApplicationUid> all;
  for (const auto& [application, record] : state_->store.sections()) all.push_back(application);
  retry(all);
}

// ---- to say ----

/// What had to wait while nothing that is held was proof.
void Engine::State::go_on_proven() {
  for (auto& [application, of] : live) of.leftovers_known = false;
  queue.add({WorkKind::kFullPass, ""}, seams.clock.monotonic());
}

void Engine::set_trust(std::vector<base::PublicKey> signing_keys, std::uint64_t version) {
  state_->identity.trust = version;
  state_->identity.signing_keys = signing_keys;
  if (!state_->keeper.set_signing_keys(std::move(signing_keys))) return;
  state_->go_on_proven();
  if (state_->on_wake) state_->on_wake();
}

sync::SignedHeader Engine::accepted_header() const {
  return state_->store.header().value_or(sync::SignedHeader{});
}

sync::Hello Engine::hello() const {
  const State& s = *state_;
  sync::Hello hello;
  hello.boot_id = s.facts.boot_id;
  hello.accepted = s.accepted.generation;
  hello.applied = s.store.applied().generation;
  // What was lost here must be sent again, and only a difference makes the hub send. After a rescue it is the hub's word that
  // is missing.
  const bool is_whole = s.keeper.is_complete() && !s.store.deletes_forbidden();
  hello.content = is_whole ? s.accepted.content : base::Digest{};
  hello.snapshot = s.snapshot_digest;
  hello.hardware = s.identity.hardware;
  hello.trust = s.identity.trust;
  if (const auto key = sealing_key()) hello.sealing = key->id();
  hello.abilities = sync::abilities_digest(sync::all_abilities());
  return hello;
}

void Engine::set_sealing_keys(base::SealingKeys keys) { state_->secrets.set_keys(std::move(keys)); }

void Engine::on_secret_opened(std::function<void()> listener) {
  state_->secrets.on_open(std::move(listener));
}

std::optional<base::SealingPublicKey> Engine::sealing_key() const {
  const auto& keys = state_->secrets.keys();
  return keys.empty() ? std::nullopt : std::optional(keys.newest().key.public_key());
}

std::set<base::SealingKeyId> Engine::sealing_keys_needed() const {
  std::set<base::SealingKeyId> out;
  for (const auto& [application, record] : state_->store.sections()) {
    std::vector<base::Digest> digests{record.accepted.digest, record.applied};
    digests.insert(digests.end(), record.last_good.begin(), record.last_good.end());
    for (const auto& digest : digests) {
      const auto bytes = state_->store.body(digest);
      if (bytes) out.merge(sealing_keys_in(*bytes));
    }
  }
  return out;
}

Result<std::set<std::string>> Engine::images_needed() const {
  // After a damaged store a section may be missing: what the hub says next tells.
  if (state_->store.deletes_forbidden() || !state_->accepted.verified)
    return base::fail(base::Code::kUnavailable,
                      "what this node needs is not known in full before its hub has spoken");
  std::set<base::Digest> digests;
  for (const auto& [application, record] : state_->store.sections()) {
    digests.insert({record.accepted.digest, record.applied});
    digests.insert(record.last_good.begin(), record.last_good.end());
  }
  digests.erase(base::Digest());
  return state_->image_needs.of(digests,
                                [&](const base::Digest& digest) { return state_->store.body(digest); });
}

const sync::Snapshot& Engine::snapshot() const { return state_->snapshot; }

std::vector<sync::Event> Engine::take_events() { return state_->events.take(); }

std::optional<sync::Applied> Engine::take_applied() {
  return std::exchange(state_->applied_to_tell, std::nullopt);
}

void Engine::on_changed(std::function<void()> listener) { state_->on_changed = std::move(listener); }
void Engine::on_wake(std::function<void()> listener) { state_->on_wake = std::move(listener); }

void Engine::set_full_pass_interval(std::chrono::milliseconds interval) {
  state_->full_pass_interval = interval;
}

void Engine::set_facts(std::map<std::string, std::string> facts) {
  if (state_->facts.facts == facts) return;
  state_->facts.facts = std::move(facts);
  state_->changed = true;
  state_->refresh_snapshot();
}

void Engine::set_conditions(std::vector<sync::Condition> conditions) {
  state_->conditions.set_machines(std::move(conditions));
  state_->show_conditions();
  state_->refresh_snapshot();
}

void Engine::State::show_conditions() {
  auto* const pods = drivers.pods();
  auto shown = conditions.look(pods == nullptr ? nullptr : pods->cache().trouble());
  if (facts.conditions == shown) return;
  tell_conditions(facts.conditions, shown, events);
  facts.conditions = std::move(shown);
  changed = true;
}

Result<Plan> Engine::plan_now() { return plan(look(state_->parts, nullptr)); }

Result<std::vector<Why>> Engine::why(const std::string& brief) { return explain(state_->parts, brief); }

std::vector<base::Metric> Engine::metrics() const {
  const State& s = *state_;
  return engine_metrics({s.store, s.counters, s.events, s.seams.outbox, s.restarts.total(), s.queue.size(),
                         s.drift.waiting(s.seams.clock.monotonic())});
}

}  // namespace holdfast::edge_agent
