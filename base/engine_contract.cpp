// SPDX-License-Identifier: Apache-2.0
// Contract: containers of an Engine, from their making to their end.
#include "base/engine_contract.hpp"

#include <algorithm>

namespace holdfast::base {

using std::chrono::milliseconds;
using std::chrono::seconds;

Status EngineContract::load(const std::string& bytes) {
  return wait<void>([&](auto end) {
    engine().load_image(
        [bytes, at = std::size_t{0}](std::size_t bytes_max) mutable -> Result<std::string> {
          const std::string piece = bytes.substr(at, bytes_max);
          at += piece.size();
          return piece;
        },
        end);
  });
}

void EngineContract::have_image() {
  if (!image(EngineWorld::image_name())) EXPECT_DONE(load(world().archive()));
}

ContainerId EngineContract::started(const ContainerSpec& spec) {
  have_image();
  const auto id = create(spec);
  EXPECT_DONE(id);
  if (!id) return nobody();
  EXPECT_DONE(start(*id));
  return *id;
}

bool EngineContract::until_says(const ContainerId& id, const std::string& text) {
  return id != nobody() && world().until([&] {
    const auto output = logs(id);
    return output && output->text.find(text) != std::string::npos;
  });
}

bool EngineContract::until_phase(const ContainerId& id, ContainerPhase phase) {
  return id != nobody() && world().until([&] {
    const auto state = inspect(id);
    return state && state->phase == phase;
  });
}

namespace {

class EngineContainerContract : public EngineContract {};
INSTANTIATE_TEST_SUITE_P(Engine, EngineContainerContract, all_engine_kinds(), engine_kind_name);

TEST_P(EngineContainerContract, TellsWhatItIs) {
  const auto version = wait<EngineVersion>([&](auto end) { engine().version(end); });
  ASSERT_TRUE(version) << version.error().message();
  EXPECT_EQ(version->os, "linux");
  EXPECT_FALSE(version->architecture.empty());
  EXPECT_FALSE(version->api.empty());
  const auto folder = wait<std::string>([&](auto end) { engine().folder(end); });
  ASSERT_TRUE(folder) << folder.error().message();
  EXPECT_TRUE(folder->starts_with("/")) << *folder;
  EXPECT_DONE(wait<void>([&](auto end) { engine().ping(end); }));
}

TEST_P(EngineContainerContract, WhatItWouldLeaveOutWithoutAWordIsRefused) {
  have_image();
  const auto abilities = wait<EngineAbilities>([&](auto end) { engine().abilities(end); });
  ASSERT_TRUE(abilities) << abilities.error().message();
  EXPECT_EQ(*abilities, (EngineAbilities{false, false, abilities->runtimes}));
  auto with_request = world().that_runs("hf.gpu");
  with_request.device_requests.push_back({.driver = "cdi", .ids = {"nvidia.com/gpu=0"}, .capabilities = {}});
  auto with_runtime = world().that_runs("hf.gpu");
  with_runtime.runtime = "nvidia";
  for (const auto& spec : {with_request, with_runtime}) EXPECT_REFUSED(Code::kUnsupported, create(spec));
  const auto all = list();
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->empty());
}

TEST_P(EngineContainerContract, NothingEndsFromInsideTheCall) {
  bool has_ended = false;
  engine().ping([&](const Status&) { has_ended = true; });
  EXPECT_FALSE(has_ended);
  EXPECT_TRUE(world().until([&] { return has_ended; }));
}

TEST_P(EngineContainerContract, ACancelledCallSaysNothing) {
  bool has_ended = false;
  engine().cancel(engine().ping([&](const Status&) { has_ended = true; }));
  engine().cancel(123456);
  // What was asked later has been answered by then.
  EXPECT_DONE(wait<void>([&](auto end) { engine().ping(end); }));
  EXPECT_DONE(wait<void>([&](auto end) { engine().ping(end); }));
  EXPECT_FALSE(has_ended);
}

TEST_P(EngineContainerContract, IsMadeStartedStoppedAndRemovedEachTwice) {
  have_image();
  ContainerSpec spec = world().that_runs("hf.default.web");
  spec.labels = {{"holdfast.dev/key", "a b=c"}};
  const auto id = create(spec);
  ASSERT_TRUE(id) << id.error().message();
  const auto made = inspect(*id);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->id, *id);
  EXPECT_EQ(made->name, spec.name);
  EXPECT_EQ(made->phase, ContainerPhase::kCreated);
  EXPECT_EQ(made->labels.at("holdfast.dev/key"), "a b=c");
  EXPECT_FALSE(made->started);

