// SPDX-License-Identifier: Apache-2.0
// Starting again: without a network, after a reboot, with keys that changed, with a store that was damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/inventory_rebuild.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;
using sync::SyncStatus;
using ::testing::HasSubstr;

FakeApp app() {
  return FakeApp("app").file("a", "/etc/a", "A").file("b", "/etc/b", "B").process("web", {"/usr/bin/web"});
}

std::vector<sync::Table> tables() { return {kAgentTables.begin(), kAgentTables.end()}; }

TEST(EngineBoot, AnEmptyNodeHasNothingToDo) {
  FakeNode node;
  node.pass(1h);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.store.commits(), 0U);
  EXPECT_EQ(node.engine().hello().accepted, sync::Generation{});
}

TEST(EngineBoot, ConvergesFromTheStoreAlone) {
  FakeNode node;
  node.desire({app()});
  node.kill();  // accepted, and nothing done yet
  ASSERT_TRUE(node.boot());
  node.settle();
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_TRUE(node.runs("web"));
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EngineBoot, AfterADayOfflineItStillHealsAndStillKnowsItsGeneration) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  node.reboot();
  node.pass(24h);
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_EQ(node.engine().hello().applied, (sync::Generation{1, 1}));
}

TEST(EngineBoot, ASteadyNodeWritesNothingWhenItStarts) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  const auto commits = node.store.commits();
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.pass(10min);
  EXPECT_EQ(node.store.commits(), commits);
  EXPECT_EQ(node.host.touched().changes(), 0U);
}

TEST(EngineBoot, TheSnapshotIsTheSameBeforeAndAfter) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  const auto before = node.engine().hello();
  ASSERT_TRUE(node.restart());
  node.settle();
  EXPECT_EQ(node.engine().hello(), before);
}

TEST(EngineBoot, AHeaderThatNoKeyVerifiesAnyMoreIsHeldAndProvesNoDelete) {
  FakeNode node;
  FakeApp held = app();
  node.desire({held});
  node.settle();
  node.desire({held.without("File/b")});
  node.kill();
  node.identity.signing_keys = {FakeFleet(2).key().public_key()};
  ASSERT_TRUE(node.boot());
  node.settle();
  EXPECT_EQ(node.content("/etc/b"), "B") << "what could not be verified deletes nothing";
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
}

/// The header in force once more, by another key that is believed.
sync::State signed_anew(FakeNode& node, const base::SigningKey& key) {
  const auto header = sync::decode_header(node.engine().accepted_header().bytes);
  return {.header = sync::sign_header(*header, key), .bodies = {}};
}

TEST(EngineBoot, AHeaderThatIsGivenOnceMoreByTodaysKeyProvesWhatItProvedBefore) {
  FakeNode node;
  FakeApp held = app();
  node.desire({held});
  node.settle();
  node.desire({held.without("File/b")});
  node.kill();
  const FakeFleet today(2);
  node.identity.signing_keys = {today.key().public_key()};
  ASSERT_TRUE(node.boot());
  node.settle();
  ASSERT_EQ(node.content("/etc/b"), "B");
  node.engine().accept(signed_anew(node, today.key()));
  node.settle();
  EXPECT_FALSE(node.content("/etc/b")) << "at once, and not at the next full pass";
  EXPECT_EQ(node.content("/etc/a"), "A");
}

TEST(EngineBoot, WithoutAnyKeyItHealsAndDeletesNothingUntilTheKeysAreThereAgain) {
  FakeNode node;
  FakeApp held = app();
  node.desire({held});
  node.settle();
  node.desire({held.without("File/b")});
  node.kill();
  const auto keys = std::exchange(node.identity.signing_keys, {});
  ASSERT_TRUE(node.boot());
  node.settle();
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_EQ(node.content("/etc/b"), "B") << "what could not be verified deletes nothing";
  node.engine().set_trust({FakeFleet(2).key().public_key()}, 1);
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/b"), "B") << "nor by another's key";
  node.engine().set_trust(keys, 2);
  node.pass(1h);
  EXPECT_FALSE(node.content("/etc/b"));
}

/// The store names, and has, what no header names.
base::Status tamper(FakeNode& node) {
  const auto forged = FakeApp("app").file("a", "/etc/a", "forged").file("evil", "/etc/evil", "x");
  return node.store.write([&](sync::WriteTxn& txn) -> base::Status {
    HF_CHECK(txn.put(kBodyTable, forged.digest().view(), forged.bytes()));
    HF_TRY(const auto stored, txn.get(kSectionTable, "uid-app"));
    auto text = *stored;
    const auto real = app().digest().hex();
    for (auto at = text.find(real); at != std::string::npos; at = text.find(real))
      text.replace(at, real.size(), forged.digest().hex());
    return txn.put(kSectionTable, "uid-app", text);
  });
}

