// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/replica_driver.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/agent.hpp"
#include "edge_agent/owned_pods.hpp"
#include "edge_agent/pod_labels.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::Health;

namespace {

const ReplicaEffective& as_replicas(const Effective& effective) {
  return static_cast<const ReplicaEffective&>(effective);
}

std::string counts_text(const ReplicaRules& rules, const ReplicaCounts& counts) {
  return std::to_string(counts.current) + " of " + std::to_string(rules.replicas) +
         " pods are of this revision, " + std::to_string(counts.current_available) + " of them available" +
         (counts.former + counts.leaving > 0
              ? "; " + std::to_string(counts.former + counts.leaving) + " of before are to go"
              : "");
}

}  // namespace

Result<std::unique_ptr<Effective>> ReplicaDriver::resolve(const sync::Resource& resource,
                                                          References& references) {
  if (seams_.pods == nullptr) return fail(no_engine());
  HF_TRY(std::unique_ptr<Effective> replicas, resolve_replicas(resource, references, seams_.context));
  return replicas;
}

/// Another one is that of before, kept until the walk has come to it.
bool ReplicaDriver::is_current(const ReplicaEffective& wanted, const Group& group) {
  return group.current.digest.is_none() || group.current.digest == wanted.digest;
}

void ReplicaDriver::note_former(Group& group, Revision revision) {
  std::erase_if(group.former, [&](const auto& known) { return known.digest == revision.digest; });
  group.former.insert(group.former.begin(), std::move(revision));
  if (group.former.size() > base::limits::kLastGoodKept) group.former.pop_back();
}

// ---- what is there ----

Result<std::vector<ReplicaDriver::There>> ReplicaDriver::there(const ReplicaEffective& wanted, Group& group) {
  Pods& pods = *seams_.pods;
  const auto& claim = wanted.claims.front();
  if (const Status known = pods.cache().known(claim); !known) {
    group.progress.hold(seams_.clock.monotonic());
    return fail(known.error());
  }
  std::set<PodId> ids;
  for (auto& id : pods_of(pods, wanted.key)) ids.insert(std::move(id));
  // What has the digest that is wanted is right, whoever made it.
  for (const auto& pod : *wanted.pods) {
    if (label_of_pod(pods, pod.id, pod_labels::kDigest) == pod.digest.hex()) ids.insert(pod.id);
  }
  std::vector<There> out;
  for (const auto& id : ids) {
    const auto index = replica_index(wanted.key, id);
    if (!index) continue;
    const std::string digest = label_of_pod(pods, id, pod_labels::kDigest);
    const auto is_of = [&](const std::vector<PodWanted>& set) {
      return *index < set.size() && set[*index].digest.hex() == digest;
    };
    There one{.id = id, .index = *index};
    if (is_of(*wanted.pods)) {
      one.is_current = true;
      one.wanted = &(*wanted.pods)[*index];
      HF_TRY(const auto observed, pods.keeper(id).look(*one.wanted, claim));
      one.is_whole = observed.matches;
    } else {
      const auto known =
          std::ranges::find_if(group.former, [&](const auto& revision) { return is_of(*revision.pods); });
      one.wanted = known != group.former.end() ? &(*known->pods)[*index] : &by_labels(group, id);
      one.is_known = known != group.former.end();
      pods.cache().follow(id, claim);
    }
    out.push_back(one);
  }
  return out;
}

