// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pod_driver.hpp"

#include <algorithm>
#include <utility>

#include "base/planted.hpp"
#include "edge_agent/owned_pods.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

namespace {

const PodEffective& as_pod(const Effective& effective) { return static_cast<const PodEffective&>(effective); }

/// The containers that hold it; not those of another resource of ours, which has taken it over.
std::vector<const base::ContainerState*> holders(Pods& pods, const sync::Claim& claim,
                                                 const sync::InventoryEntry* entry) {
  std::vector<const base::ContainerState*> out;
  for (const auto* state : pods.cache().all()) {
    const bool holds = claim.kind == sync::ClaimKind::kPort ? holds_port(*state, claim.value)
                                                            : state->name.str() == claim.value;
    const auto owner = holds && entry != nullptr ? owner_of(*state, pods.marks()) : std::nullopt;
    if (holds && (!owner || *owner == entry->key)) out.push_back(state);
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Effective>> PodDriver::resolve(const sync::Resource& resource,
                                                      References& references) {
  if (pods_ == nullptr) return fail(no_engine());
  HF_TRY(std::unique_ptr<Effective> pod, resolve_pod_resource(resource, references, context_));
  return pod;
}

Result<Observed> PodDriver::observe_left(const sync::Claim& claim, const sync::InventoryEntry* entry) {
  HF_CHECK(pods_->cache().known(claim));
  Observed observed;
  for (const auto* state : holders(*pods_, claim, entry)) {
    observed.present = true;
    observed.ours = observed.ours || owner_of(*state, pods_->marks()).has_value();
    if (const auto pod = pod_of(*state)) observed.end = how_far(*pods_, *pod);
  }
  if (claim.kind == sync::ClaimKind::kPort) observed.present = observed.ours;
  if (is_busy_with(claim)) observed.present = observed.ours = true;
  if (!observed.present) forget(claim, entry);
  return observed;
}

Result<Observed> PodDriver::observe(const sync::Claim& claim, const Effective* wanted,
                                    const sync::InventoryEntry* entry) {
  if (pods_ == nullptr) return fail(no_engine());
  if (wanted == nullptr) return observe_left(claim, entry);
  const auto& pod = as_pod(*wanted);
  HF_TRY(auto observed, keeper(pod).look(pod.pod, pod.claims.front()));
  // What has become of one that was run is an end, not drift: it is run once.
  const bool was_run = pod.is_hook && entry != nullptr && entry->phase == sync::InventoryPhase::kApplied &&
                       entry->key == pod.key && entry->effective == pod.digest;
  if (was_run) return Observed{.present = true, .matches = true, .ours = true, .end = end_of(pod)};
  observed.end = how_far(*pods_, pod.pod.id);
  if (!observed.matches) HF_CHECK(pods_->gpus().are_given(pod.pod, pod.claims.front()));
  // A container cannot be marked again; what the inventory says is enough to keep it, not to remove it.
  observed.ours = observed.ours || entry != nullptr;
  return observed;
}

/// Of a hook that was run: that its containers were taken away from it.
bool PodDriver::is_lost(const PodEffective& pod) const {
  return std::ranges::any_of(pod.pod.containers, [&](const PodContainer& container) {
    const auto* state = pods_->cache().find(container.spec.name);
    return state == nullptr || label(*state, pod_labels::kDigest) != pod.pod.digest.hex();
  });
}

Observed::End PodDriver::end_of(const PodEffective& pod) const {
  return is_lost(pod) ? Observed::End::kBadly : how_far(*pods_, pod.pod.id);
}

Result<Driver::Progress> PodDriver::prepare(const Effective& wanted) {
  const auto& pod = as_pod(wanted);
  HF_TRY(const bool is_ready, keeper(pod).prepare(pod.pod, pod.claims.front()));
  return is_ready ? Progress::kDone : Progress::kPending;
}

Result<Driver::Progress> PodDriver::apply(const Effective& wanted, const Action& /*action*/) {
  const auto& pod = as_pod(wanted);
  return keeper(pod).bring(pod.pod, pod.claims.front());
}

std::optional<ResourceHealth> PodDriver::pending(const Effective& wanted) {
  return keeper(as_pod(wanted)).pending(as_pod(wanted).pod);
}

Result<Driver::Progress> PodDriver::remove(const sync::InventoryEntry& entry) {
  if (pods_ == nullptr) return fail(no_engine());
  // It may have waited for an image and have no container yet.
  pods_->images().forget(entry.claim);
  HF_CHECK(pods_->cache().known(entry.claim));
  for (const auto* state : holders(*pods_, entry.claim, &entry)) {
    const auto pod = pod_of(*state);
    if (!pod || !owner_of(*state, pods_->marks())) continue;
    pods_of_[entry.claim] = *pod;
    // Its pod stays, and has not been changed yet: until then it is held. One that is still claimed goes for being a hook
    // that is over.
    if (is_desired(*pod) && !desired_.contains(entry.claim))
      return fail(Code::kConflict, entry.claim.text() + " is held by container " + state->name.str() +
                                       ", whose pod could not be changed yet");
    if (base::planted("container-left-behind")) break;
    HF_TRY(const auto progress, pods_->keeper(*pod).end(entry.claim));
    if (progress == Progress::kPending) return progress;
    break;
  }
  if (is_busy_with(entry.claim)) return Progress::kPending;
  forget(entry.claim, &entry);
  return Progress::kDone;
}

bool PodDriver::is_busy_with(const sync::Claim& claim) const {
  if (claim.kind != sync::ClaimKind::kContainer) return false;
  return std::ranges::any_of(pods_->keepers(),
                             [&](const auto& one) { return one.second->is_busy_with(claim.value); });
}

bool PodDriver::is_desired(const PodId& pod) const {
  return std::ranges::any_of(desired_, [&](const auto& one) { return one.second == pod; });
}

bool PodDriver::is_current(const PodEffective& pod) const {
  const auto found = digest_of_.find(pod.claims.front());
  return found != digest_of_.end() && found->second == pod.digest;
}

/// Nothing of it is there any more, and nobody wants it.
void PodDriver::forget(const sync::Claim& claim, const sync::InventoryEntry* entry) {
  restarts_.forget(claim);
  const auto node = pods_of_.extract(claim);
  std::optional<PodId> pod;
  if (!node.empty()) pod = node.mapped();
  // Of an agent before this one; that of a Pod or Job has its name, and files that an engine's refusal or a death left behind.
  const bool has_its_name = entry != nullptr && (entry->key.kind == "Pod" || entry->key.kind == "Job");
  if (!pod && has_its_name) pod = PodId{entry->key.ns, entry->key.name};
  if (!pod || is_desired(*pod) || !pods_->cache().of_pod(*pod).empty()) return;
  const auto* const keeper = pods_->find(*pod);
  if (keeper != nullptr && keeper->is_busy()) return;
  pods_->cache().unfollow(*pod);
  pods_->forget(*pod);
}

Result<Driver::Tended> PodDriver::tend(const Effective& wanted) {
  const auto& pod = as_pod(wanted);
  // All that it needs is there; what was asked for it or another one meanwhile is not wanted any more.
  if (is_current(pod)) pods_->images().forget(pod.claims.front());
  return keeper(pod).tend(pod.pod, pod.claims.front());
}

ResourceHealth PodDriver::health(const Effective& wanted) {
  const auto& pod = as_pod(wanted);
  if (pod.is_hook && is_lost(pod))
    return {.health = sync::Health::kDegraded,
            .reason = "Failed",
            .message = "its containers were taken away, and how it ended is not known",
            .is_final = true};
  auto health = keeper(pod).health(pod.pod);
  health.has_ended = keeper(pod).seen(pod.pod).phase == PodPhase::kSucceeded;
  return health;
}

Status PodDriver::watch(const Effective& wanted) {
  if (pods_ == nullptr) return {};
  const auto& pod = as_pod(wanted).pod.id;
  for (const auto& claim : wanted.claims) {
    desired_[claim] = pod;
    pods_of_[claim] = pod;
  }
  digest_of_[wanted.claims.front()] = wanted.digest;
  pods_->cache().follow(pod, wanted.claims.front());
  return {};
}

/// Its end is still of interest until it is removed; only the probes end.
void PodDriver::unwatch(const sync::Claim& claim) {
  if (pods_ == nullptr) return;
  pods_->images().forget(claim);
  desired_.erase(claim);
  digest_of_.erase(claim);
  for (const auto* state : holders(*pods_, claim, nullptr)) {
    const auto pod = pod_of(*state);
    auto* const keeper = pod ? pods_->find(*pod) : nullptr;
    if (keeper != nullptr) keeper->cancel_probes();
  }
}

std::vector<sync::Claim> PodDriver::on_event(const base::HostEvent& event) {
  if (pods_ == nullptr || event.kind != base::HostEventKind::kProbe) return {};
  const std::string name = ContainerProbes::container_of(event.name);
  const auto* state = name.empty() ? nullptr : pods_->cache().find(base::ContainerName(name));
  const auto pod = state == nullptr ? std::nullopt : pod_of(*state);
  auto* const keeper = pod ? pods_->find(*pod) : nullptr;
  if (keeper == nullptr) return {};
  return {keeper->probe_ended(name, event)};
}

}  // namespace holdfast::edge_agent
