// SPDX-License-Identifier: Apache-2.0
// The rule that everything else stands on: nothing is deleted that Git or a person did not say to delete. One
// test for each way in which a hub could be misled; each ends with the host of the node as it was.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "hub/fake_fleet.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;
using Set = std::set<std::string>;

const base::Error kGitIsAway(base::Code::kUnavailable, "connection refused");
const Set kAll{"path:/etc/issue", "path:/etc/motd", "path:/srv/web"};

class NeverDelete : public testing::Test {
 protected:
  NeverDelete() {
    fleet.commit({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "hello")},
                  {"apps/motd/issue.yaml", file_yaml("issue", "/etc/issue", "hello")},
                  {"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}});
    fleet.add_node("cam-1", {{"role", "camera"}}, {{"arch", "arm64"}});
    fleet.apply({.name = "motd", .path = "apps/motd", .selector = "role: camera"});
    fleet.apply({.name = "web", .path = "apps/web"});
    fleet.settle();
  }
  void TearDown() override { EXPECT_EQ(host(), expected); }
  Set host() { return fleet.node("cam-1").host(); }

  FakeFleet fleet;
  Set expected = kAll;
};

// ---- Git ----

TEST_F(NeverDelete, GitIsUnreachable) {
  fleet.git.set_unreachable(kRepository, kGitIsAway);
  fleet.run_for(30min);
  EXPECT_NE(fleet.condition("motd", "ComparisonError").find("connection refused"), std::string::npos);
  EXPECT_EQ(fleet.status("motd", "sync"), "Unknown");
  fleet.git.set_unreachable(kRepository, std::nullopt);
  fleet.run_for(30min);
  EXPECT_EQ(fleet.condition("motd", "ComparisonError"), "");
  EXPECT_EQ(fleet.status("motd", "sync"), "Synced");
}

TEST_F(NeverDelete, TheRepositoryIsEmptied) {
  fleet.commit({});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "ComparisonError"), "");
}

TEST_F(NeverDelete, TheRepositoryIsEmptiedAndTheApplicationTakesAllOfIt) {
  fleet.commit({{"motd.yaml", file_yaml("motd", "/etc/motd", "hello")},
                {"issue.yaml", file_yaml("issue", "/etc/issue", "hello")}});
  fleet.apply({.name = "motd", .path = ".", .selector = "role: camera"});
  fleet.poll();
  ASSERT_EQ(fleet.condition("motd", "ComparisonError"), "");
  fleet.commit({});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "EmptyRefused").find("allowEmpty"), std::string::npos);
  EXPECT_TRUE(fleet.has_event("EmptyRefused"));
}

TEST_F(NeverDelete, OnlyWhereEmptinessIsAllowedDoesItDelete) {
  fleet.commit({{"motd.yaml", file_yaml("motd", "/etc/motd", "hello")},
                {"issue.yaml", file_yaml("issue", "/etc/issue", "hello")}});
  fleet.apply({.name = "motd", .path = ".", .selector = "role: camera", .allow_empty = true});
  fleet.poll();
  fleet.commit({});
  fleet.poll();
  expected = {"path:/srv/web"};
}

TEST_F(NeverDelete, ThePathIsRenamed) {
  fleet.commit({{"apps/message/motd.yaml", file_yaml("motd", "/etc/motd", "hello")},
                {"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "ComparisonError").find("apps/motd"), std::string::npos)
      << fleet.condition("motd", "ComparisonError");
}

TEST_F(NeverDelete, TheBranchIsDeleted) {
  fleet.git.commit(kRepository, "other", {{"README.md", "x"}});
  fleet.git.delete_branch(kRepository, "main");
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "ComparisonError").find("main"), std::string::npos);
}

TEST_F(NeverDelete, AForcePushToSomethingElse) {
  fleet.git.rewrite(kRepository, "main", {{"README.md", "all is new"}});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "ComparisonError"), "");
  EXPECT_FALSE(fleet.git.pinned(kRepository).empty()) << "what is in force cannot be lost";
}

TEST_F(NeverDelete, AForcePushBackToAnEarlierCommitIsWhatGitSays) {
  const auto first = fleet.change({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "first")}});
  fleet.poll();
  fleet.change({{"apps/motd/extra.yaml", file_yaml("extra", "/etc/extra", "x")}});
  fleet.poll();
  ASSERT_TRUE(host().contains("path:/etc/extra"));
  fleet.git.force_push(kRepository, "main", first);
  fleet.poll();
}