Result<Observed> ReplicaDriver::observe(const sync::Claim& claim, const Effective* wanted,
                                        const sync::InventoryEntry* entry) {
  if (seams_.pods == nullptr) return fail(no_engine());
  if (wanted == nullptr) {
    if (!is_of_all_pods(claim)) return seams_.of_claims.observe(claim, nullptr, entry);
    HF_CHECK(seams_.pods->cache().known(claim));
    // Until the last word on each of them was heard, so that remove() can forget them.
    const auto known = groups_.find(claim);
    const bool is_leaving = known != groups_.end() && !known->second.leaving.empty();
    const bool is_there =
        entry != nullptr && (is_leaving || !pods_begun_of(*seams_.pods, entry->key).empty());
    if (!is_there && entry != nullptr) forget_pods_of(*seams_.pods, entry->key);
    return Observed{.present = is_there, .ours = is_there};
  }
  const auto& replicas = as_replicas(*wanted);
  Group& of = group(replicas);
  HF_TRY(const auto pods, there(replicas, of));
  std::size_t right = 0;
  Observed observed{.present = !pods.empty() || replicas.rules.replicas == 0, .matches = true, .ours = true};
  for (const auto& pod : pods) {
    if (pod.is_current && pod.is_whole && !of.leaving.contains(pod.id)) {
      ++right;
    } else if (observed.difference.empty()) {
      observed.difference =
          "pod " + pod.id.name + (pod.is_current ? " is not there in full" : " is of another revision");
    }
    const auto owner = seams_.pods->cache().of_pod(pod.id);
    observed.ours = observed.ours && std::ranges::all_of(owner, [&](const auto* state) {
                      return owner_of(*state, seams_.pods->marks()).has_value();
                    });
  }
  if (observed.difference.empty() && right != replicas.rules.replicas) {
    observed.difference =
        "has " + std::to_string(right) + " pods, want " + std::to_string(replicas.rules.replicas);
  }
  observed.matches = observed.difference.empty();
  if (!observed.matches && !replicas.pods->empty())
    HF_CHECK(seams_.pods->gpus().are_given(replicas.pods->front(), claim));
  observed.ours = (observed.ours && observed.present) || entry != nullptr;
  return observed;
}

// ---- keeping what is there ----

/// Of a revision that this agent never saw: all that its containers say of themselves, which is enough to start them again.
const PodWanted& ReplicaDriver::by_labels(Group& group, const PodId& id) {
  PodWanted pod;
  pod.id = id;
  pod.is_shed = true;
  auto states = seams_.pods->cache().of_pod(id);
  std::ranges::stable_sort(states, {}, [](const auto* state) { return order_of(*state); });
  for (const auto* state : states) {
    PodContainer one;
    one.role = role_of(*state);
    one.name = label(*state, pod_labels::kContainer);
    one.claim = {sync::ClaimKind::kContainer, state->name.str()};
    one.spec.name = state->name;
    pod.grace = grace_of(*state);
    pod.containers.push_back(std::move(one));
  }
  return group.unknown.insert_or_assign(id, std::move(pod)).first->second;
}

ReplicaPod ReplicaDriver::seen(const There& pod, const Group& group) {
  ReplicaPod out{
      .index = pod.index, .is_current = pod.is_current, .is_leaving = group.leaving.contains(pod.id)};
  if (pod.wanted == nullptr) return out;
  const auto seen = seams_.pods->keeper(pod.id).seen(*pod.wanted);
  if (!seen.is_ready) return out;
  // Of one that this agent never knew how to probe, that it runs has to do.
  const bool was_here = pod.is_current || pod.is_known;
  const auto now = seams_.clock.monotonic();
  out.ready_for = was_here ? now - seen.ready_since.value_or(now) : base::limits::kMinReadyMax;
  return out;
}

Result<std::vector<ReplicaPod>> ReplicaDriver::keep(const ReplicaEffective& wanted, Group& group,
                                                    const std::vector<There>& there, Tended& tended) {
  std::vector<ReplicaPod> out;
  for (const auto& pod : there) {
    const bool can_be_kept = pod.wanted != nullptr && (!pod.is_current || pod.is_whole);
    if (can_be_kept && !group.leaving.contains(pod.id)) {
      HF_TRY(const auto one, seams_.pods->keeper(pod.id).tend(*pod.wanted, wanted.claims.front()));
      if (!one.restarted.empty()) add_text(tended.restarted, pod.id.name + ": " + one.restarted);
      sooner(tended.again_at, one.again_at);
    }
    out.push_back(seen(pod, group));
  }
  group.step = replica_step(wanted.rules, out);
  if (is_current(wanted, group)) group.progress.look(group.step, seams_.clock.monotonic());
  return out;
}

