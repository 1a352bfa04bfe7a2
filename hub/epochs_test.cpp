// SPDX-License-Identifier: Apache-2.0
// A hub that was restored from an older copy: what it believes, what it waits for, and that it deletes nothing.
#include "hub/epochs.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "hub/fake_fleet.hpp"
#include "hub/json_path.hpp"

namespace holdfast::hub {
namespace {

using Generation = sync::Generation;
const char* const kAhead = "GenerationAhead";

class EpochsTest : public testing::Test {
 protected:
  void SetUp() override {
    fleet.add_node("cam-1", {{"role", "camera"}});
    push("one");
    fleet.apply({.name = "motd", .path = "apps/motd"});
    fleet.settle();
    copy = fleet.store;
    push("two");
    fleet.poll();
    push("three");
    fleet.poll();
    held = node().header()->generation;
    ASSERT_TRUE(has("three"));
  }
  void push(const std::string& content) {
    fleet.change({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", content)}});
  }
  FakeNode& node() { return fleet.node("cam-1"); }
  bool has(const std::string& content) {
    return node().body_of("motd").find("\"content\":\"" + content + "\"") != std::string::npos;
  }
  void restore() {
    fleet.stop_hub();
    fleet.store = copy;
    fleet.start_hub();
    fleet.settle();
  }
  void approve(const std::string& generation) {
    const base::Json annotations{{kApprovedGenerationAnnotation, generation}};
    ASSERT_TRUE(fleet.objects->patch(kNodes, "cam-1", {{"metadata", {{"annotations", annotations}}}},
                                     Actor::kPerson));
    fleet.settle();
  }
  /// Since the copy "motd" got /etc/more; "aaa" is beside it.
  void more_since_copy() {
    fleet.apply({.name = "aaa", .path = "apps/aaa"});
    fleet.change({{"apps/aaa/file.yaml", file_yaml("file", "/etc/aaa", "a")}});
    fleet.poll();
    copy = fleet.store;
    fleet.change({{"apps/motd/more.yaml", file_yaml("more", "/etc/more", "m")}});
    fleet.poll();
    ASSERT_TRUE(node().host().contains("path:/etc/more"));
  }
  /// Since the copy "motd" got /etc/more, and wants what "aaa" holds.
  void conflict_since_copy() {
    ASSERT_NO_FATAL_FAILURE(more_since_copy());
    fleet.change({{"apps/motd/taken.yaml", file_yaml("taken", "/etc/aaa", "mine")}});
    fleet.poll();
  }
  std::string ahead() { return fleet.node_condition("cam-1", kAhead); }

  FakeFleet fleet;
  sync::FakeStore copy{{}};
  Generation held;
};

TEST_F(EpochsTest, ARestoredHubFetchesAndRaisesTheEpochOfWhoShowsItsSignature) {
  restore();
  EXPECT_EQ(node().header()->generation.epoch, held.epoch + 1);
  EXPECT_TRUE(has("three"));
  EXPECT_EQ(ahead(), "");
  EXPECT_TRUE(fleet.has_event("EpochRaised"));
  push("four");
  fleet.poll();
  EXPECT_TRUE(has("four"));
}

/// The simulator found it, seed 5068: while the node was away the numbers of a restored hub came past what it held.
TEST_F(EpochsTest, ARestoredHubGivesNoNumbersToANodeThatItHasNotHeard) {
  node().disconnect();
  restore();
  for (const auto* content : {"four", "five", "six", "seven"}) {
    push(content);
    fleet.poll();
  }
  node().connect();
  fleet.settle();
  EXPECT_EQ(node().header()->generation.epoch, held.epoch + 1);
  EXPECT_TRUE(has("seven"));
}

TEST_F(EpochsTest, NorToOneThatIsQuarantined) {
  fleet.git.rewrite(kRepository, "main",
                    {{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "rewritten")}});
  restore();
  ASSERT_NE(ahead(), "");
  for (const auto* content : {"four", "five", "six", "seven"}) {
    push(content);
    fleet.poll();
  }
  node().disconnect();
  node().connect();
  fleet.settle();
  EXPECT_NE(ahead(), "");
  EXPECT_TRUE(has("three"));
}

TEST_F(EpochsTest, TheRaisedEpochOutlivesTheHub) {
  restore();
  const auto raised = node().header()->generation;
  fleet.restart_hub();
  fleet.settle();
  push("four");
  fleet.poll();
  EXPECT_EQ(node().header()->generation, (Generation{raised.epoch, raised.sequence + 1}));
}

TEST_F(EpochsTest, NothingIsSentWhileASourceCannotBeFetched) {
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "no route"));
  const auto states = node().states_received();
  restore();
  fleet.poll();
  EXPECT_EQ(node().states_received(), states);
  EXPECT_NE(ahead().find(kRepository), std::string::npos) << ahead();
  fleet.git.set_unreachable(kRepository, std::nullopt);
  fleet.run_for(std::chrono::minutes(10));
  EXPECT_EQ(ahead(), "");
  EXPECT_TRUE(has("three"));
}

TEST_F(EpochsTest, ARevisionThatIsNotInTheHistoryTakesAPerson) {
  fleet.git.rewrite(kRepository, "main",
                    {{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "rewritten")}});
  restore();
  EXPECT_TRUE(has("three"));
  EXPECT_NE(ahead().find("history"), std::string::npos) << ahead();
  EXPECT_NE(ahead().find("holdfast approve cam-1"), std::string::npos) << ahead();
  const auto proven = text_at(*fleet.object(std::string(kNodes), "cam-1"), "status/generation/proven");
  EXPECT_EQ(proven, held.text());
  approve("7.7");
  EXPECT_TRUE(has("three")) << "of another generation";
  approve(proven);
  EXPECT_TRUE(has("rewritten"));
  EXPECT_EQ(ahead(), "");
}

