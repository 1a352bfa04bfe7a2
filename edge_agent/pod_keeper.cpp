// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pod_keeper.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/limits/engine.hpp"
#include "base/planted.hpp"
#include "edge_agent/container_env.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::ContainerState;
using base::Error;
using base::fail;
using base::Result;
using base::Status;
using Progress = Driver::Progress;
using sync::Health;

namespace {

const PodContainer* named(const PodWanted* wanted, const base::ContainerName& name) {
  if (wanted == nullptr) return nullptr;
  const auto found =
      std::ranges::find_if(wanted->containers, [&](const auto& one) { return one.spec.name == name; });
  return found == wanted->containers.end() ? nullptr : &*found;
}

bool is_running(const ContainerState& state) { return is_of(state.phase) == ContainerIs::kRunning; }

Error foreign(const ContainerState& state) {
  return {Code::kConflict, "container " + state.name.str() +
                               " is there already, with another specification, and was not made by this "
                               "node: remove or rename it, then this one is made"};
}

/// In the order of their end, from the last: the owner of the network, the sidecars as they were started, all others.
std::size_t place_of(const ContainerState& state) {
  switch (role_of(state)) {
    case ContainerRole::kNetwork: return 0;
    case ContainerRole::kSidecar: return order_of(state);
    default: return SIZE_MAX;
  }
}

/// Those at this place, and behind it, end now; nullopt: none runs.
std::optional<std::size_t> turn_of(const std::vector<const ContainerState*>& states) {
  std::optional<std::size_t> turn;
  for (const auto* state : states) {
    if (is_running(*state)) turn = std::max(turn.value_or(0), place_of(*state));
  }
  return turn;
}

}  // namespace

PodKeeper::PodKeeper(const Seams& seams, PodId id)
    : seams_(seams),
      id_(std::move(id)),
      needs_({seams_.images, seams_.network_image, seams_.gpus, seams_.folders, seams_.machine, seams_.clock,
              seams_.on_due_at}) {}

bool PodKeeper::waits() {
  pending_ = needs_.why();
  return false;
}

PodKeeper::~PodKeeper() {
  for (const auto& [name, one] : kept_) {
    if (one->is_busy()) seams_.engine.cancel(one->call);
    seams_.gpus.forget(base::ContainerName(name));
  }
}

KeptContainer& PodKeeper::kept(const std::string& name) {
  auto& one = kept_[name];
  if (!one) one = std::make_unique<KeptContainer>();
  return *one;
}

bool PodKeeper::is_busy() const {
  return std::ranges::any_of(kept_, [](const auto& one) { return one.second->is_busy(); });
}

bool PodKeeper::is_busy_with(const std::string& container) const {
  const auto found = kept_.find(container);
  return found != kept_.end() && found->second->is_busy();
}

void PodKeeper::wake() const { seams_.on_due(asker_); }

Status PodKeeper::begin(const sync::Claim& asker) {
  asker_ = asker;
  seams_.cache.follow(id_, asker);
  return seams_.cache.known(asker);
}

// ---- what is there ----

/// Whoever owns the network that this one should have is the one that it has.
bool PodKeeper::has_right_network(const ContainerState& state, const PodWanted& wanted,
                                  const PodContainer& container) const {
  const bool shares = wanted.has_network_owner() && container.role != ContainerRole::kNetwork;
  if (!shares) return label(state, pod_labels::kNetwork).empty();
  const auto* owner = seams_.cache.find(wanted.containers.front().spec.name);
  return owner != nullptr && label(state, pod_labels::kNetwork) == owner->id.str() && !is_ending(*owner);
}

/// Told to stop, to be gone or another one.
bool PodKeeper::is_ending(const ContainerState& state) const {
  const auto known = kept_.find(state.name.str());
  return known != kept_.end() && known->second->is_ending && known->second->id == state.id;
}

