// SPDX-License-Identifier: Apache-2.0
#include "hub/event_log.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/limits/hub.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;

class EventLogTest : public testing::Test {
 protected:
  EventLogTest() {
    EXPECT_TRUE(objects.load());
    EXPECT_TRUE(log.load());
  }
  void record(const std::string& message, const std::string& node = "cam-1") {
    log.record({"Node", node, "agent"},
               {clock.wall(), sync::EventType::kWarning, "DriftHealed", "motd", "File/motd", message});
  }
  std::vector<ObjectPtr> events() { return objects.list(kEvents)->items; }

  base::FakeClock clock;
  base::FakeRandom random{1};
  sync::FakeStore store{std::vector<sync::Table>(kHubTables.begin(), kHubTables.end())};
  Objects objects{{clock, random, store}};
  EventLog log{objects};
};

TEST_F(EventLogTest, AnEventReadsLikeKubernetes) {
  record("mode 0600");
  const auto& event = *events().at(0);
  EXPECT_EQ(text_at(event, "involvedObject/kind"), "Node");
  EXPECT_EQ(text_at(event, "involvedObject/name"), "cam-1");
  EXPECT_EQ(text_at(event, "type"), "Warning");
  EXPECT_EQ(text_at(event, "reason"), "DriftHealed");
  EXPECT_EQ(text_at(event, "source/component"), "agent");
  EXPECT_EQ(number_at(event, "count"), 1);
}

TEST_F(EventLogTest, TheSameAgainRaisesTheCountAndTheTime) {
  record("mode 0600");
  clock.advance(1h);
  record("mode 0600");
  record("content differs");
  ASSERT_EQ(events().size(), 2U);
  for (const auto& event : events()) {
    if (text_at(*event, "message") != "mode 0600") continue;
    EXPECT_EQ(number_at(*event, "count"), 2);
    EXPECT_EQ(text_at(*event, "firstTimestamp"), "2026-01-01T00:00:00.000Z");
    EXPECT_EQ(text_at(*event, "lastTimestamp"), "2026-01-01T01:00:00.000Z");
  }
}

TEST_F(EventLogTest, ANodeWhoseClockWentBackMakesNothingOlder) {
  record("mode 0600");
  clock.jump_wall(-24h);
  record("mode 0600");
  EXPECT_EQ(text_at(*events().at(0), "lastTimestamp"), "2026-01-01T00:00:00.000Z");
}

TEST_F(EventLogTest, ANodeOfAnotherCenturyPushesOutNobodyElse) {
  record("of the one that is right", "cam-2");
  const auto year = 24h * 365;
  clock.jump_wall(73 * year);
  for (std::size_t i = 0; i < base::limits::kEventsKeptMax + 3; ++i) record("drift " + std::to_string(i));
  clock.jump_wall(-73 * year);
  record("and goes on", "cam-2");
  std::set<std::string> messages;
  for (const auto& event : events()) messages.insert(text_at(*event, "message"));
  EXPECT_EQ(messages.size(), base::limits::kEventsPerObjectMax + 2);
  EXPECT_TRUE(messages.contains("of the one that is right"));
  EXPECT_TRUE(messages.contains("and goes on"));
  EXPECT_FALSE(messages.contains("drift 0"));
}

TEST_F(EventLogTest, TheOldestGo) {
  for (std::size_t i = 0; i < base::limits::kEventsKeptMax + 3; ++i) {
    record("drift " + std::to_string(i), "cam-" + std::to_string(i % 10));
    clock.advance(1s);
  }
  const auto left = events();
  EXPECT_EQ(left.size(), base::limits::kEventsKeptMax);
  for (const auto& event : left) EXPECT_NE(text_at(*event, "message"), "drift 0");
}

TEST_F(EventLogTest, ARestartKeepsCountingWhatWasFlushed) {
  record("mode 0600");
  ASSERT_TRUE(objects.flush());
  Objects again({clock, random, store});
  ASSERT_TRUE(again.load());
  EventLog later(again);
  ASSERT_TRUE(later.load());
  later.record({"Node", "cam-1", "agent"},
               {clock.wall(), sync::EventType::kWarning, "DriftHealed", "motd", "File/motd", "mode 0600"});
  EXPECT_EQ(number_at(*again.list(kEvents)->items.at(0), "count"), 2);
}

}  // namespace
}  // namespace holdfast::hub
