// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/container_cache.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "edge_agent/pod_labels.hpp"
#include "sync/model/workload_claims.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::ContainerId;
using base::ContainerState;
using base::Error;
using base::Result;
using base::Status;

namespace {

base::BackoffPolicy engine_backoff() {
  return {.base = base::limits::kEngineBackoffBase,
          .factor = 2,
          .max = base::limits::kEngineBackoffMax,
          .reset_after = std::chrono::milliseconds{0},
          .is_first_free = true};
}

/// One that was made of an image that was made of ours has our labels, and another name: it is of no pod.
bool is_ours(const ContainerState& state) {
  const auto pod = pod_of(state);
  return pod && state.name.str().starts_with(sync::container_name(pod->ns, pod->name, ""));
}

}  // namespace

ContainerCache::ContainerCache(Seams seams) : seams_(std::move(seams)), backoff_(engine_backoff()) {}

ContainerCache::~ContainerCache() { cancel_all(); }

// ---- asking ----

Status ContainerCache::known(const sync::Claim& asker) {
  const auto now = seams_.clock.monotonic();
  if (state_ == State::kKnown) look_again(now);
  if (now - heard_at_ >= base::limits::kEngineSilenceMax) check_engine();
  if (state_ == State::kKnown) return {};
  if (state_ == State::kUnasked || (state_ == State::kDown && retry_at_ <= now)) open();
  waiting_.insert(asker);
  if (state_ == State::kDown) {
    seams_.on_due_at(asker, retry_at_);
    return base::fail(engine_down(*trouble_));
  }
  return base::fail(not_known_yet("the containers of this node are being listed"));
}

const ContainerState* ContainerCache::find(const base::ContainerName& name) const {
  const auto found =
      std::ranges::find_if(containers_, [&](const auto& one) { return one.second.name == name; });
  return found == containers_.end() ? nullptr : &found->second;
}

std::vector<const ContainerState*> ContainerCache::of_pod(const PodId& pod) const {
  std::vector<const ContainerState*> out;
  const std::string text = pod.text();
  for (const auto& [id, state] : containers_) {
    if (label(state, pod_labels::kPod) == text) out.push_back(&state);
  }
  return out;
}

std::vector<const ContainerState*> ContainerCache::all() const {
  std::vector<const ContainerState*> out;
  for (const auto& [id, state] : containers_) out.push_back(&state);
  return out;
}

bool ContainerCache::in_line(const ContainerId& id) const {
  return std::ranges::find(line_, id) != line_.end();
}

// ---- list and stream ----

void ContainerCache::cancel_all() {
  for (const auto& [id, look] : looks_) seams_.engine.cancel(look.call);
  looks_.clear();
  line_.clear();
  again_.clear();  // the next list looks at all of them
  for (auto* call : {&stream_, &list_, &ping_}) {
    if (*call != 0) seams_.engine.cancel(*call);
    *call = 0;
  }
}

void ContainerCache::open() {
  cancel_all();
  state_ = State::kOpening;
  is_listed_ = false;
  base::Engine::EventListener listener;
  listener.on_open = [this] {
    is_listed_ = base::planted("engine-not-listed-again") && !containers_.empty();
    is_listed_ ? now_known() : list();
  };
  listener.on_event = [this](const base::EngineEvent& event) { on_event(event); };
  listener.on_end = [this](const Error& error) { stream_ended(error); };
  stream_ = seams_.engine.watch(std::move(listener));
}

void ContainerCache::list() {
  list_ = seams_.engine.list({{pod_labels::kPod, ""}}, [this](auto answer) { listed(std::move(answer)); });
}

void ContainerCache::listed(Result<std::vector<base::ContainerSummary>> answer) {
  list_ = 0;
  if (!answer) return lost(answer.error());
  std::set<ContainerId> there;
  for (const auto& one : *answer) there.insert(one.id);
  std::vector<ContainerId> gone;
  for (const auto& [id, state] : containers_) {
    if (!there.contains(id)) gone.push_back(id);
  }
  for (const auto& id : gone) drop(id);
  is_listed_ = true;
  for (const auto& id : there) look_at(id);
  now_known();
}

void ContainerCache::on_event(const base::EngineEvent& event) {
  heard_at_ = seams_.clock.monotonic();
  const bool is_known = containers_.contains(event.id);
  const bool may_be_ours = event.name.empty() || event.name.str().starts_with("hf.");
  if (is_known || may_be_ours) look_at(event.id);
}

void ContainerCache::look_at(const ContainerId& id) {
  if (const auto look = looks_.find(id); look != looks_.end()) {
    look->second.is_stale = true;
    return;
  }
  if (!in_line(id)) line_.push_back(id);
  look_on();
}

void ContainerCache::look_on() {
  while (!line_.empty() && looks_.size() < base::limits::kContainerLooksMax) {
    const ContainerId id = line_.front();
    line_.pop_front();
    looks_[id].call = seams_.engine.inspect(id, [this, id](auto answer) { looked(id, std::move(answer)); });
  }
}

