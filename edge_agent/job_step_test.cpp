// SPDX-License-Identifier: Apache-2.0
// What becomes of a Job: a table of single decisions, and random lives in which each try counts once, the limits hold and the Job ends.
#include "edge_agent/job_step.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using Act = JobStep::Act;
using Is = JobPod::Is;

const base::Digest kRun = base::Digest::of("run");

Stamp at(std::chrono::milliseconds time, const std::string& boot = "boot-1") {
  return {boot, base::MonotonicTime{time}, base::WallTime{1'000'000s} + time};
}

sync::JobSpec spec(std::uint32_t completions = 1, std::uint32_t backoff_limit = 6) {
  sync::JobSpec out;
  out.completions = completions;
  out.backoff_limit = backoff_limit;
  out.pod.spec.restart_policy = sync::RestartPolicy::kNever;
  return out;
}
sync::JobSpec suspended() {
  auto out = spec();
  out.suspend = true;
  return out;
}
sync::JobSpec with_deadline(std::chrono::seconds deadline) {
  auto out = spec();
  out.active_deadline = deadline;
  return out;
}
sync::JobSpec with_ttl(std::chrono::seconds ttl) {
  auto out = spec();
  out.ttl_after_finished = ttl;
  return out;
}
sync::JobSpec on_failure(std::uint32_t backoff_limit) {
  auto out = spec(1, backoff_limit);
  out.pod.spec.restart_policy = sync::RestartPolicy::kOnFailure;
  return out;
}

JobRecord begun(std::uint32_t succeeded = 0, std::uint32_t failed = 0) {
  JobRecord out{.run = kRun, .tries = succeeded + failed, .succeeded = succeeded, .failed = failed};
  out.failed_in_row = failed;
  out.started = at(0s);
  if (failed > 0) out.last_failed = at(100s);
  return out;
}
JobRecord ended(JobOutcome outcome) {
  JobRecord out = begun(1);
  out.outcome = outcome;
  out.finished = at(100s);
  return out;
}

struct Row {
  const char* name;
  sync::JobSpec spec;
  JobRecord record;
  JobPod pod;
  std::chrono::milliseconds now;
  Act act;
  std::uint32_t number;  ///< of kStart
  JobOutcome outcome;
  std::optional<std::chrono::milliseconds> again_in{};
};
class JobStepDecides : public testing::TestWithParam<Row> {};

TEST_P(JobStepDecides, AsTheTableSays) {
  const Row& row = GetParam();
  const auto step = job_step(row.spec, row.record, row.pod, at(row.now));
  EXPECT_EQ(step.act, row.act);
  EXPECT_EQ(step.number, row.number);
  EXPECT_EQ(step.record.outcome, row.outcome) << step.record.message;
  EXPECT_EQ(step.again_in, row.again_in);
  // Decided again at once, with what was stored, nothing counts twice.
  const auto again = job_step(row.spec, step.record, row.pod, at(row.now));
  EXPECT_EQ(again.record, step.record);
  EXPECT_EQ(again.act, step.act);
}

