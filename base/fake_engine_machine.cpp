// SPDX-License-Identifier: Apache-2.0
// What FakeEngine keeps, and what happens to it: containers, images, foreign hands, misfortunes.
#include <algorithm>
#include <utility>

#include "base/digest.hpp"
#include "base/fake_engine.hpp"

namespace holdfast::base {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kArchivePieceBytes = 64U << 10U;

Error refused(Code code, const std::string& call, const std::string& why) {
  return {code, call + ": the container engine refuses: " + why};
}

}  // namespace

void FakeEngine::changing(const std::string& what) {
  if (before_change_) before_change_(what);
  changes_.push_back(what);
}

void FakeEngine::tell(const Container& container) {
  if (!watchers_.empty()) events_.push_back({container.state.id, container.state.name});
}

Result<FakeEngine::Container*> FakeEngine::find(const ContainerId& id) {
  const auto found = containers_.find(id);
  if (found != containers_.end()) return &found->second;
  return base::fail(Code::kNotFound, "the container engine has no container " + brief(id));
}

FakeEngine::Container* FakeEngine::by_name(const ContainerName& name) {
  const auto found =
      std::ranges::find_if(containers_, [&](const auto& one) { return one.second.state.name == name; });
  return found == containers_.end() ? nullptr : &found->second;
}

const ImageInfo* FakeEngine::find_image(const std::string& reference) const {
  const auto found = std::ranges::find_if(images_, [&](const auto& one) {
    const ImageInfo& image = one.second;
    return image.id.str() == reference || std::ranges::find(image.tags, reference) != image.tags.end() ||
           std::ranges::find(image.digests, reference) != image.digests.end();
  });
  return found == images_.end() ? nullptr : &found->second;
}

// ---- containers ----

Result<ContainerId> FakeEngine::make(const ContainerSpec& spec) {
  const std::string call = "create container " + spec.name.str();
  if (auto checked = check_container_spec(spec); !checked)
    return base::fail(std::move(checked).error().with_context("create"));
  const ImageInfo* const image = find_image(spec.image);
  if (image == nullptr) return base::fail(refused(Code::kNotFound, call, "no image " + spec.image));
  if (by_name(spec.name) != nullptr) return base::fail(refused(Code::kConflict, call, "the name is taken"));
  if (wants_devices(spec) && !abilities_.gives_devices)
    return base::fail(Code::kUnsupported, call + ": the container engine gives no devices");
  changing("create " + spec.name.str());
  if (spec.shared_with && !find(*spec.shared_with))
    return base::fail(refused(Code::kIo, call, "no container " + brief(*spec.shared_with)));
  Container container;
  container.spec = spec;
  container.state.id = ContainerId(Digest::of("container " + std::to_string(++containers_made_)).hex());
  container.state.name = spec.name;
  container.state.image_id = image->id;
  container.state.labels = spec.labels;
  tell(container);
  const ContainerId id = container.state.id;
  containers_[id] = std::move(container);
  return id;
}

