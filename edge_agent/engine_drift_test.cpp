// SPDX-License-Identifier: Apache-2.0
// A changed world is put right, once it is noticed, and nothing else is touched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits/agent.hpp"
#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

FakeApp two_files() { return FakeApp("app").file("a", "/etc/a", "A").file("b", "/etc/b", "B"); }

class EngineDrift : public ::testing::Test {
 protected:
  EngineDrift() {
    node.desire({two_files()});
    node.settle();
    // A stamp so young is not believed yet; from the first full pass on, nothing is read any more.
    node.pass(base::limits::kFullPassInterval);
    node.forget_touched();
    commits = node.store.commits();
  }
  FakeNode node;
  std::uint64_t commits = 0;
};

struct Hand {
  const char* name;
  void (*change)(base::FakeHost& host);
  const char* says;
};

class EngineHeals : public EngineDrift, public ::testing::WithParamInterface<Hand> {};

TEST_P(EngineHeals, AtOnceOnlyWhatDriftedAndTellsWhatDiffered) {
  GetParam().change(node.host);
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_EQ(node.host.file("/etc/a")->mode, 0644U);
  EXPECT_EQ(node.host.file("/etc/a")->type, base::FileType::kRegular);
  EXPECT_THAT(node.last_event("DriftHealed"), HasSubstr(GetParam().says));
  for (const auto& change : node.host.changes()) EXPECT_THAT(change, HasSubstr("/etc/a"));
  EXPECT_EQ(node.store.commits(), commits) << "healing writes nothing to flash but the file";
  EXPECT_EQ(node.resource("File/a").health, sync::Health::kHealthy);
}

INSTANTIATE_TEST_SUITE_P(
    ByHand, EngineHeals,
    ::testing::Values(
        Hand{"Changed", [](base::FakeHost& host) { host.edit_by_hand("/etc/a", "X"); }, "content differs"},
        Hand{"Longer", [](base::FakeHost& host) { host.edit_by_hand("/etc/a", "longer"); },
             "content differs"},
        Hand{"Chmod", [](base::FakeHost& host) { host.attributes_by_hand("/etc/a", 0600, 0, 0); },
             "mode 0600, want 0644"},
        Hand{"Deleted", [](base::FakeHost& host) { host.remove_by_hand("/etc/a"); }, "is missing"},
        Hand{"Symlink",
             [](base::FakeHost& host) {
               host.remove_by_hand("/etc/a");
               host.link_by_hand("/etc/a", "/etc/shadow");
             },
             "is a symlink"}),
    [](const auto& info) { return info.param.name; });

TEST_F(EngineDrift, AChmodIsPutRightWithoutWritingTheContentAgain) {
  node.host.attributes_by_hand("/etc/a", 0777, 0, 0);
  node.run();
  EXPECT_EQ(node.host.touched().writes, 0U);
  EXPECT_EQ(node.host.touched().attributes, 1U);
}

TEST_F(EngineDrift, DoesNothingWhenNothingChanged) {
  const auto snapshot = sync::encode_snapshot(node.engine().snapshot());
  const auto digests = node.host.touched().digests;
  node.pass(1h);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.host.touched().digests, digests) << "a stat with the known stamp is enough";
  EXPECT_EQ(node.host.touched().mark_reads, 0U);
  EXPECT_EQ(node.store.commits(), commits);
  EXPECT_EQ(sync::encode_snapshot(node.engine().snapshot()), snapshot);
  EXPECT_GE(node.host.touched().stats, 2U * 12U) << "and yet everything was looked at, every five minutes";
}

TEST_F(EngineDrift, ContentIsHashedAgainWithinTheStatedTimeAllTheSame) {
  node.pass(base::limits::kRehashInterval + base::limits::kFullPassInterval);
  EXPECT_GE(node.host.touched().digests, 2U);
  EXPECT_LE(node.host.touched().digests, 6U);
}

TEST_F(EngineDrift, AFolderThatWasDeletedIsMadeAgainWithAllThatIsInIt) {
  node.host.remove_by_hand("/etc");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_EQ(node.content("/etc/b"), "B");
  EXPECT_EQ(node.count_events("DriftHealed"), 2U);
}