void ReplicaDriver::look_again(const ReplicaEffective& wanted, const Group& group, Tended& tended) const {
  const auto now = seams_.clock.monotonic();
  if (group.step.again_in) sooner(tended.again_at, now + *group.step.again_in);
  const auto deadline = group.progress.deadline(wanted.progress_deadline);
  if (deadline && *deadline > now) sooner(tended.again_at, deadline);
}

Result<Driver::Tended> ReplicaDriver::tend(const Effective& wanted) {
  const auto& replicas = as_replicas(wanted);
  Group& of = group(replicas);
  HF_TRY(const auto pods, there(replicas, of));
  Tended tended;
  HF_CHECK(keep(replicas, of, pods, tended));
  if (!is_current(replicas, of)) {
    note_former(of, {replicas.digest, replicas.pods});
  } else {
    // All that it needs is there; what was asked for it or another one meanwhile is not wanted any more.
    seams_.pods->images().forget(replicas.claims.front());
    if (of.step.is_complete) {
      of.former.clear();
      of.unknown.clear();
      // One that an engine refused has files, and is not needed any more.
      forget_pods_of(*seams_.pods, replicas.key);
    }
  }
  add_text(tended.restarted, std::exchange(of.untold, {}));
  look_again(replicas, of, tended);
  return tended;
}

// ---- a change ----

Status ReplicaDriver::end_leaving(const sync::Claim& claim, Group& group) {
  for (auto at = group.leaving.begin(); at != group.leaving.end();) {
    HF_TRY(const auto progress, end_pod(*seams_.pods, seams_.restarts, *at, claim));
    at = progress == Progress::kDone ? group.leaving.erase(at) : std::next(at);
  }
  return {};
}

/// Before anything of the old is stopped for the new. All pods have the same (PodWanted::chosen_for).
Result<bool> ReplicaDriver::images_there(const ReplicaEffective& wanted, Group& group,
                                         const std::vector<There>& there) {
  const bool is_whole =
      std::ranges::all_of(there, [](const auto& pod) { return !pod.is_current || pod.is_whole; });
  // Fewer of the same need none.
  const bool needs_them =
      !group.step.create.empty() || !is_whole || group.step.counts.current < wanted.rules.replicas;
  if (!needs_them || wanted.pods->empty()) return true;
  const auto& pod = wanted.pods->front();
  auto& keeper = seams_.pods->keeper(pod.id);
  HF_TRY(const bool are_there, keeper.images_ready(pod, wanted.claims.front()));
  if (!are_there) group.pending = keeper.pending(pod);
  return are_there;
}

/// By the true mark of one of its containers at least; else nothing of it may be ended.
bool ReplicaDriver::is_ours(const PodId& id) const {
  const auto states = seams_.pods->cache().of_pod(id);
  return std::ranges::any_of(
      states, [&](const auto* state) { return owner_of(*state, seams_.pods->marks()).has_value(); });
}

Status ReplicaDriver::carry_out(const ReplicaEffective& wanted, Group& group,
                                const std::vector<There>& there) {
  const auto& claim = wanted.claims.front();
  for (const auto index : group.step.stop) {
    const PodId id = replica_id(wanted.key, index);
    if (!is_ours(id))
      return fail(Code::kConflict,
                  "pod " + id.name + " is one too many and was not made by this node: remove it by hand");
    group.leaving.insert(id);
  }
  HF_CHECK(end_leaving(claim, group));
  std::set<std::uint32_t> missing(group.step.create.begin(), group.step.create.end());
  for (const auto& pod : there) {
    if (pod.is_current && !pod.is_whole && !group.leaving.contains(pod.id)) missing.insert(pod.index);
  }
  for (const auto index : missing) {
    if (index >= wanted.pods->size()) continue;
    const auto& pod = (*wanted.pods)[index];
    auto& keeper = seams_.pods->keeper(pod.id);
    HF_TRY(const auto progress, keeper.bring(pod, claim));
    const auto why = keeper.pending(pod);
    if (progress == Progress::kPending && why.reason != "ContainerCreating") group.pending = why;
  }
  return {};
}

