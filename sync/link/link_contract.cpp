// SPDX-License-Identifier: Apache-2.0
// What every Link does, run on libmosquitto with a real broker over mTLS and on the fake.
#include "sync/link/link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.hpp"
#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/limits/wire.hpp"
#include "base/system_clock.hpp"
#include "base/system_random.hpp"
#include "sync/link/fake_link.hpp"
#include "sync/link/fake_mosquitto.hpp"
#include "sync/link/mosquitto_link.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using namespace std::chrono_literals;

const NodeUid kNode{"node-a"};

/// A broker and time that passes.
class World {
 public:
  virtual ~World() = default;
  virtual std::unique_ptr<Link> link(const std::string& client_id) = 0;
  /// Lets time pass until it holds, or for long enough to be sure that it will not.
  virtual bool until(const std::function<bool()>& holds) = 0;
  virtual void kill_broker() = 0;
  virtual void start_broker() = 0;
};

class FakeWorld final : public World {
 public:
  std::unique_ptr<Link> link(const std::string& client_id) override {
    auto made = std::make_unique<FakeLink>(broker_, client_id);
    made->set_reconnect_window(200ms);
    return made;
  }
  bool until(const std::function<bool()>& holds) override {
    for (const auto end = clock_.monotonic() + 60s; clock_.monotonic() < end; clock_.advance(1ms)) {
      broker_.step(clock_.monotonic());
      if (holds()) return true;
    }
    return false;
  }
  void kill_broker() override { broker_.down(); }
  void start_broker() override { broker_.up(); }

 private:
  base::FakeClock clock_;
  base::FakeRandom random_{1};
  FakeBroker broker_{clock_, random_};
};

class RealWorld final : public World {
 public:
  std::unique_ptr<Link> link(const std::string& client_id) override {
    MosquittoLinkOptions options;
    options.client_id = client_id;
    options.addresses = {{"localhost", broker_.port()}};
    options.ca = pki_.ca_pem();
    options.identity = pki_.client(client_id);
    options.reconnect_window = 200ms;
    return std::make_unique<MosquittoLink>(*loop_, clock_, random_, options);
  }
  bool until(const std::function<bool()>& holds) override {
    for (const auto end = clock_.monotonic() + 20s; clock_.monotonic() < end;) {
      if (holds()) return true;
      loop_->run_once(20ms);
    }
    return holds();
  }
  void kill_broker() override { broker_.kill(SIGKILL); }
  void start_broker() override { broker_.start(); }

 private:
  base::SystemClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<base::EventLoop> loop_ = *base::EventLoop::create();
  FakePki pki_{clock_.wall()};
  FakeMosquitto broker_{pki_};
};

struct Kind {
  const char* name;
  std::unique_ptr<World> (*make)();
};

template <class W>
std::unique_ptr<World> make() {
  return std::make_unique<W>();
}

class LinkContract : public testing::TestWithParam<Kind> {
 protected:
  struct Client {
    Client(World& world, const std::string& id, const std::string& filter) : link(world.link(id)) {
      link->subscribe(filter);
      link->on_message([this](const std::string& topic, std::string_view payload) {
        got.emplace_back(topic, std::string(payload));
      });
      link->on_state([this](LinkState state, const std::string& why) {
        states.push_back(state);
        last_why = why;
      });
    }
    bool up() const { return link->state() == LinkState::kUp; }
    std::unique_ptr<Link> link;
    std::vector<std::pair<std::string, std::string>> got;
    std::vector<LinkState> states;
    std::string last_why;
  };

  bool connect_both() {
    hub_.link->start();
    node_.link->start();
    return world_->until([&] { return hub_.up() && node_.up(); });
  }
  /// Everything that was sent before it has arrived when this has.
  bool flush(Client& from, Client& to, const std::string& topic) {
    return world_->until([&] {
      return from.link->publish(topic, "flush", Delivery::kAtLeastOnce).has_value();
    }) && world_->until([&] { return !to.got.empty() && to.got.back().second == "flush"; });
  }

  std::unique_ptr<World> world_ = GetParam().make();
  Client hub_{*world_, "hub", Topics::all_up()};
  Client node_{*world_, kNode.str(), Topics::down(kNode) + "/#"};
};

INSTANTIATE_TEST_SUITE_P(Links, LinkContract,
                         testing::Values(Kind{"Mosquitto", make<RealWorld>}, Kind{"Fake", make<FakeWorld>}),
                         [](const auto& row) { return row.param.name; });

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST_P(LinkContract, ConnectsAndTellsItOnce) {
  EXPECT_FALSE(node_.up());
  ASSERT_TRUE(connect_both());
  EXPECT_EQ(node_.states, (std::vector<LinkState>{LinkState::kUp}));
}

