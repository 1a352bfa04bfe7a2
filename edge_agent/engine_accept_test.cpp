// SPDX-License-Identifier: Apache-2.0
// What a node believes and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "edge_agent/fake_node.hpp"
#include "edge_agent/section_step.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using sync::AppliedStage;
using sync::Generation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

FakeApp motd(const std::string& content) { return FakeApp("greeting").file("motd", "/etc/motd", content); }

sync::Applied applied_of(const std::vector<sync::Frame>& frames) {
  EXPECT_FALSE(frames.empty());
  if (frames.empty()) return {};
  EXPECT_EQ(frames[0].type, sync::FrameType::kApplied);
  return sync::decode_applied(frames[0].body).value_or(sync::Applied{});
}

TEST(EngineAccept, StoresAVerifiedStateAndSaysSo) {
  FakeNode node;
  const auto applied = applied_of(node.desire({motd("hello")}));
  EXPECT_EQ(applied.stage, AppliedStage::kAccepted);
  EXPECT_EQ(applied.generation, (Generation{1, 1}));
  EXPECT_EQ(node.store.commits(), 1U) << "one transaction, before anything else";
  EXPECT_EQ(node.host.touched().changes(), 0U);
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "hello");
}

TEST(EngineAccept, SaysAppliedOnceAllIsOnTheHost) {
  FakeNode node;
  node.desire({motd("hello")});
  EXPECT_FALSE(node.engine().take_applied());
  node.settle();
  const auto applied = node.engine().take_applied();
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->stage, AppliedStage::kApplied);
  EXPECT_EQ(applied->generation, node.generation());
  EXPECT_EQ(applied->content, node.engine().hello().content);
  EXPECT_FALSE(node.engine().take_applied());
}

struct Forged {
  const char* name;
  sync::State (*make)(FakeNode& node);
  const char* says;
};

class EngineRefuses : public ::testing::TestWithParam<Forged> {};

TEST_P(EngineRefuses, AndNothingChanges) {
  FakeNode node;
  node.desire({motd("hello")});
  node.settle();
  const auto commits = node.store.commits();
  const auto hello = node.engine().hello();
  const auto applied = applied_of(node.accept(GetParam().make(node)));
  node.settle();
  EXPECT_EQ(applied.stage, AppliedStage::kRefused);
  EXPECT_THAT(node.last_event("Refused"), HasSubstr(GetParam().says));
  EXPECT_EQ(node.store.commits(), commits);
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  EXPECT_EQ(node.engine().hello(), hello);
}

INSTANTIATE_TEST_SUITE_P(
    Table, EngineRefuses,
    ::testing::Values(
        Forged{"AForeignKey",
               [](FakeNode& node) { return FakeFleet(99).state(node.identity.uid, {9, 9}, {motd("evil")}); },
               "refused"},
        Forged{"ABrokenSignature",
               [](FakeNode& node) {
                 auto state = node.state({9, 9}, {motd("evil")});
                 state.header.signature.bytes[0] ^= 1U;
                 return state;
               },
               "refused"},
        Forged{"AStateOfAnotherNode",
               [](FakeNode& node) {
                 return node.fleet.state(sync::NodeUid("uid-other"), {9, 9}, {motd("evil")});
               },
               "refused"},
        Forged{"AnOlderSequence", [](FakeNode& node) { return node.state({1, 0}, {motd("old")}); },
               "has accepted 1.1 already"},
        Forged{"AnOlderEpoch", [](FakeNode& node) { return node.state({0, 99}, {motd("old")}); },
               "has accepted 1.1 already"},
        Forged{"AnotherContentOfTheSameGeneration",
               [](FakeNode& node) { return node.state({1, 1}, {motd("other")}); },
               "another content of the same generation"}),
    [](const auto& info) { return info.param.name; });

TEST(EngineAccept, TheSameStateAgainIsHarmlessAndAnsweredAgain) {
  FakeNode node;
  node.desire({motd("hello")});
  node.settle();
  const auto commits = node.store.commits();
  const auto frames = node.accept(node.state({1, 1}, {motd("hello")}));
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(sync::decode_applied(frames[0].body)->stage, AppliedStage::kAccepted);
  EXPECT_EQ(sync::decode_applied(frames[1].body)->stage, AppliedStage::kApplied);
  node.settle();
  EXPECT_EQ(node.store.commits(), commits);
}

TEST(EngineAccept, AHigherEpochWithALowerSequenceIsNewer) {
  FakeNode node;
  node.desire({motd("hello")});
  node.accept(node.state({2, 0}, {motd("restored")}));
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "restored");
}