void FakeEngine::print(Container& container, std::string_view text) const {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    container.log.push_back({clock_.wall(), false, std::string(text.substr(0, end))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void FakeEngine::say_by_hand(const ContainerName& name, std::string text) {
  if (Container* const container = by_name(name)) print(*container, text);
}

Status FakeEngine::begin_run(Container& container) {
  if (container.state.phase == ContainerPhase::kRunning) return {};
  const std::string call = "start container " + brief(container.state.id);
  // As podman does it; Docker refuses one whose network is not there.
  if (container.spec.shared_with) {
    HF_TRY(Container* const owner, find(*container.spec.shared_with));
    HF_CHECK(begin_run(*owner));
  }
  changing("start " + container.state.name.str());
  const auto program = programs_.find(container.state.name);
  container.program = program == programs_.end() ? FakeContainerProgram{} : program->second;
  if (container.program.start_error) {
    container.state.error = container.program.start_error->message();
    return base::fail(*container.program.start_error);
  }
  ContainerState& state = container.state;
  state.phase = ContainerPhase::kRunning;
  state.error.clear();
  state.exit_code = 0;
  state.pid = 1000 + static_cast<std::int64_t>(containers_made_);
  // A start takes its time, though none passes here: two runs never began at the same moment.
  const auto now = clock_.wall();
  const bool is_same_moment = state.started && *state.started >= now && *state.started - now < 1s;
  state.started = is_same_moment ? *state.started + 1ms : now;
  print(container, container.program.output);
  container.kill_at.reset();
  container.ends_at.reset();
  if (container.program.exits_with) {
    container.ends_at = clock_.monotonic() + container.program.exits_after;
    container.ends_with = *container.program.exits_with;
  }
  tell(container);
  return {};
}

void FakeEngine::end_run(Container& container, std::int64_t code) {
  container.state.phase = ContainerPhase::kExited;
  container.state.exit_code = code;
  container.state.pid = 0;
  container.state.finished = clock_.wall();
  container.ends_at.reset();
  container.kill_at.reset();
  tell(container);
}

// ---- images ----

Status FakeEngine::load(const ReadArchive& archive) {
  std::string bytes;
  for (;;) {
    HF_TRY(const std::string piece, archive(kArchivePieceBytes));
    if (piece.empty()) break;
    bytes += piece;
  }
  const auto known = archives_.find(bytes);
  if (known == archives_.end())
    return base::fail(refused(Code::kIo, "load image", "this is no archive of an image"));
  changing("load " + known->second.id.str());
  images_[known->second.id] = known->second;
  return {};
}

Status FakeEngine::drop_image(const std::string& reference) {
  const std::string call = "remove image " + reference;
  const ImageInfo* const found = find_image(reference);
  if (found == nullptr) return base::fail(refused(Code::kNotFound, call, "there is none"));
  const ImageId id = found->id;
  const bool is_last = id.str() == reference || found->tags.size() <= 1;
  const bool is_used =
      std::ranges::any_of(containers_, [&](const auto& one) { return one.second.state.image_id == id; });
  if (is_last && is_used) return base::fail(refused(Code::kConflict, call, "a container has it"));
  changing("remove image " + reference);
  if (is_last) {
    images_.erase(id);
  } else {
    std::erase(images_[id].tags, reference);
  }
  return {};
}

// ---- foreign hands ----

/// What is no change of the agent's.
void FakeEngine::by_another(const std::function<void()>& act) {
  const auto changes = changes_;
  auto hook = std::exchange(before_change_, nullptr);
  act();
  before_change_ = std::move(hook);
  changes_ = changes;
}

void FakeEngine::exit_by_hand(const ContainerName& name, std::int64_t code) {
  Container* const container = by_name(name);
  if (container != nullptr && container->state.phase == ContainerPhase::kRunning) end_run(*container, code);
}

void FakeEngine::rename_by_hand(const ContainerName& name, const ContainerName& to) {
  Container* const container = by_name(name);
  if (container == nullptr) return;
  container->state.name = to;
  container->spec.name = to;
  tell(*container);
}

void FakeEngine::start_by_hand(const ContainerName& name) {
  Container* const container = by_name(name);
  if (container != nullptr) by_another([&] { static_cast<void>(begin_run(*container)); });
}

void FakeEngine::remove_by_hand(const ContainerName& name) {
  const Container* const container = by_name(name);
  if (container == nullptr) return;
  tell(*container);
  containers_.erase(container->state.id);
}

ContainerId FakeEngine::create_by_hand(const ContainerSpec& spec) {
  ContainerId out;
  by_another([&] { out = make(spec).value_or(ContainerId()); });
  return out;
}

// ---- the machine ----

void FakeEngine::set_program(const ContainerName& name, FakeContainerProgram program) {
  programs_[name] = std::move(program);
}

void FakeEngine::set_failure(EngineCall call, std::optional<Error> error) {
  failures_.erase(call);
  if (error) failures_.emplace(call, *std::move(error));
}

void FakeEngine::set_lost_answer(EngineCall call, std::optional<Error> error) {
  lost_.erase(call);
  if (error) lost_.emplace(call, *std::move(error));
}

void FakeEngine::set_gone(bool gone) {
  gone_ = gone;
  if (gone) end_events();
}

void FakeEngine::end_events() {
  events_.clear();
  for (auto& [id, listener] : std::exchange(watchers_, {})) {
    Call call;
    call.kind = EngineCall::kWatch;
    call.name = "watch events";
    call.due = clock_.monotonic();
    call.fail = listener.on_end;
    call.act = [on_end = listener.on_end] {
      on_end(Error(Code::kUnavailable, "watch events: the container engine ended them"));
      return true;
    };
    calls_[id] = std::move(call);
  }
}

void FakeEngine::agent_gone(Asked asked) {
  ++agents_;
  is_unheard_ = true;
  const bool is_at_work = asked == Asked::kCarriedOut && answers();
  for (auto& [id, call] : std::exchange(calls_, {})) {
    const bool is_deaf_to_it = call.kind == EngineCall::kWatch || call.waits || failures_.contains(call.kind);
    if (is_at_work && !is_deaf_to_it) static_cast<void>(call.act());
  }
  is_unheard_ = false;
  watchers_.clear();
  events_.clear();
}

void FakeEngine::reboot() {
  agent_gone();
  for (auto& [id, container] : containers_) {
    if (container.state.phase == ContainerPhase::kRunning) end_run(container, kExitCodeUnknown);
  }
}

// ---- looking ----

const ContainerState* FakeEngine::container(const ContainerName& name) const {
  const auto found =
      std::ranges::find_if(containers_, [&](const auto& one) { return one.second.state.name == name; });
  return found == containers_.end() ? nullptr : &found->second.state;
}

const ContainerState* FakeEngine::container(const ContainerId& id) const {
  const auto found = containers_.find(id);
  return found == containers_.end() ? nullptr : &found->second.state;
}

std::vector<ContainerName> FakeEngine::names() const {
  std::vector<ContainerName> out;
  for (const auto& [id, container] : containers_) out.push_back(container.state.name);
  return out;
}

const ContainerSpec* FakeEngine::spec_of(const ContainerName& name) const {
  const auto found =
      std::ranges::find_if(containers_, [&](const auto& one) { return one.second.state.name == name; });
  return found == containers_.end() ? nullptr : &found->second.spec;
}

std::set<std::string> FakeEngine::running() const {
  std::set<std::string> out;
  for (const auto& [id, container] : containers_) {
    if (container.state.phase == ContainerPhase::kRunning) out.insert(container.state.name.str());
  }
  return out;
}

void FakeEngine::forget_touched() {
  touched_ = {};
  changes_.clear();
}

}  // namespace holdfast::base
