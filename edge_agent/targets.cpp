// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/targets.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "edge_agent/gpu_need.hpp"

namespace holdfast::edge_agent {

using base::Digest;
using sync::ApplicationUid;

Target* Targets::find(const ApplicationUid& application) {
  const auto found = targets_.find(application);
  return found == targets_.end() ? nullptr : found->second.get();
}

Target* Targets::outgoing(const ApplicationUid& application) {
  const auto found = outgoing_.find(application);
  return found == outgoing_.end() ? nullptr : found->second.get();
}

const base::Error* Targets::error(const ApplicationUid& application) const {
  const auto found = errors_.find(application);
  return found == errors_.end() ? nullptr : &found->second.second;
}

/// What was in force here has its GPUs before what was not.
void Targets::follow_all() {
  const auto was_in_force = [](const auto& section) { return !section.second.applied.is_none(); };
  for (const auto& section : store_.sections()) {
    if (was_in_force(section)) follow(section.first);
  }
  for (const auto& section : store_.sections()) {
    if (!was_in_force(section)) follow(section.first);
  }
}

void Targets::follow(const ApplicationUid& application) {
  const SectionRecord* record = store_.section(application);
  if (record == nullptr || record->removal_pending) {
    drop(application);
    lack_gpus_.erase(application);
    outgoing_.erase(application);
    outgoing_unfit_.erase(application);
    errors_.erase(application);
    accepted_claims_.erase(application);
    accepted_read_.erase(application);
    return;
  }
  follow_target(*record);
  follow_outgoing(*record);
  // After it, for it depends on whether that could be loaded.
  follow_accepted(*record);
}

bool Targets::is_loadable(const SectionRecord& record) {
  const auto bytes = store_.body(record.accepted.digest);
  if (!bytes) return false;
  const auto target = load_target(record.accepted.digest, *bytes, drivers_);
  return target && check_gpus(record, **target);
}

bool Targets::wants_gpus(const SectionRecord& record) {
  const auto bytes = store_.body(record.accepted.digest);
  if (!bytes) return false;
  const auto target = load_target(record.accepted.digest, *bytes, drivers_);
  return target && gpu_need(**target).most() > 0;
}

/// What was in force here once is not asked: its containers are there, or wait for GPUs of which a driver tells late.
base::Status Targets::check_gpus(const SectionRecord& record, const Target& target) {
  const auto& application = record.accepted.application;
  const bool was_in_force =
      record.applied == target.digest || std::ranges::count(record.last_good, target.digest) > 0;
  auto* const pods = drivers_.pods();
  // What is held instead of what is accepted says nothing of that.
  const bool is_accepted = target.digest == record.accepted.digest;
  if (is_accepted) lack_gpus_.erase(application);
  if (was_in_force || pods == nullptr || gpu_need(target).most() == 0) return {};
  std::vector<GpuHolder> others;
  for (const auto& [other, loaded] : targets_) {
    const auto* of = store_.section(other);
    if (other != application && of != nullptr) others.push_back({of->accepted.name, gpu_need(*loaded)});
  }
  auto fits = check_gpu_need(target, others, pods->gpus().offer().count);
  if (!fits && is_accepted) lack_gpus_.insert(application);
  return fits;
}

namespace {

void note_rest(const SectionRecord& record, Target& target) {
  for (auto& item : target.items) item.desired.rests = rests(record, item.desired.hook);
}

/// What is known of each resource goes on being known: only the hooks are resolved anew.
void take_over_status(Target& from, Target& to) {
  if (from.digest != to.digest) return;
  for (std::size_t i = 0; i < to.items.size(); ++i) {
    to.items[i].sync = from.items[i].sync;
    to.items[i].health = std::move(from.items[i].health);
  }
}

}  // namespace

void Targets::follow_target(const SectionRecord& record) {
  const auto& application = record.accepted.application;
  const Digest wanted = target_digest(record);
  Target* loaded = find(application);
  if (loaded != nullptr && loaded->digest == wanted && (loaded->run == record.run || !loaded->has_hooks())) {
    errors_.erase(application);
    note_rest(record, *loaded);
    return;
  }
  const auto failed = errors_.find(application);
  if (failed != errors_.end() && failed->second.first == wanted) return;
  load(application, wanted, record.run);
  loaded = find(application);
  if (loaded != nullptr && loaded->digest == wanted) note_rest(record, *loaded);
}

void Targets::load(const ApplicationUid& application, const Digest& digest, std::uint32_t run) {
  auto bytes = store_.body(digest);
  auto target = bytes ? load_target(digest, *bytes, drivers_, run, application) : base::fail(bytes.error());
  if (const auto* record = store_.section(application); target && record != nullptr) {
    if (auto fits = check_gpus(*record, **target); !fits) target = base::fail(std::move(fits).error());
  }
  if (!target) {
    // What was held before goes on being held: a section that cannot be read takes nothing away.
    errors_.insert_or_assign(application, std::pair{digest, target.error()});
    return;
  }
  // The new one first: what both claim is neither unwatched nor forgotten.
  if (Target* known = find(application)) take_over_status(*known, **target);
  add_claims(application, **target);
  drop(application);
  errors_.erase(application);
  targets_[application] = *std::move(target);
}

void Targets::add_claims(const ApplicationUid& application, const Target& target) {
  for (std::size_t i = 0; i < target.items.size(); ++i) {
    const auto& item = target.items[i];
    for (const auto& claim : item.desired.claims) by_claim_[claim].push_back({application, i});
    const auto watched = item.driver->watch(*item.effective);
    if (watched) continue;
    base::log::failure("cannot watch; only the full pass will notice drift", item.desired.key.text(),
                       watched.error());
  }
}

void Targets::drop(const ApplicationUid& application) {
  const auto found = targets_.find(application);
  if (found == targets_.end()) return;
  gpus_freed_ = gpus_freed_ || gpu_need(*found->second).most() > 0;
  const auto& items = found->second->items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const auto& claim : items[i].desired.claims) {
      auto& refs = by_claim_[claim];
      const auto one = std::ranges::find(refs, Ref{application, i});
      if (one != refs.end()) refs.erase(one);
      if (!refs.empty()) continue;
      by_claim_.erase(claim);
      items[i].driver->unwatch(claim);
    }
  }
  targets_.erase(found);
}

