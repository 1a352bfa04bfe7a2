// SPDX-License-Identifier: Apache-2.0
// The hub that manages itself from Git: `serve --source URL --path DIR`, or an Application of Applications.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "hub/application_book.hpp"
#include "hub/fake_fleet.hpp"
#include "hub/json_path.hpp"
#include "hub/root_plan.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {
namespace {

using base::Json;
using namespace std::chrono_literals;
using Set = std::set<std::string>;

class RootTest : public testing::Test {
 protected:
  RootTest() {
    fleet.options.root = RootSource{"root", kRepository, "applications", "main"};
    fleet.commit({{"applications/motd.yaml", motd()},
                  {"applications/web.yaml", application_yaml({.name = "web", .path = "apps/web"})},
                  {"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "hello")},
                  {"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}});
    fleet.restart_hub();
    fleet.add_node("cam-1", {{"role", "camera"}});
    fleet.settle();
  }
  static std::string motd() { return application_yaml({.name = "motd", .path = "apps/motd"}); }
  Set host() { return fleet.node("cam-1").host(); }
  bool exists(const std::string& name) { return fleet.objects->get(kApplications, name).has_value(); }

  FakeFleet fleet;
};

TEST_F(RootTest, ApplicationsInGitBecomeApplications) {
  EXPECT_EQ(host(), (Set{"path:/etc/motd", "path:/srv/web"}));
  EXPECT_EQ(annotations_of(*fleet.object("applications", "motd")).at("holdfast.dev/managed-by"), "root");
  EXPECT_EQ(fleet.status("root", "sync"), "Synced");
}

TEST_F(RootTest, AnApplicationChangedInGitIsChanged) {
  fleet.change({{"applications/motd.yaml",
                 application_yaml({.name = "motd", .path = "apps/motd", .selector = "role: gateway"})}});
  fleet.poll();
  EXPECT_EQ(host(), Set{"path:/srv/web"});
}

TEST_F(RootTest, WhatMovesWithTheFolderOfAnApplicationInOneCommitIsNeverDeletedInBetween) {
  fleet.change({{"applications/motd.yaml", application_yaml({.name = "motd", .path = "apps/all"})},
                {"apps/all/motd.yaml", file_yaml("motd", "/etc/motd", "hello")},
                {"apps/all/web.yaml", file_yaml("web", "/srv/web", "index")},
                {"apps/web/web.yaml", file_yaml("other", "/srv/other", "index")}});
  fleet.poll();
  EXPECT_EQ(host(), (Set{"path:/etc/motd", "path:/srv/web", "path:/srv/other"}));
  EXPECT_EQ(fleet.node("cam-1").deleted(), Set{});
}

TEST_F(RootTest, AnApplicationRemovedFromGitIsDeletedAndItsResourcesStay) {
  fleet.change({{"applications/motd.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_FALSE(exists("motd"));
  EXPECT_EQ(host(), (Set{"path:/etc/motd", "path:/srv/web"}));
  EXPECT_EQ(fleet.node("cam-1").applications(), Set{"web"});
  EXPECT_TRUE(fleet.has_event("Deleted"));
}

TEST_F(RootTest, ARenamedApplicationIsTakenOverWithoutATouch) {
  fleet.change({{"applications/motd.yaml", application_yaml({.name = "message", .path = "apps/motd"})}});
  fleet.poll();
  EXPECT_FALSE(exists("motd"));
  EXPECT_EQ(fleet.node("cam-1").applications(), (Set{"message", "web"}));
  EXPECT_EQ(host(), (Set{"path:/etc/motd", "path:/srv/web"}));
}

TEST_F(RootTest, AnEmptiedRootDeletesNothing) {
  fleet.change({{"applications/motd.yaml", std::nullopt}, {"applications/web.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_TRUE(exists("motd"));
  EXPECT_TRUE(exists("web"));
  EXPECT_NE(fleet.condition("root", "ComparisonError") + fleet.condition("root", "EmptyRefused"), "");
}

TEST_F(RootTest, ARootThatCannotBeFetchedOrReadDeletesNothing) {
  fleet.git.set_unreachable(kRepository, base::Error(base::Code::kUnavailable, "connection refused"));
  fleet.run_for(10min);
  fleet.git.set_unreachable(kRepository, std::nullopt);
  fleet.change({{"applications/motd.yaml", std::nullopt}, {"applications/web.yaml", "spec: [unclosed"}});
  fleet.run_for(20min);
  EXPECT_TRUE(exists("motd"));
  EXPECT_NE(fleet.condition("root", "InvalidManifest").find("applications/web.yaml"), std::string::npos);
}

TEST_F(RootTest, ABadApplicationNamesItsFileAndField) {
  fleet.change({{"applications/web.yaml",
                 "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: web}\nspec: {sauce: x, "
                 "source: {repoURL: 'https://git.example.com/x.git', path: p}}\n"}});
  fleet.poll();
  const auto condition = fleet.condition("root", "InvalidManifest");
  EXPECT_NE(condition.find("applications/web.yaml:4"), std::string::npos) << condition;
  EXPECT_NE(condition.find("sauce"), std::string::npos) << condition;
  EXPECT_EQ(host(), (Set{"path:/etc/motd", "path:/srv/web"}));
}

TEST_F(RootTest, AnApplicationStaysWithinTheRepositoriesOfItsProject) {
  const auto of_vision = [](const std::string& name, const std::string& url) {
    auto text = application_yaml({.name = name, .path = "apps/web", .url = url});
    return text.replace(text.find("spec:\n"), 6, "spec:\n  project: vision\n");
  };
  fleet.change({{"applications/project.yaml",
                 "apiVersion: holdfast.dev/v1\nkind: Project\nmetadata: {name: vision}\n"
                 "spec: {sourceRepos: ['" +
                     kRepository + "']}\n"},
                {"applications/inside.yaml", of_vision("inside", kRepository)},
                {"applications/outside.yaml", of_vision("outside", "https://git.example.com/other.git")},
                {"applications/web.yaml", of_vision("web", "https://git.example.com/other.git")}});
  fleet.poll();
  EXPECT_TRUE(exists("inside"));
  EXPECT_FALSE(exists("outside"));
  EXPECT_EQ(text_at(*fleet.object("applications", "web"), "spec/source/repoURL"), kRepository);
  const auto condition = fleet.condition("root", "PartlyApplied");
  EXPECT_NE(condition.find("applications/outside.yaml:1: Application/outside: spec.source.repoURL"),
            std::string::npos)
      << condition;
  EXPECT_NE(condition.find("project \"vision\""), std::string::npos) << condition;
}

TEST(RootPlanProjects, OnlyAProjectThatThisRootMayWriteOpensARepository) {
  const auto project = [](const std::string& repository, const std::string& owner) {
    return Json{
        {"apiVersion", kApiVersion},
        {"kind", "Project"},
        {"metadata", {{"name", "vision"}, {"annotations", {{std::string(kAnnotationManagedBy), owner}}}}},
        {"spec", {{"sourceRepos", {repository}}}}};
  };
  Json camera = application_json({.name = "camera", .path = "apps/camera"});
  camera["spec"]["project"] = "vision";
  const auto creates = [&](const std::string& owner, bool may_update, bool is_going) {
    Json existing = project("https://git.example.com/other.git", owner);
    if (is_going) existing["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
    RootPlanInput input;
    input.root = "root";
    input.wanted = {{std::string(kApplications), "camera", camera.dump(), "a.yaml", 1},
                    {std::string(kProjects), "vision", project("*", "").dump(), "p.yaml", 1}};
    input.existing = {std::make_shared<const Json>(existing)};
    input.may_update = may_update;
    return plan_root(input).create.size();
  };
  EXPECT_EQ(creates("root", true, false), 1U);
  EXPECT_EQ(creates("", true, false), 1U);
  EXPECT_EQ(creates("another", true, false), 0U) << "another root's project";
  EXPECT_EQ(creates("root", false, false), 0U) << "a person's change stays";
  EXPECT_EQ(creates("root", true, true), 0U) << "it is being deleted";
}

TEST_F(RootTest, ARecordOfTheRootThatCannotBeReadKeepsNoHubFromItsNodes) {
  fleet.stop_hub();
  ASSERT_TRUE(sync::write_one(fleet.store, kObjectTable, "applications/root", "{"));
  fleet.start_hub();
  ASSERT_NE(fleet.hub, nullptr);
  fleet.change({{"apps/motd/more.yaml", file_yaml("more", "/etc/more", "more")}});
  fleet.poll();
  EXPECT_EQ(host(), (Set{"path:/etc/more", "path:/etc/motd", "path:/srv/web"}));
  EXPECT_EQ(sync::read_one(fleet.store, kObjectTable, "applications/root"), "{");
}

TEST_F(RootTest, WhatAPersonChangesIsPutBack) {
  ASSERT_TRUE(fleet.objects->patch(kApplications, "motd", {{"spec", {{"source", {{"path", "apps/web"}}}}}},
                                   Actor::kPerson));
  fleet.poll();
  EXPECT_EQ(text_at(*fleet.object("applications", "motd"), "spec/source/path"), "apps/motd");
}

TEST_F(RootTest, WhatAPersonDeletesComesBack) {
  fleet.remove("applications", "motd");
  fleet.poll();
  EXPECT_TRUE(exists("motd"));
  EXPECT_EQ(fleet.node("cam-1").applications(), (Set{"motd", "web"}));
}

TEST_F(RootTest, AnApplicationOfAPersonsOwnIsLeftAlone) {
  fleet.apply({.name = "own", .path = "apps/web", .placed = false});
  fleet.change({{"applications/motd.yaml", std::nullopt}});
  fleet.poll();
  EXPECT_TRUE(exists("own"));
}

TEST_F(RootTest, ARootIsNotAskedToDeleteMoreThanItMayWithoutAPerson) {
  FakeFleet::Tree tree{{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "hello")}};
  for (int i = 0; i < 30; ++i) {
    const auto name = "app-" + std::to_string(i);
    tree.emplace("applications/" + name + ".yaml",
                 application_yaml({.name = name, .path = "apps/motd", .selector = "role: none"}));
  }
  fleet.commit(tree);
  fleet.poll();
  ASSERT_TRUE(exists("app-29"));
  fleet.commit({{"applications/app-0.yaml",
                 application_yaml({.name = "app-0", .path = "apps/motd", .selector = "role: none"})},
                {"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "hello")}});
  fleet.poll();
  EXPECT_TRUE(exists("app-29"));
  EXPECT_NE(fleet.condition("root", "PruneHeld").find("--confirm-prune"), std::string::npos);
  ASSERT_TRUE(fleet.hub->sync("root", {.revision = "", .confirm_prune = true}));
  fleet.settle();
  EXPECT_FALSE(exists("app-29"));
  EXPECT_TRUE(exists("app-0"));
  EXPECT_EQ(fleet.condition("root", "PruneHeld"), "");
}

TEST_F(RootTest, LabelsOfNodesMayComeFromGit) {
  fleet.change(
      {{"applications/nodes.yaml",
        "apiVersion: holdfast.dev/v1\nkind: Node\nmetadata: {name: cam-1, labels: {site: north}}\n---\n"
        "apiVersion: holdfast.dev/v1\nkind: Node\nmetadata: {name: cam-2, labels: {site: south}}\n"}});
  fleet.poll();
  EXPECT_EQ(labels_of(*fleet.object("nodes", "cam-1")).at("site"), "north");
  EXPECT_EQ(labels_of(*fleet.object("nodes", "cam-1")).at("role"), "camera");
  EXPECT_NE(fleet.condition("root", "PartlyApplied").find("cam-2"), std::string::npos);
  fleet.add_node("cam-2");
  fleet.settle();
  EXPECT_EQ(labels_of(*fleet.object("nodes", "cam-2")).at("site"), "south");
  fleet.change({{"applications/nodes.yaml",
                 "apiVersion: holdfast.dev/v1\nkind: Node\nmetadata: {name: cam-1, labels: {zone: a}}\n"}});
  fleet.poll();
  const auto labels = labels_of(*fleet.object("nodes", "cam-1"));
  EXPECT_FALSE(labels.contains("site"));
  EXPECT_EQ(labels.at("zone"), "a");
}

TEST_F(RootTest, APathWithoutApplicationsSaysWhatIsMeant) {
  fleet.options.root->path = "apps/motd";
  fleet.restart_hub();
  fleet.poll();
  EXPECT_NE(fleet.condition("root", "InvalidManifest").find("no Application"), std::string::npos);
  EXPECT_TRUE(exists("motd"));
}

TEST_F(RootTest, ARootDeletedWithItsFinalizerTakesItsApplicationsAlong) {
  ASSERT_TRUE(fleet.objects->patch(kApplications, "root",
                                   {{"metadata", {{"finalizers", {kResourcesFinalizer}}}}}, Actor::kPerson));
  fleet.remove("applications", "root");
  fleet.settle();
  EXPECT_FALSE(exists("motd"));
  EXPECT_FALSE(exists("root"));
  EXPECT_EQ(host(), (Set{"path:/etc/motd", "path:/srv/web"})) << "they carry no finalizer of their own";
}

}  // namespace
}  // namespace holdfast::hub
