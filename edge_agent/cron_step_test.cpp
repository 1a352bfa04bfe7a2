// SPDX-License-Identifier: Apache-2.0
// The Jobs of a CronJob: which are started, replaced and forgotten, and random lives over leaping clocks in which no start happens twice and history stays bounded.
// When a start is due has its own tests (sync/model/cron_decision_test.cpp).
#include "edge_agent/cron_step.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::WallTime;
using std::chrono::sys_days;
using sync::ConcurrencyPolicy;

const base::Digest kRun = base::Digest::of("run");
const WallTime kNoon = sys_days(std::chrono::year(2026) / 6 / 15) + 12h;
const WallTime kBuilt = sys_days(std::chrono::year(2026) / 1 / 1);

Stamp stamp(WallTime wall) { return {"boot-1", base::MonotonicTime{wall - kBuilt}, wall}; }

sync::CronJob cron(ConcurrencyPolicy policy = ConcurrencyPolicy::kAllow) {
  sync::CronJob out;
  out.schedule = *sync::CronSchedule::parse("* * * * *");
  out.concurrency = policy;
  return out;
}

CronStep step(const sync::CronJob& spec, const CronRecord& record, WallTime now) {
  return cron_step(spec, sync::TimeZone::utc(), record, kRun, stamp(now), kBuilt);
}

CronEntry entry(WallTime scheduled, JobOutcome outcome) {
  CronEntry out{.scheduled = scheduled, .job = {.run = kRun}};
  out.job.outcome = outcome;
  if (outcome != JobOutcome::kNone) out.job.finished = stamp(scheduled + 10s);
  return out;
}

/// What its Jobs are, "2:runs 1:complete,leaving", by minutes after noon.
std::string text(const CronRecord& record) {
  std::string out;
  for (const auto& one : record.jobs) {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(one.scheduled - kNoon).count();
    out += (out.empty() ? "" : " ") + std::to_string(minutes) + ":";
    out += one.job.outcome == JobOutcome::kNone       ? "runs"
           : one.job.outcome == JobOutcome::kComplete ? "complete"
                                                      : "failed";
    if (one.is_leaving) out += ",leaving";
  }
  return out;
}

TEST(CronStep, MeetsOneAndStartsNothingThatWasDueBefore) {
  const auto first = step(cron(), {}, kNoon + 30s);
  EXPECT_EQ(text(first.record), "");
  EXPECT_EQ(first.again_at, kNoon + 1min);
  EXPECT_EQ(text(step(cron(), first.record, kNoon + 1min).record), "1:runs");
}

TEST(CronStep, MeetsOneWithAClockThatIsNotSetAndStartsNothingWhenItIs) {
  const auto first = step(cron(), {}, WallTime{1h});
  EXPECT_TRUE(first.clock_is_unset);
  const auto then = step(cron(), first.record, kNoon + 30s);
  EXPECT_EQ(text(then.record), "");
  EXPECT_EQ(text(step(cron(), then.record, kNoon + 1min).record), "1:runs");
}

TEST(CronStep, DoesWithOneThatRunsAsThePolicySays) {
  const CronRecord record{kNoon + 1min, {entry(kNoon + 1min, JobOutcome::kNone)}};
  EXPECT_EQ(text(step(cron(ConcurrencyPolicy::kAllow), record, kNoon + 2min).record), "1:runs 2:runs");
  EXPECT_EQ(text(step(cron(ConcurrencyPolicy::kReplace), record, kNoon + 2min).record),
            "1:runs,leaving 2:runs");
  const auto held = step(cron(ConcurrencyPolicy::kForbid), record, kNoon + 2min);
  EXPECT_EQ(text(held.record), "1:runs");
  EXPECT_TRUE(held.is_held_back);
  CronRecord over = held.record;
  over.jobs[0] = entry(kNoon + 1min, JobOutcome::kComplete);
  EXPECT_EQ(text(step(cron(ConcurrencyPolicy::kForbid), over, kNoon + 2min + 20s).record),
            "1:complete 2:runs");
}