void Targets::follow_outgoing(const SectionRecord& record) {
  const auto& application = record.accepted.application;
  const Digest wanted = outgoing_digest(record);
  const Target* loaded = outgoing(application);
  if (wanted.is_none()) {
    outgoing_.erase(application);
    outgoing_unfit_.erase(application);
    return;
  }
  if (loaded != nullptr && loaded->digest == wanted) return;
  const auto unfit = outgoing_unfit_.find(application);
  if (unfit != outgoing_unfit_.end() && unfit->second == wanted) return;
  outgoing_.erase(application);
  const auto bytes = store_.body(wanted);
  auto target = bytes ? load_target(wanted, *bytes, drivers_) : base::fail(bytes.error());
  if (!target) {  // it is only kept as long as it can be
    if (bytes) outgoing_unfit_.insert_or_assign(application, wanted);
    return;
  }
  for (auto& item : (*target)->items) item.desired.rests = item.desired.hook.has_value();
  outgoing_[application] = *std::move(target);
}

void Targets::follow_accepted(const SectionRecord& record) {
  const auto& application = record.accepted.application;
  const Digest& accepted = record.accepted.digest;
  if (target_digest(record) == accepted && !error(application)) {
    accepted_claims_.erase(application);
    accepted_read_.erase(application);
    return;
  }
  if (accepted_read_[application] == accepted) return;
  const auto bytes = store_.body(accepted);
  accepted_claims_[application] = bytes ? claims_in(*bytes) : std::vector<sync::Claim>{};
  if (bytes) accepted_read_[application] = accepted;
}

std::vector<Targets::Ref> Targets::who_desires(const sync::Claim& claim) const {
  const auto found = by_claim_.find(claim);
  return found == by_claim_.end() ? std::vector<Ref>{} : found->second;
}

}  // namespace holdfast::edge_agent