TEST_F(EngineDrift, TheFullPassFindsWhatNoEventTold) {
  node.host.edit_by_hand("/etc/a", "X");
  node.host.swallow_events();
  node.run();
  ASSERT_EQ(node.content("/etc/a"), "X");
  node.pass(base::limits::kFullPassInterval);
  EXPECT_EQ(node.content("/etc/a"), "A");
}

TEST_F(EngineDrift, AnEditWithinTheTickOfOurOwnWriteIsSeen) {
  node.desire({two_files().file("a", "/etc/a", "N")});
  node.run();
  ASSERT_EQ(node.content("/etc/a"), "N");
  node.host.edit_within_tick_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "N");
}

TEST_F(EngineDrift, AnEditWithinTheTickOfOurOwnWriteIsSeenThoughNoEventTold) {
  node.desire({two_files().file("a", "/etc/a", "N")});
  node.run();
  node.host.edit_within_tick_by_hand("/etc/a", "X");
  node.host.swallow_events();
  node.pass(base::limits::kFullPassInterval);
  EXPECT_EQ(node.content("/etc/a"), "N");
}

TEST_F(EngineDrift, AnEventMakesTheContentBeReadThoughTheStampIsOldAndTheSame) {
  node.host.edit_within_tick_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
}

TEST_F(EngineDrift, TheFirstPassFindsWhatChangedWhileNoAgentRan) {
  node.host.edit_by_hand("/etc/a", "X");
  node.kill();
  ASSERT_TRUE(node.boot());
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
}

TEST_F(EngineDrift, LostEventsMeanLookAtEverything) {
  node.host.edit_by_hand("/etc/b", "X");
  node.host.lose_events();
  node.run();
  EXPECT_EQ(node.content("/etc/b"), "B");
}

TEST_F(EngineDrift, TheSecondAndLaterRepairsOfAKeyBackOff) {
  std::vector<std::chrono::milliseconds> waits;
  for (int i = 0; i < 5; ++i) {
    const auto start = node.clock.monotonic();
    node.host.edit_by_hand("/etc/a", "X");
    while (node.content("/etc/a") != "A") node.pass(100ms);
    waits.push_back(node.clock.monotonic() - start);
  }
  EXPECT_LE(waits[0], 100ms);
  EXPECT_THAT(std::vector(waits.begin() + 1, waits.end()),
              ElementsAre(::testing::AllOf(::testing::Ge(1900ms), ::testing::Le(2200ms)),
                          ::testing::AllOf(::testing::Ge(5900ms), ::testing::Le(6200ms)),
                          ::testing::AllOf(::testing::Ge(17900ms), ::testing::Le(18200ms)),
                          ::testing::AllOf(::testing::Ge(53900ms), ::testing::Le(54200ms))));
}

TEST_F(EngineDrift, WhileARepairWaitsTheDriftIsShown) {
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  node.host.edit_by_hand("/etc/a", "Y");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "Y");
  EXPECT_EQ(node.resource("File/a").sync, sync::SyncStatus::kOutOfSync);
  EXPECT_EQ(node.resource("File/a").reason, "DriftBackoff");
  EXPECT_EQ(node.section("app").health, sync::Health::kDegraded);
}