TEST(CronStep, HoldsBackMoreThanTheLimitAtATime) {
  CronRecord record{kNoon, {}};
  for (int i = 1; i <= 40; ++i) record = step(cron(), record, kNoon + std::chrono::minutes(i)).record;
  EXPECT_EQ(record.jobs.size(), base::limits::kCronJobsRunningMax);
  record.jobs.front().job.outcome = JobOutcome::kComplete;
  const auto then = step(cron(), record, kNoon + 41min);
  EXPECT_EQ(then.record.jobs.back().scheduled, kNoon + 41min) << "one start for all that were held back";
}

TEST(CronStep, StartsNothingMoreWhileWhatIsToGoDoesNot) {
  CronRecord record{kNoon, {}};
  for (int i = 1; i <= 2'000; ++i)
    record = step(cron(ConcurrencyPolicy::kReplace), record, kNoon + std::chrono::minutes(i)).record;
  EXPECT_EQ(record.jobs.size(), base::limits::kCronJobsRunningMax);
  record.jobs.erase(record.jobs.begin());
  EXPECT_EQ(step(cron(ConcurrencyPolicy::kReplace), record, kNoon + 2'001min).record.jobs.size(),
            base::limits::kCronJobsRunningMax);
}

TEST(CronStep, KeepsAsMuchHistoryAsIsWanted) {
  auto spec = cron();
  spec.successful_kept = 2;
  spec.failed_kept = 1;
  CronRecord record{kNoon + 6min, {}};
  for (int i = 1; i <= 6; ++i) {
    record.jobs.push_back(
        entry(kNoon + std::chrono::minutes(i), i % 2 == 0 ? JobOutcome::kComplete : JobOutcome::kFailed));
  }
  EXPECT_EQ(text(step(spec, record, kNoon + 6min + 1s).record),
            "1:failed,leaving 2:complete,leaving 3:failed,leaving 4:complete 5:failed 6:complete");
  spec.successful_kept = 0;
  spec.failed_kept = 0;
  for (const auto& one : step(spec, record, kNoon + 6min + 1s).record.jobs) EXPECT_TRUE(one.is_leaving);
}

TEST(CronStep, StartsOfAClockThatWasAheadAreNotTheNewestOfItsHistory) {
  CronRecord record{.dealt_with = kNoon + 600min};
  for (const auto minutes : {598min, 599min, 600min})
    record.jobs.push_back(entry(kNoon + minutes, JobOutcome::kComplete));
  record = step(cron(), record, kNoon + 30s).record;  // the clock came back
  EXPECT_EQ(text(record), "598:complete 599:complete 600:complete");
  for (const auto minutes : {1min, 2min}) {
    record = step(cron(), record, kNoon + minutes).record;
    record.jobs.at(static_cast<std::size_t>(minutes.count() - 1)).job.outcome = JobOutcome::kComplete;
    EXPECT_EQ(last_ended(record, kNoon + minutes)->scheduled, kNoon + minutes);
  }
  record = step(cron(), record, kNoon + 2min + 30s).record;
  EXPECT_EQ(text(record), "1:complete 2:complete 598:complete,leaving 599:complete,leaving 600:complete");
  // What is still known of them keeps their minute from a second start.
  record.dealt_with = kNoon + 599min;
  EXPECT_EQ(step(cron(), record, kNoon + 600min).record.jobs.size(), record.jobs.size());
}

TEST(CronStep, ForgetsAJobWhoseTimeIsOver) {
  auto spec = cron();
  spec.job.ttl_after_finished = 60s;
  const CronRecord record{kNoon + 1min, {entry(kNoon + 1min, JobOutcome::kComplete)}};
  const auto early = step(spec, record, kNoon + 1min + 50s);
  EXPECT_EQ(text(early.record), "1:complete");
  EXPECT_EQ(early.again_in, 20s);
  spec.suspend = true;
  EXPECT_EQ(text(step(spec, record, kNoon + 1min + 70s).record), "1:complete,leaving");
}

TEST(CronStep, SaysOnceWhatWasLeftOut) {
  const CronRecord record{kNoon, {}};
  const auto leap = step(cron(), record, kNoon + 5min);
  EXPECT_EQ(text(leap.record), "5:runs");
  EXPECT_EQ(leap.warning, "4 starts before that of 2026-06-15T12:05:00Z were missed, and are left out");
  EXPECT_EQ(step(cron(), leap.record, kNoon + 5min).warning, "");
  EXPECT_EQ(step(cron(), record, kNoon + 100h).warning,
            "more than 100 starts before that of 2026-06-19T16:00:00Z were missed, and are left out");
}

TEST(CronStep, SaysThatADeadlineIsOver) {
  auto spec = cron();
  spec.schedule = *sync::CronSchedule::parse("0 * * * *");
  spec.starting_deadline = 60s;
  const auto late = step(spec, {kNoon, {}}, kNoon + 1h + 5min);
  EXPECT_EQ(text(late.record), "");
  EXPECT_EQ(late.warning, "the start of 2026-06-15T13:00:00Z is left out: startingDeadlineSeconds is over");
}

TEST(CronStep, NamesAJobByTheMinuteOfItsStart) {
  EXPECT_EQ(cron_job_name("report", kNoon), "report-" + std::to_string(kNoon.time_since_epoch() / 1min));
}

// ---- a random life ----

class CronLives : public testing::TestWithParam<std::uint32_t> {};

TEST_P(CronLives, StartsNoMinuteTwiceAndNeverAStorm) {
  std::mt19937 random(GetParam());
  const auto pick = [&](int to) { return std::uniform_int_distribution<int>(0, to - 1)(random); };
  std::size_t total = 0;
  for (int round = 0; round < 20; ++round) {
    auto spec = cron(static_cast<ConcurrencyPolicy>(pick(3)));
    spec.successful_kept = static_cast<std::uint32_t>(pick(4));
    spec.failed_kept = static_cast<std::uint32_t>(pick(3));
    if (pick(3) == 0) spec.starting_deadline = std::chrono::seconds(1 + pick(300));
    CronRecord record;
    std::set<WallTime> started;
    WallTime now = kNoon;
    for (int i = 0; i < 400; ++i) {
      now += std::chrono::seconds(pick(90));
      if (pick(40) == 0) now += std::chrono::hours(pick(24 * 400));  // leaps ahead
      if (pick(40) == 0) now -= std::chrono::seconds(pick(3'000));   // is set back a little
      spec.suspend = pick(30) == 0;
      const auto next = step(spec, record, now);
      if (next.record.dealt_with < record.dealt_with)
        started.clear();  // set back by so much that it begins anew
      std::size_t fresh = 0;
      std::size_t active = 0;
      std::size_t complete = 0;
      std::size_t failed = 0;
      for (const auto& one : next.record.jobs) {
        const bool is_new = std::ranges::none_of(
            record.jobs, [&](const auto& known) { return known.scheduled == one.scheduled; });
        if (is_new) {
          ++fresh;
          EXPECT_TRUE(started.insert(one.scheduled).second) << "a minute started twice";
        }
        if (one.is_leaving) continue;
        if (one.job.outcome == JobOutcome::kNone) ++active;
        if (one.job.outcome == JobOutcome::kComplete) ++complete;
        if (one.job.outcome == JobOutcome::kFailed) ++failed;
      }
      EXPECT_LE(fresh, 1U) << "a storm";
      EXPECT_LE(complete, spec.successful_kept);
      EXPECT_LE(failed, spec.failed_kept);
      EXPECT_LE(active,
                spec.concurrency == ConcurrencyPolicy::kAllow ? base::limits::kCronJobsRunningMax : 1U);
      record = next.record;
      for (auto& one : record.jobs) {
        if (one.job.outcome != JobOutcome::kNone || pick(4) > 0) continue;
        one.job.outcome = pick(3) == 0 ? JobOutcome::kFailed : JobOutcome::kComplete;
        one.job.finished = stamp(now);
      }
      std::erase_if(record.jobs, [&](const auto& one) { return one.is_leaving && pick(2) == 0; });
      if (HasFailure()) return;
    }
    total += started.size();
  }
  EXPECT_GT(total, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CronLives, testing::Range(0U, 20U));

}  // namespace
}  // namespace holdfast::edge_agent