Fit PodKeeper::fit_of(const ContainerState& state, const PodWanted* wanted,
                      const PodContainer* container) const {
  const bool is_right = wanted != nullptr && container != nullptr && !is_ending(state) &&
                        label(state, pod_labels::kDigest) == wanted->digest.hex() &&
                        state.phase != base::ContainerPhase::kDead &&
                        has_right_network(state, *wanted, *container);
  const bool is_forgotten =
      base::planted("container-made-anew-by-each-agent") && !kept_.contains(state.name.str());
  if (is_right && !is_forgotten) return Fit::kRight;
  const bool is_ours = owner_of(state, seams_.marks).has_value() || base::planted("foreign-container-taken");
  return is_ours ? Fit::kOther : Fit::kForeign;
}

std::vector<PodKeeper::There> PodKeeper::all_there(const PodWanted* wanted) const {
  std::vector<There> out;
  for (const auto* state : seams_.cache.of_pod(id_)) {
    const auto* container = named(wanted, state->name);
    // Made of an image that was made of ours: it has our labels, and is somebody else's.
    if (container == nullptr && !owner_of(*state, seams_.marks)) continue;
    out.push_back({state, fit_of(*state, wanted, container), container});
  }
  return out;
}

std::string PodKeeper::how_it_differs(const There& one) {
  const ContainerState& state = *one.state;
  if (!state.was_named.empty())
    return "container " + state.was_named.str() + " was renamed to " + state.name.str();
  return "container " + state.name.str() + " has another specification" +
         (one.fit == Fit::kForeign ? ", and was not made by this node" : "");
}

Result<Observed> PodKeeper::look(const PodWanted& wanted, const sync::Claim& asker) {
  HF_CHECK(begin(asker));
  Observed observed{.present = false, .matches = true, .ours = true};
  std::size_t right = 0;
  for (const auto& one : all_there(&wanted)) {
    observed.present = true;
    observed.ours = observed.ours && owner_of(*one.state, seams_.marks).has_value();
    const bool is_right = one.fit == Fit::kRight && is_of(one.state->phase) != ContainerIs::kGoing;
    if (is_right) ++right;
    if (!is_right && observed.difference.empty()) observed.difference = how_it_differs(one);
  }
  observed.ours = observed.ours && observed.present;
  if (observed.present && observed.difference.empty() && !seams_.folders.are_right(wanted))
    observed.difference = "the files of its volumes differ";
  observed.matches = right == wanted.containers.size() && observed.difference.empty();
  if (observed.matches || !observed.difference.empty()) return observed;
  for (const auto& container : wanted.containers) {
    if (seams_.cache.find(container.spec.name) == nullptr && observed.difference.empty())
      observed.difference = "container " + container.spec.name.str() + " is not there";
  }
  return observed;
}

// ---- bringing it there ----

void PodKeeper::ended(const std::string& name, const base::ContainerId& id, const Status& status) {
  KeptContainer& one = kept(name);
  one.call = 0;
  if (!status) {
    one.trouble = status.error();
    // What cannot be ended is in the way of whatever is wanted; only a create is of one revision.
    if (!id.empty()) one.trouble_of = {};
    // It may have been carried out all the same.
    if (id.empty())
      seams_.cache.doubt();
    else
      seams_.cache.look_at(id);
  }
  wake();
}

std::optional<Error> PodKeeper::take_trouble(const base::Digest& of) {
  for (const auto& [name, one] : kept_) {
    auto trouble = std::exchange(one->trouble, std::nullopt);
    const bool is_of_this = of.is_none() || one->trouble_of.is_none() || one->trouble_of == of;
    if (trouble && is_of_this) return trouble;
  }
  return std::nullopt;
}

Result<bool> PodKeeper::images_ready(const PodWanted& wanted, const sync::Claim& asker) {
  HF_CHECK(begin(asker));
  if (!needs_.has_references(wanted, false, asker)) return waits();
  std::vector<const PodContainer*> all;
  for (const auto& container : wanted.containers) all.push_back(&container);
  HF_TRY(const bool are_there, needs_.has_images(wanted, all, asker));
  return are_there || waits();
}

