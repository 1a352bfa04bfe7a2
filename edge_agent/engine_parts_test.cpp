// SPDX-License-Identifier: Apache-2.0
// A desired state whose sections are too large for one message: the node asks for them piece by piece.
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Digest;
using sync::FrameType;

class EngineParts : public testing::Test {
 protected:
  /// The header alone.
  std::vector<sync::Frame> announce(const FakeApp& wanted, std::uint64_t sequence = 1) {
    auto state = node.state({1, sequence}, {wanted});
    state.bodies.clear();
    return node.accept(state);
  }
  std::vector<sync::Frame> send(const FakeApp& wanted, std::size_t from, std::size_t size) {
    const auto bytes = wanted.bytes();
    return node.engine().accept(sync::Part{wanted.digest(), static_cast<std::uint32_t>(bytes.size()),
                                           static_cast<std::uint32_t>(from), bytes.substr(from, size)});
  }
  static sync::Need need_in(const std::vector<sync::Frame>& frames) {
    EXPECT_EQ(frames.size(), 1U);
    if (frames.empty()) return {};
    EXPECT_EQ(frames[0].type, FrameType::kNeed);
    return *sync::decode_need(frames[0].body);
  }

  FakeNode node;
  const FakeApp app = FakeApp("web").file("motd", "/etc/motd", std::string(1'000, 'x'));
};

TEST_F(EngineParts, EachIsAnsweredByWhatIsHereAndTheLastByAccepting) {
  EXPECT_EQ(need_in(announce(app)), (sync::Need{{1, 1}, {app.digest()}, {}}));
  EXPECT_EQ(need_in(send(app, 0, 400)), (sync::Need{{1, 1}, {app.digest()}, {{app.digest(), 400}}}));
  EXPECT_EQ(need_in(send(app, 400, 400)).have.at(app.digest()), 800U);
  const auto last = send(app, 800, 10'000);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(sync::decode_applied(last[0].body)->stage, sync::AppliedStage::kAccepted);
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), std::string(1'000, 'x'));
}

TEST_F(EngineParts, AreKeptOverARestart) {
  announce(app);
  send(app, 0, 400);
  ASSERT_TRUE(node.restart());
  EXPECT_TRUE(send(app, 400, 10'000).empty())
      << "before the header comes again nobody knows what it belongs to";
  EXPECT_EQ(need_in(announce(app)).have.at(app.digest()), 400U);
  EXPECT_EQ(send(app, 400, 10'000)[0].type, FrameType::kApplied);
}

TEST_F(EngineParts, OfABodyThatIsAllHereNothingIsAskedForAfterARestart) {
  const FakeApp other = FakeApp("b").file("b", "/etc/b", "b");
  auto state = node.state({1, 1}, {app, other});
  state.bodies.clear();
  node.accept(state);
  send(app, 0, 10'000);
  ASSERT_TRUE(node.restart());
  EXPECT_EQ(need_in(node.accept(state)).sections, (std::vector<Digest>{other.digest()}));
}

TEST_F(EngineParts, OfAnOlderStateAreThrownAway) {
  announce(app);
  send(app, 0, 400);
  const FakeApp next = FakeApp("web").file("motd", "/etc/motd", std::string(1'000, 'y'));
  EXPECT_TRUE(need_in(announce(next, 2)).have.empty());
  EXPECT_TRUE(send(app, 400, 10'000).empty());
  EXPECT_EQ(need_in(announce(app, 3)), (sync::Need{{1, 3}, {app.digest()}, {}}));
}

TEST_F(EngineParts, OfWhatIsWantedStillGoOnThoughTheStateIsANewerOne) {
  announce(app);
  send(app, 0, 400);
  const FakeApp other = FakeApp("b").file("b", "/etc/b", "b");
  auto state = node.state({1, 2}, {app, other});
  std::erase_if(state.bodies, [&](const auto& body) { return body.digest == app.digest(); });
  EXPECT_EQ(need_in(node.accept(state)).have.at(app.digest()), 400U);
}

TEST_F(EngineParts, ThatWereForgedAreNoticedAndItBeginsAnew) {
  announce(app);
  std::string bytes = app.bytes();
  bytes[17] = '!';
  const auto frames =
      node.engine().accept(sync::Part{app.digest(), static_cast<std::uint32_t>(bytes.size()), 0, bytes});
  EXPECT_EQ(need_in(frames), (sync::Need{{1, 1}, {app.digest()}, {}}));
  EXPECT_EQ(send(app, 0, 10'000)[0].type, FrameType::kApplied);
}

TEST_F(EngineParts, ThatNobodyAwaitsAreNotStored) {
  const auto commits = node.store.commits();
  EXPECT_TRUE(send(app, 0, 400).empty());
  announce(app);
  EXPECT_TRUE(send(FakeApp("foreign"), 0, 10).empty());
  EXPECT_EQ(node.store.commits(), commits);
}

TEST_F(EngineParts, LeaveNothingInTheStoreWhenTheStateIsAccepted) {
  announce(app);
  send(app, 0, 400);
  send(app, 400, 10'000);
  std::size_t left = 0;
  ASSERT_TRUE(node.store.read([&](sync::ReadTxn& txn) {
    return txn.scan(kPartTable, "", [&](std::string_view, std::string_view) { return ++left > 0; });
  }));
  EXPECT_EQ(left, 0U);
}

TEST_F(EngineParts, BringTheirProvenance) {
  announce(app);
  const auto origin = app.body().provenance;
  const sync::Part part{Digest::of(origin), static_cast<std::uint32_t>(origin.size()), 0, origin};
  EXPECT_TRUE(node.engine().accept(part).empty());
  send(app, 0, 10'000);
  const auto why = node.engine().why("File/motd");
  ASSERT_TRUE(why);
  EXPECT_TRUE(why->at(0).provenance);
}

TEST_F(EngineParts, MendABodyThatWasLost) {
  node.desire({app});
  node.settle();
  ASSERT_TRUE(
      node.store.write([&](sync::WriteTxn& txn) { return txn.erase(kBodyTable, app.digest().view()); }));
  ASSERT_TRUE(node.restart());
  EXPECT_EQ(need_in(announce(app)).sections.size(), 1U);
  const auto frames = send(app, 0, 10'000);
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].type, FrameType::kApplied);
}

}  // namespace
}  // namespace holdfast::edge_agent