Status ReplicaDriver::check_progress(const ReplicaEffective& wanted, Group& group) {
  const auto now = seams_.clock.monotonic();
  const auto deadline = group.progress.deadline(wanted.progress_deadline);
  if (!deadline || *deadline > now) return {};
  // The next try has its whole time.
  group.progress.begin(now);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wanted.progress_deadline).count();
  auto worst = worst_of(wanted);
  if (worst.message.empty() && group.pending.health > Health::kProgressing) worst = group.pending;
  // No kTimeout: that would be the host's fault, and the revision were tried for ever.
  return fail(Code::kLimit,
              "ProgressDeadlineExceeded: nothing went on for " + std::to_string(seconds) +
                  " s (progressDeadlineSeconds): " + counts_text(wanted.rules, group.step.counts) +
                  (worst.message.empty() ? "" : "; " + cause_text(worst)));
}

/// Not while images are missing. An error: it has been so for too long.
Result<bool> ReplicaDriver::can_go_on(const ReplicaEffective& wanted, Group& group,
                                      const std::vector<There>& there) {
  group.pending = {.health = Health::kProgressing,
                   .reason = "RollingUpdate",
                   .message = counts_text(wanted.rules, group.step.counts)};
  const auto worst = worst_of(wanted);
  if (worst.health > Health::kProgressing) group.pending.message += "; " + cause_text(worst);
  HF_TRY(const bool has_images, images_there(wanted, group, there));
  // What is made again of the one before has nothing to do with the time of the change.
  if (!is_current(wanted, group)) return has_images;
  if (group.pending.waits_for_node) group.progress.hold(seams_.clock.monotonic());
  HF_CHECK(check_progress(wanted, group));
  return has_images;
}

/// Once a change has begun apply() keeps what there is of it; until then those of before are kept by their own rules, between two attempts,
/// too.
Result<Driver::Progress> ReplicaDriver::prepare(const Effective& wanted) {
  const auto& replicas = as_replicas(wanted);
  Group& of = group(replicas);
  HF_TRY(const auto pods, there(replicas, of));
  const bool has_begun =
      !of.leaving.empty() || std::ranges::any_of(pods, [](const auto& pod) { return pod.is_current; });
  if (has_begun) return Progress::kDone;
  std::vector<ReplicaPod> as_seen;
  for (const auto& pod : pods) as_seen.push_back(seen(pod, of));
  of.step = replica_step(replicas.rules, as_seen);
  of.progress.look(of.step, seams_.clock.monotonic());
  HF_TRY(const bool has_images, can_go_on(replicas, of, pods));
  if (has_images) return Progress::kDone;
  const auto deadline = of.progress.deadline(replicas.progress_deadline);
  if (deadline) seams_.on_due_at(replicas.claims.front(), *deadline);
  return Progress::kPending;
}

Result<Driver::Progress> ReplicaDriver::apply(const Effective& wanted, const Action& action) {
  const auto& replicas = as_replicas(wanted);
  Group& of = group(replicas);
  const auto& claim = replicas.claims.front();
  HF_CHECK(seams_.pods->cache().known(claim));
  HF_CHECK(end_leaving(claim, of));
  HF_TRY(const auto pods, there(replicas, of));
  Tended tended;
  HF_CHECK(keep(replicas, of, pods, tended));
  const auto& counts = of.step.counts;
  const bool is_whole =
      std::ranges::all_of(pods, [](const auto& pod) { return pod.is_current && pod.is_whole; });
  const bool is_made = of.leaving.empty() && is_whole && counts.current == replicas.rules.replicas;
  add_text(of.untold, tended.restarted);
  of.untold = sync::bounded_message(of.untold);
  // What is adopted came shed: nothing is made of it, and nothing is missing.
  if (is_made || action.kind == ActionKind::kAdopt) return Progress::kDone;
  HF_TRY(const bool has_images, can_go_on(replicas, of, pods));
  if (has_images) HF_CHECK(carry_out(replicas, of, pods));
  look_again(replicas, of, tended);
  if (tended.again_at) seams_.on_due_at(claim, *tended.again_at);
  return Progress::kPending;
}

