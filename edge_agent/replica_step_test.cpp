// SPDX-License-Identifier: Apache-2.0
// What becomes of the pods of a Deployment: a table of single decisions, and random walks in which the promises of maxSurge and maxUnavailable must hold at every step.
#include "edge_agent/replica_step.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::PodShare;
using sync::UpdateStrategy;
using Indexes = std::vector<std::uint32_t>;

ReplicaRules rolling(std::uint32_t replicas, std::uint32_t unavailable, std::uint32_t surge) {
  return {.replicas = replicas, .bounds = {unavailable, surge}, .min_ready = 10s};
}
ReplicaRules recreate(std::uint32_t replicas) {
  return {
      .replicas = replicas, .bounds = {replicas, 0}, .strategy = UpdateStrategy::kRecreate, .min_ready = 10s};
}

// One letter for each pod, by index: "O" is former and available, "o" former and not ready, "N" current and available, "r" current and ready for a second, "n" current and
// not ready, "x" leaving, "." none.
std::vector<ReplicaPod> pods(std::string_view letters) {
  std::vector<ReplicaPod> out;
  for (std::uint32_t i = 0; i < letters.size(); ++i) {
    const char letter = letters[i];
    if (letter == '.') continue;
    ReplicaPod pod{.index = i, .is_current = letter != 'O' && letter != 'o' && letter != 'x'};
    pod.is_leaving = letter == 'x';
    if (letter == 'O' || letter == 'N') pod.ready_for = 60s;
    if (letter == 'r') pod.ready_for = 1s;
    out.push_back(pod);
  }
  return out;
}

struct Row {
  const char* name;
  ReplicaRules rules;
  const char* is;
  Indexes create;
  Indexes stop;
  bool is_complete;
};
class ReplicaStepDecides : public testing::TestWithParam<Row> {};

TEST_P(ReplicaStepDecides, AsTheTableSays) {
  const Row& row = GetParam();
  const auto step = replica_step(row.rules, pods(row.is));
  EXPECT_EQ(step.create, row.create);
  EXPECT_EQ(step.stop, row.stop);
  EXPECT_EQ(step.is_complete, row.is_complete);
}

