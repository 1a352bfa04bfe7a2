// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/gpu_book.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/limits/agent.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/pod_labels.hpp"
#include "edge_agent/pod_step.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

/// Until when a container has what its label names; no word: until it is removed.
constexpr std::string_view kUntilEnded = "until-ended";
/// It has ended well. So is read whatever an earlier agent wrote here, "once", which does not say of which kind it is.
constexpr std::string_view kUntilDone = "until-done";

std::string_view until(sync::RestartPolicy policy) {
  switch (policy) {
    case sync::RestartPolicy::kAlways: return "";
    case sync::RestartPolicy::kOnFailure: return kUntilDone;
    case sync::RestartPolicy::kNever: return kUntilEnded;
  }
  return "";
}

std::string numbers_text(const std::vector<std::uint32_t>& numbers) {
  std::string out;
  for (const auto number : numbers) out += (out.empty() ? "" : ",") + std::to_string(number);
  return out;
}

std::vector<std::uint32_t> numbers_in(std::string_view text) {
  std::vector<std::uint32_t> out;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(','));
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size()) return {};
    out.push_back(number);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return out;
}

}  // namespace

GpuBook::~GpuBook() {
  if (call_ != 0) seams_.engine.cancel(call_);
}

const GpuOffer& GpuBook::offer() {
  const auto now = seams_.clock.monotonic();
  if (offer_ && now - offer_at_ < limits::kGpuLookInterval) return *offer_;
  offer_ = seams_.read ? seams_.read() : GpuOffer{};
  offer_at_ = now;
  return *offer_;
}

void GpuBook::ask(const sync::Claim& asker) {
  askers_.insert(asker);
  if (call_ != 0) return;
  call_ = seams_.engine.abilities([this](Result<base::EngineAbilities> answer) {
    call_ = 0;
    engine_ = std::move(answer);
    engine_at_ = seams_.clock.monotonic();
    for (const auto& claim : std::exchange(askers_, {})) seams_.on_due(claim);
  });
}

/// Whether this was its last run. A main one decides for itself, and a sidecar runs as long as they do.
bool GpuBook::is_over(const base::ContainerState& state, std::string_view until) const {
  if (until.empty() || is_of(state.phase) != ContainerIs::kEnded) return false;
  const auto again = again_.find(state.name);
  const bool is_stopped_for_another =
      again != again_.end() && again->second.id == state.id && again->second.started == state.started;
  if (is_stopped_for_another) return false;
  if (role_of(state) != ContainerRole::kSidecar)
    return until == kUntilEnded || (state.exit_code == 0 && !state.out_of_memory);
  const auto pod = pod_of(state);
  return pod && std::ranges::all_of(seams_.cache.of_pod(*pod), [&](const auto* one) {
           return role_of(*one) != ContainerRole::kMain || is_over(*one, until);
         });
}

/// What its label says, where it counts.
std::vector<std::uint32_t> GpuBook::held_by(const base::ContainerState& state) const {
  const std::string_view text = label(state, pod_labels::kGpus);
  const auto word = text.find(' ');
  if (word != std::string_view::npos && is_over(state, text.substr(word + 1))) return {};
  return numbers_in(text.substr(0, word));
}

/// By the label of each that carries our mark, and of those that are being made.
std::map<base::ContainerName, GpuBook::Holding> GpuBook::holdings() const {
  auto out = given_;
  for (const auto* state : seams_.cache.all()) {
    if (label(*state, pod_labels::kGpus).empty() || !owner_of(*state, seams_.marks)) continue;
    const auto pod = pod_of(*state);
    if (pod) out[state->name] = {*pod, role_of(*state), held_by(*state)};
  }
  return out;
}

/// Empty: so many are free.
std::string GpuBook::who_has(const PodWanted& pod, std::uint32_t wanted, std::uint32_t there) const {
  std::set<std::uint32_t> taken;
  std::string who;
  for (const auto& [name, holding] : holdings()) {
    if (holding.pod == pod.id || holding.which.empty()) continue;
    taken.insert(holding.which.begin(), holding.which.end());
    who += (who.empty() ? "" : ", ") + name.str() + " has " + numbers_text(holding.which);
  }
  std::uint32_t free = 0;
  for (std::uint32_t i = 0; i < there; ++i) free += taken.contains(i) ? 0 : 1;
  if (free >= wanted) return {};
  return "nvidia.com/gpu: " + std::to_string(wanted) + " are asked for, and " + std::to_string(free) +
         " of " + std::to_string(there) + " on this node are free" + (who.empty() ? "" : ": " + who);
}

Status GpuBook::are_given(const PodWanted& pod, const sync::Claim& asker) {
  return pod.gpus() == 0 ? Status() : gives(asker);
}

Status GpuBook::gives(const sync::Claim& asker) {
  const auto now = seams_.clock.monotonic();
  if (!engine_ || now - engine_at_ >= limits::kGpuLookInterval) {
    ask(asker);
    return fail(not_known_yet("the container engine is asked which devices it gives"));
  }
  const auto engine = *engine_;
  if (!engine) engine_.reset();  // told once, and asked again
  HF_CHECK(engine);
  base::ContainerSpec tried;
  return give_gpus(offer(), *engine, {0}, tried);
}

std::string GpuBook::waits_for(const PodWanted& pod, const sync::Claim& asker) {
  const auto wanted = pod.gpus();
  if (wanted == 0) return {};
  auto who = who_has(pod, wanted, offer().count);
  if (!who.empty()) seams_.on_due_at(asker, seams_.clock.monotonic() + limits::kGpuWaitInterval);
  return who;
}

Status GpuBook::give(const PodWanted& pod, const PodContainer& container, base::ContainerSpec& spec) {
  if (container.gpus == 0) return {};
  std::set<std::uint32_t> taken;
  for (const auto& [name, holding] : holdings()) {
    // One that runs before the main ones do has given its own back by then.
    const bool is_beside =
        holding.pod != pod.id ||
        (name != spec.name && holding.role != ContainerRole::kInit &&
         (container.role != ContainerRole::kInit || holding.role == ContainerRole::kSidecar));
    if (is_beside) taken.insert(holding.which.begin(), holding.which.end());
  }
  std::vector<std::uint32_t> which;
  for (std::uint32_t i = 0; i < offer_->count && which.size() < container.gpus; ++i) {
    if (!taken.contains(i)) which.push_back(i);
  }
  if (which.size() < container.gpus)
    return fail(Code::kUnavailable, "container " + spec.name.str() + ": no GPU is free for it any more");
  HF_CHECK(give_gpus(*offer_, **engine_, which, spec));
  const auto word = until(pod.restart_policy);
  spec.labels[pod_labels::kGpus] = numbers_text(which) + (word.empty() ? "" : " " + std::string(word));
  given_[spec.name] = {pod.id, container.role, std::move(which)};
  return {};
}

}  // namespace holdfast::edge_agent
