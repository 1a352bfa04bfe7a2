// SPDX-License-Identifier: Apache-2.0
// Backoff as the design words it for drift, processes, retries and reconnects.
#include "base/backoff.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/fake_random.hpp"

namespace holdfast::base {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

MonotonicTime at(milliseconds since_boot) { return MonotonicTime(since_boot); }

/// The waits of `times` in a row, each at the moment that the one before is over.
std::vector<milliseconds> waits(BackoffPolicy policy, int times) {
  Backoff backoff(policy);
  std::vector<milliseconds> all;
  MonotonicTime now = at(1h);
  for (int i = 0; i < times; ++i) {
    all.push_back(backoff.record(now));
    now = backoff.ready_at();
  }
  return all;
}

TEST(Backoff, OfDriftRepairsAtOnceThenWaitsTwoSecondsTimesThree) {
  EXPECT_EQ(waits(drift_backoff(), 8), (std::vector<milliseconds>{0s, 2s, 6s, 18s, 54s, 162s, 300s, 300s}));
}

TEST(Backoff, OfProcessesIsThatOfKubernetes) {
  EXPECT_EQ(waits(process_backoff(), 8),
            (std::vector<milliseconds>{0s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}));
}

TEST(Backoff, OfRetriesWaitsTheFirstTimeToo) {
  EXPECT_EQ(waits({.base = 5s, .factor = 2, .max = 3min}, 7),
            (std::vector<milliseconds>{5s, 10s, 20s, 40s, 80s, 160s, 180s}));
}

struct OddPolicy {
  const char* name;
  BackoffPolicy policy;
  std::vector<milliseconds> waits;
};

class BackoffWithOddPolicy : public testing::TestWithParam<OddPolicy> {};

TEST_P(BackoffWithOddPolicy, StaysBetweenZeroAndMax) {
  EXPECT_EQ(waits(GetParam().policy, 4), GetParam().waits);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BackoffWithOddPolicy,
    testing::Values(OddPolicy{"FactorOne", {.base = 3s, .factor = 1, .max = 9s}, {3s, 3s, 3s, 3s}},
                    OddPolicy{"FactorZero", {.base = 3s, .factor = 0, .max = 9s}, {3s, 3s, 3s, 3s}},
                    OddPolicy{"BaseOverMax", {.base = 30s, .factor = 2, .max = 9s}, {9s, 9s, 9s, 9s}},
                    OddPolicy{"BaseZero", {.base = 0s, .factor = 2, .max = 9s}, {0s, 0s, 0s, 0s}},
                    OddPolicy{"MaxNegative", {.base = 1s, .factor = 2, .max = -1s}, {0s, 0s, 0s, 0s}},
                    OddPolicy{"HugeFactor", {.base = 1s, .factor = INT64_MAX, .max = 9s}, {1s, 9s, 9s, 9s}}),
    [](const auto& row) { return row.param.name; });

TEST(Backoff, StartsOverAfterQuietCountedFromTheEndOfTheWait) {
  Backoff backoff({.base = 100s, .factor = 2, .max = 1h, .reset_after = 10min});
  EXPECT_EQ(backoff.record(at(0s)), 100s);
  EXPECT_EQ(backoff.record(at(100s + 10min - 1ms)), 200s);  // not yet quiet enough
  const auto over = backoff.ready_at();
  EXPECT_EQ(backoff.record(over + 10min), 100s);
  EXPECT_EQ(backoff.count(), 1);
}

TEST(Backoff, WithoutResetAfterNeverStartsOverByItself) {
  Backoff backoff({.base = 1s, .factor = 2, .max = 1h});
  backoff.record(at(0s));
  EXPECT_EQ(backoff.record(at(24h * 365)), 2s);
}

TEST(Backoff, AResetMakesTheNextTimeAFirstTime) {
  Backoff backoff(drift_backoff());
  backoff.record(at(0s));
  backoff.record(at(0s));
  EXPECT_FALSE(backoff.is_ready(at(1s)));
  backoff.reset();
  EXPECT_EQ(backoff.count(), 0);
  EXPECT_TRUE(backoff.is_ready(at(1s)));
  EXPECT_EQ(backoff.record(at(1s)), 0s);
}

TEST(Backoff, IsReadyWhenTheWaitIsOver) {
  Backoff backoff({.base = 5s, .factor = 2, .max = 1min});
  EXPECT_TRUE(backoff.is_ready(at(0s)));
  backoff.record(at(10s));
  EXPECT_FALSE(backoff.is_ready(at(15s - 1ms)));
  EXPECT_TRUE(backoff.is_ready(at(15s)));
  EXPECT_EQ(backoff.ready_at(), at(15s));
}

TEST(Backoff, FullJitterIsUniformBetweenZeroAndTheWait) {
  FakeRandom random(17);
  milliseconds least = 1h, most = 0ms, sum = 0ms;
  constexpr int kTimes = 2000;
  for (int i = 0; i < kTimes; ++i) {
    Backoff backoff({.base = 1000ms, .factor = 2, .max = 1min});
    const auto wait = backoff.record(at(1s), random);
    EXPECT_EQ(backoff.ready_at(), at(1s) + wait);
    least = std::min(least, wait);
    most = std::max(most, wait);
    sum += wait;
  }
  EXPECT_LE(least, 10ms);
  EXPECT_GE(most, 990ms);
  EXPECT_LE(most, 1000ms);
  EXPECT_NEAR(static_cast<double>(sum.count()) / kTimes, 500.0, 30.0);
}

TEST(Backoff, AMillionTimesInARowIsStillTheLongestWait) {
  Backoff backoff(drift_backoff());
  milliseconds last{};
  for (int i = 0; i < 1'000'000; ++i) last = backoff.record(at(0s));
  EXPECT_EQ(last, 300s);
}

}  // namespace
}  // namespace holdfast::base
