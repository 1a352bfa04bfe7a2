// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/log.hpp"
#include "edge_agent/agent_cli.hpp"
#include "edge_agent/fake_node.hpp"
#include "edge_agent/local_routes.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"
#include "sync/link/fake_link.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/state_base.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::FrameType;

/// A node with a session, and at the other end of the broker a link that hears what it says.
class SessionTest : public testing::Test {
 protected:
  SessionTest() : broker(node.clock, node.random), hub(broker, "holdfast-hub") {
    hub.subscribe(sync::Topics::all_up());
    hub.on_message([this](const std::string& topic, std::string_view payload) {
      if (topic == sync::Topics::presence(node.identity.uid)) presence = payload;
      if (topic != sync::Topics::up(node.identity.uid)) return;
      hear(payload);
    });
    hub.start();
    pass(1s);
    start();
    pass(1min);
  }

  void start() {
    link.emplace(broker, node.identity.uid.str());
    session.emplace(Session::Seams{node.clock, node.random, node.store, *link}, node.engine(), node.identity,
                    [this](const sync::Command& command) -> base::Result<std::string> {
                      carried_out.push_back(command.id);
                      return std::string("done");
                    });
    session->start();
  }
  /// As a hub does that has every snapshot so far.
  void hear(std::string_view payload) {
    const auto find_base = [this](sync::FrameType, std::string_view name) -> std::optional<std::string> {
      const auto found = reports.find(std::string(name));
      return found == reports.end() ? std::nullopt : std::optional(found->second);
    };
    const auto decoded = sync::decode_frame(payload, find_base);
    ASSERT_TRUE(decoded);
    if (sync::is_delta(payload)) ++deltas;
    last_size = payload.size();
    if (std::holds_alternative<sync::BaseLost>(*decoded)) return static_cast<void>(++lost);
    const auto& frame = std::get<sync::Frame>(*decoded);
    if (frame.type == FrameType::kSnapshot || (frame.type == FrameType::kHello && !sync::is_delta(payload))) {
      const auto base = sync::up_base(frame.body);
      reports[base.name] = base.bytes;
    }
    heard.push_back(frame);
  }
  /// The agent's process ends and another begins.
  void restart() {
    session.reset();
    link.reset();
    ASSERT_TRUE(node.restart());
    start();
    pass(1min);
    ASSERT_TRUE(session->connected());
  }