// ---- bodies ----

TEST(EngineAccept, AsksForBodiesThatItLacksAndStoresNothingUntilTheyAreThere) {
  FakeNode node;
  const auto app = motd("hello");
  const FakeApp other = FakeApp("other").file("x", "/etc/x", "x");
  auto state = node.state({1, 1}, {app, other});
  state.bodies = {app.body()};
  const auto frames = node.accept(state);
  ASSERT_EQ(frames.size(), 1U);
  ASSERT_EQ(frames[0].type, sync::FrameType::kNeed);
  EXPECT_THAT(sync::decode_need(frames[0].body)->sections, ElementsAre(other.digest()));
  EXPECT_EQ(node.store.commits(), 0U);

  state.bodies = {other.body()};
  EXPECT_EQ(applied_of(node.accept(state)).stage, AppliedStage::kAccepted);
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  EXPECT_EQ(node.content("/etc/x"), "x");
}

TEST(EngineAccept, ABodyThatDoesNotHaveItsDigestIsAskedForAgain) {
  FakeNode node;
  auto state = node.state({1, 1}, {motd("hello")});
  state.bodies[0].bytes = motd("evil").bytes();
  const auto frames = node.accept(state);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].type, sync::FrameType::kNeed);
  EXPECT_EQ(node.store.commits(), 0U);
}

TEST(EngineAccept, BodiesThatItHasNeedNotBeSentAgain) {
  FakeNode node;
  const auto app = motd("hello");
  node.desire({app});
  auto state = node.state({1, 2}, {app, FakeApp("other").file("x", "/etc/x", "x")});
  std::erase_if(state.bodies, [&](const auto& body) { return body.digest == app.digest(); });
  EXPECT_EQ(applied_of(node.accept(state)).stage, AppliedStage::kAccepted);
}

TEST(EngineAccept, AFullDiskRefusesAndKeepsWhatIsThere) {
  FakeNode node;
  node.desire({motd("hello")});
  node.settle();
  node.store.full_after(0);
  EXPECT_EQ(applied_of(node.desire({motd("newer")})).stage, AppliedStage::kRefused);
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  node.store.full_after(std::nullopt);
  EXPECT_EQ(applied_of(node.desire({motd("newest")})).stage, AppliedStage::kAccepted);
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "newest");
}

TEST(EngineAccept, BodiesThatNobodyRefersToAnyMoreAreDropped) {
  FakeNode node;
  for (int i = 0; i < 10; ++i) {
    node.desire({motd("content " + std::to_string(i))});
    node.settle();
  }
  std::size_t bodies = 0;
  ASSERT_TRUE(node.store.read([&](sync::ReadTxn& txn) {
    return txn.scan({"body"}, "", [&](auto, auto) { return ++bodies, true; });
  }));
  EXPECT_EQ(bodies, 3U) << "the accepted one and two more that were good";
}

TEST(EngineAccept, ANewCommitThatChangesNothingTouchesNothing) {
  FakeNode node;
  node.desire({motd("hello").revision("1111111111111111111111111111111111111111")});
  node.settle();
  node.forget_touched();
  node.desire({motd("hello").revision("2222222222222222222222222222222222222222")});
  node.settle();
  EXPECT_EQ(node.host.touched().changes(), 0U);
  ASSERT_TRUE(node.engine().take_applied());
  EXPECT_EQ(node.section("greeting").sync, sync::SyncStatus::kSynced);
}

// ---- what this agent cannot do ----

/// The section of `app` as a newer hub would send it, with a kind that this agent does not know.
std::string with_unknown_kind(const FakeApp& app) {
  std::string bytes = app.bytes();
  bytes.insert(bytes.rfind(']'), std::string(bytes.ends_with("[]}") ? "" : ",") +
                                     R"({"apiVersion":"holdfast.dev/v9","kind":"Robot",)" +
                                     R"("metadata":{"name":"r2","namespace":"default"}})");
  return bytes;
}

sync::State unknown_to(FakeNode& node, sync::Generation generation, const FakeApp& app) {
  const auto bytes = with_unknown_kind(app);
  auto header = node.fleet.header(node.identity.uid, generation, {app});
  header.sections[0].digest = base::Digest::of(bytes);
  return {.header = sync::sign_header(header, node.fleet.key()),
          .bodies = {{.digest = header.sections[0].digest, .bytes = bytes, .provenance = ""}}};
}