  EXPECT_DONE(start(*id));
  EXPECT_DONE(start(*id));
  const auto running = inspect(*id);
  ASSERT_TRUE(running);
  EXPECT_EQ(running->phase, ContainerPhase::kRunning);
  EXPECT_GT(running->pid, 0);
  EXPECT_TRUE(running->started);

  ASSERT_TRUE(until_says(*id, "ready"));
  EXPECT_DONE(stop(*id, seconds(30)));
  EXPECT_DONE(stop(*id, seconds(30)));
  const auto stopped = inspect(*id);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->phase, ContainerPhase::kExited);
  EXPECT_EQ(stopped->exit_code, 0);
  EXPECT_EQ(stopped->pid, 0);
  EXPECT_TRUE(stopped->finished);

  EXPECT_DONE(start(*id));
  EXPECT_DONE(kill(*id));
  ASSERT_TRUE(until_phase(*id, ContainerPhase::kExited));
  EXPECT_DONE(remove(*id));
  EXPECT_REFUSED(Code::kNotFound, remove(*id));
  EXPECT_REFUSED(Code::kNotFound, inspect(*id));
}

TEST_P(EngineContainerContract, AListTellsNameLabelsAndPhaseOfThoseAskedFor) {
  have_image();
  ContainerSpec ours = world().that_runs("hf.ours");
  ours.labels = {{"holdfast.dev/node", "n1"}, {"other", "x"}};
  ContainerSpec another = world().that_runs("another");
  ASSERT_TRUE(create(ours));
  const auto id = create(another);
  ASSERT_TRUE(id);
  EXPECT_DONE(start(*id));

  const auto all = list();
  ASSERT_TRUE(all) << all.error().message();
  ASSERT_EQ(all->size(), 2U);
  const auto running = std::ranges::find(*all, *id, &ContainerSummary::id);
  ASSERT_NE(running, all->end());
  EXPECT_EQ(running->name.str(), "another");
  EXPECT_EQ(running->phase, ContainerPhase::kRunning);
  EXPECT_FALSE(running->image_id.empty());

  for (const LabelFilter& filter :
       {LabelFilter{{"holdfast.dev/node", "n1"}}, LabelFilter{{"holdfast.dev/node", ""}}}) {
    const auto found = list(filter);
    ASSERT_TRUE(found) << found.error().message();
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().name.str(), "hf.ours");
    EXPECT_EQ(found->front().phase, ContainerPhase::kCreated);
    EXPECT_EQ(found->front().labels.at("other"), "x");
  }
  const auto none = list({{"holdfast.dev/node", "n2"}});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST_P(EngineContainerContract, ANameIsTakenOnce) {
  have_image();
  ASSERT_TRUE(create(world().that_runs("hf.one")));
  EXPECT_REFUSED(Code::kConflict, create(world().that_runs("hf.one")));
}

TEST_P(EngineContainerContract, WhatNoEngineWouldTakeIsRefusedByName) {
  have_image();
  ContainerSpec spec = world().that_runs("hf.bad");
  spec.binds.push_back({"relative", "/data", false});
  const auto bad = create(spec);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), Code::kInvalid);
  EXPECT_NE(bad.error().message().find("hf.bad: mount 'relative'"), std::string::npos)
      << bad.error().message();
  EXPECT_REFUSED(Code::kInvalid, create(world().that_runs("no blanks")));
}

TEST_P(EngineContainerContract, WithoutItsImageItIsNotMade) {
  ContainerSpec spec = world().that_runs("hf.imageless");
  spec.image = "holdfast.test/nowhere:1";
  EXPECT_REFUSED(Code::kNotFound, create(spec));
}

TEST_P(EngineContainerContract, OneThatEndsTellsItsCode) {
  const ContainerId id = started(world().that_exits("hf.ends", 7));
  ASSERT_TRUE(until_phase(id, ContainerPhase::kExited));
  EXPECT_EQ(inspect(id)->exit_code, 7);
}

TEST_P(EngineContainerContract, OneThatIgnoresItsStopIsKilledAfterTheGrace) {
  const ContainerId id = started(world().that_ignores_term("hf.deaf"));
  ASSERT_TRUE(until_says(id, "ready"));
  EXPECT_DONE(stop(id, seconds(1)));
  const auto state = inspect(id);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->phase, ContainerPhase::kExited);
  EXPECT_EQ(state->exit_code, 137);
}

