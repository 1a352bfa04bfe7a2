// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/outbox.hpp"

#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/wire.hpp"
#include "edge_agent/event_book.hpp"
#include "sync/store/fake_segments.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

class OutboxTest : public testing::Test {
 protected:
  OutboxTest() { restart(); }
  void restart() {
    book.reset();
    outbox.emplace(Outbox::Seams{clock, random, segments});
    book.emplace(clock, &*outbox);
  }
  void power_cut() {
    segments.power_cut();
    restart();
  }
  void happen(const std::string& message) { book->normal("Applied", {"web", ""}, message); }
  /// Messages of the next batch, as sent.
  Words next() {
    const auto batch = outbox->next();
    Words out;
    if (!batch) return out;
    last = *batch;
    for (const auto& event : batch->events) out.push_back(event.message);
    return out;
  }
  void answer() { outbox->stored({last.log, last.last()}); }

  base::FakeClock clock;
  base::FakeRandom random{3};
  sync::FakeSegments segments;
  std::optional<Outbox> outbox;
  std::optional<EventBook> book;
  sync::EventBatch last;
};

TEST_F(OutboxTest, GivesTheSameUntilItIsStoredThenWhatFollows) {
  happen("one");
  happen("two");
  EXPECT_EQ(next(), (Words{"one", "two"}));
  happen("three");
  EXPECT_FALSE(outbox->is_answered());
  outbox->stored({last.log, 2});
  EXPECT_TRUE(outbox->is_answered());
  EXPECT_EQ(next(), Words{"three"});
  EXPECT_EQ(last.first, 3U);
  answer();
  EXPECT_EQ(next(), Words{});
}

TEST_F(OutboxTest, EventsOutliveTheAgentAndMemoryHoldsNone) {
  happen("one");
  EXPECT_EQ(book->size(), 0U);
  restart();
  happen("two");
  EXPECT_EQ(next(), (Words{"one", "two"}));
  answer();
  restart();
  EXPECT_EQ(next(), Words{}) << "what the hub has is not sent again";
}

TEST_F(OutboxTest, AWarningIsStillToldOnce) {
  for (int i = 0; i < 3; ++i) book->warning("Failed", {"web", ""}, "disk full");
  EXPECT_EQ(next(), Words{"disk full"});
}

TEST_F(OutboxTest, WhatWasSentIsOnTheDiskBefore) {
  happen("one");
  EXPECT_EQ(next(), Words{"one"});
  power_cut();
  happen("two");
  EXPECT_EQ(next(), (Words{"one", "two"}));
  EXPECT_EQ(last.first, 1U);
}

TEST_F(OutboxTest, ASequenceThatAPowerCutTookWasNeverSent) {
  happen("one");
  next();
  happen("two");
  power_cut();
  happen("another");
  EXPECT_EQ(next(), (Words{"one", "another"}));
}

TEST_F(OutboxTest, OneSyncForABatch) {
  happen("the first one, with which files are made");
  next();
  const auto before = segments.syncs();
  for (int i = 0; i < 20; ++i) happen(std::to_string(i));
  EXPECT_EQ(segments.syncs(), before);
  next();
  next();
  EXPECT_EQ(segments.syncs(), before + 1);
}

TEST_F(OutboxTest, ABatchIsBounded) {
  for (std::size_t i = 0; i <= base::limits::kEventBatchMax; ++i) happen(std::to_string(i));
  EXPECT_EQ(next().size(), base::limits::kEventBatchMax);
  answer();
  EXPECT_EQ(next().size(), 1U);
}

// ---- what anybody may say ----

TEST_F(OutboxTest, AnAnswerForAnotherLogChangesNothing) {
  happen("one");
  next();
  outbox->stored({last.log + 1, 1});
  EXPECT_EQ(next(), Words{"one"});
}

TEST_F(OutboxTest, AnAnswerForWhatWasNeverSentChangesNothing) {
  happen("one");
  next();
  happen("two");
  outbox->stored({last.log, 2});
  EXPECT_EQ(next(), (Words{"one", "two"}));
}

TEST_F(OutboxTest, AnAnswerBeforeAnythingWasSentChangesNothing) {
  happen("one");
  next();
  restart();
  outbox->stored({last.log, 1});
  EXPECT_EQ(next(), Words{"one"});
}

TEST_F(OutboxTest, AnOldAnswerThatIsRepeatedChangesNothing) {
  happen("one");
  next();
  answer();
  happen("two");
  next();
  outbox->stored({last.log, 1});
  EXPECT_FALSE(outbox->is_answered());
  EXPECT_EQ(next(), Words{"two"});
}

// ---- gaps ----

TEST_F(OutboxTest, WhenItIsFullTheOldestGoAndTheNextBatchSaysHowMany) {
  const std::string text(900, 'x');
  std::size_t count = 0;
  while (outbox->lost() == 0) happen(std::to_string(++count) + text);
  const auto lost = outbox->lost();
  next();
  EXPECT_EQ(last.lost, lost);
  EXPECT_EQ(last.first, lost + 1);
  EXPECT_LE(segments.bytes_on_disk(), base::limits::kOutboxSegments * base::limits::kOutboxSegmentBytes);
  answer();
  next();
  EXPECT_EQ(last.lost, 0U) << "told once";
}

// ---- a folder that refuses ----

TEST_F(OutboxTest, OnAFullDiskEventsWaitInMemoryAndComeInOrderWhenThereIsRoom) {
  segments.set_full(true);
  happen("one");
  happen("two");
  EXPECT_EQ(book->size(), 2U);
  segments.set_full(false);
  happen("three");
  EXPECT_EQ(book->size(), 0U);
  EXPECT_EQ(next(), (Words{"one", "two", "three"}));
}

TEST_F(OutboxTest, AFolderThatCannotBeMadeIsTriedAgainFromTimeToTime) {
  sync::FakeSegments other;
  other.set_full(true);
  Outbox late({clock, random, other});
  EventBook waiting(clock, &late);
  waiting.normal("Applied", {"web", ""}, "one");
  EXPECT_EQ(waiting.size(), 1U);
  other.set_full(false);
  waiting.normal("Applied", {"web", ""}, "two");
  EXPECT_EQ(waiting.size(), 2U) << "not at every event";
  clock.advance(base::limits::kOutboxOpenInterval);
  EXPECT_EQ(waiting.take().size(), 0U);
  EXPECT_EQ(late.next()->events.size(), 2U);
}

TEST_F(OutboxTest, WhatCannotBeSyncedIsNotSent) {
  happen("one");
  segments.set_sync_fails(true);
  EXPECT_EQ(next(), Words{});
  segments.set_sync_fails(false);
  clock.advance(base::limits::kOutboxOpenInterval);
  EXPECT_EQ(next(), Words{"one"});
}

}  // namespace
}  // namespace holdfast::edge_agent