void ContainerCache::looked(const ContainerId& id, Result<ContainerState> answer) {
  const bool is_stale = looks_[id].is_stale;
  looks_.erase(id);
  if (is_stale) line_.push_back(id);
  if (answer) {
    again_.erase(id);
    heard_at_ = seams_.clock.monotonic();
    // Known by its id it stays what it is, whatever a hand called it since.
    if (is_ours(*answer) || containers_.contains(id)) take(*std::move(answer));
  } else if (answer.error().code() == Code::kNotFound) {
    drop(id);
  } else if (answer.error().code() == Code::kUnavailable) {
    return lost(answer.error());
  } else {
    // This one's own trouble: what is known of it stands until the engine has another word.
    base::log::failure("a container cannot be inspected", brief(id), answer.error());
    const auto at = seams_.clock.monotonic() + base::limits::kEngineBackoffMax;
    again_[id] = at;
    for (const auto& [pod, claim] : followers_) seams_.on_due_at(claim, at);
  }
  look_on();
  now_known();
}

void ContainerCache::look_again(base::MonotonicTime now) {
  std::vector<ContainerId> due;
  for (const auto& [id, at] : again_) {
    if (at <= now) due.push_back(id);
  }
  for (const auto& id : due) {
    again_.erase(id);
    look_at(id);
  }
}

void ContainerCache::now_known() {
  if (state_ != State::kOpening || !is_listed_ || !line_.empty() || !looks_.empty()) return;
  state_ = State::kKnown;
  trouble_.reset();
  heard_at_ = seams_.clock.monotonic();
  known_since_ = heard_at_;
  // What changed while nothing was known was told to nobody.
  for (const auto& [pod, claim] : followers_) waiting_.insert(claim);
  for (const auto& asker : std::exchange(waiting_, {})) seams_.on_due(asker);
}

void ContainerCache::stream_ended(const Error& error) {
  stream_ = 0;
  lost(error);
}

/// What it was about to hear is not known, so all has to be looked at again; soon, or once the engine is back.
void ContainerCache::lost(const Error& error) {
  cancel_all();
  const auto now = seams_.clock.monotonic();
  const bool was_good = known_since_ && now - *known_since_ >= base::limits::kEngineBackoffReset;
  if (was_good) backoff_.reset();
  known_since_.reset();
  const auto wait = backoff_.record(now);
  // One that hangs would only hang again.
  if (wait == std::chrono::milliseconds::zero() && error.code() != Code::kTimeout) return open();
  state_ = State::kDown;
  trouble_ = error;
  retry_at_ = now + std::max<std::chrono::milliseconds>(wait, base::limits::kEngineBackoffBase);
  for (const auto& [pod, claim] : followers_) waiting_.insert(claim);
  for (const auto& asker : std::exchange(waiting_, {})) seams_.on_due(asker);
}

void ContainerCache::doubt() {
  if (state_ != State::kKnown) return;
  state_ = State::kOpening;
  is_listed_ = false;
  list();
}

void ContainerCache::check_engine() {
  if (state_ != State::kKnown || ping_ != 0) return;
  ping_ = seams_.engine.ping([this](const Status& alive) {
    ping_ = 0;
    // Another error is one of our own, and says nothing of the engine.
    const bool is_gone =
        !alive && (alive.error().code() == Code::kUnavailable || alive.error().code() == Code::kTimeout);
    if (is_gone) return lost(alive.error());
    heard_at_ = seams_.clock.monotonic();
  });
}

// ---- what is known ----

void ContainerCache::tell(const ContainerState& state) {
  if (state_ != State::kKnown) return;
  const auto pod = pod_of(state);
  const auto follower = pod ? followers_.find(*pod) : followers_.end();
  if (follower != followers_.end())
    seams_.on_due(follower->second);
  else
    seams_.on_due({sync::ClaimKind::kContainer, state.name.str()});
}

void ContainerCache::take(ContainerState state) {
  auto& known = containers_[state.id];
  const auto first_name = known.was_named.empty() ? known.name : known.was_named;
  if (!first_name.empty() && first_name != state.name) state.was_named = first_name;
  known = std::move(state);
  // Also where it is as before: somebody may have waited for just this word.
  tell(known);
}

void ContainerCache::drop(const ContainerId& id) {
  again_.erase(id);
  const auto node = containers_.extract(id);
  if (!node.empty()) tell(node.mapped());
}

void ContainerCache::created(const ContainerId& id, const base::ContainerSpec& spec,
                             const base::ImageId& image) {
  // Also while the engine is asked about it: who made it would make it once more. Its answer comes later, and counts.
  if (containers_.contains(id)) return;
  ContainerState state;
  state.id = id;
  state.name = spec.name;
  state.image_id = image;
  state.labels = spec.labels;
  take(std::move(state));
}

void ContainerCache::removed(const ContainerId& id) { drop(id); }

}  // namespace holdfast::edge_agent
