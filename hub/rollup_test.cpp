// SPDX-License-Identifier: Apache-2.0
#include "hub/rollup.hpp"

#include <gtest/gtest.h>

namespace holdfast::hub {
namespace {

using sync::Health;
using sync::SyncStatus;

NodeShare ready() {
  return {.online = true,
          .updated = true,
          .leaving = false,
          .failed = false,
          .sync = SyncStatus::kSynced,
          .health = Health::kHealthy};
}
NodeShare away() { return {}; }
NodeShare starting() {
  NodeShare node = ready();
  node.updated = false;
  node.sync = SyncStatus::kOutOfSync;
  node.health = Health::kProgressing;
  return node;
}
NodeShare broken() {
  NodeShare node = ready();
  node.failed = true;
  node.health = Health::kDegraded;
  return node;
}
NodeShare away_but_updated() {
  NodeShare node = ready();
  node.online = false;
  return node;
}
NodeShare leaving() {
  NodeShare node = broken();
  node.leaving = true;
  return node;
}

struct Case {
  const char* name;
  Comparison comparison;
  std::vector<NodeShare> nodes;
  SyncStatus sync;
  Health health;
  std::vector<std::uint64_t> counts;  // total, updated, ready, deferred, failed
};
class RollUp : public testing::TestWithParam<Case> {};

TEST_P(RollUp, Reads) {
  const auto out = roll_up(GetParam().comparison, GetParam().nodes);
  EXPECT_EQ(out.sync, GetParam().sync);
  EXPECT_EQ(out.health, GetParam().health);
  const auto& nodes = out.nodes;
  EXPECT_EQ(
      (std::vector<std::uint64_t>{nodes.total, nodes.updated, nodes.ready, nodes.deferred, nodes.failed}),
      GetParam().counts);
}

const auto kNewest = Comparison::kNewest;
INSTANTIATE_TEST_SUITE_P(
    Table, RollUp,
    testing::Values(
        Case{"PlacedNowhere", kNewest, {}, SyncStatus::kSynced, Health::kHealthy, {0, 0, 0, 0, 0}},
        Case{"AllReady", kNewest, {ready(), ready()}, SyncStatus::kSynced, Health::kHealthy, {2, 2, 2, 0, 0}},
        Case{"OneStarts",
             kNewest,
             {ready(), starting()},
             SyncStatus::kOutOfSync,
             Health::kProgressing,
             {2, 1, 1, 0, 0}},
        Case{"OneIsAway", kNewest, {ready(), away()}, SyncStatus::kSynced, Health::kHealthy, {2, 1, 1, 1, 0}},
        Case{"OneLeftAfterItsUpdate",
             kNewest,
             {ready(), away_but_updated()},
             SyncStatus::kSynced,
             Health::kHealthy,
             {2, 2, 1, 0, 0}},
        Case{"AllAreAway", kNewest, {away(), away()}, SyncStatus::kSynced, Health::kUnknown, {2, 0, 0, 2, 0}},
        Case{"OneFails",
             kNewest,
             {ready(), broken()},
             SyncStatus::kSynced,
             Health::kDegraded,
             {2, 2, 1, 0, 1}},
        Case{"OneIsLeaving",
             kNewest,
             {ready(), leaving()},
             SyncStatus::kSynced,
             Health::kHealthy,
             {1, 1, 1, 0, 0}},
        Case{"GitIsAhead",
             Comparison::kBehind,
             {ready()},
             SyncStatus::kOutOfSync,
             Health::kHealthy,
             {1, 1, 1, 0, 0}},
        Case{"GitIsAway",
             Comparison::kUnknown,
             {ready()},
             SyncStatus::kUnknown,
             Health::kHealthy,
             {1, 1, 1, 0, 0}}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace holdfast::hub
