// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/owned_pods.hpp"

#include <algorithm>
#include <charconv>

#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {

using base::Result;
using Progress = Driver::Progress;

base::Error no_engine() {
  return {base::Code::kUnsupported,
          "this agent runs without a container engine (--engine none); place the application elsewhere"};
}

bool is_of_all_pods(const sync::Claim& claim) {
  return claim.kind == sync::ClaimKind::kContainer && claim.value.ends_with("-*");
}

void sooner(std::optional<base::MonotonicTime>& at, std::optional<base::MonotonicTime> other) {
  if (other) at = at ? std::min(*at, *other) : *other;
}

void add_text(std::string& all, const std::string& more) {
  if (more.empty()) return;
  all += (all.empty() ? "" : "; ") + more;
}

std::optional<std::uint64_t> pod_number(const std::string& pod, const std::string& name) {
  if (pod.size() < name.size() + 2 || !pod.starts_with(name) || pod[name.size()] != '-') return std::nullopt;
  const char* const begin = pod.data() + name.size() + 1;
  const char* const end = pod.data() + pod.size();
  std::uint64_t number = 0;
  const auto [at, error] = std::from_chars(begin, end, number);
  if (error != std::errc{} || at != end) return std::nullopt;
  return number;
}

std::vector<PodId> pods_of(Pods& pods, const sync::ResourceKey& owner) {
  std::vector<PodId> out;
  for (const auto* state : pods.cache().all()) {
    auto id = pod_of(*state);
    // By name first: a mark costs a hash.
    const bool may_be = id && id->ns == owner.ns && id->name.starts_with(owner.name);
    if (!may_be || std::ranges::count(out, *id) > 0 || owner_of(*state, pods.marks()) != owner) continue;
    out.push_back(*std::move(id));
  }
  std::ranges::sort(out);
  return out;
}

Observed::End how_far(Pods& pods, const PodId& id) {
  bool is_there = false;
  bool has_failed = false;
  bool waits = false;
  for (const auto* state : pods.cache().of_pod(id)) {
    const auto role = role_of(*state);
    // The others run for those, and are ended with them.
    const bool counts = role == ContainerRole::kMain || role == ContainerRole::kInit;
    if (!counts || !owner_of(*state, pods.marks())) continue;
    is_there = true;
    const auto is = is_of(state->phase);
    if (is == ContainerIs::kRunning || is == ContainerIs::kGoing) return Observed::End::kRuns;
    if (is == ContainerIs::kEnded) has_failed = has_failed || state->exit_code != 0 || state->out_of_memory;
    if (is == ContainerIs::kCreated) waits = true;
  }
  if (!is_there) return Observed::End::kNone;
  if (has_failed) return Observed::End::kBadly;
  return waits ? Observed::End::kRuns : Observed::End::kWell;
}

std::vector<PodId> pods_begun_of(Pods& pods, const sync::ResourceKey& owner) {
  auto out = pods_of(pods, owner);
  for (const auto& [id, keeper] : pods.keepers()) {
    if (keeper->is_busy() && keeper->owner() == owner && std::ranges::count(out, id) == 0) out.push_back(id);
  }
  std::ranges::sort(out);
  return out;
}

void forget_pods_of(Pods& pods, const sync::ResourceKey& owner) {
  std::vector<PodId> gone;
  for (const auto& [id, keeper] : pods.keepers()) {
    if (keeper->owner() == owner && !keeper->is_busy() && pods.cache().of_pod(id).empty()) gone.push_back(id);
  }
  for (const auto& id : gone) pods.forget(id);
}

Result<Progress> end_pod(Pods& pods, RestartBook& restarts, const PodId& id, const sync::Claim& asker) {
  for (const auto* state : pods.cache().of_pod(id)) {
    restarts.forget({sync::ClaimKind::kContainer, state->name.str()});
  }
  HF_TRY(const auto progress, pods.keeper(id).end(asker));
  if (progress == Progress::kDone) pods.forget(id);
  return progress;
}

std::string label_of_pod(Pods& pods, const PodId& id, const char* name) {
  const auto states = pods.cache().of_pod(id);
  if (states.empty()) return "";
  const std::string& first = label(*states.front(), name);
  const bool is_same =
      std::ranges::all_of(states, [&](const auto* state) { return label(*state, name) == first; });
  return is_same ? first : "";
}

}  // namespace holdfast::edge_agent