void rewrite_section(FakeNode& node, const FakeApp& app, void (*change)(SectionRecord& record)) {
  node.kill();
  auto record = *decode_section_record(**sync::read_one(node.store, kSectionTable, app.uid().str()));
  change(record);
  ASSERT_TRUE(node.store.write([&](sync::WriteTxn& txn) {
    return txn.put(kSectionTable, app.uid().str(), encode_section_record(record));
  }));
  ASSERT_TRUE(node.boot());
}

TEST(EngineUnschedulable, KeepsWhatIsThereAndNamesTheKind) {
  FakeNode node;
  node.desire({motd("hello")});
  node.settle();
  node.accept(unknown_to(node, {1, 2}, motd("newer")));
  node.settle();
  EXPECT_EQ(node.section("greeting").phase, sync::SectionPhase::kUnschedulable);
  EXPECT_THAT(node.section("greeting").message, HasSubstr("Robot"));
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  const auto commits = node.store.commits();
  ASSERT_TRUE(node.restart());
  node.pass(std::chrono::hours{1});
  EXPECT_EQ(node.section("greeting").phase, sync::SectionPhase::kUnschedulable);
  EXPECT_EQ(node.store.commits(), commits) << "asking again costs nothing";
}

TEST(EngineUnschedulable, IsTriedAgainByAnAgentThatCan) {
  FakeNode node;
  node.desire({motd("hello")});
  node.settle();
  rewrite_section(node, motd("hello"), [](SectionRecord& record) {
    record.phase = sync::SectionPhase::kUnschedulable;
    record.reason = "Unschedulable";
    record.last_good.clear();
  });
  node.settle();
  EXPECT_EQ(node.section("greeting").phase, sync::SectionPhase::kSynced);
  EXPECT_EQ(node.section("greeting").reason, "");
}

TEST(EngineUnschedulable, IsWhatAnOlderAgentMakesOfWhatANewerOneApplied) {
  FakeNode node;
  node.desire({motd("hello")});
  node.settle();
  node.accept(unknown_to(node, {1, 2}, motd("hello")));
  node.settle();
  rewrite_section(node, motd("hello"), [](SectionRecord& record) {
    record.phase = sync::SectionPhase::kSynced;
    record.applied = record.accepted.digest;
    record.last_good = {record.accepted.digest};
  });
  node.forget_touched();
  node.pass(std::chrono::hours{1});
  EXPECT_EQ(node.section("greeting").phase, sync::SectionPhase::kUnschedulable);
  EXPECT_THAT(node.section("greeting").message, HasSubstr("Robot"));
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  EXPECT_EQ(node.host.touched().changes(), 0U);
}

TEST(EngineUnschedulable, ProtectsWhatItWouldTakeOver) {
  FakeNode node;
  node.desire({FakeApp("a").file("x", "/etc/x", "x").file("y", "/etc/y", "y")});
  node.settle();
  // Both in one state, and the one that lets go walks first.
  const FakeApp taker = FakeApp("z").file("x", "/etc/x", "x");
  const FakeApp rest = FakeApp("a").file("y", "/etc/y", "y");
  const auto bytes = with_unknown_kind(taker);
  auto header = node.fleet.header(node.identity.uid, {1, 2}, {rest, taker});
  header.sections[1].digest = base::Digest::of(bytes);
  node.accept(
      {.header = sync::sign_header(header, node.fleet.key()),
       .bodies = {rest.body(), {.digest = base::Digest::of(bytes), .bytes = bytes, .provenance = ""}}});
  node.pass(std::chrono::minutes{10});
  ASSERT_EQ(node.section("z").phase, sync::SectionPhase::kUnschedulable);
  EXPECT_EQ(node.content("/etc/x"), "x");
  EXPECT_EQ(node.resource("File/x").reason, "TakenOver");
}

// ---- applications that come and go ----

TEST(EngineAccept, AnApplicationThatIsNotNamedKeepsEverythingAndIsShownOrphaned) {
  FakeNode node;
  node.desire({motd("hello")});
  node.settle();
  node.desire({});
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  EXPECT_EQ(node.section("greeting").reason, "Orphaned");

  node.host.remove_by_hand("/etc/motd");
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "hello") << "kept as it is, healed too";
  ASSERT_TRUE(node.restart());
  node.settle();
  EXPECT_EQ(node.section("greeting").reason, "Orphaned");
}

