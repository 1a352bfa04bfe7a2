// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/session.hpp"

#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"
#include "sync/link/fake_link.hpp"
#include "sync/wire/frame.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::FrameType;

/// A node with a session, and at the other end of the broker a link that hears what it says.
class SessionTest : public testing::Test {
 protected:
  SessionTest()
      : broker(node.clock, node.random),
        link(broker, node.identity.uid.str()),
        hub(broker, "holdfast-hub"),
        session({node.clock, node.random, node.store, link}, node.engine(), node.identity,
                [this](const sync::Command& command) -> base::Result<std::string> {
                  carried_out.push_back(command.id);
                  return std::string("done");
                }) {
    hub.subscribe(sync::Topics::all_up());
    hub.on_message([this](const std::string& topic, std::string_view payload) {
      if (topic == sync::Topics::presence(node.identity.uid)) presence = payload;
      if (topic != sync::Topics::up(node.identity.uid)) return;
      auto frame = sync::decode_frame(payload);
      ASSERT_TRUE(frame);
      heard.push_back(*frame);
    });
    hub.start();
    pass(1s);
    session.start();
    pass(1min);
  }

  void pass(std::chrono::milliseconds time) {
    const auto end = node.clock.monotonic() + time;
    while (node.clock.monotonic() < end) {
      node.clock.advance(10ms);
      broker.step(node.clock.monotonic());
      node.engine().run_due();
      session.run_due();
    }
  }
  void tell(const sync::Frame& frame) {
    ASSERT_TRUE(hub.publish(sync::Topics::down(node.identity.uid), sync::encode_frame(frame), false));
    pass(1s);
  }
  std::size_t count(FrameType type) const {
    return static_cast<std::size_t>(std::count_if(
        heard.begin(), heard.end(), [&](const sync::Frame& frame) { return frame.type == type; }));
  }
  sync::Command command(std::uint64_t counter, base::WallTime deadline) {
    return {node.identity.uid,        counter, "id-" + std::to_string(counter),
            sync::CommandKind::kSync, "{}",    deadline};
  }
  sync::Answer last_answer() const {
    for (auto frame = heard.rbegin(); frame != heard.rend(); ++frame) {
      if (frame->type == FrameType::kAnswer) return *sync::decode_answer(frame->body);
    }
    return {};
  }

  FakeNode node;
  sync::FakeBroker broker;
  sync::FakeLink link;
  sync::FakeLink hub;
  std::vector<sync::Frame> heard;
  std::string presence;
  std::vector<std::string> carried_out;
  Session session;
};

TEST_F(SessionTest, SaysHelloAtEveryConnect) {
  EXPECT_TRUE(session.connected());
  EXPECT_EQ(count(FrameType::kHello), 1U);
  broker.restart();
  pass(2min);
  EXPECT_EQ(count(FrameType::kHello), 2U);
}

TEST_F(SessionTest, SaysThatItLeavesWhenItIsStopped) {
  ASSERT_EQ(presence, "1");
  session.stop();
  pass(1s);
  EXPECT_EQ(presence, "0");
}

TEST_F(SessionTest, StaysSilentWhileNothingChanges) {
  const auto before = heard.size();
  pass(9min);
  EXPECT_EQ(heard.size(), before);
}

TEST_F(SessionTest, RepeatsItsHelloAsABeacon) {
  pass(16min);
  ASSERT_EQ(count(FrameType::kHello), 2U);
  EXPECT_TRUE(sync::decode_hello(heard.back().body)->beacon);
}

TEST_F(SessionTest, AcceptsAStateAndSaysWhatCameOfIt) {
  tell(sync::encode(node.state({1, 1}, {FakeApp("web").file("motd", "/etc/motd", "hello")})));
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  EXPECT_EQ(count(FrameType::kApplied), 2U) << "accepted, then applied";
  EXPECT_GE(count(FrameType::kSnapshot), 1U);
}

TEST_F(SessionTest, SendsItsSnapshotWhenTheHubLacksIt) {
  const auto before = count(FrameType::kSnapshot);
  tell(sync::encode(sync::Report{.snapshot = true, .abilities = true}));
  EXPECT_EQ(count(FrameType::kSnapshot), before + 1);
}

TEST_F(SessionTest, CarriesOutACommandOnceHoweverOftenItComes) {
  const auto sealed = sync::sign_command(command(1, node.clock.wall() + 1min), node.fleet.key());
  tell(sync::encode(sealed));
  tell(sync::encode(sealed));
  EXPECT_EQ(carried_out, (std::vector<std::string>{"id-1"}));
  EXPECT_EQ(last_answer().body, "done");
}

TEST_F(SessionTest, RefusesACommandOfALowerCounterAfterARestart) {
  tell(sync::encode(sync::sign_command(command(5, node.clock.wall() + 1min), node.fleet.key())));
  tell(sync::encode(sync::sign_command(command(4, node.clock.wall() + 1min), node.fleet.key())));
  EXPECT_EQ(carried_out, (std::vector<std::string>{"id-5"}));
}

TEST_F(SessionTest, AnswersACommandThatCameTooLateInsteadOfDoingIt) {
  tell(sync::encode(sync::sign_command(command(1, node.clock.wall() - 1min), node.fleet.key())));
  EXPECT_TRUE(carried_out.empty());
  EXPECT_FALSE(last_answer().ok);
  EXPECT_NE(last_answer().body.find("after its deadline"), std::string::npos);
}

TEST_F(SessionTest, BelievesNoCommandThatAnotherKeySigned) {
  base::FakeRandom random{99};
  const auto stranger = base::SigningKey::generate(random);
  tell(sync::encode(sync::sign_command(command(1, node.clock.wall() + 1min), stranger)));
  EXPECT_TRUE(carried_out.empty());
  EXPECT_EQ(session.counters().frames_bad, 1U);
}

TEST_F(SessionTest, SurvivesGarbage) {
  ASSERT_TRUE(hub.publish(sync::Topics::down(node.identity.uid), "garbage", false));
  ASSERT_TRUE(hub.publish(sync::Topics::down(node.identity.uid), "", false));
  pass(1s);
  EXPECT_EQ(session.counters().frames_bad, 2U);
  EXPECT_TRUE(session.connected());
}

}  // namespace
}  // namespace holdfast::edge_agent
