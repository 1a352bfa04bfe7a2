// SPDX-License-Identifier: Apache-2.0
#include "hub/work_queue.hpp"

#include <gtest/gtest.h>

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;

const base::MonotonicTime kNow{1h};
const Key kApplicationA{KeyKind::kApplication, "a"};
const Key kNodeA{KeyKind::kNode, "a"};
const Key kNodeB{KeyKind::kNode, "b"};

TEST(WorkQueue, ApplicationsComeBeforeNodesThatWaitLonger) {
  WorkQueue queue;
  queue.push(kNodeB, kNow - 1min);
  queue.push(kNodeA, kNow);
  queue.push(kApplicationA, kNow);
  EXPECT_EQ(queue.pop(kNow), kApplicationA);
  EXPECT_EQ(queue.pop(kNow), kNodeB);
  EXPECT_EQ(queue.pop(kNow), kNodeA);
  EXPECT_EQ(queue.pop(kNow), std::nullopt);
}

TEST(WorkQueue, AKeyStandsInItOnceAtItsEarliestTime) {
  WorkQueue queue;
  queue.push(kNodeA, kNow + 10s);
  queue.push(kNodeA, kNow + 5s);
  queue.push(kNodeA, kNow + 20s);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.next_due(), kNow + 5s);
  EXPECT_EQ(queue.pop(kNow), std::nullopt);
  EXPECT_EQ(queue.pop(kNow + 5s), kNodeA);
  EXPECT_EQ(queue.next_due(), std::nullopt);
}

TEST(WorkQueue, SetMovesAKeyToLater) {
  WorkQueue queue;
  queue.push(kNodeA, kNow);
  queue.set(kNodeA, kNow + 1min);
  EXPECT_EQ(queue.pop(kNow), std::nullopt);
  queue.drop(kNodeA);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(WorkQueue, OfOneKindAlone) {
  WorkQueue queue;
  queue.push(kApplicationA, kNow);
  queue.push(kNodeA, kNow);
  EXPECT_EQ(queue.pop(kNow, KeyKind::kNode), kNodeA);
  EXPECT_EQ(queue.pop(kNow, KeyKind::kNode), std::nullopt);
}

}  // namespace
}  // namespace holdfast::hub
