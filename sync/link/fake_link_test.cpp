// SPDX-License-Identifier: Apache-2.0
#include "sync/link/fake_link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"

namespace holdfast::sync {
namespace {

using namespace std::chrono_literals;

class FakeLinkTest : public testing::Test {
 protected:
  struct Client {
    Client(FakeBroker& broker, const std::string& id, const std::string& filter)
        : link(std::make_unique<FakeLink>(broker, id)) {
      link->subscribe(filter);
      link->set_will("will/" + id, "gone");
      link->set_reconnect_window(1s);
      link->on_message([this](const std::string&, std::string_view payload) { got.emplace_back(payload); });
      link->on_state([this](LinkState state, const std::string&) { states.push_back(state); });
    }
    std::unique_ptr<FakeLink> link;
    std::vector<std::string> got;
    std::vector<LinkState> states;
  };

  void run(std::chrono::milliseconds time) {
    const auto end = clock_.monotonic() + time;
    for (auto due = broker_.next_due(); due && *due <= end; due = broker_.next_due()) {
      if (*due > clock_.monotonic()) clock_.advance(*due - clock_.monotonic());
      broker_.step(*due);
    }
    clock_.advance(end - clock_.monotonic());
  }
  void start_both() {
    a_.link->start();
    b_.link->start();
    run(1s);
    ASSERT_TRUE(broker_.connected("a") && broker_.connected("b"));
  }
  void publish(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(a_.link->publish("b/x", std::to_string(i), Delivery::kAtLeastOnce));
      run(100ms);
    }
  }

  base::FakeClock clock_;
  base::FakeRandom random_{1};
  FakeBroker broker_{clock_, random_};
  Client a_{broker_, "a", "a/#"};
  Client b_{broker_, "b", "b/#"};
};

TEST_F(FakeLinkTest, NothingHappensInsideACall) {
  a_.link->start();
  EXPECT_EQ(a_.link->state(), LinkState::kDown);
  EXPECT_TRUE(a_.states.empty());
  run(1s);
  EXPECT_EQ(a_.link->state(), LinkState::kUp);
}

TEST_F(FakeLinkTest, WithoutFaultsEverythingArrivesOnceInOrder) {
  start_both();
  publish(20);
  std::vector<std::string> expected;
  expected.reserve(20);
  for (int i = 0; i < 20; ++i) expected.push_back(std::to_string(i));
  EXPECT_EQ(b_.got, expected);
}

TEST_F(FakeLinkTest, LossIsAcknowledgedAndNeverArrives) {
  start_both();
  broker_.set_faults({.loss = 1'000});
  publish(20);
  EXPECT_TRUE(b_.got.empty());
  EXPECT_EQ(broker_.published(), 20U);
}

TEST_F(FakeLinkTest, DuplicatesArriveTwice) {
  start_both();
  broker_.set_faults({.duplicate = 1'000});
  publish(5);
  run(10s);
  EXPECT_EQ(b_.got.size(), 10U);
}

TEST_F(FakeLinkTest, ReorderingChangesTheOrderAndLosesNothing) {
  start_both();
  broker_.set_faults({.reorder = 500});
  publish(40);
  run(10s);
  ASSERT_EQ(b_.got.size(), 40U);
  std::vector<int> numbers;
  numbers.reserve(b_.got.size());
  for (const auto& text : b_.got) numbers.push_back(std::stoi(text));
  EXPECT_FALSE(std::is_sorted(numbers.begin(), numbers.end()));
}

TEST_F(FakeLinkTest, PartitionHealedInTimeOnlyDelays) {
  start_both();
  broker_.partition("b");
  ASSERT_TRUE(a_.link->publish("b/x", "late", Delivery::kAtLeastOnce));
  run(30s);
  EXPECT_TRUE(b_.got.empty());
  broker_.heal("b");
  run(1s);
  EXPECT_EQ(b_.got, (std::vector<std::string>{"late"}));
  EXPECT_EQ(b_.states, (std::vector<LinkState>{LinkState::kUp}));
}

TEST_F(FakeLinkTest, PartitionBeyondTheKeepAliveEndsTheSessionAndSendsTheWill) {
  start_both();
  broker_.partition("b");
  ASSERT_TRUE(a_.link->publish("b/x", "lost", Delivery::kAtLeastOnce));
  run(91s);
  EXPECT_FALSE(broker_.connected("b"));
  EXPECT_EQ(b_.link->state(), LinkState::kDown);
  EXPECT_EQ(broker_.retained("will/b"), "gone");
  broker_.heal("b");
  run(20s);
  EXPECT_TRUE(broker_.connected("b"));
  EXPECT_TRUE(b_.got.empty());
}

TEST_F(FakeLinkTest, BrokerRestartLosesRetainedMessagesAndEverybodyComesBack) {
  start_both();
  ASSERT_TRUE(a_.link->publish("b/x", "kept", Delivery::kRetained));
  run(1s);
  EXPECT_EQ(broker_.retained("b/x"), "kept");
  broker_.down();
  EXPECT_TRUE(a_.link->publish("b/x", "into the void", Delivery::kAtLeastOnce))
      << "the client does not know yet";
  run(5s);
  EXPECT_EQ(a_.link->state(), LinkState::kDown);
  broker_.up();
  run(2s);
  EXPECT_EQ(a_.link->state(), LinkState::kUp);
  EXPECT_EQ(broker_.retained("b/x"), std::nullopt);
  EXPECT_EQ(broker_.retained("will/a"), std::nullopt) << "a killed broker sends no Will";
}

TEST_F(FakeLinkTest, DeathOfTheProcessSendsTheWillAndStopDoesNot) {
  start_both();
  a_.link.reset();
  b_.link->stop();
  run(1s);
  EXPECT_EQ(broker_.retained("will/a"), "gone");
  EXPECT_EQ(broker_.retained("will/b"), std::nullopt);
  EXPECT_FALSE(broker_.connected("a"));
  EXPECT_FALSE(broker_.connected("b"));
}

TEST_F(FakeLinkTest, QuietWhenThereIsNothingToDo) {
  start_both();
  run(1s);
  EXPECT_EQ(broker_.next_due(), std::nullopt);
}

TEST_F(FakeLinkTest, SameSeedSameStory) {
  const auto story = [] {
    base::FakeClock clock;
    base::FakeRandom random(99);
    FakeBroker broker(clock, random);
    broker.set_faults({.loss = 200, .duplicate = 200, .reorder = 200});
    FakeLink link(broker, "x");
    std::string told;
    link.subscribe("#");
    link.on_message([&](const std::string&, std::string_view payload) {
      told.append(payload)
          .append("@")
          .append(std::to_string(clock.monotonic().time_since_epoch().count()))
          .append(" ");
    });
    link.start();
    for (int i = 0; i < 200; ++i) {
      clock.advance(50ms);
      broker.step(clock.monotonic());
      if (link.state() == LinkState::kUp)
        static_cast<void>(link.publish("t", std::to_string(i), Delivery::kAtLeastOnce).has_value());
    }
    return told;
  };
  const std::string first = story();
  EXPECT_GT(first.size(), 100U);
  EXPECT_EQ(first, story());
}

}  // namespace
}  // namespace holdfast::sync
