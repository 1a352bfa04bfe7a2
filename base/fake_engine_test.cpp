// SPDX-License-Identifier: Apache-2.0
// What FakeEngine has beyond the contract: misfortunes, foreign hands, and what it records.
#include "base/fake_engine.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fake_clock.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FakeEngineTest : public testing::Test {
 protected:
  FakeEngineTest() {
    ImageInfo image;
    image.id = ImageId("sha256:01");
    image.tags = {"web:1", "web:latest"};
    engine_.add_image(image);
  }

  static ContainerSpec spec(const std::string& name) {
    ContainerSpec out;
    out.name = ContainerName(name);
    out.image = "web:1";
    return out;
  }
  ContainerId running(const std::string& name) {
    const ContainerId id = engine_.create_by_hand(spec(name));
    engine_.start_by_hand(ContainerName(name));
    return id;
  }
  /// What the next deliver() ends it with; nullopt where it does not end.
  std::optional<Status> start(const ContainerId& id) {
    std::optional<Status> end;
    engine_.start(id, [&end](Status status) { end = std::move(status); });
    engine_.deliver();
    return end;
  }
  ContainerPhase phase(const std::string& name) const {
    return engine_.container(ContainerName(name))->phase;
  }

  FakeClock clock_;
  FakeEngine engine_{clock_};
};

TEST_F(FakeEngineTest, NothingHappensBeforeItIsDelivered) {
  const ContainerId id = engine_.create_by_hand(spec("hf.web"));
  EXPECT_EQ(engine_.next_due(), std::nullopt);
  bool has_ended = false;
  engine_.start(id, [&](const Status&) { has_ended = true; });
  EXPECT_EQ(engine_.next_due(), clock_.monotonic());
  EXPECT_EQ(phase("hf.web"), ContainerPhase::kCreated);
  EXPECT_EQ(engine_.deliver(), 1U);
  EXPECT_TRUE(has_ended);
  EXPECT_EQ(phase("hf.web"), ContainerPhase::kRunning);
}

TEST_F(FakeEngineTest, RecordsWhatTheAgentTouchedAndNotWhatOthersDid) {
  const ContainerId id = running("hf.web");
  EXPECT_EQ(engine_.touched().changes(), 0U);
  EXPECT_TRUE(engine_.changes().empty());
  std::vector<std::string> before;
  engine_.before_change([&](const std::string& what) { before.push_back(what); });
  engine_.stop(id, seconds(1), [](const Status&) {});
  engine_.deliver();
  engine_.start_by_hand(ContainerName("hf.web"));
  EXPECT_EQ(engine_.touched().stops, 1U);
  EXPECT_EQ(engine_.changes(), std::vector<std::string>{"stop hf.web"});
  EXPECT_EQ(before, engine_.changes());
  engine_.forget_touched();
  EXPECT_EQ(engine_.touched(), EngineTouched{});
}

TEST_F(FakeEngineTest, AProgramEndsWhenItsTimeHasCome) {
  engine_.set_program(ContainerName("hf.job"), {.exits_with = 3, .exits_after = seconds(5)});
  running("hf.job");
  EXPECT_EQ(engine_.next_due(), clock_.monotonic() + seconds(5));
  clock_.advance(milliseconds(4999));
  engine_.deliver();
  EXPECT_EQ(phase("hf.job"), ContainerPhase::kRunning);
  clock_.advance(milliseconds(1));
  engine_.deliver();
  EXPECT_EQ(phase("hf.job"), ContainerPhase::kExited);
  EXPECT_EQ(engine_.container(ContainerName("hf.job"))->exit_code, 3);
}

TEST_F(FakeEngineTest, AStopTakesItsTimeAndAShorterGraceHolds) {
  engine_.set_program(ContainerName("hf.slow"), {.ignores_term = true});
  const ContainerId id = running("hf.slow");
  int ended = 0;
  engine_.stop(id, seconds(30), [&](const Status& status) { ended += status ? 1 : 100; });
  engine_.deliver();
  engine_.stop(id, seconds(2), [&](const Status& status) { ended += status ? 1 : 100; });
  engine_.deliver();
  EXPECT_EQ(ended, 0);
  EXPECT_EQ(engine_.next_due(), clock_.monotonic() + seconds(2));
  clock_.advance(seconds(2));
  engine_.deliver();
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(engine_.container(ContainerName("hf.slow"))->exit_code, 137);
}

TEST_F(FakeEngineTest, AFailureChangesNothingAndALostAnswerHidesAChange) {
  const ContainerId id = engine_.create_by_hand(spec("hf.web"));
  engine_.set_failure(EngineCall::kStart, Error(Code::kNoSpace, "full"));
  EXPECT_EQ(start(id)->error().code(), Code::kNoSpace);
  EXPECT_EQ(phase("hf.web"), ContainerPhase::kCreated);
  engine_.set_failure(EngineCall::kStart, std::nullopt);
  engine_.set_lost_answer(EngineCall::kStart, Error(Code::kTimeout, "lost"));
  EXPECT_EQ(start(id)->error().code(), Code::kTimeout);
  EXPECT_EQ(phase("hf.web"), ContainerPhase::kRunning);
}

