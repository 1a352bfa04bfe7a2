// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pod_step.hpp"

#include <gtest/gtest.h>

#include <string>

namespace holdfast::edge_agent {
namespace {

using enum ContainerIs;
using Role = ContainerRole;
using sync::RestartPolicy;

struct MakeRow {
  const char* name;
  ContainerIs is;
  Fit fit;
  Goal goal;
  MakeStep step;
};
class MakeSteps : public ::testing::TestWithParam<MakeRow> {};

TEST_P(MakeSteps, AreTheTableOfTheDecision) {
  EXPECT_EQ(make_step(GetParam().is, GetParam().fit, GetParam().goal), GetParam().step);
}

INSTANTIATE_TEST_SUITE_P(
    Table, MakeSteps,
    ::testing::Values(MakeRow{"AbsentAndWanted", kAbsent, Fit::kRight, Goal::kThere, MakeStep::kCreate},
                      MakeRow{"AbsentAndNot", kAbsent, Fit::kRight, Goal::kGone, MakeStep::kNothing},
                      MakeRow{"CreatedAndRight", kCreated, Fit::kRight, Goal::kThere, MakeStep::kNothing},
                      MakeRow{"RunningAndRight", kRunning, Fit::kRight, Goal::kThere, MakeStep::kNothing},
                      MakeRow{"EndedAndRight", kEnded, Fit::kRight, Goal::kThere, MakeStep::kNothing},
                      MakeRow{"CreatedAndAnother", kCreated, Fit::kOther, Goal::kThere, MakeStep::kRemove},
                      MakeRow{"RunningAndAnother", kRunning, Fit::kOther, Goal::kThere, MakeStep::kStop},
                      MakeRow{"EndedAndAnother", kEnded, Fit::kOther, Goal::kThere, MakeStep::kRemove},
                      MakeRow{"RunningAndNotWanted", kRunning, Fit::kRight, Goal::kGone, MakeStep::kStop},
                      MakeRow{"EndedAndNotWanted", kEnded, Fit::kRight, Goal::kGone, MakeStep::kRemove},
                      MakeRow{"GoingAndWanted", kGoing, Fit::kOther, Goal::kThere, MakeStep::kWait},
                      MakeRow{"GoingAndNotWanted", kGoing, Fit::kRight, Goal::kGone, MakeStep::kWait},
                      MakeRow{"RunningAndForeign", kRunning, Fit::kForeign, Goal::kThere, MakeStep::kRefuse},
                      MakeRow{"EndedAndForeign", kEnded, Fit::kForeign, Goal::kGone, MakeStep::kRefuse}),
    [](const auto& info) { return info.param.name; });

/// "n" network, "i" init, "s" sidecar, "m" main; then "." created, "r" running, "u" running and not started yet, "0" ended well, "1" ended
/// badly; in a network that is gone "o" running, "z" ended well, "b" badly.
std::vector<SeenContainer> seen(const std::string& text) {
  std::vector<SeenContainer> out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    SeenContainer one;
    one.role = text[i] == 'n'   ? Role::kNetwork
               : text[i] == 'i' ? Role::kInit
               : text[i] == 's' ? Role::kSidecar
                                : Role::kMain;
    const char is = text[i + 1];
    one.is = is == '.' ? kCreated : is == 'r' || is == 'u' || is == 'o' ? kRunning : kEnded;
    one.ended_well = is == '0' || is == 'z';
    one.has_started = is == 'r' || is == 'o';
    one.is_past = is == 'o' || is == 'z' || is == 'b';
    out.push_back(one);
  }
  return out;
}

/// "S" start, "R" restart, "-" nothing, "w" wait, "x" stop, "c" stop to begin anew.
std::string steps(const RunPlan& plan) {
  std::string out;
  for (const auto step : plan.steps) {
    switch (step) {
      case RunStep::kNothing: out += '-'; break;
      case RunStep::kStart: out += 'S'; break;
      case RunStep::kRestart: out += 'R'; break;
      case RunStep::kWait: out += 'w'; break;
      case RunStep::kStop: out += 'x'; break;
      case RunStep::kCycle: out += 'c'; break;
    }
  }
  return out;
}

struct RunRow {
  const char* name;
  const char* seen;
  RestartPolicy policy;
  const char* steps;
  PodPhase phase;
};
class RunPlans : public ::testing::TestWithParam<RunRow> {};

TEST_P(RunPlans, AreAsInKubernetes) {
  const auto plan = run_plan(seen(GetParam().seen), GetParam().policy);
  EXPECT_EQ(steps(plan), GetParam().steps);
  EXPECT_EQ(plan.phase, GetParam().phase);
}

constexpr auto kAlways = RestartPolicy::kAlways;
constexpr auto kOnFailure = RestartPolicy::kOnFailure;
constexpr auto kNever = RestartPolicy::kNever;

INSTANTIATE_TEST_SUITE_P(
    One, RunPlans,
    ::testing::Values(RunRow{"New", "m.", kAlways, "S", PodPhase::kPending},
                      RunRow{"Runs", "mr", kAlways, "-", PodPhase::kRunning},
                      RunRow{"AlwaysAndGood", "m0", kAlways, "R", PodPhase::kRunning},
                      RunRow{"AlwaysAndBad", "m1", kAlways, "R", PodPhase::kRunning},
                      RunRow{"OnFailureAndGood", "m0", kOnFailure, "-", PodPhase::kSucceeded},
                      RunRow{"OnFailureAndBad", "m1", kOnFailure, "R", PodPhase::kRunning},
                      RunRow{"NeverAndGood", "m0", kNever, "-", PodPhase::kSucceeded},
                      RunRow{"NeverAndBad", "m1", kNever, "-", PodPhase::kFailed}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Several, RunPlans,
    ::testing::Values(
        RunRow{"TheNetworkComesFirst", "n.i.m.", kAlways, "Sww", PodPhase::kPending},
        RunRow{"InitContainersOneAfterTheOther", "nri.i.m.", kAlways, "-Sww", PodPhase::kPending},
        RunRow{"TheNextOnlyAfterASuccess", "nri0i.m.", kAlways, "--Sw", PodPhase::kPending},
        RunRow{"OneThatRunsHoldsTheRest", "nriri.m.", kAlways, "--ww", PodPhase::kPending},
        RunRow{"OneThatFailedIsTriedAgain", "nri1m.", kAlways, "-Rw", PodPhase::kPending},
        RunRow{"OneThatFailedForGoodFailsThePod", "nri1m.", kNever, "x--", PodPhase::kFailed},
        RunRow{"ThenAllMainOnesAtOnce", "nri0m.m.", kAlways, "--SS", PodPhase::kPending},
        RunRow{"WhoseInitIsOverWhateverItSays", "nri1mrmr", kAlways, "----", PodPhase::kRunning},
        RunRow{"ASidecarHoldsUntilItHasStarted", "nrsum.", kAlways, "--w", PodPhase::kPending},
        RunRow{"ASidecarThatHasStartedDoesNot", "nrsrm.", kAlways, "--S", PodPhase::kPending},
        RunRow{"ASidecarThatEndedComesBackBesideTheMain", "nrs0mr", kNever, "-R-", PodPhase::kRunning},
        RunRow{"ASidecarThatEndsDuringTheNextInitLeavesIt", "nrs1irm.", kAlways, "-Rww", PodPhase::kPending},
        RunRow{"ASidecarOfAPodThatIsNeverStartedAgainIs", "nrs1i.m.", kNever, "-Rww", PodPhase::kPending},
        RunRow{"WhenTheMainOnesAreDoneTheLastSidecarEnds", "nrsrsrm0", kNever, "--x-", PodPhase::kRunning},
        RunRow{"ThenTheOneBeforeIt", "nrsrs0m0", kNever, "-x--", PodPhase::kRunning},
        RunRow{"ThenTheNetwork", "nrs1s0m0", kNever, "x---", PodPhase::kSucceeded},
        RunRow{"ASidecarOfAFailureEndsToo", "nrsrm1", kNever, "-x-", PodPhase::kRunning},
        RunRow{"AndThenItIsOne", "n0s0m1", kNever, "---", PodPhase::kFailed},
        RunRow{"AnInitThatFailedForGoodEndsTheSidecars", "nrsri1m.", kNever, "-x--", PodPhase::kRunning},
        RunRow{"OneOfTwoIsNotOver", "nrm0mr", kNever, "---", PodPhase::kRunning}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    NetworkGone, RunPlans,
    ::testing::Values(
        RunRow{"WhatUsesASidecarEndsFirst", "n1i0srmrmr", kAlways, "wwwcc", PodPhase::kPending},
        RunRow{"ThenTheSidecarsTheLastFirst", "n1i0srsrm1", kAlways, "wwwcw", PodPhase::kPending},
        RunRow{"ThenItIsStartedAndNothingElse", "n1i0s1m1", kAlways, "Rwww", PodPhase::kPending},
        RunRow{"ThenTheInitContainersAgain", "nrizsbmb", kAlways, "-Sww", PodPhase::kPending},
        RunRow{"ThenTheSidecars", "nri0sbmb", kAlways, "--Sw", PodPhase::kPending},
        RunRow{"ThenTheMainOnes", "nri0srmb", kAlways, "---S", PodPhase::kPending},
        RunRow{"StartedAgainByAnotherItIsNoDifference", "nrizsomo", kAlways, "wwwc", PodPhase::kPending},
        RunRow{"WhatEndedWellIsNotDoneAgain", "nrizmzmb", kOnFailure, "-Sww", PodPhase::kPending},
        RunRow{"AfterwardsNeither", "nri0mzmb", kOnFailure, "---S", PodPhase::kPending},
        RunRow{"OneThatIsNeverStartedAgainHasFailed", "n1i0m1", kNever, "---", PodPhase::kFailed},
        RunRow{"OrIsDone", "n1i0m0", kNever, "---", PodPhase::kSucceeded},
        RunRow{"OrEnds", "n1i0mr", kNever, "wwc", PodPhase::kPending}),
    [](const auto& info) { return info.param.name; });

TEST(InitContainers, AreCountedAsKubectlDoes) {
  const auto count = [](const char* text) {
    const auto plan = run_plan(seen(text), kAlways);
    return std::to_string(plan.inits_done) + "/" + std::to_string(plan.inits);
  };
  EXPECT_EQ(count("n.i.s.m."), "0/2");
  EXPECT_EQ(count("nri0s.m."), "1/2");
  EXPECT_EQ(count("nri0sum."), "1/2") << "a sidecar that has not started yet";
  EXPECT_EQ(count("nrsri1m."), "1/2");
  EXPECT_EQ(count("nri0srm."), "2/2");
  EXPECT_EQ(count("nrizs.m."), "0/2") << "of a network that is gone";
}

}  // namespace
}  // namespace holdfast::edge_agent
