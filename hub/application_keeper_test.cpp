// SPDX-License-Identifier: Apache-2.0
// What people do with an Application: sync, rollback, history, confirm; and how its errors read.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/documents.hpp"
#include "base/limits/hub.hpp"
#include "hub/application_keeper.hpp"
#include "hub/context.hpp"
#include "hub/fake_fleet.hpp"
#include "hub/json_path.hpp"
#include "hub/status_keeper.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;

std::string motd(const std::string& content) { return file_yaml("motd", "/etc/motd", content); }

class ApplicationTest : public testing::Test {
 protected:
  ApplicationTest() {
    first = fleet.commit({{"apps/motd/motd.yaml", motd("one")}});
    fleet.add_node("cam-1", {{"role", "camera"}});
    fleet.apply({.name = "motd", .path = "apps/motd"});
    fleet.settle();
  }
  sync::Revision push(const std::string& content) {
    return fleet.change({{"apps/motd/motd.yaml", motd(content)}});
  }
  bool node_has(const std::string& content) {
    return fleet.node("cam-1").body_of("motd").find(content) != std::string::npos;
  }

  FakeFleet fleet;
  sync::Revision first;
};

// ---- sync ----

TEST_F(ApplicationTest, SyncDoesNotWaitForThePoll) {
  push("two");
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.run_for(1s);
  EXPECT_TRUE(node_has("two"));
}

TEST_F(ApplicationTest, WhoeverWaitsAfterSyncDoesNotSeeWhatWasBefore) {
  ASSERT_EQ(fleet.status("motd", "sync"), "Synced");
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  EXPECT_EQ(fleet.status("motd", "sync"), "Unknown");
  EXPECT_EQ(fleet.status("motd", "operation/phase"), "Running");
  fleet.settle();
  EXPECT_EQ(fleet.status("motd", "sync"), "Synced");
  EXPECT_EQ(fleet.status("motd", "operation/phase"), "Succeeded");
}

/// The simulator found it, seeds 7470 and 10751: the folder was as of the last fetch, and what had come to it since was deleted.
TEST_F(ApplicationTest, ANewSourceIsReadAsItIsInGitNow) {
  const auto at = [](const std::string& name, const std::string& host_path) {
    return file_yaml(name, host_path, "x");
  };
  fleet.change({{"moved/motd.yaml", motd("one")}});
  fleet.poll();
  fleet.change({{"apps/motd/more.yaml", at("more", "/etc/more")}});
  fleet.poll();
  ASSERT_TRUE(fleet.node("cam-1").host().contains("path:/etc/more"));
  fleet.change({{"moved/more.yaml", at("more", "/etc/more")}});
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "no route"));
  fleet.apply({.name = "motd", .path = "moved"});
  fleet.settle();
  EXPECT_TRUE(fleet.node("cam-1").host().contains("path:/etc/more"));
  EXPECT_NE(fleet.condition("motd", "ComparisonError"), "");
  EXPECT_EQ(fleet.status("motd", "sync"), "Unknown");
  fleet.git.set_unreachable(kRepository, std::nullopt);
  fleet.run_for(10min);
  EXPECT_EQ(fleet.status("motd", "sync"), "Synced");
  EXPECT_TRUE(fleet.node("cam-1").host().contains("path:/etc/more"));
  fleet.change({{"moved/more.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_FALSE(fleet.node("cam-1").host().contains("path:/etc/more")) << "it follows the new folder";
}

TEST_F(ApplicationTest, ASyncThatANewSourceOvertakesIsOfTheNewOne) {
  fleet.apply({.name = "motd", .path = "apps/motd", .automated = false});
  fleet.settle();
  fleet.change({{"moved/motd.yaml", motd("moved")}});
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.hub->run_due();
  fleet.apply({.name = "motd", .path = "moved", .automated = false});
  fleet.settle();
  EXPECT_EQ(fleet.status("motd", "operation/phase"), "Succeeded");
  EXPECT_TRUE(node_has("moved"));
}

TEST_F(ApplicationTest, ASyncIsNotLostWithTheRepositoryThatItBeganWith) {
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.apply({.name = "motd", .path = "apps/motd", .url = "https://git.example.com/other.git"});
  fleet.git.set_unreachable("https://git.example.com/other.git",
                            base::Error(base::Code::kUnavailable, "no route"));
  fleet.settle();
  EXPECT_EQ(fleet.status("motd", "operation/phase"), "Failed");
}

TEST_F(ApplicationTest, ACommitThatIsThereIsFollowedWhileGitIsAway) {
  push("two");
  fleet.poll();
  ASSERT_TRUE(node_has("two"));
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "no route"));
  fleet.apply({.name = "motd", .path = "apps/motd", .revision = first.str()});
  fleet.settle();
  EXPECT_TRUE(node_has("one"));
}