INSTANTIATE_TEST_SUITE_P(
    Life, JobStepDecides,
    testing::Values(
        Row{"Begins", spec(), {.run = kRun}, {}, 0s, Act::kStart, 1, JobOutcome::kNone},
        Row{"IsBeingMade", spec(), begun(), {Is::kActive, 1}, 1s, Act::kNothing, 0, JobOutcome::kNone},
        Row{"Succeeds", spec(), begun(), {Is::kSucceeded, 1}, 1s, Act::kNothing, 0, JobOutcome::kComplete},
        Row{"OneOfTwo", spec(2), begun(), {Is::kSucceeded, 1}, 1s, Act::kStart, 2, JobOutcome::kNone},
        Row{"TwoOfTwo", spec(2), begun(1), {Is::kSucceeded, 2}, 1s, Act::kNothing, 0, JobOutcome::kComplete},
        Row{"ASuccessCountsOnce",
            spec(2),
            begun(1),
            {Is::kSucceeded, 1},
            1s,
            Act::kStart,
            2,
            JobOutcome::kNone},
        Row{"ItsPodIsLost", spec(), begun(), {}, 1s, Act::kStart, 1, JobOutcome::kNone},
        Row{"AnotherRunIsReplaced",
            spec(),
            {.run = kRun},
            {Is::kOther},
            1s,
            Act::kStart,
            1,
            JobOutcome::kNone},
        Row{"ALeavingOneIsAwaited", spec(), begun(), {Is::kLeaving}, 1s, Act::kNothing, 0, JobOutcome::kNone},
        Row{"AfterTheEndNothing",
            spec(),
            ended(JobOutcome::kComplete),
            {Is::kSucceeded, 1},
            500s,
            Act::kNothing,
            0,
            JobOutcome::kComplete},
        Row{"AfterTheEndItsPodMayBeGone",
            spec(),
            ended(JobOutcome::kComplete),
            {},
            500s,
            Act::kNothing,
            0,
            JobOutcome::kComplete}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Failures, JobStepDecides,
    testing::Values(
        Row{"TheFirstWaitsTenSeconds",
            spec(),
            begun(),
            {Is::kFailed, 1},
            100s,
            Act::kNothing,
            0,
            JobOutcome::kNone,
            10s},
        Row{"ThenTheNextTry", spec(), begun(0, 1), {Is::kFailed, 1}, 110s, Act::kStart, 2, JobOutcome::kNone},
        Row{"TheThirdWaitsForty",
            spec(),
            begun(0, 3),
            {Is::kFailed, 3},
            100s,
            Act::kNothing,
            0,
            JobOutcome::kNone,
            40s},
        Row{"NoneIsAllowed",
            spec(1, 0),
            begun(),
            {Is::kFailed, 1},
            1s,
            Act::kNothing,
            0,
            JobOutcome::kFailed},
        Row{"AsManyAsAllowed",
            spec(1, 2),
            begun(0, 1),
            {Is::kFailed, 2},
            101s,
            Act::kNothing,
            0,
            JobOutcome::kNone,
            20s},
        Row{"OneTooMany",
            spec(1, 2),
            begun(0, 2),
            {Is::kFailed, 3},
            101s,
            Act::kNothing,
            0,
            JobOutcome::kFailed},
        Row{"RestartsWithinAPodCount",
            on_failure(2),
            begun(),
            {Is::kActive, 1, 2},
            1s,
            Act::kRemove,
            0,
            JobOutcome::kFailed},
        Row{"FewerAreAllowed",
            on_failure(2),
            begun(),
            {Is::kActive, 1, 1},
            1s,
            Act::kNothing,
            0,
            JobOutcome::kNone}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(Times, JobStepDecides,
                         testing::Values(Row{"TheDeadlineIsLookedAtInTime",
                                             with_deadline(60s),
                                             begun(),
                                             {Is::kActive, 1},
                                             20s,
                                             Act::kNothing,
                                             0,
                                             JobOutcome::kNone,
                                             40s},
                                         Row{"TheDeadlineIsOver",
                                             with_deadline(60s),
                                             begun(),
                                             {Is::kActive, 1},
                                             60s,
                                             Act::kRemove,
                                             0,
                                             JobOutcome::kFailed},
                                         Row{"DoneAtTheLastMomentIsDone",
                                             with_deadline(60s),
                                             begun(),
                                             {Is::kSucceeded, 1},
                                             60s,
                                             Act::kNothing,
                                             0,
                                             JobOutcome::kComplete},
                                         Row{"KeptForAWhile",
                                             with_ttl(60s),
                                             ended(JobOutcome::kComplete),
                                             {Is::kSucceeded, 1},
                                             110s,
                                             Act::kNothing,
                                             0,
                                             JobOutcome::kComplete,
                                             50s},
                                         Row{"ThenItGoes",
                                             with_ttl(60s),
                                             ended(JobOutcome::kComplete),
                                             {Is::kSucceeded, 1},
                                             160s,
                                             Act::kRemove,
                                             0,
                                             JobOutcome::kComplete},
                                         Row{"AFailedOneGoes",
                                             with_ttl(0s),
                                             ended(JobOutcome::kFailed),
                                             {Is::kFailed, 1},
                                             100s,
                                             Act::kRemove,
                                             0,
                                             JobOutcome::kFailed},
                                         Row{"GoneIsGone",
                                             with_ttl(60s),
                                             ended(JobOutcome::kComplete),
                                             {},
                                             160s,
                                             Act::kNothing,
                                             0,
                                             JobOutcome::kComplete}),
                         [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Suspended, JobStepDecides,
    testing::Values(
        Row{"DoesNotBegin", suspended(), {.run = kRun}, {}, 1s, Act::kNothing, 0, JobOutcome::kNone},
        Row{"ItsPodGoes", suspended(), begun(), {Is::kActive, 1}, 1s, Act::kRemove, 0, JobOutcome::kNone},
        Row{"WhatWasStoppedHasNotFailed",
            suspended(),
            begun(),
            {Is::kFailed, 1},
            1s,
            Act::kRemove,
            0,
            JobOutcome::kNone},
        Row{"WhatWasDoneIsDone",
            suspended(),
            begun(),
            {Is::kSucceeded, 1},
            1s,
            Act::kNothing,
            0,
            JobOutcome::kComplete}),
    [](const auto& row) { return row.param.name; });

TEST(JobStep, SaysWhyItFailed) {
  const auto step = job_step(spec(1, 0), begun(), {Is::kFailed, 1, 0, "app exited with code 3"}, at(1s));
  EXPECT_EQ(step.record.reason, "BackoffLimitExceeded");
  EXPECT_EQ(step.record.message, "failed 1 time (backoffLimit 0); the last time: app exited with code 3");
  const auto late = job_step(with_deadline(60s), begun(), {Is::kActive, 1}, at(61s));
  EXPECT_EQ(late.record.reason, "DeadlineExceeded");
}

TEST(JobStep, ResumedItHasItsWholeTime) {
  auto job = with_deadline(60s);
  job.suspend = true;
  auto record = job_step(job, begun(), {}, at(50s)).record;
  job.suspend = false;
  const auto step = job_step(job, record, {}, at(1'000s));
  EXPECT_EQ(step.record.outcome, JobOutcome::kNone);
  EXPECT_EQ(step.record.started, at(1'000s));
  EXPECT_EQ(step.act, Act::kStart);
}

TEST(JobStep, AClockThatIsSetChangesNoDeadline) {
  Stamp now = at(30s);
  now.wall += std::chrono::years{50};
  EXPECT_EQ(job_step(with_deadline(60s), begun(), {Is::kActive, 1}, now).again_in, 30s);
}

TEST(JobStep, OverARebootTheWallClockCounts) {
  EXPECT_EQ(time_since(at(10s), at(25s, "boot-2")), 15s);
  EXPECT_EQ(time_since(at(25s), at(10s, "boot-2")), 0s) << "and never backwards";
  EXPECT_EQ(time_since(at(10s), at(25s)), 15s);
}

TEST(JobStep, AStampOfAClockThatWasNotSetSaysNothingAfterAReboot) {
  JobRecord record = begun();
  record.started->wall = {};
  const auto step = job_step(with_deadline(60s), record, {Is::kActive, 1}, at(5s, "boot-2"));
  EXPECT_EQ(step.record.outcome, JobOutcome::kNone);
  EXPECT_EQ(step.record.started, at(5s, "boot-2")) << "it is made anew";
  EXPECT_EQ(job_step(with_deadline(60s), record, {Is::kActive, 1}, at(60s)).record.outcome,
            JobOutcome::kFailed)
      << "within a boot the steady clock counts";
}

TEST(JobStep, AStampOfAClockThatWasAheadHoldsUpNothingAfterAReboot) {
  const auto ahead = [] {
    Stamp out = at(10s);
    out.wall += std::chrono::years{4};
    return out;
  };
  const Stamp now = at(20s, "boot-2");
  JobRecord deadline = begun();
  deadline.started = ahead();
  EXPECT_EQ(job_step(with_deadline(60s), deadline, {Is::kActive, 1}, now).record.started, now);
  JobRecord backoff = begun(0, 1);
  backoff.last_failed = ahead();
  const auto waits = job_step(spec(), backoff, {}, now);
  EXPECT_EQ(waits.again_in, job_backoff(1));
  EXPECT_EQ(job_step(spec(), waits.record, {}, at(20s + job_backoff(1), "boot-2")).act, Act::kStart);
  JobRecord done = ended(JobOutcome::kComplete);
  done.finished = ahead();
  const auto kept = job_step(with_ttl(60s), done, {Is::kSucceeded, 1}, now);
  EXPECT_EQ(kept.act, Act::kNothing);
  EXPECT_EQ(job_step(with_ttl(60s), kept.record, {Is::kSucceeded, 1}, at(81s, "boot-2")).act, Act::kRemove);
}

TEST(JobStep, AClockThatIsNotSetYetMakesNoStampAnew) {
  Stamp now = at(20s, "boot-2");
  now.wall = {};
  EXPECT_EQ(job_step(with_deadline(60s), begun(), {Is::kActive, 1}, now).record.started, at(0s));
}

TEST(JobStep, TheWaitIsDoubledToSixMinutes) {
  std::vector<std::chrono::milliseconds> waits;
  for (std::uint32_t n = 0; n < 9; ++n) waits.push_back(job_backoff(n));
  const std::vector<std::chrono::milliseconds> wanted{0s, 10s, 20s, 40s, 80s, 160s, 320s, 360s, 360s};
  EXPECT_EQ(waits, wanted);
  EXPECT_EQ(job_backoff(100'000), 360s);
}

TEST(JobStep, AnotherRunBeginsAnew) {
  const auto other = next_run(ended(JobOutcome::kFailed), base::Digest::of("other"));
  EXPECT_EQ(other.run, base::Digest::of("other"));
  EXPECT_EQ(other.outcome, JobOutcome::kNone);
  EXPECT_EQ(other.tries, 0U);
}

TEST(JobStep, AWayBackDoesNothingTwice) {
  const auto other = next_run(ended(JobOutcome::kComplete), base::Digest::of("other"));
  const auto back = next_run(other, kRun);
  EXPECT_EQ(back.outcome, JobOutcome::kComplete);
  EXPECT_EQ(job_step(spec(), back, {Is::kOther}, at(1s)).act, Act::kRemove) << "what the other one left";
}

TEST(JobStep, KnowsTheLastRunsThatWereDone) {
  JobRecord record = ended(JobOutcome::kComplete);
  for (int i = 0; i < 20; ++i) {
    record = next_run(record, base::Digest::of(std::to_string(i)));
    record.outcome = JobOutcome::kComplete;
  }
  EXPECT_EQ(record.done.size(), base::limits::kJobRunsKept);
  EXPECT_EQ(next_run(record, base::Digest::of("18")).outcome, JobOutcome::kComplete);
  EXPECT_EQ(next_run(record, kRun).outcome, JobOutcome::kNone);
}

// ---- a random life ----

class JobLives : public testing::TestWithParam<std::uint32_t> {};

/// The agent forgets between any two looks all but the record; the pod may be lost or end at any time.
TEST_P(JobLives, CountsEachTryOnceAndEnds) {
  std::mt19937 random(GetParam());
  const auto pick = [&](int to) { return std::uniform_int_distribution<int>(0, to - 1)(random); };
  for (int round = 0; round < 100; ++round) {
    auto job = spec(static_cast<std::uint32_t>(1 + pick(4)), static_cast<std::uint32_t>(pick(5)));
    if (pick(3) == 0) job.active_deadline = std::chrono::seconds(1 + pick(600));
    JobRecord record{.run = kRun};
    JobPod pod;
    std::uint32_t succeeded = 0;
    std::uint32_t failed = 0;
    std::set<std::uint32_t> lost;
    std::chrono::milliseconds now{0};
    for (int i = 0; i < 10'000 && record.outcome == JobOutcome::kNone; ++i) {
      now += std::chrono::milliseconds(pick(5'000));
      job.suspend = pick(20) == 0;
      const auto step = job_step(job, record, pod, at(now));
      EXPECT_GE(step.record.tries, record.tries);
      record = step.record;  // stored; the agent may have died before it acts
      if (step.act == Act::kStart && pick(4) > 0) {
        ASSERT_TRUE(pod.is != Is::kActive) << "two at a time";
        pod = {Is::kActive, step.number};
      } else if (step.act == Act::kRemove && pick(4) > 0) {
        pod = {};
      }
      if (pod.is == Is::kActive && pick(3) == 0) {
        pod.is = pick(3) == 0 ? Is::kSucceeded : Is::kFailed;
      } else if (pod.is == Is::kActive && pick(10) == 0) {
        pod = {};  // by foreign hands: neither succeeded nor failed
      }
      succeeded = std::max(succeeded, record.succeeded);
      failed = std::max(failed, record.failed);
      EXPECT_LE(record.succeeded + record.failed, record.tries);
    }
    ASSERT_NE(record.outcome, JobOutcome::kNone) << "seed " << GetParam() << " round " << round;
    if (record.outcome == JobOutcome::kComplete) {
      EXPECT_EQ(record.succeeded, job.completions);
    }
    if (record.reason == "BackoffLimitExceeded") {
      EXPECT_EQ(record.failed, job.backoff_limit + 1);
    }
    EXPECT_LE(record.failed, job.backoff_limit + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, JobLives, testing::Range(0U, 20U));

}  // namespace
}  // namespace holdfast::edge_agent
