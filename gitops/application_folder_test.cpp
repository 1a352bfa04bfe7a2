// SPDX-License-Identifier: Apache-2.0
// What stands at an application's path, and when that is new.
#include "gitops/application_folder.hpp"

#include <gtest/gtest.h>

#include "gitops/fake_git_source.hpp"

namespace holdfast::gitops {
namespace {

constexpr const char* kMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";

class ApplicationFolderTest : public testing::Test {
 protected:
  sync::Revision commit(FakeGitSource::Tree tree) {
    const auto id = git_.commit(url_, "main", std::move(tree));
    git_.fetch({.url = url_});
    git_.deliver();
    return id;
  }
  std::string id_of(const sync::Revision& at, const std::string& path) {
    const auto id = content_id(git_, {url_, at, path});
    return id ? id->str() : id.error().message();
  }

  FakeGitSource git_;
  const std::string url_ = "https://git.example.com/fleet.git";
};

TEST_F(ApplicationFolderTest, PlainManifestsAreNewWhenTheirFolderIs) {
  const auto first = commit({{"web/c.yaml", kMap}, {"other/a", "1"}});
  const auto second = commit({{"web/c.yaml", kMap}, {"other/a", "2"}});
  EXPECT_EQ(id_of(first, "web"), id_of(second, "web"));
  EXPECT_EQ(read_manifests(git_, {url_, second, "web"})->list.at(0).file, "web/c.yaml");
}

TEST_F(ApplicationFolderTest, AKustomizationIsNewWhenAnyFolderThatItMayNameIs) {
  const auto first = commit({{"web/kustomization.yaml", "resources: [../base]\n"},
                             {"base/kustomization.yaml", "resources: [c.yaml]\n"},
                             {"base/c.yaml", kMap}});
  const auto second = commit({{"web/kustomization.yaml", "resources: [../base]\n"},
                              {"base/kustomization.yaml", "resources: [c.yaml]\nnamePrefix: a-\n"},
                              {"base/c.yaml", kMap}});
  EXPECT_NE(id_of(first, "web"), id_of(second, "web"));
  EXPECT_EQ(id_of(first, "./web/"), id_of(first, "web"));
  const auto manifests = read_manifests(git_, {url_, second, "web"});
  ASSERT_TRUE(manifests);
  EXPECT_EQ(manifests->findings, Findings{});
  EXPECT_EQ(manifests->list.at(0).file, "base/c.yaml");
  EXPECT_EQ(manifests->list.at(0).parsed->resource.key.name, "a-c");
}

TEST_F(ApplicationFolderTest, APathThatIsNotThereSaysSo) {
  const auto at = commit({{"web/c.yaml", kMap}});
  EXPECT_EQ(id_of(at, "wbe"), read_manifests(git_, {url_, at, "wbe"}).error().message());
}

}  // namespace
}  // namespace holdfast::gitops
