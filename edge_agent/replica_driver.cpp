// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/replica_driver.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/agent.hpp"
#include "edge_agent/owned_pods.hpp"
#include "edge_agent/pod_labels.hpp"

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

/// Of a single container or a port, as a DaemonSet's; else of all pods with a number.
bool is_of_all(const sync::Claim& claim) {
  return claim.kind == sync::ClaimKind::kContainer && claim.value.ends_with("-*");
}

base::Error no_engine() {
  return {Code::kUnsupported,
          "this agent runs without a container engine (--engine none); place the application elsewhere"};
}

void sooner(std::optional<base::MonotonicTime>& at, std::optional<base::MonotonicTime> other) {
  if (other) at = at ? std::min(*at, *other) : *other;
}

std::string counts_text(const ReplicaRules& rules, const ReplicaCounts& counts) {
  return std::to_string(counts.current) + " of " + std::to_string(rules.replicas) +
         " pods are of this revision, " + std::to_string(counts.available) + " available" +
         (counts.former + counts.leaving > 0
              ? ", " + std::to_string(counts.former + counts.leaving) + " are to go"
              : "");
}

}  // namespace

Result<std::unique_ptr<Effective>> ReplicaDriver::resolve(const sync::Resource& resource,
                                                          References& references) {
  if (seams_.pods == nullptr) return fail(no_engine());
  HF_TRY(std::unique_ptr<Effective> replicas, resolve_replicas(resource, references, seams_.context));
  return replicas;
}

ReplicaDriver::Group& ReplicaDriver::group(const ReplicaEffective& wanted) {
  Group& group = groups_[wanted.claims.front()];
  if (group.digest != wanted.digest) {
    group.digest = wanted.digest;
    group.progress.begin(seams_.clock.monotonic());
  }
  return group;
}

// ---- what is there ----

Result<std::vector<ReplicaDriver::There>> ReplicaDriver::there(const ReplicaEffective& wanted, Group& group) {
  Pods& pods = *seams_.pods;
  const auto& claim = wanted.claims.front();
  HF_CHECK(pods.cache().known(claim));
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
      const auto known = std::ranges::find_if(group.former, [&](const auto& set) { return is_of(*set); });
      if (known != group.former.end()) one.wanted = &(**known)[*index];
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
    if (!is_of_all(claim)) return seams_.of_claims.observe(claim, nullptr, entry);
    HF_CHECK(seams_.pods->cache().known(claim));
    // Until the last word on each of them was heard, so that remove() can forget them.
    const auto known = groups_.find(claim);
    const bool is_leaving = known != groups_.end() && !known->second.leaving.empty();
    const bool is_there = entry != nullptr && (is_leaving || !pods_of(*seams_.pods, entry->key).empty());
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
  observed.ours = (observed.ours && observed.present) || entry != nullptr;
  return observed;
}

// ---- keeping what is there ----

ReplicaPod ReplicaDriver::seen(const There& pod, const Group& group) {
  ReplicaPod out{
      .index = pod.index, .is_current = pod.is_current, .is_leaving = group.leaving.contains(pod.id)};
  if (pod.wanted != nullptr) {
    const auto seen = seams_.pods->keeper(pod.id).seen(*pod.wanted);
    if (seen.is_ready)
      out.ready_for = seams_.clock.monotonic() - seen.ready_since.value_or(seams_.clock.monotonic());
    return out;
  }
  // This agent never knew how to probe it: that it runs has to do, until it is replaced.
  const auto states = seams_.pods->cache().of_pod(pod.id);
  const bool runs = std::ranges::all_of(states, [](const auto* state) {
    return role_of(*state) == ContainerRole::kInit || state->phase == base::ContainerPhase::kRunning;
  });
  if (runs) out.ready_for = base::limits::kMinReadyMax;
  return out;
}