TEST_P(LinkContract, CarriesMessagesUpAndDown) {
  ASSERT_TRUE(connect_both());
  const std::string bytes("\0up\xff", 4);
  ASSERT_TRUE(node_.link->publish(Topics::up(kNode), bytes, Delivery::kAtLeastOnce));
  ASSERT_TRUE(hub_.link->publish(Topics::down(kNode), "down", Delivery::kAtLeastOnce));
  ASSERT_TRUE(world_->until([&] { return !hub_.got.empty() && !node_.got.empty(); }));
  EXPECT_EQ(hub_.got, (Pairs{{Topics::up(kNode), bytes}}));
  EXPECT_EQ(node_.got, (Pairs{{Topics::down(kNode), "down"}}));
}

TEST_P(LinkContract, EmptyPayloadIsAMessage) {
  ASSERT_TRUE(connect_both());
  ASSERT_TRUE(node_.link->publish(Topics::up(kNode), "", Delivery::kAtLeastOnce));
  ASSERT_TRUE(world_->until([&] { return !hub_.got.empty(); }));
  EXPECT_EQ(hub_.got[0].second, "");
}

TEST_P(LinkContract, RetainedMessageIsThereForWhoComesLaterUntilAnEmptyOneTakesItAway) {
  node_.link->start();
  ASSERT_TRUE(world_->until([&] { return node_.up(); }));
  ASSERT_TRUE(node_.link->publish(Topics::presence(kNode), "1", Delivery::kRetained));
  hub_.link->start();
  ASSERT_TRUE(world_->until([&] { return !hub_.got.empty(); }));
  EXPECT_EQ(hub_.got, (Pairs{{Topics::presence(kNode), "1"}}));
  ASSERT_TRUE(node_.link->publish(Topics::presence(kNode), "", Delivery::kRetained));
  ASSERT_TRUE(flush(node_, hub_, Topics::up(kNode)));

  Client late(*world_, "hub", Topics::all_up());
  hub_.link->stop();
  late.link->start();
  ASSERT_TRUE(world_->until([&] { return late.up(); }));
  ASSERT_TRUE(flush(node_, late, Topics::up(kNode)));
  EXPECT_EQ(late.got, (Pairs{{Topics::up(kNode), "flush"}}));
}

TEST_P(LinkContract, WillIsSentWhenTheClientDies) {
  node_.link->set_will(Topics::presence(kNode), "0");
  ASSERT_TRUE(connect_both());
  node_.link.reset();
  ASSERT_TRUE(world_->until([&] { return !hub_.got.empty(); }));
  EXPECT_EQ(hub_.got, (Pairs{{Topics::presence(kNode), "0"}}));
}

TEST_P(LinkContract, WillIsNotSentAfterAGoodbye) {
  node_.link->set_will(Topics::presence(kNode), "0");
  ASSERT_TRUE(connect_both());
  node_.link->stop();
  EXPECT_FALSE(node_.up());
  Client again(*world_, kNode.str(), Topics::down(kNode));
  again.link->start();
  ASSERT_TRUE(world_->until([&] { return again.up(); }));
  ASSERT_TRUE(flush(again, hub_, Topics::up(kNode)));
  EXPECT_EQ(hub_.got, (Pairs{{Topics::up(kNode), "flush"}}));
}

TEST_P(LinkContract, WhatWasPublishedBeforeAGoodbyeArrives) {
  ASSERT_TRUE(connect_both());
  ASSERT_TRUE(node_.link->publish(Topics::presence(kNode), "0", Delivery::kRetained));
  node_.link->stop();
  ASSERT_TRUE(world_->until([&] { return !hub_.got.empty(); }));
  EXPECT_EQ(hub_.got, (Pairs{{Topics::presence(kNode), "0"}}));
}

TEST_P(LinkContract, PublishingWhileDownIsUnavailableAndWritableComesWithTheConnection) {
  int writable = 0;
  node_.link->on_writable([&] { ++writable; });
  EXPECT_EQ(node_.link->publish(Topics::up(kNode), "x", Delivery::kAtLeastOnce).error().code(),
            Code::kUnavailable);
  node_.link->start();
  ASSERT_TRUE(world_->until([&] { return writable > 0; }));
  EXPECT_TRUE(node_.up());
}

TEST_P(LinkContract, OnlySoManyAreOnTheirWayAndRoomIsTold) {
  ASSERT_TRUE(connect_both());
  int sent = 0;
  base::Status last;
  const auto send_all = [&] {
    while (sent < 50 &&
           (last = node_.link->publish(Topics::up(kNode), std::to_string(sent), Delivery::kAtLeastOnce)))
      ++sent;
  };
  node_.link->on_writable(send_all);
  send_all();
  EXPECT_EQ(sent, static_cast<int>(base::limits::kInFlightMax));
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code(), Code::kUnavailable);
  ASSERT_TRUE(world_->until([&] { return hub_.got.size() == 50; }));
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(hub_.got[i].second, std::to_string(i));
}