  void pass(std::chrono::milliseconds time) {
    const auto end = node.clock.monotonic() + time;
    while (node.clock.monotonic() < end) {
      node.clock.advance(10ms);
      broker.step(node.clock.monotonic());
      node.engine().run_due();
      if (session) session->run_due();
    }
  }
  void tell(const sync::Frame& frame) {
    ASSERT_TRUE(hub.publish(sync::Topics::down(node.identity.uid), sync::encode_frame(frame),
                            sync::Delivery::kAtLeastOnce));
    pass(1s);
  }
  /// On the header that the node holds now, and what the hub believes that it holds of these sections.
  std::string delta_of(const sync::State& next, const std::vector<sync::StateBase::Section>& sections,
                       const std::string& revision = std::string()) {
    const auto stored = sync::read_one(node.store, kMetaTable, kHeaderKey);
    const auto sealed = decode_stored_header(**stored);
    const auto header = sync::decode_header(sealed->bytes);
    const sync::StateBase name{sync::state_base_header(base::Digest::of(sealed->bytes)), sections};
    const auto app = [&] {
      auto out = FakeApp("web").file("motd", "/etc/motd", "hello");
      return revision.empty() ? out : out.revision(revision);
    };
    const auto bytes = sync::state_base_bytes(
        name, *sealed, header->sections, [&](const auto&) { return app().bytes(); },
        [&](const auto&) { return app().body().provenance; });
    const auto payload = sync::encode_frame(sync::encode(next), {sync::encode_state_base(name), *bytes});
    EXPECT_TRUE(sync::is_delta(payload));
    return payload;
  }
  void tell_delta(const sync::State& next, const std::vector<sync::StateBase::Section>& sections,
                  const std::string& revision = std::string()) {
    ASSERT_TRUE(hub.publish(sync::Topics::down(node.identity.uid), delta_of(next, sections, revision),
                            sync::Delivery::kAtLeastOnce));
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
  sync::SignedCommand sealed_command(std::uint64_t counter, base::WallTime deadline) {
    return sync::sign_command(command(counter, deadline), node.fleet.key()).value();
  }
  sync::Answer last_answer() const {
    for (auto frame = heard.rbegin(); frame != heard.rend(); ++frame) {
      if (frame->type == FrameType::kAnswer) return *sync::decode_answer(frame->body);
    }
    return {};
  }

  FakeNode node;
  sync::FakeBroker broker;
  sync::FakeLink hub;
  std::optional<sync::FakeLink> link;
  std::vector<sync::Frame> heard;
  std::map<std::string, std::string> reports;  ///< snapshots that came, by the names that deltas call them by
  std::size_t deltas = 0;
  std::size_t lost = 0;  ///< deltas on something that never came
  std::size_t last_size = 0;
  std::string presence;
  std::vector<std::string> carried_out;
  std::optional<Session> session;
};

TEST_F(SessionTest, SaysHelloAtEveryConnect) {
  EXPECT_TRUE(session->connected());
  EXPECT_EQ(count(FrameType::kHello), 1U);
  broker.restart();
  pass(2min);
  EXPECT_EQ(count(FrameType::kHello), 2U);
}

/// Who asks for the trust document elsewhere while there is no broker must learn that there is none.
TEST_F(SessionTest, WakesTheProgramWhenTheLinkIsLost) {
  bool is_woken = false;
  session->on_wake([&] { is_woken = is_woken || !session->connected(); });
  broker.down();
  pass(2min);
  EXPECT_TRUE(is_woken);
}

TEST_F(SessionTest, SaysThatItLeavesWhenItIsStopped) {
  ASSERT_EQ(presence, "1");
  session->stop();
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
  EXPECT_EQ(broker.published_at_most_once(), 1U)
      << "the next one says the same: nobody has to acknowledge it";
  EXPECT_LT(last_size, 60U) << "and it is a delta on the hello";
  tell(sync::encode(sync::Report{.hello = true}));
  EXPECT_EQ(count(FrameType::kHello), 3U) << "whole, for who could not read the beacon";
  EXPECT_EQ(deltas, 1U);
  pass(16min);
  EXPECT_EQ(deltas, 2U);
}

TEST_F(SessionTest, AcceptsAStateAndSaysWhatCameOfIt) {
  tell(sync::encode(sync::Report{.snapshot = true}));
  tell(sync::encode(node.state({1, 1}, {FakeApp("web").file("motd", "/etc/motd", "hello")})));
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  EXPECT_EQ(count(FrameType::kApplied), 2U) << "accepted, then applied";
  EXPECT_GE(count(FrameType::kSnapshot), 1U);
}

TEST_F(SessionTest, TellsAHubThatDidNotListenBeforeWhatIsLackingHere) {
  const auto state = node.state({1, 1}, {FakeApp("web").file("motd", "/etc/motd", "hello")});
  tell(sync::encode(state));
  const auto hellos = [this] { return count(FrameType::kHello); };
  const auto before = hellos();
  tell(sync::encode(sync::Report{.snapshot = true, .abilities = true}));
  EXPECT_EQ(hellos(), before) << "nothing is lacking";
  ASSERT_TRUE(sync::write_one(node.store, kMetaTable, std::string(kDeletesForbiddenKey), "1"));
  restart();
  const auto joined = hellos();
  tell(sync::encode(sync::Report{.snapshot = true, .abilities = true}));
  ASSERT_EQ(hellos(), joined + 1);
  const auto last = std::ranges::find(heard.rbegin(), heard.rend(), FrameType::kHello, &sync::Frame::type);
  EXPECT_TRUE(sync::decode_hello(last->body)->content.is_none());
}

TEST_F(SessionTest, SendsItsSnapshotWhenTheHubLacksIt) {
  const auto before = count(FrameType::kSnapshot);
  tell(sync::encode(sync::Report{.snapshot = true, .abilities = true}));
  EXPECT_EQ(count(FrameType::kSnapshot), before + 1);
}

// ---- deltas ----

TEST_F(SessionTest, ASnapshotAfterAnotherIsADelta) {
  tell(sync::encode(sync::Report{.snapshot = true}));
  ASSERT_EQ(deltas, 0U) << "what the hub lacks comes whole";
  node.engine().set_facts({{"zone", "a"}});
  pass(5s);
  EXPECT_EQ(deltas, 1U);
  EXPECT_LT(last_size, 200U);
  EXPECT_EQ(sync::decode_snapshot_report(heard.back().body)->snapshot,
            sync::encode_snapshot(node.engine().snapshot()));
  EXPECT_EQ(session->counters().snapshots_delta, 1U);
}

TEST_F(SessionTest, ASnapshotThatTheHubLacksIsWholeHoweverOftenItAsks) {
  for (int i = 0; i < 3; ++i) {
    const auto before = count(FrameType::kSnapshot);
    tell(sync::encode(sync::Report{.snapshot = true}));
    EXPECT_EQ(count(FrameType::kSnapshot), before + 1);
  }
  EXPECT_EQ(deltas, 0U);
}

TEST_F(SessionTest, ANewSessionGoesOnFromWhatItsHelloNamed) {
  tell(sync::encode(sync::Report{.snapshot = true}));
  broker.restart();
  pass(2min);
  node.engine().set_facts({{"zone", "a"}});
  pass(5s);
  EXPECT_EQ(deltas, 1U);
  EXPECT_EQ(lost, 0U) << "the hub has had that one since the last session";
}

TEST_F(SessionTest, ADesiredStateComesAsADeltaOnTheLast) {
  tell(sync::encode(node.state({1, 1}, {FakeApp("web").file("motd", "/etc/motd", "hello")})));
  const auto next = node.state({1, 2}, {FakeApp("web").file("motd", "/etc/motd", "goodbye")});
  tell_delta(next, {{0, true}});
  EXPECT_EQ(node.content("/etc/motd"), "goodbye");
  EXPECT_EQ(session->counters().states_delta, 1U);
  EXPECT_EQ(count(FrameType::kBaseLost), 0U);
}

TEST_F(SessionTest, ADeltaOnAnotherBaseIsNotTakenAndTheWholeIsAskedFor) {
  tell(sync::encode(node.state({1, 1}, {FakeApp("web").file("motd", "/etc/motd", "hello")})));
  const auto second = node.state({1, 2}, {FakeApp("web").file("motd", "/etc/motd", "goodbye")});
  const auto third = node.state({1, 3}, {FakeApp("web").file("motd", "/etc/motd", "again")});
  const auto late = delta_of(third, {{0, true}});
  tell(sync::encode(second));
  ASSERT_TRUE(hub.publish(sync::Topics::down(node.identity.uid), late, sync::Delivery::kAtLeastOnce));
  pass(1s);
  EXPECT_EQ(node.content("/etc/motd"), "goodbye");
  ASSERT_EQ(count(FrameType::kBaseLost), 1U);
  EXPECT_EQ(session->counters().frames_bad, 0U) << "nothing was damaged";
  EXPECT_EQ(session->counters().bases_lost, 1U);
  tell(sync::encode(third));
  EXPECT_EQ(node.content("/etc/motd"), "again");
}

TEST_F(SessionTest, ADeltaOnAProvenanceThatTheNodeNeverGotIsLost) {
  tell(sync::encode(node.state({1, 1}, {FakeApp("web").file("motd", "/etc/motd", "hello")})));
  // The same content of a later commit: the header has its provenance, the node has the one before.
  auto same =
      node.state({1, 2}, {FakeApp("web").file("motd", "/etc/motd", "hello").revision(std::string(40, 'b')),
                          FakeApp("b").file("b", "/etc/b", "b")});
  std::erase_if(same.bodies, [](const auto& body) { return body.bytes.find("motd") != std::string::npos; });
  tell(sync::encode(same));
  const auto next = node.state(
      {1, 3}, {FakeApp("web").file("motd", "/etc/motd", "goodbye").revision(std::string(40, 'b'))});
  const std::uint16_t web = 1;
  tell_delta(next, {{web, true}}, std::string(40, 'b'));
  EXPECT_EQ(count(FrameType::kBaseLost), 1U);
  tell_delta(next, {{web, false}}, std::string(40, 'b'));
  EXPECT_EQ(node.content("/etc/motd"), "goodbye");
}

TEST_F(SessionTest, CarriesOutACommandOnceHoweverOftenItComes) {
  const auto sealed = sealed_command(1, node.clock.wall() + 1min);
  tell(sync::encode(sealed));
  tell(sync::encode(sealed));
  EXPECT_EQ(carried_out, (std::vector<std::string>{"id-1"}));
  EXPECT_EQ(last_answer().body, "done");
}

TEST_F(SessionTest, RefusesACommandOfALowerCounterAfterARestart) {
  const auto fifth = sealed_command(5, node.clock.wall() + 1h);
  tell(sync::encode(fifth));
  restart();
  tell(sync::encode(fifth));
  tell(sync::encode(sealed_command(4, node.clock.wall() + 1h)));
  EXPECT_EQ(carried_out, (std::vector<std::string>{"id-5"}));
  tell(sync::encode(sealed_command(6, node.clock.wall() + 1h)));
  EXPECT_EQ(carried_out, (std::vector<std::string>{"id-5", "id-6"}));
}

TEST_F(SessionTest, CarriesOutACommandThoughItsClockIsAhead) {
  const auto sealed = sealed_command(1, node.clock.wall() + 30s);
  node.clock.jump_wall(23h);
  tell(sync::encode(sealed));
  EXPECT_EQ(carried_out, (std::vector<std::string>{"id-1"}));
  EXPECT_TRUE(last_answer().ok);
}

TEST_F(SessionTest, RefusesACommandOfAnotherDayAndNamesTheDifference) {
  const auto sealed = sealed_command(1, node.clock.wall() + 30s);
  node.clock.jump_wall(24h * 3);
  tell(sync::encode(sealed));
  EXPECT_TRUE(carried_out.empty());
  EXPECT_FALSE(last_answer().ok);
  EXPECT_NE(last_answer().body.find("deadline passed"), std::string::npos);
  EXPECT_NE(last_answer().body.find("by this node's clock, which says 2026-01-04T"), std::string::npos)
      << last_answer().body;
}

std::vector<std::string> logged;

TEST_F(SessionTest, SaysWhyTheBrokerIsNotReachedAndWhenThatIsOver) {
  logged.clear();
  base::log::set_sink([](base::log::Level, std::string_view line) { logged.emplace_back(line); });
  broker.down();
  pass(10min);
  const auto says = [](const std::string& line) {
    return line.find("the broker is not reached") != std::string::npos;
  };
  EXPECT_EQ(session->link_trouble(), "connection refused");
  const auto status = status_json(node.engine(), node.identity, &*session);
  EXPECT_EQ(status.at("brokerError"), session->link_trouble());
  EXPECT_NE(status_text(status).find("not connected: " + session->link_trouble()), std::string::npos);
  const auto said = std::count_if(logged.begin(), logged.end(), says);
  EXPECT_GE(said, 1);
  EXPECT_LT(said, 10) << "it goes quiet";
  broker.up();
  pass(10min);
  base::log::set_sink(nullptr);
  EXPECT_TRUE(session->connected());
  EXPECT_EQ(session->link_trouble(), "");
  EXPECT_FALSE(status_json(node.engine(), node.identity, &*session).contains("brokerError"));
  EXPECT_EQ(std::count_if(logged.begin(), logged.end(), says), said + 1) << "that it is over";
}

TEST_F(SessionTest, BelievesNoCommandThatAnotherKeySigned) {
  base::FakeRandom random{99};
  const auto stranger = base::SigningKey::generate(random);
  tell(sync::encode(sync::sign_command(command(1, node.clock.wall() + 1min), stranger).value()));
  EXPECT_TRUE(carried_out.empty());
  EXPECT_EQ(session->counters().frames_bad, 1U);
}

TEST_F(SessionTest, SurvivesGarbage) {
  ASSERT_TRUE(hub.publish(sync::Topics::down(node.identity.uid), "garbage", sync::Delivery::kAtLeastOnce));
  ASSERT_TRUE(hub.publish(sync::Topics::down(node.identity.uid), "", sync::Delivery::kAtLeastOnce));
  pass(1s);
  EXPECT_EQ(session->counters().frames_bad, 2U);
  EXPECT_TRUE(session->connected());
}

}  // namespace
}  // namespace holdfast::edge_agent