Result<bool> PodKeeper::prepare(const PodWanted& wanted, const sync::Claim& asker) {
  HF_CHECK(begin(asker));
  std::vector<const PodContainer*> needed;
  for (const auto& container : wanted.containers) {
    const auto* state = seams_.cache.find(container.spec.name);
    const bool is_there = state != nullptr && is_of(state->phase) != ContainerIs::kGoing &&
                          fit_of(*state, &wanted, &container) == Fit::kRight;
    if (!is_there) needed.push_back(&container);
  }
  // What cannot be made all the same, bring() says.
  if (wanted.unreadable) return true;
  if (!needs_.has_references(wanted, needed.empty(), asker)) return waits();
  if (needed.empty()) return true;
  HF_TRY(const bool are_there, needs_.has_images(wanted, needed, asker));
  return are_there || waits();
}

bool PodKeeper::pre_stop_is_over(KeptContainer& one, const ContainerState& state,
                                 std::chrono::milliseconds grace) {
  const auto hook = pre_stop_of(state);
  const auto now = seams_.clock.monotonic();
  if (!one.stop_began) one.stop_began = now;
  if (const auto* pause = std::get_if<std::chrono::seconds>(&hook)) {
    const auto until = *one.stop_began + std::min<std::chrono::milliseconds>(*pause, grace);
    if (now < until) seams_.on_due_at(asker_, until);
    return now >= until;
  }
  const auto* exec = std::get_if<sync::ExecAction>(&hook);
  if (exec == nullptr || one.hook_is_over) return true;
  base::ExecCommand command;
  command.argv = exec->command;
  command.timeout = grace;
  // However it ends: it was to have its chance, not to say no.
  one.call = seams_.engine.exec(state.id, command, [this, name = state.name.str()](const auto& /*end*/) {
    KeptContainer& over = kept(name);
    over.call = 0;
    over.hook_is_over = true;
    wake();
  });
  return false;
}

void PodKeeper::signal(KeptContainer& one, const ContainerState& state, std::chrono::milliseconds left) {
  one.call = seams_.engine.stop(state.id, left,
                                [this, name = state.name.str(), id = state.id](const Status& status) {
                                  const auto* now = seams_.cache.find(base::ContainerName(name));
                                  if (status && now != nullptr && is_running(*now)) seams_.cache.look_at(id);
                                  kept(name).awaits_word = static_cast<bool>(status);
                                  ended(name, id, status);
                                });
}

bool PodKeeper::awaits_word(KeptContainer& one, const ContainerState& state) const {
  one.awaits_word = one.awaits_word && seams_.cache.is_in_doubt(state.id);
  return one.awaits_word;
}

void PodKeeper::stop(const ContainerState& state, std::chrono::milliseconds grace, StopFor what) {
  KeptContainer& one = kept(state.name.str());
  if (one.is_busy() || awaits_word(one, state)) return;
  one.meet(state, seams_.clock.monotonic(), seams_.clock.wall());
  one.is_ending = one.is_ending || what == StopFor::kAnother;
  one.is_killing = one.is_killing || what == StopFor::kRestart;
  if (one.is_killing) seams_.gpus.will_start_again(state);
  if (one.probes) one.probes->cancel();
  if (!pre_stop_is_over(one, state, grace)) return;
  // What its hook took, and those that end before it, is of the same grace; a second is left in any case, as in Kubernetes two are.
  auto began = *one.stop_began;
  if (what == StopFor::kAnother && ending_since_) began = std::min(began, *ending_since_);
  signal(one, state,
         std::max<std::chrono::milliseconds>(
             grace - (seams_.clock.monotonic() - began),
             std::min<std::chrono::milliseconds>(grace, std::chrono::seconds{1})));
}

void PodKeeper::begin_stop(const ContainerState& state, std::chrono::milliseconds grace) {
  KeptContainer& one = kept(state.name.str());
  if (one.is_busy()) return;
  one.meet(state, seams_.clock.monotonic(), seams_.clock.wall());
  one.is_ending = true;
  if (one.probes) one.probes->cancel();
  static_cast<void>(pre_stop_is_over(one, state, grace));
}

