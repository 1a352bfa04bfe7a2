// SPDX-License-Identifier: Apache-2.0
// One revision, rendered: how often, and what no node can be given.
#include "hub/rendition.hpp"

#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "gitops/fake_git_source.hpp"
#include "hub/fake_fleet.hpp"

namespace holdfast::hub {
namespace {

class RenditionTest : public testing::Test {
 protected:
  Rendition load(gitops::FakeGitSource::Tree tree) {
    RevisionPlace place{
        kRepository, "apps", git.commit(kRepository, "main", std::move(tree), "a change"), {}};
    gitops::Repository repository;
    repository.url = kRepository;
    git.fetch(repository);
    git.deliver();
    return Rendition::load(git, place).value();
  }
  static gitops::TemplateValues node(const std::string& name, const std::string& site) {
    gitops::TemplateValues values;
    values.node_name = name;
    values.node_labels = {{"site", site}};
    values.app_name = "motd";
    return values;
  }

  base::FakeRandom random{7};
  gitops::FakeGitSource git;
  const sync::SectionPolicy policy;
};

TEST_F(RenditionTest, IsRenderedOnceForNodesThatItsTemplatesDoNotTellApart) {
  auto rendition = load({{"apps/motd.yaml", file_yaml("motd", "/etc/motd", "at {{ .node.labels.site }}")}});
  const auto north = rendition.section(policy, node("cam-1", "north")).digest;
  EXPECT_EQ(rendition.section(policy, node("cam-2", "north")).digest, north);
  EXPECT_EQ(rendition.renderings(), 1U);
  EXPECT_NE(rendition.section(policy, node("cam-3", "south")).digest, north);
  EXPECT_EQ(rendition.renderings(), 2U);
}

TEST_F(RenditionTest, TheBodyIsThatOfTheNodeWhichIsAskedFor) {
  auto rendition = load({{"apps/motd.yaml", file_yaml("motd", "/etc/motd", "at {{ .node.labels.site }}")}});
  const auto north = rendition.section(policy, node("cam-1", "north")).digest;
  const auto south = rendition.section(policy, node("cam-2", "south")).digest;
  EXPECT_EQ(rendition.body(policy, node("cam-1", "north"))->digest, north);
  EXPECT_EQ(rendition.body(policy, node("cam-2", "south"))->digest, south);
  const auto before = rendition.renderings();
  EXPECT_EQ(base::Digest::of(rendition.body(policy, node("cam-2", "south"))->bytes), south);
  EXPECT_EQ(rendition.renderings(), before) << "the last one is at hand";
}

TEST_F(RenditionTest, WhatDoesNotFitIntoAMessageIsSaid) {
  std::string noise;
  while (noise.size() < 2'000'000) noise += random.uuid();
  auto rendition = load({{"apps/large.yaml", file_yaml("large", "/srv/large", noise)}});
  const auto& section = rendition.section(policy, node("cam-1", "north"));
  ASSERT_TRUE(section.is_good());
  EXPECT_NE(section.too_large_for_one_message.find("compressed"), std::string::npos);
  EXPECT_EQ(section.too_large, "") << "of a node that takes parts";
  EXPECT_FALSE(section.claims.empty()) << "nobody else may delete what it is about to hold";
}

TEST_F(RenditionTest, WhatCompressesWellFits) {
  auto rendition = load({{"apps/large.yaml", file_yaml("large", "/srv/large", std::string(2'000'000, 'x'))}});
  EXPECT_EQ(rendition.section(policy, node("cam-1", "north")).too_large, "");
  EXPECT_TRUE(rendition.body(policy, node("cam-1", "north")));
}

}  // namespace
}  // namespace holdfast::hub
