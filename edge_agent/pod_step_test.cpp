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

/// "n" network, "i" init, "s" sidecar, "m" main; then "." created, "r" running, "0" ended well, "1" ended badly.
std::vector<SeenContainer> seen(const std::string& text) {
  std::vector<SeenContainer> out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    SeenContainer one;
    one.role = text[i] == 'n'   ? Role::kNetwork
               : text[i] == 'i' ? Role::kInit
               : text[i] == 's' ? Role::kSidecar
                                : Role::kMain;
    one.is = text[i + 1] == '.'                                               ? kCreated
             : text[i + 1] == 'r' || text[i + 1] == 'u' || text[i + 1] == 'o' ? kRunning
                                                                              : kEnded;
    one.ended_well = text[i + 1] == '0';
    one.has_started = text[i + 1] == 'r';
    one.is_stale = text[i + 1] == 'o';
    out.push_back(one);
  }
  return out;
}

/// "S" start, "R" restart, "-" nothing, "w" wait, "x" stop.
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
        RunRow{"WhatRunsInANetworkThatIsGoneIsStartedAgain", "nrmomo", kAlways, "-cc", PodPhase::kRunning},
        RunRow{"WithoutTheNetworkNothingStarts", "n1m1", kAlways, "Sw", PodPhase::kRunning},
        RunRow{"WhenTheMainOnesAreDoneTheSidecarEnds", "nrsrm0", kNever, "-x-", PodPhase::kSucceeded},
        RunRow{"ThenTheNetwork", "nrs0m0", kNever, "x--", PodPhase::kSucceeded},
        RunRow{"OneOfTwoIsNotOver", "nrm0mr", kNever, "---", PodPhase::kRunning}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace holdfast::edge_agent