void PodKeeper::remove(const ContainerState& state) {
  KeptContainer& one = kept(state.name.str());
  if (one.is_busy()) return;
  one.call =
      seams_.engine.remove(state.id, [this, name = state.name.str(), id = state.id](const Status& status) {
        const bool is_gone = status || status.error().code() == Code::kNotFound;
        if (is_gone) seams_.cache.removed(id);
        if (is_going_ && seams_.cache.of_pod(id_).empty()) seams_.folders.remove(id_);
        ended(name, id, is_gone ? Status() : status);
      });
}

/// The engine removes it, for whoever asked; it may take its time, but not for ever.
void PodKeeper::wait_for_removal(const ContainerState& state) {
  KeptContainer& one = kept(state.name.str());
  const auto now = seams_.clock.monotonic();
  if (!one.going_until) one.going_until = now + base::limits::kEngineChangeTimeout;
  if (now < *one.going_until) return seams_.on_due_at(asker_, *one.going_until);
  one.going_until.reset();
  one.trouble = Error(Code::kTimeout,
                      "container " + state.name.str() + " is being removed by the engine and does not go");
  seams_.cache.look_at(state.id);
}

/// Ends main and init containers at once, then the sidecars one after the other, the last first, then the owner of the network; and
/// removes them when none runs, the owner last, as an engine keeps what another container refers to. Whether none is left.
bool PodKeeper::clear(const std::vector<const ContainerState*>& others,
                      std::optional<std::chrono::milliseconds> grace) {
  const auto turn = turn_of(others);
  if (others.empty() || !turn) ending_since_.reset();
  if (turn && !ending_since_) ending_since_ = seams_.clock.monotonic();
  for (const auto* state : others) {
    const auto whole = grace.value_or(grace_of(*state));
    switch (make_step(is_of(state->phase), Fit::kOther, Goal::kGone)) {
      case MakeStep::kStop:
        if (place_of(*state) >= *turn)
          stop(*state, whole, StopFor::kAnother);
        else if (role_of(*state) == ContainerRole::kSidecar)
          begin_stop(*state, whole);
        break;
      case MakeStep::kRemove:
        if (role_of(*state) == ContainerRole::kNetwork && others.size() > 1) break;
        if (!turn && !seams_.cache.is_being_looked_at(state->id)) remove(*state);
        break;
      default: wait_for_removal(*state);
    }
  }
  return others.empty();
}

Status PodKeeper::create(const PodWanted& wanted, const PodContainer& container) {
  KeptContainer& one = kept(container.spec.name.str());
  if (one.is_busy()) return {};
  one.forget();
  one.trouble_of = wanted.digest;
  base::ContainerSpec spec = container.spec;
  fill_address(needs_.address(), spec);
  const auto image = needs_.image_of(wanted, container, asker_).image;
  spec.image = image.id.str();
  base::ContainerId network;
  if (wanted.has_network_owner() && container.role != ContainerRole::kNetwork) {
    network = seams_.cache.find(wanted.containers.front().spec.name)->id;
    spec.network = base::ContainerNetwork::kShared;
    spec.shared_with = network;
  }
  if (auto mounted = seams_.folders.mount(wanted, container, spec); !mounted) {
    base::wipe_secrets(spec);
    return mounted;
  }
  spec.labels = labels_of(wanted, container, network, seams_.marks);
  if (auto given = seams_.gpus.give(wanted, container, spec); !given) {
    base::wipe_secrets(spec);
    return given;
  }
  spec.stop_timeout = std::chrono::ceil<std::chrono::seconds>(wanted.grace);
  // Without what may be secret: of it the cache needs nothing.
  base::ContainerSpec made;
  made.name = spec.name;
  made.labels = spec.labels;
  one.call = seams_.engine.create(spec, [this, made = std::move(made), image_id = image.id,
                                         ref = container.image, role = container.role](auto answer) {
    KeptContainer& made_one = kept(made.name.str());
    // Asked for anew once; an engine that has an image and has it not is an error.
    const bool is_image_lost =
        !answer && answer.error().code() == Code::kNotFound && !std::exchange(made_one.has_lost_image, true);
    if (answer) made_one.has_lost_image = false;
    if (answer) seams_.cache.created(*answer, made, image_id);
    seams_.gpus.settled(made.name);
    if (is_image_lost) needs_.image_lost(role, ref);
    ended(made.name.str(), {}, answer || is_image_lost ? Status() : Status(fail(answer.error())));
  });
  base::wipe_secrets(spec);
  return {};
}