Result<std::vector<ReplicaPod>> ReplicaDriver::keep(const ReplicaEffective& wanted, Group& group,
                                                    const std::vector<There>& there, Tended& tended) {
  std::vector<ReplicaPod> out;
  for (const auto& pod : there) {
    const bool can_be_kept = pod.wanted != nullptr && (!pod.is_current || pod.is_whole);
    if (can_be_kept && !group.leaving.contains(pod.id)) {
      HF_TRY(const auto one, seams_.pods->keeper(pod.id).tend(*pod.wanted, wanted.claims.front()));
      if (!one.restarted.empty()) {
        tended.restarted += (tended.restarted.empty() ? "" : "; ") + pod.id.name + ": " + one.restarted;
      }
      sooner(tended.again_at, one.again_at);
    }
    out.push_back(seen(pod, group));
  }
  group.step = replica_step(wanted.rules, out);
  group.progress.look(group.step, seams_.clock.monotonic());
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
  if (of.step.is_complete) of.former.clear();
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

/// Before anything of the old is stopped for the new. All pods have the same.
Result<bool> ReplicaDriver::images_there(const ReplicaEffective& wanted, Group& group) {
  if (wanted.pods->empty()) return true;
  const auto& pod = wanted.pods->front();
  auto& keeper = seams_.pods->keeper(pod.id);
  HF_TRY(const bool are_there, keeper.images_ready(pod, wanted.claims.front()));
  if (!are_there) group.pending = keeper.pending(pod);
  return are_there;
}

Status ReplicaDriver::carry_out(const ReplicaEffective& wanted, Group& group,
                                const std::vector<There>& there) {
  const auto& claim = wanted.claims.front();
  group.pending = {.health = Health::kProgressing,
                   .reason = "RollingUpdate",
                   .message = counts_text(wanted.rules, group.step.counts)};
  const bool needs_images =
      !group.step.create.empty() || (group.step.counts.former > 0 && wanted.rules.replicas > 0);
  HF_TRY(const bool has_images, needs_images ? images_there(wanted, group) : Result<bool>(true));
  if (!has_images) return {};
  for (const auto index : group.step.stop) group.leaving.insert(replica_id(wanted.key, index));
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
  const auto worst = worst_of(wanted);
  // No kTimeout: that would be the host's fault, and the revision were tried for ever.
  return fail(Code::kLimit,
              "ProgressDeadlineExceeded: nothing went on for " + std::to_string(seconds) +
                  " s (progressDeadlineSeconds): " + counts_text(wanted.rules, group.step.counts) +
                  (worst.message.empty() ? "" : "; " + worst.message));
}

Result<Driver::Progress> ReplicaDriver::apply(const Effective& wanted, const Action& /*action*/) {
  const auto& replicas = as_replicas(wanted);
  Group& of = group(replicas);
  const auto& claim = replicas.claims.front();
  if (const Status known = seams_.pods->cache().known(claim); !known) {
    // While the engine is away nothing can go on.
    of.progress.begin(seams_.clock.monotonic());
    return fail(known.error());
  }
  HF_CHECK(end_leaving(claim, of));
  HF_TRY(const auto pods, there(replicas, of));
  Tended tended;
  HF_CHECK(keep(replicas, of, pods, tended));
  const auto& counts = of.step.counts;
  const bool is_whole =
      std::ranges::all_of(pods, [](const auto& pod) { return pod.is_current && pod.is_whole; });
  const bool is_made = of.leaving.empty() && is_whole && counts.current == replicas.rules.replicas;
  if (is_made) return Progress::kDone;
  HF_CHECK(check_progress(replicas, of));
  HF_CHECK(carry_out(replicas, of, pods));
  look_again(replicas, of, tended);
  if (tended.again_at) seams_.on_due_at(claim, *tended.again_at);
  return Progress::kPending;
}

std::optional<ResourceHealth> ReplicaDriver::pending(const Effective& wanted) {
  return group(as_replicas(wanted)).pending;
}

Result<Driver::Progress> ReplicaDriver::remove(const sync::InventoryEntry& entry) {
  if (seams_.pods == nullptr) return fail(no_engine());
  if (!is_of_all(entry.claim)) return seams_.of_claims.remove(entry);
  HF_CHECK(seams_.pods->cache().known(entry.claim));
  Group& of = groups_[entry.claim];
  for (auto& id : pods_of(*seams_.pods, entry.key)) of.leaving.insert(std::move(id));
  HF_CHECK(end_leaving(entry.claim, of));
  if (!of.leaving.empty()) return Progress::kPending;
  groups_.erase(entry.claim);
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
  Group& of = groups_[replicas.claims.front()];
  if (of.current && of.current != replicas.pods) {
    of.former.insert(of.former.begin(), of.current);
    if (of.former.size() > base::limits::kLastGoodKept) of.former.pop_back();
  }
  of.current = replicas.pods;
  for (const auto& pod : *replicas.pods) seams_.pods->cache().follow(pod.id, replicas.claims.front());
  return {};
}

/// Their end is still of interest until they are removed; only the probes end.
void ReplicaDriver::unwatch(const sync::Claim& claim) {
  const auto known = groups_.find(claim);
  if (known == groups_.end()) return;
  for (const auto& set : {known->second.current}) {
    if (!set) continue;
    for (const auto& pod : *set) {
      auto* const keeper = seams_.pods->find(pod.id);
      if (keeper != nullptr) keeper->cancel_probes();
    }
  }
  groups_.erase(known);
}

}  // namespace holdfast::edge_agent
