// SPDX-License-Identifier: Apache-2.0
// Deleting needs proof: what goes, what stays, and what is said about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;
using sync::SyncStatus;
using ::testing::HasSubstr;

FakeApp files(int count) {
  FakeApp app("app");
  for (int i = 0; i < count; ++i) {
    const std::string name = "f" + std::to_string(100 + i);
    app.file(name, "/data/" + name, name);
  }
  return app;
}

TEST(EnginePrune, WhatLeavesGitLeavesTheNodeAndNothingElseDoes) {
  FakeNode node;
  node.host.edit_by_hand("/etc/hosts", "foreign");
  node.desire({FakeApp("app").file("a", "/etc/a", "A").file("b", "/etc/b", "B")});
  node.settle();
  node.desire({FakeApp("app").file("a", "/etc/a", "A")});
  node.settle();
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_FALSE(node.content("/etc/b"));
  EXPECT_EQ(node.content("/etc/hosts"), "foreign");
  EXPECT_THAT(node.last_event("Pruned"), HasSubstr("path:/etc/b was deleted"));
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EnginePrune, AFileEditedByHandGoesToo) {
  FakeNode node;
  FakeApp app = FakeApp("app").file("a", "/etc/a", "A").file("b", "/etc/b", "B");
  app.policy.self_heal = false;
  node.desire({app});
  node.settle();
  node.host.edit_by_hand("/etc/b", "edited");
  node.desire({app.without("File/b")});
  node.settle();
  EXPECT_FALSE(node.content("/etc/b"));
}

TEST(EnginePrune, AForeignFileThatTookThePlaceStaysAndIsShown) {
  FakeNode node;
  FakeApp app = FakeApp("app").file("a", "/etc/a", "A").file("b", "/etc/b", "B");
  app.policy.self_heal = false;
  node.desire({app});
  node.settle();
  node.host.remove_by_hand("/etc/b");
  node.host.edit_by_hand("/etc/b", "somebody else's");
  node.desire({app.without("File/b")});
  node.settle();
  EXPECT_EQ(node.content("/etc/b"), "somebody else's");
  EXPECT_EQ(node.resource("File/b").reason, "NotOurs");
  node.host.remove_by_hand("/etc/b");
  node.pass(10min);
  EXPECT_EQ(node.resource("File/b").reason, "") << "gone, so forgotten";
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EnginePrune, MoreThanTheLimitIsHeldAndSaysHowToAllowIt) {
  FakeNode node;
  node.desire({files(20)});
  node.settle();
  node.desire({files(4).file("new", "/data/new", "new")});
  node.settle();
  EXPECT_EQ(node.content("/data/f119"), "f119");
  EXPECT_EQ(node.content("/data/new"), "new") << "applies go on all the same";
  const auto section = node.section("app");
  EXPECT_EQ(section.phase, SectionPhase::kHeld);
  EXPECT_EQ(section.sync, SyncStatus::kOutOfSync);
  EXPECT_EQ(section.reason, "PruneLimit");
  EXPECT_THAT(section.message, HasSubstr("would delete 16 of 20 objects"));
  EXPECT_THAT(section.message, HasSubstr("holdfast sync app --confirm-prune"));
  EXPECT_EQ(node.count_events("PruneHeld"), 1U);
  node.pass(1h);
  EXPECT_EQ(node.content("/data/f119"), "f119");
  EXPECT_EQ(node.count_events("PruneHeld"), 1U);
}