TEST(EngineBoot, WhatNoKeyVerifiesIsNotAppliedWhereItWasNotBefore) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  node.desire({app().file("c", "/etc/c", "C").file("a", "/etc/a", "changed")});
  node.kill();
  const auto keys = std::exchange(node.identity.signing_keys, {FakeFleet(2).key().public_key()});
  ASSERT_TRUE(node.boot());
  node.host.edit_by_hand("/etc/b", "X");
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/b"), "B") << "what did not change is repaired";
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_FALSE(node.content("/etc/c"));
  EXPECT_EQ(node.resource("File/c").reason, "Unverified");
  node.engine().set_trust(keys, 2);
  node.settle();
  EXPECT_EQ(node.content("/etc/a"), "changed");
  EXPECT_EQ(node.content("/etc/c"), "C");
}

TEST(EngineBoot, ATamperedRecordIsFoundThoughNoKeyVerifiesItsHeader) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  node.kill();
  ASSERT_TRUE(tamper(node));
  const FakeFleet today(2);
  node.identity.signing_keys = {today.key().public_key()};
  ASSERT_TRUE(node.boot());
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_FALSE(node.content("/etc/evil"));
  node.engine().accept(signed_anew(node, today.key()));
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_FALSE(node.content("/etc/evil"));
  EXPECT_EQ(node.section("app").accepted, app().digest());
  EXPECT_EQ(node.resource("File/a").reason, "");
}

TEST(EngineBoot, ABodyThatIsNotWhatItsNameSaysIsAskedFor) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  node.kill();
  const auto other = FakeApp("app").file("a", "/etc/a", "other");
  ASSERT_TRUE(node.store.write([&](sync::WriteTxn& txn) -> base::Status {
    return txn.put(kBodyTable, app().digest().view(), other.bytes());
  }));
  ASSERT_TRUE(node.boot());
  node.run();
  EXPECT_TRUE(node.engine().hello().content.is_none());
  node.accept(node.state(node.generation(), {app()}));
  node.settle();
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
}

TEST(EngineBoot, ARecordThatWasTamperedWithIsFoundBeforeItIsApplied) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  node.kill();
  ASSERT_TRUE(tamper(node));
  ASSERT_TRUE(node.boot());
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_FALSE(node.content("/etc/evil"));
  EXPECT_EQ(node.section("app").accepted, app().digest());
}

// ---- damage ----

/// What the program does on kCorrupt: a fresh store with what still reads, and a new engine.
void boot_on_rescued(FakeNode& node) {
  node.kill();
  sync::FakeStore fresh(tables());
  ASSERT_TRUE(rescue_store(node.store, fresh));
  node.store = std::move(fresh);
  ASSERT_TRUE(node.boot());
}

class EngineDamage : public ::testing::Test {
 protected:
  EngineDamage() {
    node.host.edit_by_hand("/etc/foreign", "foreign");
    node.desire({app()});
    node.settle();
    pid = node.status("web").identity->pid;
    node.forget_touched();
    node.kill();
  }
  void mend() {
    EXPECT_EQ(node.boot().error().code(), base::Code::kCorrupt);
    EXPECT_EQ(node.host.touched().changes(), 0U) << "corruption alone touches nothing";
    ASSERT_NO_FATAL_FAILURE(boot_on_rescued(node));
    node.settle();
  }
  void expect_untouched() {
    EXPECT_EQ(node.content("/etc/a"), "A");
    EXPECT_EQ(node.content("/etc/b"), "B");
    EXPECT_EQ(node.content("/etc/foreign"), "foreign");
    EXPECT_EQ(node.status("web").identity->pid, pid);
    EXPECT_EQ(node.host.touched().changes(), 0U);
  }
  FakeNode node;
  std::int64_t pid = 0;
};