TEST_F(ApplicationTest, ACommitThatIsThereIsFollowedThoughTheHubWasStartedAnewSince) {
  push("two");
  fleet.poll();
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "no route"));
  fleet.restart_hub();
  fleet.settle();
  fleet.apply({.name = "motd", .path = "apps/motd", .revision = first.str()});
  fleet.settle();
  EXPECT_TRUE(node_has("one"));
}

TEST_F(ApplicationTest, APinnedOneDoesNotWaitForItsSource) {
  push("two");
  fleet.poll();
  ASSERT_TRUE(fleet.hub->rollback("motd", first.str()));
  fleet.settle();
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "no route"));
  fleet.apply({.name = "motd", .path = "elsewhere"});
  fleet.settle();
  EXPECT_TRUE(node_has("one"));
}

TEST_F(ApplicationTest, ASyncDuringAFetchWaitsForTheNextOne) {
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.hub->run_due();  // this fetch may have passed the commit that comes now
  const auto before = fleet.git.fetches(kRepository);
  push("two");
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.run_for(1s);
  EXPECT_GE(fleet.git.fetches(kRepository), before + 2);
  EXPECT_TRUE(node_has("two"));
}

TEST_F(ApplicationTest, ASyncThatCannotFetchFailsAndSaysWhy) {
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "connection refused"));
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.settle();
  EXPECT_EQ(fleet.status("motd", "operation/phase"), "Failed");
  EXPECT_NE(fleet.status("motd", "operation/message").find("connection refused"), std::string::npos);
  EXPECT_TRUE(node_has("one"));
}

TEST_F(ApplicationTest, WithoutAutomationACommitWaitsForAPerson) {
  fleet.apply({.name = "motd", .path = "apps/motd", .automated = false});
  const auto second = push("two");
  fleet.poll();
  EXPECT_TRUE(node_has("one"));
  EXPECT_EQ(fleet.status("motd", "sync"), "OutOfSync");
  EXPECT_EQ(fleet.status("motd", "newestRevision"), second.str());
  EXPECT_EQ(fleet.status("motd", "revision"), first.str());
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.settle();
  EXPECT_TRUE(node_has("two"));
  EXPECT_EQ(fleet.status("motd", "sync"), "Synced");
}

TEST_F(ApplicationTest, AManualApplicationCanBeSyncedToOneRevision) {
  fleet.apply({.name = "motd", .path = "apps/motd", .automated = false});
  const auto second = push("two");
  push("three");
  ASSERT_TRUE(fleet.hub->sync("motd", {.revision = second.str(), .confirm_prune = false}));
  fleet.settle();
  EXPECT_TRUE(node_has("two"));
}

TEST_F(ApplicationTest, ARevisionThatIsNotThereBringsNothingIntoForce) {
  fleet.apply({.name = "motd", .path = "apps/motd", .automated = false});
  push("two");
  fleet.poll();
  ASSERT_TRUE(fleet.hub->sync("motd", {.revision = "no-such-branch", .confirm_prune = false}));
  fleet.settle();
  EXPECT_TRUE(node_has("one")) << "nobody asked for what happens to wait";
  EXPECT_EQ(fleet.status("motd", "operation/phase"), "Failed");
  EXPECT_NE(fleet.status("motd", "operation/message").find("no-such-branch"), std::string::npos);
  EXPECT_EQ(fleet.condition("motd", "ComparisonError"), "") << "it is over, and the source is well";
  EXPECT_EQ(fleet.status("motd", "sync"), "OutOfSync");
}

TEST_F(ApplicationTest, ASyncIsNotOverBeforeItsRevisionIsRecorded) {
  fleet.apply({.name = "motd", .path = "apps/motd", .automated = false});
  push("two");
  fleet.poll();
  fleet.store.full_after(0);
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.settle();
  EXPECT_NE(fleet.status("motd", "operation/phase"), "Succeeded");
  fleet.store.full_after(std::nullopt);
  fleet.poll();
  EXPECT_TRUE(node_has("two"));
  EXPECT_EQ(fleet.status("motd", "operation/phase"), "Succeeded");
  EXPECT_EQ(fleet.status("motd", "sync"), "Synced");
}