INSTANTIATE_TEST_SUITE_P(
    Steady, ReplicaStepDecides,
    testing::Values(Row{"NothingIsThere", rolling(3, 0, 1), "", {0, 1, 2}, {}, false},
                    Row{"AllIsWell", rolling(3, 0, 1), "NNN", {}, {}, true},
                    Row{"WhichIndexDoesNotMatter", rolling(2, 0, 1), ".NN", {}, {}, true},
                    Row{"ReadyIsNotYetAvailable", rolling(3, 0, 1), "NNr", {}, {}, false},
                    Row{"OneIsMissing", rolling(3, 0, 1), "N.N", {1}, {}, false},
                    Row{"NoneIsWanted", rolling(0, 1, 1), "", {}, {}, true},
                    Row{"ALeavingOneIsAwaited", rolling(1, 0, 1), "Nx", {}, {}, false}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Scaling, ReplicaStepDecides,
    testing::Values(Row{"DownTakesTheLast", rolling(1, 0, 1), "NNN", {}, {1, 2}, false},
                    Row{"DownTakesWhatIsNotReadyFirst", rolling(2, 0, 1), "nNN", {}, {0}, false},
                    Row{"DownToNone", rolling(0, 0, 1), "NN", {}, {0, 1}, false},
                    Row{"DownToNoneOfAnEarlierOne", rolling(0, 0, 1), "Oo", {}, {0, 1}, false},
                    Row{"Up", rolling(4, 1, 1), "NN", {2, 3}, {}, false}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Rolling, ReplicaStepDecides,
    testing::Values(Row{"TheNewOneFirst", rolling(1, 0, 1), "O", {1}, {}, false},
                    Row{"TheOldOneStaysWhileTheNewOneIsNotReady", rolling(1, 0, 1), "On", {}, {}, false},
                    Row{"AndUntilItIsAvailable", rolling(1, 0, 1), "Or", {}, {}, false},
                    Row{"ThenTheOldOneGoes", rolling(1, 0, 1), "ON", {}, {0}, false},
                    Row{"WithoutSurgeTheOldOneGoesFirst", rolling(1, 1, 0), "O", {}, {0}, false},
                    Row{"AndIsGoneBeforeTheNewOneComes", rolling(1, 1, 0), "x", {}, {}, false},
                    Row{"ThenTheNewOneComes", rolling(1, 1, 0), "", {0}, {}, false},
                    Row{"AQuarterOfFour", rolling(4, 1, 1), "OOOO", {4}, {3}, false},
                    Row{"OneAtATime", rolling(3, 0, 1), "OOON", {}, {2}, false},
                    Row{"ALeavingOneHoldsItsPlace", rolling(3, 0, 1), "OOxN", {}, {}, false},
                    Row{"ABrokenOldOneGoesFirst", rolling(3, 0, 1), "oOON", {}, {0}, false},
                    Row{"ABrokenOldOneStaysWhileTheNewOneIsNoBetter", rolling(1, 0, 1), "on", {}, {}, false},
                    Row{"BrokenOldOnesMakeRoom", rolling(3, 1, 0), "ooo", {}, {2}, false},
                    Row{"ABrokenNewOneStopsTheChange", rolling(3, 1, 1), "OO.nn", {}, {}, false},
                    Row{"AnotherChangeOnTheWay", rolling(2, 0, 1), "OoN", {}, {1}, false}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(Recreate, ReplicaStepDecides,
                         testing::Values(Row{"AllGo", recreate(2), "OO", {}, {0, 1}, false},
                                         Row{"NoneComesBeforeAllAreGone", recreate(2), "x.", {}, {}, false},
                                         Row{"ThenAllCome", recreate(2), "", {0, 1}, {}, false},
                                         Row{"ALeftOverOldOneGoes", recreate(2), "NO", {}, {1}, false}),
                         [](const auto& row) { return row.param.name; });

TEST(ReplicaStep, LooksAgainWhenTheFirstReadyPodHasBeenSoLongEnough) {
  EXPECT_EQ(replica_step(rolling(3, 0, 1), pods("rrn")).again_in, 9s);
  EXPECT_EQ(replica_step(rolling(3, 0, 1), pods("NNn")).again_in, std::nullopt);
}

TEST(ReplicaStep, OfADaemonSetStopsThePodBeforeItsSuccessorStarts) {
  const auto rules = replica_rules(sync::DaemonSet{});
  EXPECT_EQ(replica_step(rules, pods("O")).stop, Indexes{0});
  EXPECT_EQ(replica_step(rules, pods("O")).create, Indexes{});
  EXPECT_EQ(replica_step(rules, {}).create, Indexes{0});
}

// ---- a random life ----

/// Pods that are made, become ready or not, and take their time to go.
class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed) { change(); }

  int pick(int to) { return std::uniform_int_distribution<int>(0, to - 1)(random_); }

  void change() {
    ++revision_;
    const auto replicas = static_cast<std::uint32_t>(pick(6));
    const bool is_recreate = pick(5) == 0;
    rules.replicas = replicas;
    rules.strategy = is_recreate ? UpdateStrategy::kRecreate : UpdateStrategy::kRollingUpdate;
    rules.bounds =
        is_recreate ? sync::RollingBounds{replicas, 0} : sync::rolling_bounds(replicas, share(), share());
    rules.min_ready = std::chrono::seconds(pick(3));
  }

  /// Something happens to one pod.
  void happen(bool is_kind) {
    if (pods_.empty()) return;
    auto at = std::next(pods_.begin(), pick(static_cast<int>(pods_.size())));
    Pod& pod = at->second;
    if (pod.is_leaving) {
      pods_.erase(at);
    } else if (is_kind || pick(3) > 0) {
      if (!pod.ready_since) pod.ready_since = now_;
    } else if (pick(2) == 0) {
      pod.ready_since.reset();
    } else {
      pods_.erase(at);  // by foreign hands
    }
  }

  std::vector<ReplicaPod> seen() const {
    std::vector<ReplicaPod> out;
    for (const auto& [index, pod] : pods_) {
      ReplicaPod one{.index = index, .is_current = pod.revision == revision_, .is_leaving = pod.is_leaving};
      if (pod.ready_since && !pod.is_leaving) one.ready_for = now_ - *pod.ready_since;
      out.push_back(one);
    }
    return out;
  }

  std::uint32_t available() const {
    return static_cast<std::uint32_t>(std::ranges::count_if(pods_, [&](const auto& pair) {
      const Pod& pod = pair.second;
      return !pod.is_leaving && pod.ready_since && now_ - *pod.ready_since >= rules.min_ready;
    }));
  }

  /// One decision, carried out; what it promises is looked at.
  bool act() {
    const auto step = replica_step(rules, seen());
    const std::uint32_t before = available();
    for (const auto index : step.stop) {
      EXPECT_TRUE(pods_.contains(index) && !pods_.at(index).is_leaving);
      pods_.at(index).is_leaving = true;
    }
    const std::uint32_t least = rules.replicas - std::min(rules.replicas, rules.bounds.unavailable);
    EXPECT_GE(available(), std::min(before, least)) << "a stop took more than maxUnavailable allows";
    const bool has_former =
        std::ranges::any_of(pods_, [&](const auto& pair) { return pair.second.revision != revision_; });
    if (rules.strategy == UpdateStrategy::kRecreate && has_former) {
      EXPECT_TRUE(step.create.empty()) << "Recreate means none beside an earlier one";
    }
    for (const auto index : step.create) {
      EXPECT_FALSE(pods_.contains(index)) << "two pods of one name";
      pods_[index] = {.revision = revision_};
    }
    if (!step.create.empty()) {
      EXPECT_LE(pods_.size(), rules.replicas + rules.bounds.surge) << "more than maxSurge allows";
    }
    now_ += 500ms;
    return step.is_complete;
  }

  ReplicaRules rules;

 private:
  PodShare share() {
    return pick(2) == 0 ? PodShare{static_cast<std::uint32_t>(pick(3)), false}
                        : PodShare{static_cast<std::uint32_t>(pick(5) * 25), true};
  }
  struct Pod {
    int revision = 0;
    bool is_leaving = false;
    std::optional<std::chrono::milliseconds> ready_since;
  };
  std::mt19937 random_;
  std::map<std::uint32_t, Pod> pods_;
  int revision_ = 0;
  std::chrono::milliseconds now_{0};
};

class ReplicaStepLives : public testing::TestWithParam<std::uint32_t> {};

TEST_P(ReplicaStepLives, KeepsItsBoundsAndArrives) {
  for (std::uint32_t round = 0; round < 50; ++round) {
    World world(GetParam() * 1'000 + round);
    for (int i = 0; i < 200; ++i) {
      world.act();
      if (world.pick(2) == 0) world.happen(false);
      if (world.pick(25) == 0) world.change();
    }
    bool has_arrived = false;
    for (int i = 0; i < 1'000 && !has_arrived; ++i) {
      has_arrived = world.act();
      world.happen(true);
    }
    ASSERT_TRUE(has_arrived) << "seed " << GetParam() << " round " << round;
    EXPECT_TRUE(replica_step(world.rules, world.seen()).is_at_rest());
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReplicaStepLives, testing::Range(0U, 20U));

// ---- the deadline ----

constexpr base::MonotonicTime kStart{1'000s};

TEST(RolloutProgress, EachStepForwardGivesTheWholeTimeAgain) {
  RolloutProgress progress;
  progress.begin(kStart);
  progress.look(replica_step(rolling(2, 0, 1), pods("OO")), kStart);
  EXPECT_EQ(progress.deadline(600s), kStart + 600s);
  progress.look(replica_step(rolling(2, 0, 1), pods("OOn")), kStart + 10s);
  EXPECT_EQ(progress.deadline(600s), kStart + 610s);
  progress.look(replica_step(rolling(2, 0, 1), pods("OOn")), kStart + 500s);
  EXPECT_EQ(progress.deadline(600s), kStart + 610s) << "nothing moved";
  progress.look(replica_step(rolling(2, 0, 1), pods("OOr")), kStart + 520s);
  EXPECT_EQ(progress.deadline(600s), kStart + 1'120s);
}

TEST(RolloutProgress, BeginsWithTheFirstLookNotWhenItWasAskedFor) {
  RolloutProgress progress;
  progress.begin(kStart);
  progress.look(replica_step(rolling(1, 0, 1), {}), kStart + 700s);
  EXPECT_EQ(progress.deadline(600s), kStart + 1'300s) << "it waited for an earlier wave";
}

TEST(RolloutProgress, APodThatTakesItsGraceIsNoStop) {
  RolloutProgress progress;
  progress.begin(kStart);
  for (int i = 0; i < 90; ++i) progress.look(replica_step(rolling(1, 1, 0), pods("x")), kStart + i * 10s);
  EXPECT_EQ(progress.deadline(600s), kStart + 890s + 600s);
}

TEST(RolloutProgress, APodThatComesAndGoesIsNoProgress) {
  RolloutProgress progress;
  progress.begin(kStart);
  const auto ready = replica_step(rolling(1, 0, 1), pods("r"));
  const auto lost = replica_step(rolling(1, 0, 1), pods("n"));
  progress.look(lost, kStart);
  progress.look(ready, kStart + 10s);
  progress.look(lost, kStart + 20s);
  progress.look(ready, kStart + 30s);
  EXPECT_EQ(progress.deadline(600s), kStart + 610s);
}

TEST(RolloutProgress, WhatHoldsItUpGivesTheWholeTimeAgainAndTakesNothingBack) {
  RolloutProgress progress;
  progress.begin(kStart);
  progress.look(replica_step(rolling(2, 0, 1), pods("oo")), kStart);
  progress.hold(kStart + 3'000s);
  EXPECT_EQ(progress.deadline(600s), kStart + 3'600s);
  progress.look(replica_step(rolling(2, 0, 1), pods("oo")), kStart + 3'100s);
  EXPECT_EQ(progress.deadline(600s), kStart + 3'700s);
  progress.look(replica_step(rolling(2, 0, 1), pods("NN")), kStart + 3'200s);
  progress.hold(kStart + 4'000s);
  EXPECT_TRUE(progress.was_complete()) << "a pod that is missing since is no change";
  EXPECT_EQ(progress.deadline(600s), std::nullopt);
}

TEST(RolloutProgress, WhatIsCompleteHasNoDeadlineAlsoWhenItLosesAPod) {
  RolloutProgress progress;
  progress.begin(kStart);
  progress.look(replica_step(rolling(1, 0, 1), pods("N")), kStart);
  EXPECT_EQ(progress.deadline(600s), std::nullopt);
  progress.look(replica_step(rolling(1, 0, 1), pods("n")), kStart + 10s);
  EXPECT_EQ(progress.deadline(600s), std::nullopt);
  EXPECT_TRUE(progress.was_complete());
  progress.begin(kStart + 20s);
  EXPECT_EQ(progress.deadline(600s), kStart + 620s);
}

}  // namespace
}  // namespace holdfast::edge_agent