TEST(EngineAccept, AnOrphanDeletesNothingEvenWhatWasToGoBefore) {
  FakeNode node;
  FakeApp app = motd("hello").file("leaving", "/etc/leaving", "x");
  node.desire({app});
  node.settle();
  node.host.set_fault("/etc/leaving", base::FileFault::kReadOnly);
  node.desire({app.without("File/leaving")});
  node.settle();
  node.desire({});
  node.host.clear_faults();
  node.pass(std::chrono::hours{1});
  EXPECT_EQ(node.content("/etc/leaving"), "x");
  node.desire({app});
  node.settle();
  EXPECT_FALSE(node.content("/etc/leaving")) << "placed again, and still not in Git";
}

TEST(EngineAccept, AnotherApplicationThatWantsTheSameGoesOnWithAnOrphanAndDeletesNothingOfIt) {
  FakeNode node;
  const auto made_anew = [](const std::string& content) {
    return FakeApp("anew").file("greeting", "/etc/motd", content).process("web", {"/bin/web"});
  };
  node.desire({motd("hello").file("kept", "/etc/kept", "x").process("web", {"/bin/web"})});
  node.settle();
  node.desire({});
  node.settle();
  node.forget_touched();
  node.desire({made_anew("hello")});
  node.settle();
  EXPECT_EQ(node.host.touched().writes, 0U);
  EXPECT_TRUE(node.host.changes().empty()) << "nothing is restarted";
  EXPECT_EQ(node.section("anew").phase, sync::SectionPhase::kSynced);
  EXPECT_EQ(node.engine().snapshot().sections.size(), 1U);
  EXPECT_EQ(node.count_events("Succeeded"), 1U);
  EXPECT_EQ(node.content("/etc/kept"), "x");

  node.desire({made_anew("changed")});
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "changed");
  node.desire({FakeApp("anew").process("web", {"/bin/web"})});
  node.settle();
  EXPECT_FALSE(node.content("/etc/motd")) << "its own by now, and gone from Git";
  EXPECT_EQ(node.content("/etc/kept"), "x") << "nobody ever said that it goes";
}

TEST(EngineAccept, AnOrphanOfWhichNobodyWantsAnythingStaysOne) {
  FakeNode node;
  node.desire({motd("hello")});
  node.settle();
  node.desire({FakeApp("other").file("x", "/etc/x", "x")});
  node.settle();
  EXPECT_EQ(node.section("greeting").reason, "Orphaned");
  EXPECT_EQ(node.content("/etc/motd"), "hello");
}

TEST(EngineAccept, ARemovalPrunesWhatTheApplicationMadeAndNothingElse) {
  FakeNode node;
  const auto app = motd("hello");
  node.host.edit_by_hand("/etc/passwd", "root");
  node.desire({app, FakeApp("other").file("x", "/etc/x", "x")});
  node.settle();
  node.desire({FakeApp("other").file("x", "/etc/x", "x")}, {removal_of(app, sync::RemovalMode::kPrune)});
  node.settle();
  EXPECT_FALSE(node.content("/etc/motd"));
  EXPECT_EQ(node.content("/etc/x"), "x");
  EXPECT_EQ(node.content("/etc/passwd"), "root");
  EXPECT_EQ(node.section("greeting").name, "") << "the snapshot no longer shows it";
  EXPECT_TRUE(node.engine().take_applied());
}

TEST(EngineAccept, AReleaseLeavesEverythingAsItIs) {
  FakeNode node;
  const auto app = motd("hello").process("web", {"/usr/bin/web"});
  node.desire({app});
  node.settle();
  node.forget_touched();
  node.desire({}, {removal_of(app, sync::RemovalMode::kRelease)});
  node.settle();
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  EXPECT_TRUE(node.runs("web"));
  EXPECT_EQ(node.host.touched().changes(), 0U);
  EXPECT_EQ(node.section("greeting").name, "");
}

TEST(EngineAccept, AnApplicationThatComesBackDuringItsRemovalStays) {
  FakeNode node;
  const auto app = FakeApp("web").process("web", {"/usr/bin/web"});
  node.host.set_program(node.process("web"), {.start_error = {}, .stop_takes = std::chrono::seconds{5}});
  node.desire({app});
  node.settle();
  node.desire({}, {removal_of(app, sync::RemovalMode::kPrune)});
  node.settle();
  node.desire({app});
  node.pass(std::chrono::seconds{10});
  EXPECT_TRUE(node.runs("web"));
  EXPECT_EQ(node.section("web").phase, sync::SectionPhase::kSynced);
}

}  // namespace
}  // namespace holdfast::edge_agent