/// An API thread writes a spec, and before it is looked at the hub writes something of its own onto the same object.
class UnseenSpec : public ApplicationTest {
 protected:
  UnseenSpec() {
    context.applications.take(fleet.object("applications", "motd"));
    entry().record.history.push_back({{kRepository, "apps/motd", first, {}}, {}, "automated"});
    fleet.apply({.name = "motd", .path = "apps/motd", .selector = "role: gateway"});
  }
  ApplicationEntry& entry() { return *context.applications.find_by_name("motd"); }
  bool is_seen() { return context.applications.take(fleet.object("applications", "motd")); }

  Context context{
      {fleet.clock, fleet.random, fleet.store, *fleet.link, fleet.git}, *fleet.objects, fleet.options};
  CommitPins pins{context};
  RootKeeper roots{context};
  ApplicationEnd end{context, roots};
  ApplicationKeeper keeper{context, pins, roots, end};
};

TEST_F(UnseenSpec, IsNotPassedOverForAStatus) {
  StatusKeeper(context).show_application(entry());
  EXPECT_TRUE(is_seen());
}

TEST_F(UnseenSpec, IsNotPassedOverForARollback) {
  ASSERT_TRUE(keeper.rollback(entry(), first.str()));
  EXPECT_TRUE(is_seen());
}

TEST_F(ApplicationTest, AnAutomatedOneCannot) {
  const auto done = fleet.hub->sync("motd", {.revision = first.str(), .confirm_prune = false});
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message().find("rollback"), std::string::npos);
}

TEST_F(ApplicationTest, WhatIsNotThereCannotBeSynced) {
  EXPECT_EQ(fleet.hub->sync("nothing", {}).error().code(), base::Code::kNotFound);
  EXPECT_EQ(fleet.hub->rollback("nothing", "abcd").error().code(), base::Code::kNotFound);
}

// ---- rollback ----

TEST_F(ApplicationTest, ARollbackStaysUntilASync) {
  const auto second = push("two");
  fleet.poll();
  ASSERT_TRUE(node_has("two"));
  ASSERT_TRUE(fleet.hub->rollback("motd", first.str().substr(0, 12)));
  fleet.settle();
  EXPECT_TRUE(node_has("one"));
  EXPECT_NE(fleet.condition("motd", "RolledBack"), "");
  push("three");
  fleet.poll();
  fleet.restart_hub();
  fleet.poll();
  EXPECT_TRUE(node_has("one")) << "newer commits and a restart change nothing";
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.settle();
  EXPECT_TRUE(node_has("three"));
  EXPECT_EQ(fleet.condition("motd", "RolledBack"), "");
  EXPECT_NE(second, first);
}

TEST_F(ApplicationTest, ARollbackWorksWhileGitIsAway) {
  push("two");
  fleet.poll();
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "connection refused"));
  ASSERT_TRUE(fleet.hub->rollback("motd", first.str()));
  fleet.settle();
  EXPECT_TRUE(node_has("one"));
}

TEST_F(ApplicationTest, ARollbackNeverLowersTheGeneration) {
  push("two");
  fleet.poll();
  const auto generation = fleet.node("cam-1").header()->generation;
  ASSERT_TRUE(fleet.hub->rollback("motd", first.str()));
  fleet.settle();
  EXPECT_GT(fleet.node("cam-1").header()->generation, generation);
}

TEST_F(ApplicationTest, ALaterCommitWithTheSameContentCanBeRolledBackToAsItIsShown) {
  push("two");
  fleet.poll();
  const auto same = fleet.change({{"apps/other/motd.yaml", motd("beside it")}});
  fleet.poll();
  ASSERT_EQ(fleet.status("motd", "revision"), same.str());
  ASSERT_TRUE(fleet.hub->rollback("motd", same.str().substr(0, 12)));
  fleet.settle();
  push("three");
  fleet.poll();
  EXPECT_TRUE(node_has("two"));
}

