// SPDX-License-Identifier: Apache-2.0
// Deadlines: their order, and what callbacks may do to them.
#include "base/timer_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace holdfast::base {
namespace {

using namespace std::chrono_literals;

class TimerQueueTest : public testing::Test {
 protected:
  TimerQueue::Id add(const std::string& name) {
    return queue_.add([this, name] { ran_.push_back(name); });
  }
  using Names = std::vector<std::string>;

  TimerQueue queue_;
  Names ran_;
};

TEST_F(TimerQueueTest, RunsWhatIsDueInOrderOfDeadlines) {
  queue_.set(add("late"), 30ns);
  queue_.set(add("first"), 10ns);
  queue_.set(add("second"), 20ns);
  EXPECT_EQ(queue_.next(), 10ns);
  EXPECT_EQ(queue_.run_due(9ns), 0U);
  EXPECT_EQ(queue_.run_due(20ns), 2U);
  EXPECT_EQ(ran_, (Names{"first", "second"}));
  EXPECT_EQ(queue_.next(), 30ns);
}

TEST_F(TimerQueueTest, EqualDeadlinesRunInOrderOfMaking) {
  const auto a = add("a");
  const auto b = add("b");
  queue_.set(b, 5ns);
  queue_.set(a, 5ns);
  queue_.run_due(5ns);
  EXPECT_EQ(ran_, (Names{"a", "b"}));
}

TEST_F(TimerQueueTest, ATimerIsDueOnceUntilSetAgain) {
  const auto a = add("a");
  queue_.set(a, 1ns);
  EXPECT_EQ(queue_.run_due(10ns), 1U);
  EXPECT_EQ(queue_.run_due(10ns), 0U);
  queue_.set(a, 11ns);
  EXPECT_EQ(queue_.run_due(11ns), 1U);
  EXPECT_EQ(queue_.next(), std::nullopt);
}

TEST_F(TimerQueueTest, SettingReplacesTheEarlierDeadline) {
  const auto a = add("a");
  queue_.set(a, 1ns);
  queue_.set(a, 5ns);
  EXPECT_EQ(queue_.run_due(4ns), 0U);
  EXPECT_EQ(queue_.run_due(5ns), 1U);
}

TEST_F(TimerQueueTest, CancelledOrRemovedNeverRuns) {
  const auto a = add("a");
  const auto b = add("b");
  queue_.set(a, 1ns);
  queue_.set(b, 1ns);
  queue_.cancel(a);
  queue_.remove(b);
  queue_.set(b, 1ns);  // of a timer that is gone: nothing
  EXPECT_EQ(queue_.run_due(10ns), 0U);
  EXPECT_EQ(queue_.next(), std::nullopt);
}

TEST_F(TimerQueueTest, ACallbackMayRemoveItsOwnTimer) {
  TimerQueue::Id id = 0;
  const auto kept = std::make_shared<std::string>("still here");
  std::string seen;
  id = queue_.add([this, &id, &seen, kept] {
    queue_.remove(id);
    seen = *kept;  // the callback must outlive its timer
  });
  queue_.set(id, 1ns);
  EXPECT_EQ(queue_.run_due(1ns), 1U);
  EXPECT_EQ(seen, "still here");
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(TimerQueueTest, ACallbackMayCancelOrMoveAnotherThatIsDue) {
  const auto cancelled = add("cancelled");
  const auto moved = add("moved");
  const auto first = queue_.add([&] {
    queue_.cancel(cancelled);
    queue_.set(moved, 100ns);
  });
  queue_.set(first, 1ns);
  queue_.set(cancelled, 2ns);
  queue_.set(moved, 2ns);
  EXPECT_EQ(queue_.run_due(2ns), 1U);
  EXPECT_TRUE(ran_.empty());
  EXPECT_EQ(queue_.next(), 100ns);
}

TEST_F(TimerQueueTest, ATimerThatSetsItselfDueAtOnceDoesNotStarveTheRest) {
  TimerQueue::Id greedy = 0;
  int runs = 0;
  greedy = queue_.add([&] {
    ++runs;
    queue_.set(greedy, 0ns);
  });
  queue_.set(greedy, 1ns);
  queue_.set(add("other"), 2ns);
  EXPECT_EQ(queue_.run_due(5ns), 2U);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(ran_, Names{"other"});
  EXPECT_EQ(queue_.next(), 0ns);
}

TEST_F(TimerQueueTest, ACallbackMayMakeTimers) {
  const auto first = queue_.add([this] {
    for (int i = 0; i < 100; ++i) queue_.set(add("made"), 1ns);
  });
  queue_.set(first, 1ns);
  EXPECT_EQ(queue_.run_due(1ns), 1U);
  EXPECT_EQ(queue_.run_due(1ns), 100U);
}

}  // namespace
}  // namespace holdfast::base
