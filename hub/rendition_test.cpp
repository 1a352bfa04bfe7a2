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

TEST_F(RenditionTest, AKustomizationIsBuiltWithWhatItNamesElsewhere) {
  auto rendition = load({{"apps/kustomization.yaml", "resources: [../base]\nnamePrefix: prod-\n"},
                         {"apps/not-named.yaml", "this is no manifest"},
                         {"base/kustomization.yaml", "resources: [motd.yaml]\n"},
                         {"base/motd.yaml", file_yaml("motd", "/etc/motd", "at {{ .node.labels.site }}")}});
  EXPECT_EQ(gitops::summary(rendition.findings(), 9), "");
  const auto body = rendition.body(policy, node("cam-1", "north"));
  ASSERT_TRUE(body);
  EXPECT_NE(body->bytes.find("prod-motd"), std::string::npos);
  EXPECT_NE(body->bytes.find("at north"), std::string::npos) << "templates are expanded after the build";
  EXPECT_NE(body->provenance.find("base/motd.yaml"), std::string::npos);
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

const char* const kSlowYaml =
    "apiVersion: holdfast.dev/v1\nkind: Process\nmetadata: {name: web}\nspec:\n  command: [/usr/bin/web]\n"
    "  minReadySeconds: 60\n";
const char* const kWhySlow =
    "Process/web: spec.minReadySeconds: is 60, and must be less than the Application's "
    "spec.syncPolicy.progressDeadlineSeconds, which is 60: it would fail before it counts as Healthy; make "
    "it "
    "less, or give the Application more time";

TEST_F(RenditionTest, WhatIsReadyNoSoonerThanTheDeadlinePassesIsRefused) {
  auto rendition = load({{"apps/web.yaml", std::string(kSlowYaml)}});
  sync::SectionPolicy hasty;
  hasty.progress_deadline = std::chrono::seconds(60);
  const auto findings = rendition.findings_under(hasty);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].text(), "apps/web.yaml:6: " + std::string(kWhySlow));
  const auto& section = rendition.section(hasty, node("cam-1", "north"));
  ASSERT_EQ(section.findings.size(), 1U) << "of what the templates make, too";
  EXPECT_EQ(section.findings[0].text(), "apps/web.yaml:1: " + std::string(kWhySlow));
  sync::SectionPolicy patient;
  patient.progress_deadline = std::chrono::seconds(61);
  EXPECT_TRUE(rendition.findings_under(patient).empty());
  EXPECT_TRUE(rendition.section(patient, node("cam-1", "north")).is_good());
}

TEST_F(RenditionTest, PodsThatAreReadyNoSoonerThanTheDeadlinePassesAreRefused) {
  for (const char* kind : {"Deployment", "DaemonSet"}) {
    const std::string yaml = "apiVersion: apps/v1\nkind: " + std::string(kind) +
                             "\nmetadata: {name: web}\nspec:\n  minReadySeconds: 60\n"
                             "  selector: {matchLabels: {app: web}}\n  template:\n"
                             "    metadata: {labels: {app: web}}\n"
                             "    spec: {containers: [{name: app, image: \"a:1\"}]}\n";
    auto rendition = load({{"apps/web.yaml", yaml}});
    sync::SectionPolicy hasty;
    hasty.progress_deadline = std::chrono::seconds(60);
    const auto findings = rendition.findings_under(hasty);
    ASSERT_EQ(findings.size(), 1U) << kind;
    EXPECT_EQ(findings[0].text().find("apps/web.yaml:5: " + std::string(kind) + "/web: spec.minReadySeconds"),
              0U)
        << findings[0].text();
    hasty.progress_deadline = std::chrono::seconds(61);
    EXPECT_TRUE(rendition.findings_under(hasty).empty()) << kind;
  }
}

}  // namespace
}  // namespace holdfast::hub