TEST_F(ApplicationTest, OnlyARevisionOfTheHistoryCanBeRolledBackTo) {
  EXPECT_EQ(fleet.hub->rollback("motd", "0123456789").error().code(), base::Code::kNotFound);
  EXPECT_EQ(fleet.hub->rollback("motd", "").error().code(), base::Code::kNotFound);
}

TEST_F(ApplicationTest, TheHistorySaysWhatWasInForceWhenAndWhy) {
  const auto second = push("two");
  fleet.poll();
  const auto history = fleet.hub->history("motd");
  ASSERT_EQ(history->size(), 2U);
  EXPECT_EQ((*history)[0].revision, second);
  EXPECT_TRUE((*history)[0].in_force);
  EXPECT_EQ((*history)[0].initiator, "automated");
  EXPECT_EQ((*history)[0].subject, "a change");
  EXPECT_EQ((*history)[1].revision, first);
}

TEST_F(ApplicationTest, TheHistoryIsBoundedAndSurvivesARestart) {
  for (std::size_t i = 0; i < base::limits::kHistoryKeptMax + 5; ++i) {
    push("revision " + std::to_string(i));
    fleet.poll();
  }
  fleet.restart_hub();
  EXPECT_EQ(fleet.hub->history("motd")->size(), base::limits::kHistoryKeptMax);
}

class QuarantinedTest : public ApplicationTest {
 protected:
  QuarantinedTest() {
    fleet.node("cam-1").on_command = [this](const sync::Command& command) -> base::Result<std::string> {
      asked.push_back((command.kind == sync::CommandKind::kRetry ? "Retry " : "") + command.arguments);
      return std::string("{}");
    };
  }
  void quarantine() {
    fleet.node("cam-1").set_health("motd", sync::SectionPhase::kQuarantined, sync::Health::kDegraded);
    fleet.settle();
  }
  std::string retry_of(const std::string& application) const {
    const auto uid = uid_of(**fleet.objects->get(kApplications, application));
    return R"(Retry {"applications":[")" + uid + R"("]})";
  }
  std::vector<std::string> asked;
};

TEST_F(QuarantinedTest, ASyncTriesItAgainAndNothingElseOfTheNode) {
  fleet.change({{"apps/other/other.yaml", file_yaml("other", "/etc/other", "x")}});
  fleet.apply({.name = "other", .path = "apps/other"});
  fleet.settle();
  fleet.node("cam-1").set_health("other", sync::SectionPhase::kQuarantined, sync::Health::kDegraded);
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.settle();
  EXPECT_TRUE(asked.empty());
  quarantine();
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.settle();
  EXPECT_EQ(asked, std::vector{retry_of("motd")});
}

TEST_F(QuarantinedTest, ASyncThatIsRefusedLiftsNothing) {
  quarantine();
  push("two\": [");
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.poll();
  ASSERT_NE(fleet.condition("motd", "InvalidManifest"), "");
  EXPECT_TRUE(asked.empty());
}

TEST_F(QuarantinedTest, ASyncThatBringsAnotherRevisionDoesNotTryTheOldOneAgain) {
  quarantine();
  push("two");
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.poll();
  EXPECT_TRUE(node_has("two"));
  EXPECT_TRUE(asked.empty());
}

TEST_F(QuarantinedTest, ASyncReachesANodeThatIsAwayWhenItReturns) {
  quarantine();
  auto& node = fleet.node("cam-1");
  node.disconnect();
  fleet.settle();
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.settle();
  EXPECT_TRUE(asked.empty());
  node.connect();
  fleet.settle();
  EXPECT_EQ(asked, std::vector{retry_of("motd")});
  node.say_hello();
  fleet.settle();
  EXPECT_EQ(asked.size(), 1U) << "once is what was asked for";
}

// ---- the newest commit pre-empts ----

TEST_F(ApplicationTest, ABadCommitIsOvertakenByTheNextGoodOne) {
  push("two\": [");
  fleet.poll();
  ASSERT_NE(fleet.condition("motd", "InvalidManifest"), "");
  EXPECT_TRUE(node_has("one"));
  push("three");
  fleet.poll();
  EXPECT_TRUE(node_has("three"));
  EXPECT_EQ(fleet.condition("motd", "InvalidManifest"), "");
}