TEST_P(EngineContainerContract, OneThatCannotStartSaysWhyAndDoesNotRun) {
  have_image();
  const auto id = create(world().that_is_missing("hf.missing"));
  ASSERT_TRUE(id) << id.error().message();
  const auto started_it = start(*id);
  ASSERT_FALSE(started_it);
  EXPECT_NE(started_it.error().message().find("/no/such/program"), std::string::npos)
      << started_it.error().message();
  const auto state = inspect(*id);
  ASSERT_TRUE(state);
  EXPECT_NE(state->phase, ContainerPhase::kRunning);
  EXPECT_DONE(remove(*id));
}

TEST_P(EngineContainerContract, StatesForbidWhatDoesNotFit) {
  have_image();
  const auto id = create(world().that_runs("hf.states"));
  ASSERT_TRUE(id);
  EXPECT_REFUSED(Code::kConflict, kill(*id));
  EXPECT_DONE(stop(*id, seconds(1)));
  EXPECT_DONE(start(*id));
  EXPECT_REFUSED(Code::kConflict, remove(*id));
  EXPECT_DONE(kill(*id));
  ASSERT_TRUE(until_phase(*id, ContainerPhase::kExited));
  EXPECT_REFUSED(Code::kConflict, kill(*id));
}

TEST_P(EngineContainerContract, WhatIsNotThereIsNotFound) {
  EXPECT_REFUSED(Code::kNotFound, inspect(nobody()));
  EXPECT_REFUSED(Code::kNotFound, inspect(ContainerId()));
  EXPECT_REFUSED(Code::kNotFound, remove(ContainerId()));
  EXPECT_REFUSED(Code::kNotFound, start(nobody()));
  EXPECT_REFUSED(Code::kNotFound, stop(nobody(), seconds(1)));
  EXPECT_REFUSED(Code::kNotFound, kill(nobody()));
  EXPECT_REFUSED(Code::kNotFound, remove(nobody()));
  EXPECT_REFUSED(Code::kNotFound, logs(nobody()));
  EXPECT_REFUSED(Code::kNotFound, exec(nobody(), world().that_ends(0)));
}

TEST_P(EngineContainerContract, WhoseNetworkAnotherOneHasIsNotRemoved) {
  have_image();
  const auto owner = create(world().that_runs("hf.owner"));
  ASSERT_TRUE(owner);
  ContainerSpec spec = world().that_runs("hf.guest");
  spec.network = ContainerNetwork::kShared;
  spec.shared_with = *owner;
  const auto guest = create(spec);
  ASSERT_TRUE(guest) << guest.error().message();
  EXPECT_REFUSED(Code::kConflict, remove(*owner));
  EXPECT_DONE(remove(*guest));
  EXPECT_DONE(remove(*owner));
  spec.name = ContainerName("hf.late");
  EXPECT_REFUSED(Code::kIo, create(spec));  // kNotFound is the image
}

TEST_P(EngineContainerContract, ANetworkOutlivesItsOwnerInThoseThatHaveIt) {
  const ContainerId owner = started(world().that_runs("hf.owner"));
  ContainerSpec spec = world().that_runs("hf.guest");
  spec.network = ContainerNetwork::kShared;
  spec.shared_with = owner;
  const ContainerId guest = started(spec);
  EXPECT_DONE(kill(owner));
  ASSERT_TRUE(until_phase(owner, ContainerPhase::kExited));
  EXPECT_EQ(inspect(guest)->phase, ContainerPhase::kRunning) << "it has it until it ends";
  EXPECT_DONE(start(owner));
  const auto again = inspect(owner);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->finished) << "of the run before this one";
  EXPECT_LT(*inspect(guest)->started, *again->started);
}

TEST_P(EngineContainerContract, ARunThatIsOverIsToldWhileTheNextOneRuns) {
  const ContainerId id = started(world().that_runs("hf.twice"));
  EXPECT_FALSE(inspect(id)->finished);
  EXPECT_DONE(stop(id, seconds(1)));
  EXPECT_DONE(start(id));
  EXPECT_TRUE(inspect(id)->finished);
}

TEST_P(EngineContainerContract, RunsOnWithoutAgentAndEngine) {
  const ContainerId id = started(world().that_runs("hf.stays"));
  const auto before = inspect(id);
  ASSERT_TRUE(before);
  world().new_agent();
  world().take_engine_away();
  const auto away = inspect(id);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code(), Code::kUnavailable);
  EXPECT_EQ(away.error().disposition(), Disposition::kRetry);
  world().bring_engine_back();
  const auto after = inspect(id);
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(after->phase, ContainerPhase::kRunning);
  EXPECT_EQ(after->pid, before->pid);
}

}  // namespace
}  // namespace holdfast::base