TEST(EnginePrune, APersonAllowsIt) {
  FakeNode node;
  node.desire({files(20)});
  node.settle();
  node.desire({files(4)});
  node.settle();
  ASSERT_EQ(node.section("app").phase, SectionPhase::kHeld);
  node.desire({files(4).confirm_prune()});
  node.settle();
  EXPECT_FALSE(node.content("/data/f119"));
  EXPECT_EQ(node.content("/data/f103"), "f103");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST(EnginePrune, PuttingThemBackInGitEndsTheHold) {
  FakeNode node;
  node.desire({files(20)});
  node.settle();
  node.desire({files(4)});
  node.settle();
  node.desire({files(20)});
  node.settle();
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EnginePrune, APolicyWithoutPruneKeepsAndShows) {
  FakeNode node;
  FakeApp app = files(2);
  app.policy.prune = false;
  node.desire({app});
  node.settle();
  node.desire({app.without("File/f101")});
  node.settle();
  EXPECT_EQ(node.content("/data/f101"), "f101");
  EXPECT_EQ(node.resource("File/f101").reason, "PruneDisabled");
  EXPECT_EQ(node.resource("File/f101").sync, SyncStatus::kOutOfSync);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kOutOfSync);
}

TEST(EnginePrune, TheAnnotationKeepsOneResource) {
  FakeNode node;
  node.desire({files(2).file("keep", "/data/keep", "k", {.depends_on = "", .prune_disabled = true})});
  node.settle();
  node.desire({files(1)});
  node.settle();
  EXPECT_EQ(node.content("/data/keep"), "k");
  EXPECT_FALSE(node.content("/data/f101"));
}

