// SPDX-License-Identifier: Apache-2.0
// How a session sends what waits in the outbox: one batch at a time, again when nobody says that it is stored.
#include "edge_agent/event_batches.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "base/limits/wire.hpp"
#include "edge_agent/fake_node.hpp"
#include "edge_agent/session.hpp"
#include "sync/link/fake_link.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::limits::kEventsStoredTimeout;

class SessionEvents : public testing::Test {
 protected:
  SessionEvents() : broker(node.clock, node.random), hub(broker, "holdfast-hub") {
    node.keep_events_in_outbox();
    hub.subscribe(sync::Topics::up(node.identity.uid));
    hub.on_message([this](const std::string&, std::string_view payload) {
      const auto frame = sync::decode_frame(payload);
      if (frame && frame->type == sync::FrameType::kEvents) ++loose;
      if (!frame || frame->type != sync::FrameType::kEventBatch) return;
      batches.push_back(*sync::decode_event_batch(frame->body));
      if (answers) stored(batches.back());
    });
    hub.start();
    start();
    pass(1min);
  }
  void start() {
    link.emplace(broker, node.identity.uid.str());
    session.emplace(Session::Seams{node.clock, node.random, node.store, *link, node.outbox.get()},
                    node.engine(), node.identity, [](const sync::Command&) { return std::string(); });
    session->start();
  }
  void kill() {
    session.reset();
    link.reset();
    node.kill();
  }
  void pass(std::chrono::milliseconds time) {
    const auto end = node.clock.monotonic() + time;
    while (node.clock.monotonic() < end) {
      node.clock.advance(50ms);
      broker.step(node.clock.monotonic());
      if (!session) continue;
      node.engine().run_due();
      session->run_due();
    }
  }
  void stored(const sync::EventBatch& batch) {
    ASSERT_TRUE(hub.publish(sync::Topics::down(node.identity.uid),
                            sync::encode_frame(sync::encode(sync::EventsStored{batch.log, batch.last()})),
                            sync::Delivery::kAtLeastOnce));
  }
  void ask(const sync::Report& report) {
    ASSERT_TRUE(hub.publish(sync::Topics::down(node.identity.uid), sync::encode_frame(sync::encode(report)),
                            sync::Delivery::kAtLeastOnce));
    pass(1s);
  }
  /// Two events: accepted, applied.
  void change(const std::string& content) {
    node.desire({FakeApp("web").file("motd", "/etc/motd", content)});
    pass(1s);
  }
  std::size_t events() const {
    std::size_t out = 0;
    for (const auto& batch : batches) out += batch.events.size();
    return out;
  }

  FakeNode node;
  sync::FakeBroker broker;
  sync::FakeLink hub;
  std::optional<sync::FakeLink> link;
  std::optional<Session> session;
  std::vector<sync::EventBatch> batches;
  std::size_t loose = 0;
  bool answers = false;
};

TEST_F(SessionEvents, OneBatchIsOnItsWayAndTheRestFollowsTogether) {
  change("one");
  ASSERT_EQ(batches.size(), 1U);
  change("two");
  change("three");
  EXPECT_EQ(batches.size(), 1U);
  stored(batches[0]);
  pass(1s);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[1].first, batches[0].last() + 1);
  EXPECT_GE(batches[1].events.size(), 4U);
  EXPECT_EQ(loose, 0U);
}

TEST_F(SessionEvents, WhatNobodyAnswersIsSentAgainLessAndLess) {
  change("one");
  pass(kEventsStoredTimeout + 1s);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[1].first, batches[0].first);
  pass(kEventsStoredTimeout);
  EXPECT_EQ(batches.size(), 2U);
  pass(kEventsStoredTimeout);
  EXPECT_EQ(batches.size(), 3U);
  pass(24h);
  EXPECT_LE(batches.size(), 36U) << "an old hub that never answers costs little";
}

TEST_F(SessionEvents, AfterAReconnectItIsSentAgain) {
  change("one");
  ASSERT_EQ(batches.size(), 1U);
  broker.restart();
  pass(20s);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[1].first, batches[0].first);
}

TEST_F(SessionEvents, AHubThatKnowsNothingOfThisNodeIsSentThemAtOnceForItDidNotListenBefore) {
  change("one");
  ASSERT_EQ(batches.size(), 1U);
  ask({.snapshot = true});
  EXPECT_EQ(batches.size(), 1U) << "one that lacks a report alone has listened";
  ask({.snapshot = true, .abilities = true});
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[1].first, batches[0].first);
}

TEST_F(SessionEvents, WhatHappenedOfflineIsToldInOrderThoughTheAgentWasKilled) {
  answers = true;
  broker.partition(node.identity.uid.str());
  change("one");
  change("two");
  kill();
  ASSERT_TRUE(node.boot());
  broker.heal(node.identity.uid.str());
  start();
  change("three");
  pass(2min);
  std::uint64_t next = 1;
  std::vector<std::string> messages;
  for (const auto& batch : batches) {
    for (auto sequence = batch.first; const auto& event : batch.events) {
      if (sequence++ < next) continue;
      ++next;
      if (event.reason == "Accepted") messages.push_back(event.message);
    }
  }
  EXPECT_EQ(messages.size(), 3U);
  EXPECT_EQ(node.outbox->waiting(), 0U);
}

TEST_F(SessionEvents, WhatIsStoredIsNotSentAfterARestart) {
  answers = true;
  change("one");
  pass(10s);
  const auto before = events();
  kill();
  ASSERT_TRUE(node.boot());
  start();
  pass(2min);
  EXPECT_EQ(events(), before);
}

TEST_F(SessionEvents, NothingIsWrittenWhileNothingHappens) {
  answers = true;
  change("one");
  pass(1min);
  const auto writes = node.segments.writes();
  const auto syncs = node.segments.syncs();
  pass(10min);
  EXPECT_EQ(node.segments.writes(), writes);
  EXPECT_EQ(node.segments.syncs(), syncs);
}

}  // namespace
}  // namespace holdfast::edge_agent
