// SPDX-License-Identifier: Apache-2.0
// Contract: the stream of events of an Engine.
#include <algorithm>

#include "base/engine_contract.hpp"

namespace holdfast::base {
namespace {

using std::chrono::seconds;

class EngineEventContract : public EngineContract {
 protected:
  void watch() {
    opened_ = 0;
    ended_.reset();
    call_ =
        engine().watch({[this] { ++opened_; }, [this](const EngineEvent& event) { events_.push_back(event); },
                        [this](const Error& error) { ended_ = error; }});
    ASSERT_TRUE(world().until([this] { return opened_ > 0; }));
  }
  bool until_told(const ContainerId& id) {
    const auto is_told = [&] { return std::ranges::find(events_, id, &EngineEvent::id) != events_.end(); };
    return world().until([&] { return ended_ || is_told(); }) && is_told();
  }

  int opened_ = 0;
  std::vector<EngineEvent> events_;
  std::optional<Error> ended_;
  Engine::CallId call_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Engine, EngineEventContract, all_engine_kinds(), engine_kind_name);

TEST_P(EngineEventContract, MakingStartingEndingAndRemovingAreTold) {
  have_image();
  watch();
  const auto id = create(world().that_exits("hf.watched", 0));
  ASSERT_TRUE(id);
  ASSERT_TRUE(until_told(*id));
  EXPECT_EQ(std::ranges::find(events_, *id, &EngineEvent::id)->name.str(), "hf.watched");

  events_.clear();
  EXPECT_DONE(start(*id));
  // Told at its end at the latest: what is looked at then has ended.
  EXPECT_TRUE(world().until([&] {
    if (std::ranges::find(events_, *id, &EngineEvent::id) == events_.end()) return false;
    events_.clear();
    const auto state = inspect(*id);
    return state && state->phase == ContainerPhase::kExited;
  }));

  events_.clear();
  EXPECT_DONE(remove(*id));
  EXPECT_TRUE(until_told(*id));
  EXPECT_EQ(opened_, 1);
  EXPECT_FALSE(ended_);
}

TEST_P(EngineEventContract, WhatHappensFromTheOpeningOnIsNotMissed) {
  have_image();
  std::optional<Result<ContainerId>> made;
  const ContainerSpec spec = world().that_runs("hf.early");
  engine().watch(
      {[&] { engine().create(spec, [&](Result<ContainerId> id) { made.emplace(std::move(id)); }); },
       [this](const EngineEvent& event) { events_.push_back(event); },
       [this](const Error& error) { ended_ = error; }});
  ASSERT_TRUE(world().until([&] { return made.has_value(); }));
  ASSERT_TRUE(*made) << made->error().message();
  EXPECT_TRUE(until_told(**made));
}

TEST_P(EngineEventContract, CommandsInAContainerAreNotTold) {
  const ContainerId id = started(world().that_runs("hf.probed"));
  ASSERT_TRUE(until_says(id, "ready"));
  watch();
  EXPECT_DONE(exec(id, world().that_ends(0)));
  const auto other = create(world().that_runs("hf.later"));
  ASSERT_TRUE(other);
  // By then, what there was to tell of the command has been told.
  events_.clear();
  EXPECT_DONE(exec(id, world().that_ends(0)));
  EXPECT_DONE(remove(*other));
  ASSERT_TRUE(until_told(*other));
  EXPECT_EQ(std::ranges::find(events_, id, &EngineEvent::id), events_.end());
}

TEST_P(EngineEventContract, AnEngineThatRestartsEndsTheStreamAndAnotherCanBeOpened) {
  have_image();
  watch();
  world().restart_engine();
  ASSERT_TRUE(world().until([&] { return ended_.has_value(); }));
  EXPECT_EQ(to_string(ended_->code()), to_string(Code::kUnavailable)) << ended_->message();
  EXPECT_EQ(opened_, 1);
  watch();
  const auto id = create(world().that_runs("hf.after"));
  ASSERT_TRUE(id) << id.error().message();
  EXPECT_TRUE(until_told(*id));
}

TEST_P(EngineEventContract, WithoutAnEngineItEndsUnopened) {
  world().take_engine_away();
  engine().watch(
      {[this] { ++opened_; }, [](const EngineEvent&) {}, [this](const Error& error) { ended_ = error; }});
  ASSERT_TRUE(world().until([&] { return ended_.has_value(); }));
  EXPECT_EQ(ended_->code(), Code::kUnavailable) << ended_->message();
  EXPECT_EQ(opened_, 0);
  world().bring_engine_back();
}

TEST_P(EngineEventContract, ACancelledStreamSaysNothingMore) {
  have_image();
  watch();
  engine().cancel(call_);
  events_.clear();
  const auto id = create(world().that_runs("hf.unseen"));
  ASSERT_TRUE(id);
  EXPECT_DONE(remove(*id));
  EXPECT_TRUE(events_.empty());
  EXPECT_FALSE(ended_);
}

}  // namespace
}  // namespace holdfast::base