/// The simulator found it, seeds 1571 and 1704: what stays as the hub last gave it stayed as of the copy.
TEST_F(EpochsTest, NothingIsSentWhileAnApplicationWouldGoBackToWhatItWasInTheCopy) {
  ASSERT_NO_FATAL_FAILURE(conflict_since_copy());
  restore();
  EXPECT_TRUE(node().host().contains("path:/etc/more")) << "in Git it is, and nobody said that it goes";
  EXPECT_NE(ahead().find("held by application \"aaa\""), std::string::npos) << ahead();
  fleet.change({{"apps/motd/taken.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_EQ(ahead(), "");
  EXPECT_TRUE(node().host().contains("path:/etc/more"));
}

/// The simulator found it, seed 937: a person's word gave the node what "motd" was in the copy, and took away what came since.
TEST_F(EpochsTest, WhatCannotBeGivenAsItIsInForceWaitsThoughAPersonLetsTheHubGoOn) {
  ASSERT_NO_FATAL_FAILURE(conflict_since_copy());
  const auto held = node().header()->generation;
  restore();
  approve(text_at(*fleet.object(std::string(kNodes), "cam-1"), "status/generation/proven"));
  EXPECT_EQ(node().header()->generation, held);
  EXPECT_EQ(ahead().find("holdfast approve"), std::string::npos) << "it would not help: " << ahead();
  fleet.change({{"apps/motd/taken.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_EQ(ahead(), "");
  EXPECT_EQ(node().header()->generation.epoch, held.epoch + 1);
  EXPECT_TRUE(node().host().contains("path:/etc/more"));
}

/// The simulator found it, seed 7457: "motd" had /etc/more since the copy only, and gives it to one that cannot be given yet.
TEST_F(EpochsTest, WhatMovedSinceTheCopyToAnApplicationThatCannotBeGivenYetStays) {
  ASSERT_NO_FATAL_FAILURE(more_since_copy());
  fleet.change({{"apps/motd/more.yaml", std::nullopt},
                {"apps/aaa/more.yaml", file_yaml("more", "/etc/more", "m")},
                {"apps/aaa/taken.yaml", file_yaml("taken", "/etc/motd", "mine")}});
  restore();
  EXPECT_EQ(ahead(), "");
  EXPECT_TRUE(node().host().contains("path:/etc/more")) << "in Git it is, and nobody said that it goes";
  fleet.change({{"apps/aaa/taken.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_TRUE(node().host().contains("path:/etc/more"));
  fleet.change({{"apps/aaa/more.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_FALSE(node().host().contains("path:/etc/more"));
}

/// The same, decided by the hub that was lost: its header says that /etc/more is withheld, and no revision does any more.
TEST_F(EpochsTest, WhatWasWithheldSinceTheCopyStaysWithheld) {
  ASSERT_NO_FATAL_FAILURE(more_since_copy());
  fleet.change({{"apps/motd/more.yaml", std::nullopt},
                {"apps/aaa/more.yaml", file_yaml("more", "/etc/more", "m")},
                {"apps/aaa/taken.yaml", file_yaml("taken", "/etc/motd", "mine")}});
  fleet.poll();
  ASSERT_FALSE(node().section("motd")->withhold.empty());
  restore();
  EXPECT_EQ(ahead(), "");
  EXPECT_EQ(node().header()->generation.epoch, held.epoch + 1);
  EXPECT_EQ(node().deleted(), std::set<std::string>{});
}

TEST_F(EpochsTest, WhatItHeldIsFoundWhereTheApplicationWasBefore) {
  ASSERT_NO_FATAL_FAILURE(more_since_copy());
  fleet.change({{"apps/aaa/more.yaml", file_yaml("more", "/etc/more", "m")},
                {"apps/aaa/taken.yaml", file_yaml("taken", "/etc/motd", "mine")},
                {"moved/motd.yaml", file_yaml("motd", "/etc/motd", "three")}});
  node().disconnect();
  restore();
  fleet.apply({.name = "motd", .path = "moved"});
  fleet.poll();
  node().connect();
  fleet.settle();
  EXPECT_EQ(ahead(), "");
  EXPECT_EQ(node().deleted(), std::set<std::string>{});
}

TEST_F(EpochsTest, AnApplicationThatLeavesWhileItsNewSourceIsAwaitedHoldsUpNobody) {
  fleet.apply({.name = "gone", .path = "apps/gone", .selector = "role: nobody", .finalizer = true});
  fleet.change({{"apps/gone/a.yaml", file_yaml("a", "/etc/gone", "a")}});
  fleet.poll();
  copy = fleet.store;
  push("four");
  fleet.poll();
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "no route"));
  restore();
  fleet.apply({.name = "gone", .path = "apps/other", .selector = "role: nobody", .finalizer = true});
  fleet.settle();
  fleet.remove(std::string(kApplications), "gone");
  fleet.git.set_unreachable(kRepository, std::nullopt);
  fleet.run_for(std::chrono::minutes(10));
  EXPECT_EQ(ahead(), "");
  EXPECT_TRUE(has("four"));
}

/// One that leaves need not be given anything.
TEST_F(EpochsTest, AnApplicationThatLeavesTheNodeMeanwhileKeepsNobodyWaiting) {
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "no route"));
  restore();
  fleet.apply({.name = "motd", .path = "apps/motd", .selector = "role: other"});
  fleet.git.set_unreachable(kRepository, std::nullopt);
  fleet.run_for(std::chrono::minutes(10));
  EXPECT_EQ(ahead(), "");
  EXPECT_TRUE(node().applications().empty());
}

/// The simulator found it, seed 374: a copy without mirrors, and Git away. "aaa" is about to take over what "motd" holds.
TEST_F(EpochsTest, NothingIsTakenFromANodeWhileItCannotBeReadWhatElseItHolds) {
  fleet.change({{"apps/aaa/file.yaml", file_yaml("file", "/etc/aaa", "a")}});
  fleet.apply({.name = "aaa", .path = "apps/aaa"});
  fleet.apply({.name = "web", .path = "apps/web", .selector = "role: camera"});
  fleet.change({{"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}});
  fleet.poll();
  ASSERT_TRUE(node().host().contains("path:/srv/web"));
  fleet.stop_hub();
  fleet.git.lose_mirrors();
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "no route"));
  fleet.start_hub();
  fleet.label("cam-1", "role", "gateway");
  fleet.settle();
  EXPECT_TRUE(node().host().contains("path:/srv/web"));
  fleet.git.set_unreachable(kRepository, std::nullopt);
  fleet.run_for(std::chrono::minutes(10));
  EXPECT_FALSE(node().host().contains("path:/srv/web"));
}

/// The simulator found it, seed 25: a backup holds no mirrors, and the commit in force was of the history before.
TEST_F(EpochsTest, ARevisionThatIsInNoMirrorAnyMoreIsReadFromTheNewestThatHoldsTheSame) {
  fleet.git.rewrite(kRepository, "main", {{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "three")}});
  fleet.poll();
  fleet.stop_hub();
  fleet.git.lose_mirrors();
  fleet.start_hub();
  fleet.poll();
  EXPECT_EQ(fleet.condition("motd", "ComparisonError"), "");
  fleet.add_node("cam-2", {{"role", "camera"}});
  fleet.settle();
  EXPECT_NE(fleet.node("cam-2").body_of("motd").find("three"), std::string::npos);
  // From now on that commit is the one in force, and pinned.
  fleet.restart_hub();
  fleet.settle();
  EXPECT_EQ(fleet.condition("motd", "ComparisonError"), "");
}

TEST_F(EpochsTest, AnApplicationThatTheCopyDoesNotKnowTakesAPersonAndIsKept) {
  fleet.change({{"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}});
  fleet.apply({.name = "web", .path = "apps/web"});
  fleet.poll();
  ASSERT_TRUE(node().host().contains("path:/srv/web"));
  restore();
  EXPECT_NE(ahead().find("\"web\""), std::string::npos) << ahead();
  approve(node().header()->generation.text());
  EXPECT_EQ(ahead(), "");
  EXPECT_TRUE(node().host().contains("path:/srv/web")) << "nobody said that it goes";
}

TEST_F(EpochsTest, WhatWasBeingRemovedWhenTheCopyWasMadeIsNotRemovedByIt) {
  node().removes = false;
  fleet.label("cam-1", "role", "camera");
  fleet.apply({.name = "gone", .path = "apps/motd", .selector = "role: nobody"});
  fleet.settle();
  fleet.apply({.name = "web", .path = "apps/web", .selector = "role: camera"});
  fleet.change({{"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}});
  fleet.poll();
  ASSERT_TRUE(node().host().contains("path:/srv/web"));
  node().disconnect();
  fleet.label("cam-1", "role", "gateway");
  fleet.settle();
  copy = fleet.store;  // the removal is decided, and has not reached the node
  fleet.label("cam-1", "role", "camera");
  fleet.settle();
  node().connect();
  fleet.settle();
  push("four");
  fleet.poll();
  ASSERT_TRUE(node().host().contains("path:/srv/web"));
  restore();
  EXPECT_TRUE(fleet.has_event("EpochRaised"));
  EXPECT_TRUE(node().host().contains("path:/srv/web"));
}

TEST_F(EpochsTest, ABareNumberChangesNothing) {
  node().claim_generation({9, 9});
  node().say_hello();
  fleet.settle();
  const auto states = node().states_received();
  push("four");
  fleet.poll();
  EXPECT_EQ(node().states_received(), states);
  EXPECT_NE(ahead().find("not newer"), std::string::npos) << ahead();
  EXPECT_FALSE(fleet.has_event("EpochRaised"));
}

TEST_F(EpochsTest, OfTwoHubsWithTheSameKeysTheOneThatIsOvertakenSaysSoAndSendsNothing) {
  auto header = *node().header();
  header.generation = {held.epoch + 1, held.sequence + 1};
  node().shows = sync::sign_header(header, fleet.key);
  node().claim_generation(header.generation);
  node().say_hello();
  fleet.settle();
  const auto states = node().states_received();
  push("four");
  fleet.poll();
  EXPECT_NE(ahead().find("other hub"), std::string::npos) << ahead();
  EXPECT_EQ(node().states_received(), states);
  EXPECT_FALSE(fleet.has_event("EpochRaised"));
}

TEST_F(EpochsTest, AProofThatIsForgedOrAnothersIsNotBelieved) {
  fleet.add_node("cam-2", {{"role", "camera"}});
  fleet.settle();
  auto header = *node().header();
  header.generation = {9, 9};
  const auto stranger = base::SigningKey::generate(fleet.random);
  const auto forged = sync::sign_header(header, stranger);
  header.node = sync::NodeUid("00000000-0000-4000-8000-00000000beef");
  const auto of_another = sync::sign_header(header, fleet.key);
  for (const auto& shown : {forged, of_another, sync::SignedHeader{}}) {
    node().shows = shown;
    node().claim_generation({9, 9});
    node().say_hello();
    fleet.settle();
    EXPECT_NE(ahead().find("no signature"), std::string::npos) << ahead();
    EXPECT_EQ(node().header()->generation, held);
  }
  EXPECT_FALSE(fleet.has_event("EpochRaised"));
}

TEST_F(EpochsTest, ASignatureOfAFormerKeyIsTheHubsOwn) {
  fleet.options.signing_keys = {fleet.key.public_key()};
  fleet.options.signing_key = base::SigningKey::generate(fleet.random);
  restore();
  EXPECT_TRUE(fleet.has_event("EpochRaised"));
}

}  // namespace
}  // namespace holdfast::hub
