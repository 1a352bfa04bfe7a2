// SPDX-License-Identifier: Apache-2.0
// Events of a node's outbox: each is kept once, and acknowledged when it is stored.
#include "hub/event_intake.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/hub.hpp"
#include "hub/fake_fleet.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;
using Counts = std::map<std::string, std::int64_t>;
using Told = std::vector<sync::EventsStored>;

constexpr std::uint64_t kLog = 7;

class EventIntakeTest : public testing::Test {
 protected:
  EventIntakeTest() {
    fleet.add_node("cam-1");
    fleet.settle();
  }
  FakeNode& node() { return fleet.node("cam-1"); }
  /// Events that say their sequences.
  void send(std::uint64_t first, std::uint64_t count, std::uint64_t lost = 0, std::uint64_t log = kLog) {
    sync::EventBatch batch{log, first, lost, {}};
    for (std::uint64_t i = 0; i < count; ++i) {
      batch.events.push_back({fleet.clock.wall(), sync::EventType::kNormal, "Applied", "motd", "",
                              "event " + std::to_string(first + i)});
    }
    node().send(sync::encode(batch));
    fleet.run_for(1s);
  }
  void pass_a_flush() { fleet.run_for(base::limits::kStatusFlushInterval + 1s); }
  std::vector<ObjectPtr> events() const { return fleet.objects->list(kEvents)->items; }
  /// How often each was counted.
  Counts counts() const {
    Counts out;
    for (const auto& event : events()) {
      if (text_at(*event, "source/component") == "agent")
        out[text_at(*event, "message")] = number_at(*event, "count");
    }
    return out;
  }
  std::string lost_message() const {
    for (const auto& event : events()) {
      if (text_at(*event, "reason") == "EventsLost") return text_at(*event, "message");
    }
    return "";
  }
  std::size_t records() {
    std::size_t count = 0;
    EXPECT_TRUE(fleet.store.read([&](sync::ReadTxn& txn) {
      return txn.scan(kOutboxTable, "", [&](std::string_view, std::string_view) {
        ++count;
        return true;
      });
    }));
    return count;
  }

  FakeFleet fleet;
};

TEST_F(EventIntakeTest, ABatchIsAcknowledgedWhenItIsStoredAndNotBefore) {
  send(1, 2);
  EXPECT_EQ(counts(), (Counts{{"event 1", 1}, {"event 2", 1}})) << "seen at once";
  EXPECT_EQ(records(), 0U);
  EXPECT_EQ(node().events_stored(), Told{});
  pass_a_flush();
  EXPECT_EQ(records(), 1U);
  EXPECT_EQ(node().events_stored(), (Told{{kLog, 2}}));
}

TEST_F(EventIntakeTest, TheSameBatchAgainAddsNothingAndIsAcknowledgedAgainAtOnce) {
  send(1, 2);
  pass_a_flush();
  send(1, 2);
  EXPECT_EQ(counts(), (Counts{{"event 1", 1}, {"event 2", 1}}));
  EXPECT_EQ(node().events_stored(), (Told{{kLog, 2}, {kLog, 2}}));
}

TEST_F(EventIntakeTest, ANodeThatForgotHowFarItWasIsToldOfWhatItSends) {
  send(1, 5);
  pass_a_flush();
  send(1, 2);
  EXPECT_EQ(node().events_stored().back(), (sync::EventsStored{kLog, 2}))
      << "of more it has not spoken since";
  send(3, 4);
  pass_a_flush();
  EXPECT_EQ(node().events_stored().back(), (sync::EventsStored{kLog, 6}));
  for (const auto& [message, count] : counts()) EXPECT_EQ(count, 1) << message;
}

TEST_F(EventIntakeTest, TwiceBeforeItIsStoredCountsOnce) {
  send(1, 2);
  send(1, 3);
  pass_a_flush();
  EXPECT_EQ(counts(), (Counts{{"event 1", 1}, {"event 2", 1}, {"event 3", 1}}));
  EXPECT_EQ(node().events_stored(), (Told{{kLog, 3}}));
}

TEST_F(EventIntakeTest, AHubThatDiesBeforeItStoredTakesThemAgainAndOnce) {
  send(1, 2);
  fleet.restart_hub();
  fleet.settle();
  EXPECT_EQ(counts(), Counts{});
  EXPECT_EQ(node().events_stored(), Told{});
  send(1, 2);
  pass_a_flush();
  EXPECT_EQ(counts(), (Counts{{"event 1", 1}, {"event 2", 1}}));
}