Status PodKeeper::create_all(const PodWanted& wanted) {
  // A pod of which nothing is left begins with empty volumes.
  const bool is_new = seams_.cache.of_pod(id_).empty() && !is_busy();
  HF_CHECK(is_new ? seams_.folders.make(wanted) : seams_.folders.update(wanted));
  if (!is_new) HF_CHECK(seams_.folders.restore(wanted));
  for (const auto& container : wanted.containers) {
    if (seams_.cache.find(container.spec.name) != nullptr) continue;
    HF_CHECK(create(wanted, container));
    // The others need its id.
    if (container.role == ContainerRole::kNetwork) return {};
  }
  return {};
}

Result<Progress> PodKeeper::bring(const PodWanted& wanted, const sync::Claim& asker) {
  HF_CHECK(begin(asker));
  is_going_ = false;
  owner_ = wanted.owner;
  pending_ = {.health = Health::kProgressing, .reason = "ContainerCreating", .message = ""};
  std::vector<const ContainerState*> others;
  std::vector<const PodContainer*> needed;
  for (const auto& one : all_there(&wanted)) {
    if (one.fit == Fit::kForeign) return fail(foreign(*one.state));
    if (one.fit == Fit::kOther) others.push_back(one.state);
    if (one.fit == Fit::kRight && is_of(one.state->phase) == ContainerIs::kGoing)
      needed.push_back(one.wanted);
    if (one.fit == Fit::kOther && one.wanted != nullptr) needed.push_back(one.wanted);
  }
  for (const auto& container : wanted.containers) {
    if (seams_.cache.find(container.spec.name) == nullptr) needed.push_back(&container);
  }
  const bool is_there = needed.empty() && others.empty();
  // What failed for another revision, or turned out to be done, is no news.
  auto trouble = take_trouble(wanted.digest);
  if (trouble && !is_there) return fail(*std::move(trouble));
  if (is_there && seams_.folders.are_right(wanted)) return Progress::kDone;
  if (wanted.is_shed)
    return fail(Code::kInternal, "pod " + id_.text() + ": what it is made of was forgotten");
  if (wanted.unreadable) return fail(*wanted.unreadable);
  const auto wait = [this] {
    waits();
    return Progress::kPending;
  };
  if (!needs_.has_references(wanted, is_there, asker)) return wait();
  if (is_there) {
    HF_CHECK(seams_.folders.update(wanted));
    return Progress::kDone;
  }
  HF_TRY(const bool has_images, needs_.has_images(wanted, needed, asker));
  if (!has_images) return wait();
  HF_TRY(const bool has_gpus, needs_.has_gpus(wanted, asker));
  if (!has_gpus || !needs_.has_address(wanted, asker)) return wait();
  if (!others.empty())
    pending_ = {
        .health = Health::kProgressing, .reason = "Restarting", .message = "waits for the old one to end"};
  if (clear(others, wanted.grace)) HF_CHECK(create_all(wanted));
  return Progress::kPending;
}

Result<Progress> PodKeeper::end(const sync::Claim& asker) {
  HF_CHECK(begin(asker));
  if (auto trouble = take_trouble({})) return fail(*std::move(trouble));
  is_going_ = true;
  std::vector<const ContainerState*> ours;
  for (const auto* state : seams_.cache.of_pod(id_)) {
    if (owner_of(*state, seams_.marks)) ours.push_back(state);
  }
  cancel_probes();
  // What is being created now is there in a moment, and then it goes.
  if (!clear(ours, std::nullopt) || is_busy()) return Progress::kPending;
  seams_.cache.unfollow(id_);
  seams_.folders.remove(id_);
  return Progress::kDone;
}

}  // namespace holdfast::edge_agent