TEST_F(NeverDelete, ACommitThatCannotBeRead) {
  fleet.change({{"apps/motd/issue.yaml", std::nullopt}, {"apps/motd/motd.yaml", "kind: [unclosed"}});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "InvalidManifest").find("apps/motd/motd.yaml"), std::string::npos)
      << fleet.condition("motd", "InvalidManifest");
  EXPECT_EQ(fleet.status("motd", "sync"), "OutOfSync");
  EXPECT_EQ(fleet.status("web", "sync"), "Synced");
  EXPECT_TRUE(fleet.has_event("InvalidManifest"));
}

TEST_F(NeverDelete, ACommitThatAnApplicationCannotRenderForANode) {
  fleet.change({{"apps/motd/issue.yaml", std::nullopt},
                {"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "{{ .node.labels.site }}")}});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "RenderError").find("site"), std::string::npos)
      << fleet.condition("motd", "RenderError");
  EXPECT_EQ(fleet.status("motd", "nodes/failed"), "1");
}

// ---- applications ----

TEST_F(NeverDelete, AnApplicationIsDeleted) {
  fleet.remove("applications", "motd");
  fleet.settle();
  EXPECT_EQ(fleet.node("cam-1").applications(), Set{"web"});
  EXPECT_TRUE(fleet.objects->tombstones(kApplications).empty()) << "every node has heard of it";
}

TEST_F(NeverDelete, AnApplicationIsDeletedWithTheResourcesFinalizer) {
  fleet.apply({.name = "motd", .path = "apps/motd", .selector = "role: camera", .finalizer = true});
  fleet.settle();
  fleet.remove("applications", "motd");
  fleet.settle();
  expected = {"path:/srv/web"};
  EXPECT_FALSE(fleet.objects->get(kApplications, "motd"));
}

TEST_F(NeverDelete, ADeletedApplicationReachesANodeThatWasAway) {
  fleet.apply({.name = "motd", .path = "apps/motd", .selector = "role: camera", .finalizer = true});
  fleet.settle();
  fleet.node("cam-1").disconnect();
  fleet.settle();
  fleet.remove("applications", "motd");
  fleet.settle();
  EXPECT_FALSE(fleet.objects->get(kApplications, "motd")) << "one that is away stalls nothing";
  fleet.restart_hub();
  fleet.run_for(24h);
  fleet.node("cam-1").connect();
  fleet.settle();
  expected = {"path:/srv/web"};
}

TEST_F(NeverDelete, TheHubDiesRightAfterAnApplicationWasDeleted) {
  fleet.remove("applications", "motd");
  fleet.restart_hub();
  fleet.settle();
  EXPECT_EQ(fleet.node("cam-1").applications(), Set{"web"}) << "released, and everything is still there";
}

TEST_F(NeverDelete, AnApplicationObjectIsMissingWithoutHavingBeenDeleted) {
  // A store restored from a backup of before the application was made.
  const auto uid = uid_of(*fleet.object("applications", "motd"));
  fleet.stop_hub();
  ASSERT_TRUE(
      fleet.store.write([&](sync::WriteTxn& txn) { return txn.erase(kObjectTable, "applications/motd"); }));
  fleet.start_hub();
  fleet.change({{"apps/web/web.yaml", file_yaml("web", "/srv/web", "news")}});
  fleet.poll();
  EXPECT_EQ(fleet.node("cam-1").applications(), (Set{"motd", "web"}));
  EXPECT_TRUE(fleet.node("cam-1").header()->removals.empty());
}

TEST_F(NeverDelete, AnApplicationLosesItsSpecToANewPathThatIsNotThere) {
  fleet.apply({.name = "motd", .path = "apps/nowhere", .selector = "role: camera"});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "ComparisonError").find("apps/nowhere"), std::string::npos);
}

TEST_F(NeverDelete, AnApplicationMovesToARepositoryThatCannotBeFetched) {
  fleet.git.set_unreachable("https://git.example.com/other.git", kGitIsAway);
  fleet.apply({.name = "motd",
               .path = "apps/motd",
               .selector = "role: camera",
               .url = "https://git.example.com/other.git"});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "ComparisonError").find("connection refused"), std::string::npos);
}

