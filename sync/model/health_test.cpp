// SPDX-License-Identifier: Apache-2.0
// Health: words and order.
#include "sync/model/health.hpp"

#include <gtest/gtest.h>

namespace holdfast::sync {
namespace {

TEST(Health, WordsReadBack) {
  for (const auto health : {Health::kHealthy, Health::kSuspended, Health::kProgressing, Health::kMissing,
                            Health::kDegraded, Health::kUnknown}) {
    EXPECT_EQ(parse_health(to_string(health)), health);
  }
  for (const auto status : {SyncStatus::kSynced, SyncStatus::kOutOfSync, SyncStatus::kUnknown}) {
    EXPECT_EQ(parse_sync_status(to_string(status)), status);
  }
}

TEST(Health, UnknownWordIsAnErrorThatListsThem) {
  EXPECT_EQ(parse_sync_status("synced").error().message(),
            "sync status must be one of Synced, OutOfSync, Unknown");
  EXPECT_FALSE(parse_health(""));
}

TEST(Health, OfManyIsTheWorst) {
  EXPECT_EQ(worse(Health::kHealthy, Health::kProgressing), Health::kProgressing);
  EXPECT_EQ(worse(Health::kDegraded, Health::kMissing), Health::kDegraded);
  EXPECT_EQ(worse(Health::kUnknown, Health::kDegraded), Health::kUnknown);
}

}  // namespace
}  // namespace holdfast::sync