TEST(EnginePrune, AFailedDeleteIsTriedAgainUntilItIsGone) {
  FakeNode node;
  node.desire({files(2)});
  node.settle();
  node.host.set_fault("/data/f101", base::FileFault::kReadOnly);
  node.desire({files(1)});
  node.pass(10min);
  EXPECT_EQ(node.content("/data/f101"), "f101");
  EXPECT_EQ(node.section("app").reason, "PruneFailed");
  EXPECT_NE(node.section("app").phase, SectionPhase::kQuarantined);
  node.host.clear_faults();
  node.pass(5min);
  EXPECT_FALSE(node.content("/data/f101"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST(EnginePrune, ADeleteThatWasDecidedIsWrittenDownBeforeItIsDone) {
  FakeNode node;
  node.desire({files(2)});
  node.settle();
  node.host.set_fault("/data/f101", base::FileFault::kReadOnly);
  node.desire({files(1)});
  node.settle();
  const auto bytes = sync::read_one(node.store, kInventoryTable, "path:/data/f101");
  ASSERT_TRUE(bytes && *bytes);
  EXPECT_EQ(sync::decode_inventory_entry(**bytes)->phase, sync::InventoryPhase::kDeleting);
}

TEST(EnginePrune, AProcessIsStoppedAndOnlyThenForgotten) {
  FakeNode node;
  node.host.set_program(node.process("web"), {.start_error = {}, .stop_takes = 3s});
  node.desire({files(1).process("web", {"/usr/bin/web"})});
  node.settle();
  node.desire({files(1)});
  node.settle();
  EXPECT_TRUE(node.runs("web"));
  EXPECT_NE(node.section("app").sync, SyncStatus::kSynced);
  node.pass(3s);
  EXPECT_FALSE(node.runs("web"));
  EXPECT_EQ(node.status("web").phase, base::ProcessPhase::kAbsent);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EnginePrune, NothingIsDeletedBeforeTheNewIsHealthy) {
  FakeNode node;
  node.desire({files(2)});
  node.settle();
  FakeApp next = files(1).process_spec(
      "web", R"({"command":["/usr/bin/web"],"readinessProbe":{"tcpSocket":{"port":80}}})");
  node.host.set_probe("process:default/web#readiness", {.ok = false, .detail = "refused"});
  node.desire({next});
  node.pass(30s);
  EXPECT_TRUE(node.runs("web"));
  EXPECT_EQ(node.content("/data/f101"), "f101");
  node.host.set_probe("process:default/web#readiness", {.ok = true, .detail = ""});
  node.pass(20s);
  EXPECT_FALSE(node.content("/data/f101"));
}

TEST(EnginePrune, ARemovalKeepsTheLimitUntilAPersonLiftsIt) {
  FakeNode node;
  const FakeApp app = files(15);
  node.desire({app});
  node.settle();
  node.desire({}, {removal_of(app, sync::RemovalMode::kPrune)});
  node.pass(10min);
  EXPECT_EQ(node.content("/data/f100"), "f100");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kHeld);
  EXPECT_EQ(node.section("app").reason, "PruneLimit");
  node.desire({}, {removal_of(app, sync::RemovalMode::kPrune, true)});
  node.settle();
  EXPECT_FALSE(node.content("/data/f100"));
  EXPECT_EQ(node.section("app").name, "");
}

TEST(EnginePrune, AHeldRemovalEndsWhenAPersonTidiesUpByHand) {
  FakeNode node;
  const FakeApp app = files(15);
  node.desire({app});
  node.settle();
  node.desire({}, {removal_of(app, sync::RemovalMode::kPrune)});
  node.settle();
  for (int i = 0; i < 6; ++i) node.host.remove_by_hand("/data/f" + std::to_string(100 + i));
  node.pass(10min);
  EXPECT_FALSE(node.content("/data/f114"));
  EXPECT_EQ(node.section("app").name, "") << "what was left is within the limit";
}

// ---- what cannot be looked at ----

class EnginePruneUnobservable : public ::testing::TestWithParam<base::FileFault> {};

TEST_P(EnginePruneUnobservable, IsShownAndTriedAgainUntilItIsGone) {
  FakeNode node;
  node.desire({files(2)});
  node.settle();
  node.host.set_fault("/data/f101", GetParam());
  node.desire({files(1)});
  node.settle();
  EXPECT_EQ(node.section("app").reason, "PruneFailed");
  EXPECT_EQ(node.section("app").sync, SyncStatus::kOutOfSync);
  EXPECT_EQ(node.resource("File/f101").reason, "Unobservable");
  const auto why = node.engine().why("File/f101");
  ASSERT_TRUE(why);
  EXPECT_THAT(why->front().blocked_by, HasSubstr("cannot be looked at"));
  EXPECT_THAT(why->front().next, HasSubstr("the next try comes in"));
  node.pass(1h);
  EXPECT_EQ(node.content("/data/f101"), "f101");
  node.host.clear_faults();
  node.pass(4min);
  EXPECT_FALSE(node.content("/data/f101"));
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

INSTANTIATE_TEST_SUITE_P(Faults, EnginePruneUnobservable,
                         ::testing::Values(base::FileFault::kIo, base::FileFault::kPermission));

TEST(EnginePrune, ASyncedSectionTriesAgainWhatItCannotLookAt) {
  FakeNode node;
  FakeApp app = files(2);
  app.policy.self_heal = false;
  node.desire({app});
  node.settle();
  node.host.remove_by_hand("/data/f101");
  node.host.edit_by_hand("/data/f101", "foreign");
  node.desire({app.without("File/f101")});
  node.settle();
  ASSERT_EQ(node.resource("File/f101").reason, "NotOurs");
  node.host.set_fault("/data/f101", base::FileFault::kIo);
  node.pass(10min);
  EXPECT_EQ(node.resource("File/f101").reason, "Unobservable");
  EXPECT_EQ(node.section("app").health, sync::Health::kDegraded);
  EXPECT_THAT(node.section("app").message, HasSubstr("File/f101"));
  node.host.clear_faults();
  node.host.remove_by_hand("/data/f101");
  node.pass(4min);
  EXPECT_EQ(node.resource("File/f101").reason, "") << "tried before the next full pass";
  EXPECT_EQ(node.section("app").health, sync::Health::kHealthy);
  EXPECT_EQ(node.section("app").reason, "");
}

TEST(EnginePrune, ARemovalEndsOnlyWhenAllCouldBeLookedAt) {
  FakeNode node;
  const FakeApp app = files(2);
  node.desire({app});
  node.settle();
  node.host.set_fault("/data/f101", base::FileFault::kIo);
  node.desire({}, {removal_of(app, sync::RemovalMode::kPrune)});
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRemoving);
  EXPECT_THAT(node.section("app").message, HasSubstr("File/f101"));
  node.host.clear_faults();
  node.pass(4min);
  EXPECT_EQ(node.section("app").name, "");
  EXPECT_FALSE(node.content("/data/f101"));
}

// ---- the order in which it goes ----

FakeApp in_waves() {
  return FakeApp("app")
      .file("conf", "/etc/conf", "c")
      .process("db", {"/usr/bin/db"})
      .process("web", {"/usr/bin/web"}, {.wave = 1, .depends_on = ""});
}

TEST(EnginePruneOrder, AnEarlierWaveGoesOnlyAfterTheLaterOneIsGone) {
  FakeNode node;
  node.host.set_program(node.process("web"), {.start_error = {}, .stop_takes = 3s});
  node.desire({in_waves()});
  node.settle();
  node.desire({}, {removal_of(in_waves(), sync::RemovalMode::kPrune)});
  node.pass(2s);
  EXPECT_TRUE(node.runs("web")) << "it is asked to end";
  EXPECT_TRUE(node.runs("db")) << "the web needs it to end in peace";
  EXPECT_EQ(node.content("/etc/conf"), "c");
  node.pass(3s);
  EXPECT_FALSE(node.runs("db"));
  EXPECT_FALSE(node.content("/etc/conf"));
  EXPECT_EQ(node.section("app").name, "");
}

TEST(EnginePruneOrder, WhatDependsOnAnotherGoesFirst) {
  FakeNode node;
  const FakeApp app = FakeApp("app")
                          .process("web", {"/usr/bin/web"})
                          .file("late", "/late", "x", {.depends_on = "Process/web"});
  node.desire({app});
  node.settle();
  node.forget_touched();
  node.desire({}, {removal_of(app, sync::RemovalMode::kPrune)});
  node.settle();
  ASSERT_GE(node.host.changes().size(), 2U);
  EXPECT_EQ(node.host.changes()[0], "remove /late");
  EXPECT_THAT(node.host.changes()[1], HasSubstr("stop default.web"));
}

TEST(EnginePruneOrder, WhatWillNotGoHoldsUpWhatItMayUseAndThatIsShown) {
  FakeNode node;
  const FakeApp app =
      files(1).file("first", "/etc/first", "1").file("last", "/etc/last", "2", {.wave = 1, .depends_on = ""});
  node.desire({app});
  node.settle();
  node.host.set_fault("/etc/last", base::FileFault::kReadOnly);
  node.desire({files(1)});
  node.settle();
  EXPECT_EQ(node.content("/etc/first"), "1");
  EXPECT_EQ(node.resource("File/last").reason, "DeleteFailed");
  EXPECT_EQ(node.resource("File/first").reason, "Waiting");
  EXPECT_THAT(node.resource("File/first").message, HasSubstr("goes once File/last is gone"));
  node.host.clear_faults();
  node.pass(4min);
  EXPECT_FALSE(node.content("/etc/first"));
  EXPECT_FALSE(node.content("/etc/last"));
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EnginePruneOrder, AHoldThatAPersonTidiedEndsInOrderToo) {
  FakeNode node;
  node.host.set_program(node.process("web"), {.start_error = {}, .stop_takes = 3s});
  node.desire({files(15).process("web", {"/usr/bin/web"})});
  node.settle();
  node.desire({files(1)});
  node.settle();
  ASSERT_EQ(node.section("app").phase, SectionPhase::kHeld);
  for (int i = 1; i < 8; ++i) node.host.remove_by_hand("/data/f" + std::to_string(100 + i));
  node.pass(10min);
  EXPECT_FALSE(node.runs("web"));
  EXPECT_FALSE(node.content("/data/f114"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST(EnginePruneOrder, EntriesOfAnOlderAgentGetTheirPlaceWithTheNextRevision) {
  FakeNode node;
  node.desire({in_waves()});
  node.settle();
  node.kill();
  const auto key = "process:default/web";
  const auto stored = [&] {
    return *sync::decode_inventory_entry(**sync::read_one(node.store, kInventoryTable, key));
  };
  ASSERT_EQ(stored().wave, 1);
  auto older = stored();
  older.wave = 0;
  ASSERT_TRUE(node.store.write([&](sync::WriteTxn& txn) {
    return txn.put(kInventoryTable, key, sync::encode_inventory_entry(older));
  }));
  ASSERT_TRUE(node.boot());
  node.settle();
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
  node.forget_touched();
  node.desire({in_waves().config_map("more", {{"a", "b"}})});
  node.settle();
  EXPECT_EQ(stored().wave, 1);
  EXPECT_EQ(node.host.touched().changes(), 0U);
}

// ---- claims that move ----

TEST(EngineClaims, WhatStaysAtAnOldPathIsSaidWithItsResource) {
  FakeNode node;
  FakeApp app = FakeApp("app").file("a", "/etc/old", "A");
  app.policy.prune = false;
  node.desire({app});
  node.settle();
  node.desire({app.file("a", "/etc/new", "A")});
  node.settle();
  EXPECT_EQ(node.content("/etc/old"), "A");
  EXPECT_EQ(node.content("/etc/new"), "A");
  EXPECT_EQ(node.section("app").sync, SyncStatus::kOutOfSync);
  EXPECT_EQ(node.resource("File/a").sync, SyncStatus::kOutOfSync);
  EXPECT_EQ(node.resource("File/a").reason, "PruneDisabled");
  const auto why = node.engine().why("File/a");
  ASSERT_TRUE(why);
  EXPECT_THAT(why->front().blocked_by, HasSubstr("path:/etc/old"));
  node.host.remove_by_hand("/etc/old");
  node.pass(10min);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EngineClaims, WhatARevisionThatCannotBeLoadedTakesOverIsNotDeleted) {
  FakeNode node;
  node.desire({FakeApp("a").file("x", "/etc/x", "x").file("y", "/etc/y", "y")});
  node.settle();
  // Its walk comes after that of "a", which drops the file.
  const FakeApp taker =
      FakeApp("z")
          .file("x", "/etc/x", "x")
          .file_spec("bad",
                     R"({"path":"/etc/bad","contentFrom":{"configMapKeyRef":{"name":"nobody","key":"k"}}})");
  node.desire({FakeApp("a").file("y", "/etc/y", "y"), taker});
  node.settle();
  EXPECT_EQ(node.content("/etc/x"), "x");
  EXPECT_EQ(node.resource("File/x").reason, "TakenOver");
  ASSERT_TRUE(node.restart());
  node.pass(10min);
  EXPECT_EQ(node.content("/etc/x"), "x");
}

TEST(EngineClaims, ARenameOnTheSamePathIsAdoptedWithoutTouchingTheFile) {
  FakeNode node;
  node.desire({FakeApp("app").file("a", "/etc/x", "same")});
  node.settle();
  const auto inode = node.host.file("/etc/x")->inode;
  node.forget_touched();
  node.desire({FakeApp("app").file("b", "/etc/x", "same")});
  node.settle();
  EXPECT_EQ(node.host.file("/etc/x")->inode, inode);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EngineClaims, AMoveToAnotherApplicationIsAnAdoptionToo) {
  FakeNode node;
  node.desire({FakeApp("a").file("x", "/etc/x", "same").file("y", "/etc/y", "y"),
               FakeApp("b").file("z", "/etc/z", "z")});
  node.settle();
  node.forget_touched();
  node.desire({FakeApp("a").file("y", "/etc/y", "y"),
               FakeApp("b").file("x", "/etc/x", "same").file("z", "/etc/z", "z")});
  node.settle();
  EXPECT_EQ(node.content("/etc/x"), "same");
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.section("b").sync, SyncStatus::kSynced);
  node.desire({FakeApp("a").file("y", "/etc/y", "y"), FakeApp("b").file("z", "/etc/z", "z")});
  node.settle();
  EXPECT_FALSE(node.content("/etc/x")) << "it is the other application's now, and so to prune";
}

TEST(EngineClaims, WhatIsWithheldForItsTakerStaysUntilItArrives) {
  FakeNode node;
  node.desire({FakeApp("a").file("x", "/etc/x", "same").file("y", "/etc/y", "y")});
  node.settle();
  const FakeApp without = FakeApp("a").file("y", "/etc/y", "y").withhold({path_claim("/etc/x")});
  node.desire({without});
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/x"), "same");
  node.desire({FakeApp("a").file("y", "/etc/y", "y"), FakeApp("b").file("x", "/etc/x", "same")});
  node.settle();
  EXPECT_EQ(node.content("/etc/x"), "same");
  EXPECT_EQ(node.section("a").sync, SyncStatus::kSynced);
}

TEST(EngineClaims, AWithheldClaimThatNobodyTookIsPrunedOnceTheHubSaysSo) {
  FakeNode node;
  node.desire({FakeApp("a").file("x", "/etc/x", "x").file("y", "/etc/y", "y")});
  node.settle();
  node.desire({FakeApp("a").file("y", "/etc/y", "y").withhold({path_claim("/etc/x")})});
  node.settle();
  node.desire({FakeApp("a").file("y", "/etc/y", "y")});
  node.settle();
  EXPECT_FALSE(node.content("/etc/x"));
}

TEST(EngineClaims, WhatAQuarantinedRevisionWouldTakeOverIsNotDeletedMeanwhile) {
  FakeNode node;
  const FakeApp b = FakeApp("b").file("r", "/etc/r", "r");
  node.desire({FakeApp("a").file("p", "/etc/p", "p").file("q", "/etc/q", "q"), b});
  node.settle();
  node.host.set_fault("/bad", base::FileFault::kPermission);
  FakeApp taker = b;
  taker.file("bad", "/bad/x", "x").file("p", "/etc/p", "p", {.wave = 1, .depends_on = ""});
  node.desire({FakeApp("a").file("q", "/etc/q", "q"), taker});
  node.pass(5min);
  ASSERT_EQ(node.section("b").phase, SectionPhase::kQuarantined);
  ASSERT_TRUE(node.restart());
  node.pass(10min);
  EXPECT_EQ(node.content("/etc/p"), "p");
  EXPECT_EQ(node.resource("File/p").reason, "TakenOver");
}

TEST(EngineClaims, TwoThatWantOneClaimAreBothNamedAndTheOwnerKeepsIt) {
  FakeNode node;
  node.desire({FakeApp("b").file("mine", "/etc/x", "B")});
  node.settle();
  node.desire({FakeApp("a").file("theirs", "/etc/x", "A").file("other", "/etc/y", "y"),
               FakeApp("b").file("mine", "/etc/x", "B")});
  node.settle();
  EXPECT_EQ(node.content("/etc/x"), "B");
  EXPECT_EQ(node.content("/etc/y"), "y") << "the rest of the loser goes on";
  const auto loser = node.resource("File/theirs");
  EXPECT_EQ(loser.reason, "ClaimConflict");
  EXPECT_THAT(loser.message, HasSubstr("File/mine of application b"));
  EXPECT_THAT(loser.message, HasSubstr("File/theirs of application a"));
  EXPECT_EQ(node.section("a").health, sync::Health::kDegraded);
  EXPECT_EQ(node.section("b").sync, SyncStatus::kSynced);
  node.pass(1h);
  EXPECT_EQ(node.count_events("ClaimConflict"), 1U);
}

TEST(EngineClaims, TheLoserGetsTheClaimOnceItIsFree) {
  FakeNode node;
  node.desire({FakeApp("a").file("x", "/etc/x", "A"), FakeApp("b").file("x", "/etc/x", "B")});
  node.settle();
  EXPECT_EQ(node.content("/etc/x"), "A");
  node.desire({FakeApp("a").file("y", "/etc/y", "y"), FakeApp("b").file("x", "/etc/x", "B")});
  node.settle();
  EXPECT_EQ(node.content("/etc/x"), "B");
  EXPECT_EQ(node.section("b").sync, SyncStatus::kSynced);
}

TEST(EngineClaims, WhoLeavesGoesOnlyWhenWhatItHeldWasTakenOver) {
  FakeNode node;
  const FakeApp leaving = FakeApp("a").file("x", "/etc/x", "x");
  node.desire({leaving});
  node.settle();
  node.host.set_fault("/srv", base::FileFault::kIo);
  FakeApp taker = FakeApp("b").file("y", "/srv/y", "y").file("x", "/etc/x", "x", {.wave = 1});
  node.desire({taker}, {removal_of(leaving, sync::RemovalMode::kPrune)});
  node.settle();
  EXPECT_EQ(node.content("/etc/x"), "x");
  // The other one never came so far, and does not want it any more.
  node.desire({taker.without("File/x")}, {removal_of(leaving, sync::RemovalMode::kPrune)});
  node.settle();
  EXPECT_EQ(node.content("/etc/x"), std::nullopt) << "nobody wants it, and it was still known whose it is";
}

TEST(EngineClaims, AForeignFileIsTakenOverAndThatIsTold) {
  FakeNode node;
  node.host.edit_by_hand("/etc/motd", "distribution's");
  node.desire({FakeApp("app").file("motd", "/etc/motd", "ours")});
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "ours");
  EXPECT_THAT(node.last_event("TookOver"), HasSubstr("path:/etc/motd"));
}

TEST(EngineClaims, ACopiedMarkIsWorthNothing) {
  FakeNode node;
  FakeApp app = FakeApp("app").file("a", "/etc/a", "A").file("b", "/etc/b", "B");
  app.policy.self_heal = false;
  node.desire({app});
  node.settle();
  node.host.remove_by_hand("/etc/b");
  node.host.copy_by_hand("/etc/a", "/etc/b");
  node.desire({app.without("File/b")});
  node.settle();
  EXPECT_EQ(node.content("/etc/b"), "A") << "the mark was made for another place";
}

/// Seed 2269 of the simulator: the intent said "was there", and nothing was any more when it was carried out.
TEST(EnginePrune, WhatWasGoneBeforeItCouldBeTakenOverIsMadeHereAndGoesWithGit) {
  FakeNode node;
  node.host.edit_by_hand("/etc/a", "a stranger's");
  node.host.set_fault("/etc/a", base::FileFault::kReadOnly);
  node.desire({FakeApp("app").file("a", "/etc/a", "A")});
  node.settle();
  node.host.clear_faults();
  node.host.remove_by_hand("/etc/a");
  node.pass(10min);
  ASSERT_EQ(node.content("/etc/a"), "A");
  node.desire({FakeApp("app").file("b", "/etc/b", "B")});
  node.settle();
  EXPECT_FALSE(node.content("/etc/a"));
}

TEST(EnginePrune, WhatWasThereBeforeStaysWhenGitLetsItGoEvenAfterTheStoreWasLost) {
  FakeNode node;
  node.host.edit_by_hand("/etc/same", "A");
  node.host.edit_by_hand("/etc/other", "before");
  const auto app = FakeApp("app")
                       .file("same", "/etc/same", "A")
                       .file("other", "/etc/other", "A")
                       .file("made", "/etc/made", "A");
  node.desire({app});
  node.settle();
  EXPECT_EQ(node.content("/etc/other"), "A");
  node.store = sync::FakeStore({kAgentTables.begin(), kAgentTables.end()});
  ASSERT_TRUE(node.restart());
  node.desire({app});
  node.settle();
  node.desire({FakeApp("app").file("last", "/etc/last", "A")});
  node.settle();
  EXPECT_EQ(node.content("/etc/same"), "A");
  EXPECT_EQ(node.content("/etc/other"), "A");
  EXPECT_FALSE(node.content("/etc/made"));
  EXPECT_EQ(node.section("app").phase, sync::SectionPhase::kSynced);
}

}  // namespace
}  // namespace holdfast::edge_agent