// ---- labels and facts ----

TEST_F(NeverDelete, APersonChangesALabelAndThatIsMeant) {
  fleet.label("cam-1", "role", "gateway");
  fleet.settle();
  expected = {"path:/srv/web"};
}

TEST_F(NeverDelete, APersonRemovesALabelAndThatIsMeant) {
  fleet.label("cam-1", "role", "");
  fleet.settle();
  expected = {"path:/srv/web"};
}

class NeverDeleteByFact : public NeverDelete {
 protected:
  NeverDeleteByFact() {
    fleet.apply({.name = "motd", .path = "apps/motd", .selector = "facts.holdfast.dev/arch: arm64"});
    fleet.settle();
    EXPECT_EQ(fleet.node("cam-1").applications(), (Set{"motd", "web"}));
  }
};

TEST_F(NeverDeleteByFact, AFactIsGone) {
  fleet.node("cam-1").facts.clear();
  fleet.node("cam-1").report();
  fleet.settle();
  EXPECT_NE(fleet.condition("motd", "Orphaned").find("cam-1"), std::string::npos);
  EXPECT_EQ(fleet.status("motd", "nodes/failed"), "0");
}

TEST_F(NeverDeleteByFact, AFactSaysSomethingElse) {
  fleet.node("cam-1").facts = {{"arch", "x86_64"}};
  fleet.node("cam-1").report();
  fleet.settle();
  EXPECT_NE(fleet.condition("motd", "Orphaned"), "");
}

TEST_F(NeverDeleteByFact, AnOrphanedApplicationTakesNoNewRevisions) {
  fleet.node("cam-1").facts.clear();
  fleet.node("cam-1").report();
  fleet.settle();
  fleet.change({{"apps/motd/issue.yaml", std::nullopt}});
  fleet.poll();
}

TEST_F(NeverDeleteByFact, TheFactReturnsAndAllIsAsBefore) {
  fleet.node("cam-1").facts.clear();
  fleet.node("cam-1").report();
  fleet.settle();
  fleet.node("cam-1").facts = {{"arch", "arm64"}};
  fleet.node("cam-1").report();
  fleet.settle();
  EXPECT_EQ(fleet.condition("motd", "Orphaned"), "");
  EXPECT_TRUE(fleet.node("cam-1").header()->removals.empty());
}

TEST_F(NeverDeleteByFact, AResourceMovesToAnApplicationThatIsOrphaned) {
  fleet.change({{"apps/web/extra.yaml", file_yaml("extra", "/srv/extra", "x")}});
  fleet.poll();
  fleet.node("cam-1").facts.clear();
  fleet.node("cam-1").report();
  fleet.settle();
  fleet.change({{"apps/web/extra.yaml", std::nullopt},
                {"apps/motd/extra.yaml", file_yaml("extra", "/srv/extra", "x")}});
  fleet.poll();
  expected.insert("path:/srv/extra");
  EXPECT_EQ(host(), expected) << "it is taken over when the fact returns";
  fleet.node("cam-1").facts = {{"arch", "arm64"}};
  fleet.node("cam-1").report();
  fleet.settle();
  EXPECT_TRUE(fleet.node("cam-1").section("web")->withhold.empty());
}

TEST_F(NeverDeleteByFact, APersonTakesTheApplicationOffAnOrphan) {
  fleet.node("cam-1").facts.clear();
  fleet.node("cam-1").report();
  fleet.settle();
  fleet.apply({.name = "motd", .path = "apps/motd", .selector = "role: gateway"});
  fleet.settle();
  expected = {"path:/srv/web"};
}

TEST_F(NeverDelete, ANodeLosesAFactThatItsTemplatesRead) {
  fleet.change({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "{{ .node.facts.arch }}")}});
  fleet.poll();
  ASSERT_NE(fleet.node("cam-1").body_of("motd").find("arm64"), std::string::npos);
  fleet.node("cam-1").facts.clear();
  fleet.node("cam-1").report();
  fleet.settle();
  EXPECT_NE(fleet.node("cam-1").body_of("motd").find("arm64"), std::string::npos);
}

// ---- the hub ----

TEST_F(NeverDelete, TheHubRestartsWithAnEmptyMirrorAndNoGit) {
  fleet.stop_hub();
  fleet.git.lose_mirrors();
  fleet.git.set_unreachable(kRepository, kGitIsAway);
  fleet.start_hub();
  fleet.run_for(10min);
  EXPECT_TRUE(fleet.node("cam-1").header()->removals.empty());
}