std::optional<ResourceHealth> ReplicaDriver::pending(const Effective& wanted) {
  return group(as_replicas(wanted)).pending;
}

Result<Driver::Progress> ReplicaDriver::remove(const sync::InventoryEntry& entry) {
  if (seams_.pods == nullptr) return fail(no_engine());
  if (!is_of_all_pods(entry.claim)) return seams_.of_claims.remove(entry);
  // It may have waited for an image and have no pod yet.
  seams_.pods->images().forget(entry.claim);
  HF_CHECK(seams_.pods->cache().known(entry.claim));
  Group& of = groups_[entry.claim];
  for (auto& id : pods_begun_of(*seams_.pods, entry.key)) of.leaving.insert(std::move(id));
  HF_CHECK(end_leaving(entry.claim, of));
  if (!of.leaving.empty()) return Progress::kPending;
  groups_.erase(entry.claim);
  forget_pods_of(*seams_.pods, entry.key);
  return Progress::kDone;
}

// ---- what is said of it ----

/// The first pod that has something to say against itself.
ResourceHealth ReplicaDriver::worst_of(const ReplicaEffective& wanted) {
  ResourceHealth worst{.health = Health::kHealthy};
  for (const auto& pod : *wanted.pods) {
    auto* const keeper = seams_.pods->find(pod.id);
    if (keeper == nullptr || seams_.pods->cache().of_pod(pod.id).empty()) continue;
    auto health = keeper->health(pod);
    if (health.health <= worst.health) continue;
    health.message = "pod " + pod.id.name + (health.message.empty() ? "" : ": " + health.message);
    worst = std::move(health);
  }
  worst.is_final = false;
  return worst;
}

ResourceHealth ReplicaDriver::health(const Effective& wanted) {
  const auto& replicas = as_replicas(wanted);
  Group& of = group(replicas);
  if (of.step.is_complete) return {.health = Health::kHealthy};
  auto worst = worst_of(replicas);
  const std::string counts = std::to_string(of.step.counts.current_available) + " of " +
                             std::to_string(replicas.rules.replicas) + " pods are available";
  const std::string message = worst.message.empty() ? counts : counts + "; " + worst.message;
  const bool is_starting = !of.progress.was_complete();
  if (is_starting) {
    const auto deadline = of.progress.deadline(replicas.progress_deadline);
    if (deadline && *deadline <= seams_.clock.monotonic())
      return {.health = Health::kDegraded,
              .reason = "ProgressDeadlineExceeded",
              .message = message,
              .is_final = true};
  }
  const auto health = is_starting ? Health::kProgressing : Health::kDegraded;
  return {.health = health,
          .reason = worst.reason.empty() ? "PodsNotAvailable" : worst.reason,
          .message = message};
}

Status ReplicaDriver::watch(const Effective& wanted) {
  const auto& replicas = as_replicas(wanted);
  if (seams_.pods == nullptr) return {};
  Group& of = group(replicas);
  // Another attempt is loaded anew, and is the same.
  if (of.current.digest != replicas.digest) {
    if (of.current.pods) note_former(of, of.current);
    std::erase_if(of.former, [&](const auto& known) { return known.digest == replicas.digest; });
    of.progress.begin(seams_.clock.monotonic());
  }
  of.current = {replicas.digest, replicas.pods};
  for (const auto& pod : *replicas.pods) seams_.pods->cache().follow(pod.id, replicas.claims.front());
  return {};
}

/// Their end is still of interest until they are removed; only the probes end.
void ReplicaDriver::unwatch(const sync::Claim& claim) {
  if (seams_.pods != nullptr) seams_.pods->images().forget(claim);
  const auto known = groups_.find(claim);
  if (known == groups_.end()) return;
  auto revisions = known->second.former;
  revisions.push_back(known->second.current);
  for (const auto& revision : revisions) {
    for (const auto& pod : revision.pods ? *revision.pods : std::vector<PodWanted>{}) {
      auto* const keeper = seams_.pods->find(pod.id);
      if (keeper != nullptr) keeper->cancel_probes();
    }
  }
  groups_.erase(known);
}

}  // namespace holdfast::edge_agent