TEST_F(ApplicationTest, ACommitThatCannotBeReadIsNotShownAsInForce) {
  const auto huge =
      fleet.change({{"apps/motd/huge.yaml", std::string(base::limits::kManifestFileBytesMax + 1, '#')}});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "ComparisonError"), "");
  EXPECT_EQ(fleet.status("motd", "revision"), first.str());
  EXPECT_EQ(fleet.status("motd", "newestRevision"), huge.str());
}

TEST_F(ApplicationTest, ACommitThatChangesNothingHereIsInForceToo) {
  const auto elsewhere = fleet.change({{"apps/other/motd.yaml", motd("elsewhere")}});
  fleet.poll();
  EXPECT_EQ(fleet.status("motd", "revision"), elsewhere.str());
}

TEST_F(ApplicationTest, ABadCommitIsOneEventHoweverOftenItIsPolled) {
  push("two\": [");
  fleet.run_for(20min);
  const auto events = fleet.objects->list(kEvents);
  int count = 0;
  for (const auto& event : events->items)
    count +=
        text_at(*event, "reason") == "InvalidManifest" ? static_cast<int>(number_at(*event, "count")) : 0;
  EXPECT_EQ(count, 1);
}

TEST_F(ApplicationTest, AFixedPolicyGoesOutWithoutACommit) {
  fleet.apply({.name = "motd", .path = "apps/motd", .prune = false});
  fleet.settle();
  EXPECT_NE(fleet.node("cam-1").body_of("motd").find(R"("prune":false)"), std::string::npos);
}

TEST_F(ApplicationTest, ManyTagsAndBranchesAreFollowed) {
  fleet.git.tag(kRepository, "v1", first);
  push("two");
  fleet.apply({.name = "motd", .path = "apps/motd", .revision = "v1"});
  fleet.poll();
  EXPECT_TRUE(node_has("one"));
}

TEST_F(ApplicationTest, AnApplicationWithoutPlacementAndWithNodeResourcesIsAnError) {
  fleet.apply({.name = "lost", .path = "apps/motd", .placed = false});
  fleet.poll();
  EXPECT_NE(fleet.condition("lost", "InvalidManifest").find("spec.placement"), std::string::npos);
}

// ---- confirmations ----

TEST_F(ApplicationTest, ConfirmPruneIsForExactlyWhatIsDue) {
  ASSERT_TRUE(fleet.hub->sync("motd", {.revision = "", .confirm_prune = true}));
  fleet.settle();
  EXPECT_TRUE(fleet.node("cam-1").section("motd")->prune_confirmed);
  push("two");
  fleet.poll();
  EXPECT_FALSE(fleet.node("cam-1").section("motd")->prune_confirmed);
}

TEST_F(ApplicationTest, ConfirmPruneReachesTheRemovalsThatWait) {
  fleet.node("cam-1").holds_removals = true;
  fleet.apply({.name = "motd", .path = "apps/motd", .selector = "role: gateway"});
  fleet.settle();
  ASSERT_EQ(fleet.node("cam-1").header()->removals.size(), 1U);
  EXPECT_FALSE(fleet.node("cam-1").header()->removals[0].confirmed);
  ASSERT_TRUE(fleet.hub->sync("motd", {.revision = "", .confirm_prune = true}));
  fleet.settle();
  EXPECT_TRUE(fleet.node("cam-1").header()->removals[0].confirmed);
}

TEST_F(ApplicationTest, AConfirmationIsOfOneRemovalAndNotOfTheNext) {
  auto& node = fleet.node("cam-1");
  node.holds_removals = true;
  fleet.apply({.name = "motd", .path = "apps/motd", .selector = "role: gateway"});
  fleet.settle();
  ASSERT_TRUE(fleet.hub->sync("motd", {.revision = "", .confirm_prune = true}));
  fleet.settle();
  ASSERT_TRUE(node.header()->removals[0].confirmed);
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  ASSERT_TRUE(node.header()->removals.empty());
  fleet.apply({.name = "motd", .path = "apps/motd", .selector = "role: gateway"});
  fleet.settle();
  fleet.label("cam-1", "site", "north");  // it is worked out again
  fleet.settle();
  ASSERT_EQ(node.header()->removals.size(), 1U);
  EXPECT_FALSE(node.header()->removals[0].confirmed);
}

