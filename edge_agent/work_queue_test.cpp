// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/work_queue.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
constexpr base::MonotonicTime kNow{1000ms};
const WorkKey kA{WorkKind::kClaim, "a"};
const WorkKey kB{WorkKind::kClaim, "b"};

TEST(WorkQueue, GivesWhatIsDueByTimeThenByKey) {
  WorkQueue queue;
  queue.add(kB, kNow);
  queue.add(kA, kNow);
  queue.add({WorkKind::kSection, "s"}, kNow - 1ms);
  EXPECT_EQ(queue.take(kNow), (WorkKey{WorkKind::kSection, "s"}));
  EXPECT_EQ(queue.take(kNow), kA);
  EXPECT_EQ(queue.take(kNow), kB);
  EXPECT_FALSE(queue.take(kNow));
}

TEST(WorkQueue, KeepsAKeyOnceAndTheEarlierTimeCounts) {
  WorkQueue queue;
  queue.add(kA, kNow + 10ms);
  queue.add(kA, kNow);
  queue.add(kA, kNow + 20ms);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.due(kA), kNow);
  EXPECT_EQ(queue.take(kNow), kA);
  EXPECT_FALSE(queue.due(kA));
}

TEST(WorkQueue, GivesNothingEarly) {
  WorkQueue queue;
  queue.add(kA, kNow + 1ms);
  EXPECT_FALSE(queue.take(kNow));
  EXPECT_EQ(queue.next(), kNow + 1ms);
}

TEST(WorkQueue, ForgetsWhatIsDropped) {
  WorkQueue queue;
  queue.add(kA, kNow);
  queue.drop(kA);
  queue.drop(kB);
  EXPECT_FALSE(queue.next());
}

}  // namespace
}  // namespace holdfast::edge_agent