TEST_P(LinkContract, WhatIsOwedAtMostOnceArrivesInOrderAndKeepsNoRoom) {
  ASSERT_TRUE(connect_both());
  int sent = 0;
  const auto send_all = [&] {
    while (sent < 50 && node_.link->publish(Topics::up(kNode), std::to_string(sent), Delivery::kAtMostOnce))
      ++sent;
  };
  node_.link->on_writable(send_all);
  send_all();
  ASSERT_TRUE(world_->until([&] { return hub_.got.size() == 50; }));
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(hub_.got[i].second, std::to_string(i));
}

TEST_P(LinkContract, LargestMessagePassesAndOneByteMoreIsRefused) {
  ASSERT_TRUE(connect_both());
  const std::string largest(base::limits::kPacketBytesMax, 'x');
  EXPECT_EQ(node_.link->publish(Topics::up(kNode), largest + "x", Delivery::kAtLeastOnce).error().code(),
            Code::kLimit);
  ASSERT_TRUE(node_.link->publish(Topics::up(kNode), largest, Delivery::kAtLeastOnce));
  ASSERT_TRUE(world_->until([&] { return !hub_.got.empty(); }));
  EXPECT_EQ(hub_.got[0].second.size(), largest.size());
  EXPECT_TRUE(node_.up());
}

TEST_P(LinkContract, CallbacksNeverComeFromInsideAnotherCallAndMayCallTheLink) {
  ASSERT_TRUE(connect_both());
  int depth = 0;
  int deepest = 0;
  int answered = 0;
  const auto inside = [&](const std::function<void()>& work) {
    deepest = std::max(deepest, ++depth);
    work();
    --depth;
  };
  hub_.link->on_message([&](const std::string&, std::string_view payload) {
    inside([&] {
      EXPECT_TRUE(hub_.link->publish(Topics::down(kNode), std::string(payload), Delivery::kAtLeastOnce));
    });
  });
  node_.link->on_message([&](const std::string&, std::string_view) {
    inside([&] {
      if (++answered == 10) return;
      EXPECT_TRUE(node_.link->publish(Topics::up(kNode), "again", Delivery::kAtLeastOnce));
    });
  });
  inside([&] { ASSERT_TRUE(node_.link->publish(Topics::up(kNode), "first", Delivery::kAtLeastOnce)); });
  ASSERT_TRUE(world_->until([&] { return answered == 10; }));
  EXPECT_EQ(deepest, 1);
}

TEST_P(LinkContract, MayBeStoppedInsideACallbackAndStartedAgain) {
  node_.link->on_message([&](const std::string&, std::string_view) { node_.link->stop(); });
  ASSERT_TRUE(connect_both());
  ASSERT_TRUE(hub_.link->publish(Topics::down(kNode), "stop", Delivery::kAtLeastOnce));
  ASSERT_TRUE(world_->until([&] { return !node_.up(); }));
  node_.states.clear();
  node_.link->start();
  ASSERT_TRUE(world_->until([&] { return node_.up(); }));
  EXPECT_EQ(node_.states, (std::vector<LinkState>{LinkState::kUp}));
}

TEST_P(LinkContract, KilledBrokerIsNoticedAndFoundAgainWithSubscriptions) {
  ASSERT_TRUE(connect_both());
  world_->kill_broker();
  ASSERT_TRUE(world_->until([&] { return !node_.up() && !hub_.up(); }));
  EXPECT_FALSE(node_.last_why.empty());
  // Every attempt that fails says why.
  const auto told = node_.states.size();
  ASSERT_TRUE(world_->until([&] { return node_.states.size() > told + 2; }));
  world_->start_broker();
  ASSERT_TRUE(world_->until([&] { return node_.up() && hub_.up(); }));
  ASSERT_TRUE(hub_.link->publish(Topics::down(kNode), "hello again", Delivery::kAtLeastOnce));
  ASSERT_TRUE(world_->until([&] { return !node_.got.empty(); }));
}

TEST_P(LinkContract, SecondClientWithTheSameIdTakesOver) {
  ASSERT_TRUE(connect_both());
  Client second(*world_, kNode.str(), Topics::down(kNode));
  second.link->start();
  ASSERT_TRUE(world_->until([&] { return second.up(); }));
  ASSERT_TRUE(world_->until([&] { return node_.states.size() > 1; }));
  EXPECT_EQ(node_.states[1], LinkState::kDown);
  node_.link->stop();
}

}  // namespace
}  // namespace holdfast::sync