TEST_F(ApplicationTest, APersonWhoDeletesWithTheFinalizerHasConfirmed) {
  fleet.apply({.name = "motd", .path = "apps/motd", .finalizer = true});
  fleet.settle();
  fleet.remove("applications", "motd");
  fleet.settle();
  ASSERT_EQ(fleet.node("cam-1").header()->removals.size(), 1U);
  EXPECT_EQ(fleet.node("cam-1").header()->removals[0].mode, sync::RemovalMode::kPrune);
  EXPECT_TRUE(fleet.node("cam-1").header()->removals[0].confirmed);
}

TEST_F(ApplicationTest, ADeletionWaitsForNodesThatAreThere) {
  fleet.apply({.name = "motd", .path = "apps/motd", .finalizer = true});
  fleet.settle();
  fleet.node("cam-1").removes = false;
  fleet.remove("applications", "motd");
  fleet.settle();
  EXPECT_TRUE(fleet.objects->get(kApplications, "motd"));
  fleet.node("cam-1").removes = true;
  fleet.node("cam-1").report();
  fleet.settle();
  EXPECT_FALSE(fleet.objects->get(kApplications, "motd"));
}

/// What is left on the node is held or fails there; the one that went has gone all the same.
TEST_F(ApplicationTest, ADeletionDoesNotWaitForOtherApplications) {
  fleet.apply({.name = "motd", .path = "apps/motd", .finalizer = true});
  fleet.settle();
  fleet.node("cam-1").applies = false;
  fleet.remove("applications", "motd");
  fleet.settle();
  EXPECT_FALSE(fleet.objects->get(kApplications, "motd"));
}

// ---- sources ----

TEST_F(ApplicationTest, AHostThatFailsIsAskedLessAndLess) {
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "connection refused"));
  const auto before = fleet.git.fetches(kRepository);
  fleet.run_for(1h);
  const auto asked = fleet.git.fetches(kRepository) - before;
  EXPECT_LE(asked, 16U);
  EXPECT_GE(asked, 5U);
}

TEST_F(ApplicationTest, ASourceThatNobodyNamesIsNotPolled) {
  fleet.remove("applications", "motd");
  fleet.settle();
  const auto before = fleet.git.fetches(kRepository);
  fleet.run_for(10min);
  EXPECT_LE(fleet.git.fetches(kRepository), before + 1);
}

TEST_F(ApplicationTest, WhatIsInForceIsPinned) {
  const auto second = push("two");
  fleet.poll();
  const auto pinned = fleet.git.pinned(kRepository);
  EXPECT_EQ(std::set<sync::Revision>(pinned.begin(), pinned.end()),
            (std::set<sync::Revision>{first, second}));
}

/// The mirror was made anew from a repository whose history was rewritten: what was in force is gone.
TEST_F(ApplicationTest, ACommitThatIsLostCostsTheOthersNoPin) {
  fleet.stop_hub();
  fleet.git.lose_mirrors();
  fleet.git.rewrite(kRepository, "main", {{"apps/motd/motd.yaml", motd("two")}});
  fleet.start_hub();
  fleet.poll();
  const auto third = push("three");
  fleet.poll();
  ASSERT_TRUE(node_has("three"));
  const auto pinned = fleet.git.pinned(kRepository);
  EXPECT_EQ(std::count(pinned.begin(), pinned.end(), third), 1);
  EXPECT_EQ(std::count(pinned.begin(), pinned.end(), first), 0);
}

TEST_F(ApplicationTest, WhatIsInForceIsPinnedInAMirrorThatWasMadeAnew) {
  fleet.stop_hub();
  fleet.git.lose_mirrors();
  fleet.start_hub();
  fleet.poll();
  EXPECT_EQ(fleet.git.pinned(kRepository), std::vector{first});
}

TEST_F(ApplicationTest, ARevisionThatCouldNeverBeReadyInTimeIsRefusedAndTheLastOneStays) {
  fleet.apply({.name = "motd", .path = "apps/motd"});
  fleet.settle();
  const auto good = fleet.status("motd", "revision");
  fleet.change({{"apps/motd/web.yaml",
                 "apiVersion: holdfast.dev/v1\nkind: Process\nmetadata: {name: web}\n"
                 "spec: {command: [/usr/bin/web], minReadySeconds: 600}\n"}});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "InvalidManifest").find("web.yaml:4: Process/web: spec.minReadySeconds"),
            std::string::npos)
      << fleet.condition("motd", "InvalidManifest");
  EXPECT_EQ(fleet.status("motd", "revision"), good);
}

}  // namespace
}  // namespace holdfast::hub
