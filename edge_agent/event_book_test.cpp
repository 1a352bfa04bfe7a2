// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/event_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {
namespace {

using ::testing::HasSubstr;
const Subject kFile{"app", "File/a"};

class EventBookTest : public ::testing::Test {
 protected:
  base::FakeClock clock;
  EventBook book{clock};
};

TEST_F(EventBookTest, KeepsOrderAndTime) {
  book.normal("First", kFile, "one");
  book.warning("Second", kFile, "two");
  const auto events = book.take();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].reason, "First");
  EXPECT_EQ(events[0].time, clock.wall());
  EXPECT_EQ(events[1].type, sync::EventType::kWarning);
  EXPECT_EQ(events[1].resource, "File/a");
  EXPECT_TRUE(book.take().empty());
}

TEST_F(EventBookTest, TellsTheSameWarningOnceUntilSomethingElseHappens) {
  for (int i = 0; i < 5; ++i) book.warning("Failed", kFile, "disk full");
  EXPECT_EQ(book.size(), 1U);
  book.warning("Failed", kFile, "another error");
  EXPECT_EQ(book.size(), 2U);
  book.normal("Applied", kFile, "done");
  book.warning("Failed", kFile, "another error");
  EXPECT_EQ(book.size(), 4U);
}

TEST_F(EventBookTest, SettlingMakesTheNextWarningNews) {
  book.warning("Failed", kFile, "disk full");
  book.settle(kFile);
  book.warning("Failed", kFile, "disk full");
  EXPECT_EQ(book.size(), 2U);
}

TEST_F(EventBookTest, DropsTheOldestOverItsLimitAndReportsTheGap) {
  for (std::size_t i = 0; i < base::limits::kEventsUnsentMax; ++i) book.normal("N", kFile, std::to_string(i));
  EXPECT_EQ(book.take().size(), base::limits::kEventsUnsentMax) << "at the limit nothing is lost";
  for (std::size_t i = 0; i < base::limits::kEventsUnsentMax + 3; ++i)
    book.normal("N", kFile, std::to_string(i));
  const auto events = book.take();
  ASSERT_EQ(events.size(), base::limits::kEventsUnsentMax + 1);
  EXPECT_EQ(events.front().message, "3");
  EXPECT_EQ(events.back().reason, "EventsLost");
  EXPECT_THAT(events.back().message, HasSubstr("3 older events"));
  EXPECT_EQ(book.lost(), 3U);
}

}  // namespace
}  // namespace holdfast::edge_agent