TEST_F(EventIntakeTest, AHubThatDiesAfterItStoredDropsWhatItHas) {
  send(1, 2);
  pass_a_flush();
  fleet.restart_hub();
  fleet.settle();
  send(1, 3);
  pass_a_flush();
  EXPECT_EQ(counts(), (Counts{{"event 1", 1}, {"event 2", 1}, {"event 3", 1}}));
  EXPECT_EQ(node().events_stored().back(), (sync::EventsStored{kLog, 3}));
}

TEST_F(EventIntakeTest, AStoreThatRefusesIsNoReasonToForget) {
  fleet.store.full_after(0);
  send(1, 2);
  pass_a_flush();
  EXPECT_EQ(node().events_stored(), Told{});
  fleet.store.full_after(std::nullopt);
  fleet.run_for(base::limits::kRetryInterval + 1s);
  EXPECT_EQ(node().events_stored(), (Told{{kLog, 2}}));
}

TEST_F(EventIntakeTest, AGapIsOneWarningWithItsNumber) {
  send(1, 2);
  send(10, 1, 7);
  send(10, 1, 7);
  pass_a_flush();
  EXPECT_TRUE(lost_message().starts_with("7 older events")) << lost_message();
  send(10, 1, 7);
  pass_a_flush();
  for (const auto& [message, count] : counts()) EXPECT_EQ(count, 1) << message;
}

TEST_F(EventIntakeTest, WhatCameAllTheSameIsNotCalledLost) {
  send(1, 6);
  send(10, 1, 9);
  pass_a_flush();
  EXPECT_TRUE(lost_message().starts_with("3 older events")) << lost_message();
}

TEST_F(EventIntakeTest, AGapBehindWhichNothingComesIsToldAsWell) {
  send(10, 0, 4);
  pass_a_flush();
  EXPECT_TRUE(lost_message().starts_with("4 older events")) << lost_message();
  EXPECT_EQ(node().events_stored(), (Told{{kLog, 9}}));
}

TEST_F(EventIntakeTest, SequencesThatWereLeftOutAreNoLoss) {
  send(1, 2);
  send(5'000, 1);
  pass_a_flush();
  EXPECT_EQ(lost_message(), "");
  EXPECT_EQ(node().events_stored().back(), (sync::EventsStored{kLog, 5'000}));
}

TEST_F(EventIntakeTest, ANewLogBeginsAnewAndAFewAreKnown) {
  for (std::uint64_t log = 1; log <= base::limits::kOutboxesPerNodeMax + 2; ++log) {
    send(1, 1, 0, log);
    pass_a_flush();
    EXPECT_EQ(node().events_stored().back(), (sync::EventsStored{log, 1}));
  }
  EXPECT_EQ(counts()["event 1"], static_cast<std::int64_t>(base::limits::kOutboxesPerNodeMax + 2));
  EXPECT_EQ(records(), base::limits::kOutboxesPerNodeMax);
}

TEST_F(EventIntakeTest, ADeletedNodeTakesItsRecordAlong) {
  fleet.add_node("cam-2");
  fleet.settle();
  send(1, 2);
  pass_a_flush();
  ASSERT_EQ(records(), 1U);
  fleet.remove(std::string(kNodes), "cam-1");
  fleet.settle();
  EXPECT_EQ(records(), 0U);
}

TEST_F(EventIntakeTest, ARecordThatCannotBeReadCostsAtMostThatSomeComeTwice) {
  send(1, 2);
  pass_a_flush();
  std::string key;
  ASSERT_TRUE(fleet.store.read([&](sync::ReadTxn& txn) {
    return txn.scan(kOutboxTable, "", [&](std::string_view found, std::string_view) {
      key = found;
      return true;
    });
  }));
  fleet.store.damage(kOutboxTable, key);
  fleet.restart_hub();
  fleet.settle();
  send(3, 1);
  pass_a_flush();
  EXPECT_EQ(counts()["event 3"], 1);
}

TEST_F(EventIntakeTest, NothingIsWrittenWhileNothingComes) {
  send(1, 2);
  fleet.run_for(1min);
  const auto commits = fleet.store.commits();
  send(1, 2);
  fleet.run_for(1min);
  EXPECT_EQ(fleet.store.commits(), commits) << "what is here already costs no write";
}

}  // namespace
}  // namespace holdfast::hub