TEST_F(EngineDrift, AnotherKeyIsNotHeldUp) {
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  node.host.edit_by_hand("/etc/a", "X");
  node.host.edit_by_hand("/etc/b", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/b"), "B");
}

TEST_F(EngineDrift, TenQuietMinutesStartTheBackoffAnew) {
  for (int i = 0; i < 3; ++i) {
    node.host.edit_by_hand("/etc/a", "X");
    node.pass(10s);
  }
  node.pass(11min);
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
}

TEST_F(EngineDrift, ANewDigestStartsTheBackoffAnew) {
  for (int i = 0; i < 3; ++i) {
    node.host.edit_by_hand("/etc/a", "X");
    node.pass(10s);
  }
  node.desire({two_files().file("a", "/etc/a", "A2")});
  node.run();
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A2");
}

TEST_F(EngineDrift, ARepairThatFailsIsTriedAgainAndToldOnce) {
  node.host.set_fault("/etc/a", base::FileFault::kReadOnly);
  node.host.edit_by_hand("/etc/a", "X");
  node.pass(60s);
  EXPECT_EQ(node.resource("File/a").reason, "RepairFailed");
  EXPECT_EQ(node.count_events("RepairFailed"), 1U);
  EXPECT_EQ(node.section("app").phase, sync::SectionPhase::kSynced) << "no revision is to blame";
  node.host.clear_faults();
  node.pass(5min);
  EXPECT_EQ(node.content("/etc/a"), "A");
}

TEST(EngineSelfHealOff, ShowsDriftAndTouchesNothing) {
  FakeNode node;
  FakeApp app = two_files();
  app.policy.self_heal = false;
  node.desire({app});
  node.settle();
  node.host.edit_by_hand("/etc/a", "X");
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/a"), "X");
  EXPECT_EQ(node.resource("File/a").sync, sync::SyncStatus::kOutOfSync);
  EXPECT_EQ(node.resource("File/a").reason, "SelfHealDisabled");
  EXPECT_EQ(node.section("app").sync, sync::SyncStatus::kOutOfSync);
  EXPECT_EQ(node.count_events("DriftHealed"), 0U);
}

TEST(EngineDriftWithoutMarks, IsHealedJustTheSame) {
  FakeNode node;
  node.host.support_marks(false);
  node.desire({two_files()});
  node.settle();
  EXPECT_EQ(node.section("app").sync, sync::SyncStatus::kSynced);
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
}

/// An agent that is not root: what its mode shuts is shut for the agent too.
class EngineOrdinaryUser : public ::testing::Test {
 protected:
  EngineOrdinaryUser() { node.host.set_privileged(false); }
  static FakeApp secret(const std::string& content, const std::string& mode) {
    return FakeApp("app")
        .file("b", "/etc/b", "B")
        .file_spec("a", R"({"path":"/etc/a","content":")" + content + R"(","mode":")" + mode + R"("})");
  }
  FakeNode node;
};

TEST_F(EngineOrdinaryUser, AChmodThatShutsItOutIsPutRight) {
  node.desire({two_files()});
  node.settle();
  node.host.attributes_by_hand("/etc/a", 0000, 0, 0);
  node.run();
  EXPECT_EQ(node.host.file("/etc/a")->mode, 0644U);
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_THAT(node.last_event("DriftHealed"), HasSubstr("mode 0000, want 0644"));
}

TEST_F(EngineOrdinaryUser, AFileThatNobodyMayReadIsAppliedKeptAndRemoved) {
  node.desire({secret("one", "0200")});
  node.settle();
  EXPECT_EQ(node.section("app").sync, sync::SyncStatus::kSynced);
  EXPECT_EQ(node.content("/etc/a"), "one");
  node.forget_touched();
  node.pass(1h);
  ASSERT_TRUE(node.restart());
  node.pass(1h);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  node.desire({secret("two", "0200")});
  node.settle();
  EXPECT_EQ(node.content("/etc/a"), "two") << "of the same length, and it could not be compared";
  node.desire({FakeApp("app").file("b", "/etc/b", "B")});
  node.settle();
  EXPECT_FALSE(node.content("/etc/a"));
}

TEST_F(EngineOrdinaryUser, AFileOfSomebodyElseThatItCannotReadIsNotDeletedForOurs) {
  node.desire({two_files()});
  node.settle();
  FakeApp less = two_files();
  less.policy.self_heal = false;
  node.desire({less});
  node.settle();
  node.host.edit_by_hand("/etc/a", "theirs");
  node.host.attributes_by_hand("/etc/a", 0600, 7, 7);
  node.desire({less.without("File/a")});
  node.pass(1min);
  EXPECT_EQ(node.content("/etc/a"), "theirs");
  EXPECT_EQ(node.host.file("/etc/a")->mode, 0600U);
}

TEST(EngineDriftOwner, AChownIsPutBackWhereAnOwnerIsAskedFor) {
  FakeNode node;
  node.host.set_user("web", 33);
  node.host.set_group("www", 34);
  node.desire({FakeApp("app").file_spec(
      "a", R"({"path":"/a","content":"A","owner":"web","group":"www","mode":"0600"})")});
  node.settle();
  EXPECT_EQ(node.host.file("/a")->uid, 33U);
  node.host.attributes_by_hand("/a", 0600, 0, 34);
  node.run();
  EXPECT_EQ(node.host.file("/a")->uid, 33U);
  EXPECT_EQ(node.host.file("/a")->gid, 34U);
  EXPECT_THAT(node.last_event("DriftHealed"), HasSubstr("owner 0, want web"));
}

}  // namespace
}  // namespace holdfast::edge_agent