TEST_F(EngineDamage, OfTheInventoryIsMendedFromMarks) {
  node.store.damage(kInventoryTable, claim_key(path_claim("/etc/a")));
  mend();
  expect_untouched();
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST_F(EngineDamage, OfASectionRecordLeavesItsApplicationInGoodHands) {
  node.store.damage(kSectionTable, "uid-app");
  mend();
  expect_untouched();
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
  EXPECT_EQ(node.engine().hello().applied, (sync::Generation{1, 1}));
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
}

TEST_F(EngineDamage, OfAHeaderOrAnAppliedStateThatSaysNothingIsAnsweredByAskingTheHub) {
  const auto header = **sync::read_one(node.store, kMetaTable, std::string(kHeaderKey));
  for (const auto& [key, value] : {std::pair{kHeaderKey, header.substr(0, 70)},
                                   {kHeaderKey, std::string("short")},
                                   {kAppliedKey, "{}"}}) {
    ASSERT_TRUE(sync::write_one(node.store, kMetaTable, std::string(key), value));
    mend();
    expect_untouched();
    node.desire({app()});
    node.settle();
    expect_untouched();
    node.kill();
  }
}

TEST_F(EngineDamage, OfARecordThatSaysNothingIsNotCarriedOn) {
  ASSERT_TRUE(sync::write_one(node.store, kInventoryTable, "path:/etc/0", "{}"));
  ASSERT_TRUE(sync::write_one(node.store, kSectionTable, "uid-other", "{}"));
  mend();
  expect_untouched();
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST_F(EngineDamage, AsksForTheHubsWordAndASameStateIsThatWord) {
  FakeApp less = app();
  less.without("File/b");
  ASSERT_TRUE(node.boot());
  node.desire({less});
  node.kill();  // accepted, not pruned yet
  node.forget_touched();
  node.store.damage(kInventoryTable, claim_key(path_claim("/etc/a")));
  mend();
  EXPECT_EQ(node.content("/etc/b"), "B");
  EXPECT_TRUE(node.engine().hello().content.is_none()) << "a difference makes the hub send";
  node.accept(node.state(node.generation(), {less}));
  node.settle();
  EXPECT_FALSE(node.content("/etc/b")) << "at once, and not at the next full pass";
  EXPECT_FALSE(node.engine().hello().content.is_none());
}

TEST_F(EngineDamage, IsOverAndSeenToBeWithTheHubsWordAlone) {
  node.store.damage(kInventoryTable, claim_key(path_claim("/etc/a")));
  mend();
  EXPECT_EQ(node.engine().snapshot().conditions.at(0).status, "False");
  node.accept(node.state(node.generation(), {app()}));
  EXPECT_EQ(node.engine().snapshot().conditions.at(0).status, "True");
  expect_untouched();
}

TEST(EngineDamageInTheMiddle, TheRecordOfARemovalIsMadeAgainAndItsHubIsNotToldThatItIsDone) {
  FakeNode node;
  const FakeApp leaving = FakeApp("leaving").file("z", "/etc/z", "Z");
  const auto removal = removal_of(leaving, sync::RemovalMode::kPrune);
  node.desire({app(), leaving});
  node.settle();
  node.desire({app()}, {removal});
  node.kill();
  node.store.damage(kSectionTable, "uid-leaving");
  ASSERT_FALSE(node.boot());
  ASSERT_NO_FATAL_FAILURE(boot_on_rescued(node));
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/z"), "Z") << "nothing is deleted before the hub has spoken";
  EXPECT_EQ(node.section("leaving").phase, SectionPhase::kRemoving);
  node.desire({app().file("a", "/etc/a", "A2")}, {removal});
  node.settle();
  EXPECT_FALSE(node.content("/etc/z"));
}

TEST_F(EngineDamage, OfASectionRecordThatNoKeyVerifiesKeepsWhatWasApplied) {
  node.store.damage(kSectionTable, "uid-app");
  node.identity.signing_keys = {FakeFleet(2).key().public_key()};
  node.host.edit_by_hand("/etc/b", "X");
  mend();
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_EQ(node.content("/etc/b"), "B") << "as it was applied";
  EXPECT_EQ(node.status("web").identity->pid, pid);
}

TEST_F(EngineDamage, ForbidsDeletesUntilTheHubHasSpoken) {
  node.store.damage(kInventoryTable, claim_key(path_claim("/etc/a")));
  mend();
  ASSERT_TRUE(node.restart());
  node.settle();
  const auto conditions = node.engine().snapshot().conditions;
  EXPECT_EQ(conditions.at(0).type, "DeletesAllowed");
  EXPECT_EQ(conditions.at(0).status, "False");

  FakeApp less = app();
  node.desire({less.without("File/b")});
  node.settle();
  EXPECT_FALSE(node.content("/etc/b")) << "a verified, newer desired state is proof";
  EXPECT_EQ(node.engine().snapshot().conditions.at(0).status, "True");
}

TEST(EngineDamageInTheMiddle, ADeleteThatWasAcceptedWaitsForTheNextWordOfTheHub) {
  FakeNode node;
  FakeApp less = FakeApp("app").file("a", "/etc/a", "A").file("z", "/etc/z", "Z");
  node.desire({FakeApp(less).file("b", "/etc/b", "B")});
  node.settle();
  node.desire({less});
  node.kill();  // accepted, not pruned yet
  node.store.damage(kInventoryTable, claim_key(path_claim("/etc/z")));
  ASSERT_FALSE(node.boot());
  ASSERT_NO_FATAL_FAILURE(boot_on_rescued(node));
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/b"), "B");
  EXPECT_EQ(node.resource("File/b").reason, "NoProof");
  node.desire({less.file("a", "/etc/a", "A2")});
  node.settle();
  EXPECT_FALSE(node.content("/etc/b"));
}

TEST_F(EngineDamage, OfTheHeaderIsAnsweredByAskingTheHub) {
  node.store.damage(kMetaTable, kHeaderKey);
  mend();
  expect_untouched();
  EXPECT_EQ(node.engine().hello().accepted, sync::Generation{});
  node.desire({app()});
  node.settle();
  expect_untouched();
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST_F(EngineDamage, OfEverythingIsAdoptedAgainFromTheNextDesiredState) {
  node.store = sync::FakeStore(tables());
  ASSERT_TRUE(node.boot());
  node.settle();
  expect_untouched();
  node.desire({app()});
  node.settle();
  expect_untouched();
  node.desire({FakeApp("app").file("a", "/etc/a", "A").process("web", {"/usr/bin/web"})});
  node.settle();
  EXPECT_FALSE(node.content("/etc/b")) << "adopted, so in the inventory, so to prune";
}

TEST_F(EngineDamage, OfEverythingTellsOfAProcessThatGitLetGoOfMeanwhile) {
  sync::FakeStore nothing(tables());
  sync::FakeStore fresh(tables());
  ASSERT_TRUE(rescue_store(nothing, fresh));
  node.store = std::move(fresh);
  ASSERT_TRUE(node.boot());
  node.settle();
  node.desire({FakeApp("app").file("a", "/etc/a", "A")});
  node.settle();
  EXPECT_EQ(node.status("web").identity->pid, pid);
  EXPECT_NE(node.last_event("Stray").find("process:default/web"), std::string::npos);
}

TEST_F(EngineDamage, OfABodyIsAskedForAgainAndNothingIsGivenUp) {
  const std::string digest(app().digest().view());
  ASSERT_TRUE(node.store.write([&](sync::WriteTxn& txn) { return txn.erase(kBodyTable, digest); }));
  ASSERT_TRUE(node.boot());
  node.pass(1min);
  expect_untouched();
  EXPECT_TRUE(node.engine().hello().content.is_none()) << "a difference makes the hub send";
  const auto frames = node.accept(node.state({1, 1}, {app()}));
  EXPECT_EQ(frames.front().type, sync::FrameType::kApplied);
  node.pass(1min);
  expect_untouched();
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
  EXPECT_FALSE(node.engine().hello().content.is_none());
}

TEST_F(EngineDamage, WithoutMarksTheDesiredStateAdopts) {
  node.host.support_marks(false);
  node.store.damage(kInventoryTable, claim_key(path_claim("/etc/a")));
  mend();
  expect_untouched();
  EXPECT_EQ(node.section("app").sync, SyncStatus::kSynced);
}

TEST(EngineUnable, AResourceThisAgentCannotDoIsSaidAndTheRestGoesOn) {
  FakeNode node;
  FakeApp strange("strange");
  strange.file("x", "/etc/x", "x");
  auto state = node.state({1, 1}, {FakeApp("app").file("a", "/etc/a", "A"), strange});
  // A newer hub's resource: this agent's model does not know the kind.
  std::string bytes = strange.bytes();
  const auto kind = bytes.find("\"File\"");
  bytes.replace(kind, 6, "\"Flux\"");
  auto header =
      node.fleet.header(node.identity.uid, {1, 1}, {FakeApp("app").file("a", "/etc/a", "A"), strange});
  header.sections[1].digest = base::Digest::of(bytes);
  state.header = sync::sign_header(header, node.fleet.key());
  state.bodies[1] = {.digest = base::Digest::of(bytes), .bytes = bytes, .provenance = ""};
  node.accept(state);
  node.settle();
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_EQ(node.section("strange").phase, SectionPhase::kUnschedulable);
  EXPECT_THAT(node.section("strange").message, HasSubstr("Flux"));
}

}  // namespace
}  // namespace holdfast::edge_agent