TEST_F(FakeEngineTest, HungItAnswersAtTheDeadlineOnly) {
  const ContainerId id = engine_.create_by_hand(spec("hf.web"));
  std::optional<Status> end;
  engine_.set_hung(true);
  engine_.start(id, [&](Status status) { end = std::move(status); });
  engine_.deliver();
  EXPECT_FALSE(end);
  EXPECT_EQ(engine_.next_due(), clock_.monotonic() + limits::kEngineChangeTimeout);
  clock_.advance(limits::kEngineChangeTimeout);
  engine_.deliver();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->error().code(), Code::kTimeout);
  EXPECT_EQ(phase("hf.web"), ContainerPhase::kCreated);

  end.reset();
  engine_.start(id, [&](Status status) { end = std::move(status); });
  engine_.set_hung(false);
  engine_.deliver();
  ASSERT_TRUE(end);
  EXPECT_TRUE(*end);
}

TEST_F(FakeEngineTest, GoneItEndsCallsAndStreamsAndContainersRunOn) {
  running("hf.web");
  std::vector<std::string> heard;
  engine_.watch({[&] { heard.push_back("open"); },
                 [&](const EngineEvent& event) { heard.push_back(event.name.str()); },
                 [&](const Error& error) { heard.push_back(std::string(to_string(error.code()))); }});
  engine_.deliver();
  engine_.exit_by_hand(ContainerName("hf.web"), 1);
  engine_.deliver();
  engine_.start_by_hand(ContainerName("hf.web"));
  engine_.set_gone(true);  // what it was about to tell is lost
  engine_.deliver();
  EXPECT_EQ(heard, (std::vector<std::string>{"open", "hf.web", "Unavailable"}));
  EXPECT_EQ(engine_.streams(), 0U);
  EXPECT_EQ(engine_.running(), std::set<std::string>{"hf.web"});
}

TEST_F(FakeEngineTest, WhenTheAgentIsGoneNothingOfItsIsCarriedOut) {
  const ContainerId id = engine_.create_by_hand(spec("hf.web"));
  engine_.start(id, [](const Status&) { FAIL(); });
  engine_.watch({[] { FAIL(); }, [](const EngineEvent&) { FAIL(); }, [](const Error&) { FAIL(); }});
  engine_.agent_gone();
  engine_.deliver();
  EXPECT_EQ(phase("hf.web"), ContainerPhase::kCreated);
  EXPECT_EQ(engine_.calls_waiting(), 0U);
}

TEST_F(FakeEngineTest, OrItIsCarriedOutAllTheSameAndNobodyHearsOfIt) {
  const ContainerId id = engine_.create_by_hand(spec("hf.web"));
  const ContainerId other = running("hf.other");
  bool has_ended = false;
  engine_.start(id, [&](const Status&) { has_ended = true; });
  engine_.stop(other, seconds(5), [&](const Status&) { has_ended = true; });
  engine_.agent_gone(FakeEngine::Asked::kCarriedOut);
  engine_.deliver();
  EXPECT_EQ(phase("hf.web"), ContainerPhase::kRunning);
  EXPECT_EQ(phase("hf.other"), ContainerPhase::kExited);
  EXPECT_FALSE(has_ended);
}

TEST_F(FakeEngineTest, AfterARebootNothingRuns) {
  running("hf.web");
  engine_.reboot();
  EXPECT_TRUE(engine_.running().empty());
  EXPECT_EQ(phase("hf.web"), ContainerPhase::kExited);
}

TEST_F(FakeEngineTest, AnImageLosesOneNameAfterTheOther) {
  const auto remove = [&](const std::string& name) {
    std::optional<Status> end;
    engine_.remove_image(name, [&](Status status) { end = std::move(status); });
    engine_.deliver();
    return end.value_or(fail(Code::kInternal, "never"));
  };
  running("hf.web");
  EXPECT_TRUE(remove("web:latest"));
  EXPECT_EQ(remove("web:1").error().code(), Code::kConflict);
  engine_.remove_by_hand(ContainerName("hf.web"));
  EXPECT_TRUE(remove("web:1"));
  EXPECT_TRUE(engine_.images_there().empty());
}

TEST_F(FakeEngineTest, OneCancelledByAnothersEndSaysNothing) {
  const ContainerId id = engine_.create_by_hand(spec("hf.web"));
  Engine::CallId second = 0;
  engine_.ping([&](const Status&) { engine_.cancel(second); });
  second = engine_.start(id, [](const Status&) { FAIL(); });
  engine_.deliver();
  EXPECT_EQ(phase("hf.web"), ContainerPhase::kCreated);
}

}  // namespace
}  // namespace holdfast::base