TEST_F(NeverDelete, WithAnEmptyMirrorANodeIsServedFromWhatIsStored) {
  fleet.stop_hub();
  fleet.git.lose_mirrors();
  fleet.git.set_unreachable(kRepository, kGitIsAway);
  fleet.node("cam-1").disconnect();
  fleet.node("cam-1").forget();
  fleet.start_hub();
  fleet.settle();
  ASSERT_EQ(host(), Set{});
  fleet.node("cam-1").connect();
  fleet.settle();
}

TEST_F(NeverDelete, AHalfLoadedHubLeavesOtherApplicationsAlone) {
  // web comes from a repository that is fetched, motd from one that is not.
  const std::string other = "https://git.example.com/other.git";
  fleet.git.commit(other, "main", {{"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}});
  fleet.apply({.name = "web", .path = "apps/web", .url = other});
  fleet.poll();
  fleet.stop_hub();
  fleet.git.lose_mirrors();
  fleet.git.set_unreachable(kRepository, kGitIsAway);
  fleet.git.commit(other, "main", {{"apps/web/web.yaml", file_yaml("web", "/srv/web", "news")}});
  fleet.start_hub();
  fleet.poll();
  EXPECT_NE(fleet.node("cam-1").body_of("web").find("news"), std::string::npos);
  EXPECT_EQ(fleet.node("cam-1").applications(), (Set{"motd", "web"}));
}

TEST_F(NeverDelete, AMirrorThatIsOlderThanWhatIsInForceTakesNothingBack) {
  // The data folder's mirror came from a backup; Git is away.
  const auto old = fleet.change({{"README.md", "old"}});
  fleet.poll();
  fleet.change({{"apps/motd/extra.yaml", file_yaml("extra", "/etc/extra", "x")}});
  fleet.poll();
  expected.insert("path:/etc/extra");
  ASSERT_EQ(host(), expected);
  fleet.stop_hub();
  fleet.git.lose_mirrors();
  fleet.git.force_push(kRepository, "main", old);
  gitops::Repository repository;
  repository.url = kRepository;
  fleet.git.fetch(repository);
  fleet.git.deliver();
  fleet.git.set_unreachable(kRepository, kGitIsAway);
  fleet.start_hub();
  fleet.poll();
}

TEST_F(NeverDelete, LabelChangesWorkWhileGitIsAway) {
  fleet.git.set_unreachable(kRepository, kGitIsAway);
  fleet.run_for(5min);
  fleet.label("cam-1", "role", "gateway");
  fleet.settle();
  EXPECT_EQ(host(), Set{"path:/srv/web"});
  fleet.label("cam-1", "role", "camera");
  fleet.settle();
}

// ---- claims on the way from one application to another ----

TEST_F(NeverDelete, AResourceMovesToAnApplicationThatCannotTakeItYet) {
  // /etc/issue goes to web, whose commit is broken: nobody may delete it meanwhile.
  fleet.change({{"apps/motd/issue.yaml", std::nullopt},
                {"apps/web/issue.yaml", file_yaml("issue", "/etc/issue", "hello")},
                {"apps/web/broken.yaml", file_yaml("broken", "not/absolute", "x")}});
  fleet.poll();
  ASSERT_NE(fleet.condition("web", "InvalidManifest"), "");
  EXPECT_EQ(host(), kAll);
  fleet.change({{"apps/web/broken.yaml", std::nullopt}});
  fleet.poll();
}

TEST_F(NeverDelete, AResourceMovesToAnApplicationThatWaitsForAPerson) {
  fleet.apply({.name = "web", .path = "apps/web", .automated = false});
  fleet.settle();
  fleet.change({{"apps/motd/issue.yaml", std::nullopt},
                {"apps/web/issue.yaml", file_yaml("issue", "/etc/issue", "hello")}});
  fleet.poll();
  EXPECT_EQ(fleet.node("cam-1").section("motd")->withhold.size(), 1U);
  EXPECT_EQ(host(), kAll);
  ASSERT_TRUE(fleet.hub->sync("web", {}));
  fleet.settle();
  EXPECT_TRUE(fleet.node("cam-1").section("motd")->withhold.empty());
}

TEST_F(NeverDelete, AResourceMovesToAnApplicationThatWasNeverInForce) {
  fleet.apply({.name = "new", .path = "apps/new", .automated = false});
  fleet.change({{"apps/motd/issue.yaml", std::nullopt},
                {"apps/new/issue.yaml", file_yaml("issue", "/etc/issue", "hello")}});
  fleet.poll();
  EXPECT_EQ(host(), kAll);
  EXPECT_EQ(fleet.status("new", "nodes/total"), "0");
  ASSERT_TRUE(fleet.hub->sync("new", {}));
  fleet.settle();
  EXPECT_TRUE(fleet.node("cam-1").section("motd")->withhold.empty());
}

TEST_F(NeverDelete, WhatNobodyIsAboutToTakeOverAnyMoreIsDeletedAfterAll) {
  fleet.change({{"apps/motd/issue.yaml", std::nullopt},
                {"apps/web/issue.yaml", file_yaml("issue", "/etc/issue", "hello")},
                {"apps/web/broken.yaml", file_yaml("broken", "not/absolute", "x")}});
  fleet.poll();
  ASSERT_EQ(fleet.node("cam-1").section("motd")->withhold.size(), 1U);
  // Back to what is in force: nothing comes into force, and yet something changes for motd.
  fleet.change({{"apps/web/issue.yaml", std::nullopt}, {"apps/web/broken.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_TRUE(fleet.node("cam-1").section("motd")->withhold.empty());
  expected.erase("path:/etc/issue");
}

TEST_F(NeverDelete, TwoApplicationsWantOnePath) {
  fleet.change({{"apps/motd/web.yaml", file_yaml("mine", "/srv/web", "stolen")},
                {"apps/motd/issue.yaml", std::nullopt}});
  fleet.poll();
  const auto condition = fleet.condition("motd", "ClaimConflict");
  EXPECT_NE(condition.find("\"web\""), std::string::npos) << condition;
  EXPECT_NE(condition.find("\"motd\""), std::string::npos) << condition;
  EXPECT_NE(fleet.node("cam-1").body_of("web").find("index"), std::string::npos);
}

// ---- what is not believed ----

TEST_F(NeverDelete, ANodeThatIsAheadOfARestoredHubIsSentNothing) {
  fleet.node("cam-1").claim_generation({1, 99});
  fleet.node("cam-1").say_hello();
  fleet.settle();
  const auto states = fleet.node("cam-1").states_received();
  fleet.label("cam-1", "role", "gateway");
  fleet.settle();
  EXPECT_EQ(fleet.node("cam-1").states_received(), states);
  EXPECT_NE(fleet.node_condition("cam-1", "GenerationAhead").find("1.99"), std::string::npos);
  EXPECT_TRUE(fleet.has_event("GenerationAhead"));
}

TEST_F(NeverDelete, AnAgentThatLacksAnAbilityKeepsWhatItHas) {
  fleet.node("cam-1").abilities = {"configmap/1", "file/1"};
  fleet.node("cam-1").report();
  fleet.change({{"apps/motd/run.yaml", process_yaml("run")}, {"apps/motd/issue.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "Unschedulable").find("process/1"), std::string::npos);
  EXPECT_EQ(fleet.condition("web", "Unschedulable"), "");
}

TEST_F(NeverDelete, AnAgentThatCannotRunHooksKeepsWhatItHas) {
  const std::string migrate =
      "apiVersion: holdfast.dev/v1\nkind: Process\nmetadata:\n  name: migrate\n  annotations: "
      "{argocd.argoproj.io/hook: PreSync}\nspec: {command: [/migrate], restartPolicy: Never}\n";
  fleet.change({{"apps/motd/migrate.yaml", migrate}, {"apps/motd/issue.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_NE(fleet.condition("motd", "Unschedulable").find("hook/1"), std::string::npos);
  EXPECT_EQ(fleet.condition("web", "Unschedulable"), "");
  EXPECT_EQ(host(), kAll);
  fleet.node("cam-1").abilities = {"configmap/1", "file/1", "hook/1", "process/1"};
  fleet.node("cam-1").report();
  fleet.settle();
  EXPECT_EQ(fleet.condition("motd", "Unschedulable"), "");
  expected = {"path:/etc/motd", "path:/srv/web", "process:default/migrate"};
}

}  // namespace
}  // namespace holdfast::hub
