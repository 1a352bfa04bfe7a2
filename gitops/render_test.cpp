// SPDX-License-Identifier: Apache-2.0
// From an application's files to the resources of one node.
#include "gitops/render.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "gitops/section_room.hpp"

namespace holdfast::gitops {
namespace {

using sync::Revision;
using Texts = std::vector<std::string>;

const Revision kCommit("3f2a91c0000000000000000000000000000000000");

TemplateValues node(const std::string& name, const std::string& site) {
  return {.node_name = name, .node_labels = {{"site", site}}, .app_name = "web", .app_revision = "3f2a91c"};
}

std::string file(const std::string& name, const std::string& path, const std::string& content = "x",
                 const std::string& annotations = "{}") {
  return "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: '" + name +
         "', annotations: " + annotations + "}\nspec: {path: '" + path + "', content: '" + content + "'}\n";
}

std::string config_map(const std::string& name, const std::string& data) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: " + data + "\n";
}

std::string joined_documents(const Texts& documents) {
  std::string out;
  for (const auto& document : documents) out += (out.empty() ? "" : "---\n") + document;
  return out;
}

Rendering rendered(const Texts& documents, const TemplateValues& values = node("cam-1", "berlin")) {
  return render(parse_manifests({{"a.yaml", joined_documents(documents)}}, "app"), values,
                "https://h/fleet.git", kCommit);
}

Texts texts(const Findings& findings) {
  Texts out;
  for (const auto& finding : findings) out.push_back(finding.text());
  return out;
}

Texts briefs(const Rendering& rendering) {
  Texts out;
  for (const auto& resource : rendering.resources) out.push_back(resource.key.brief());
  return out;
}

TEST(Render, GivesResourcesSortedByKeyWithTheirProvenance) {
  const Rendering out = rendered({file("b", "/b"), file("a", "/a"), config_map("c", "{k: v}")});
  EXPECT_EQ(texts(out.findings), Texts{});
  EXPECT_EQ(briefs(out), (Texts{"ConfigMap/c", "File/a", "File/b"}));
  ASSERT_EQ(out.provenance.size(), 3U);
  EXPECT_EQ(out.provenance[1],
            (sync::Provenance{out.resources[1].key, "https://h/fleet.git", kCommit, "app/a.yaml", 6}));
}

TEST(Render, ExpandsTemplatesInValuesAndNames) {
  const Rendering out =
      rendered({file("motd-{{ .node.name }}", "/etc/{{ .node.labels.site }}/motd", "{{ .app.revision }}")});
  ASSERT_EQ(texts(out.findings), Texts{});
  const base::Json body = base::parse_json(out.resources.at(0).body).value();
  EXPECT_EQ(out.resources[0].key.name, "motd-cam-1");
  EXPECT_EQ(body.at("spec").at("path"), "/etc/berlin/motd");
  EXPECT_EQ(body.at("spec").at("content"), "3f2a91c");
}

TEST(Render, AValueCannotChangeTheStructure) {
  const Rendering out = rendered({config_map("c", "{k: '{{ .node.labels.site }}'}")},
                                 node("n", "x\"}, \"path\": {\"y\": \"z\n- a: b\nmode: 0777"));
  ASSERT_EQ(texts(out.findings), Texts{});
  const base::Json body = base::parse_json(out.resources.at(0).body).value();
  EXPECT_EQ(body.at("data").size(), 1U);
  EXPECT_EQ(body.at("data").at("k"), "x\"}, \"path\": {\"y\": \"z\n- a: b\nmode: 0777");
}

TEST(Render, AValueThatLeavesTheFolderIsRefused) {
  EXPECT_EQ(
      texts(rendered({file("a", "/srv/{{ .node.labels.site }}")}, node("n", "../etc/passwd")).findings),
      Texts{
          "app/a.yaml:4: File/a: spec.path: \"/srv/../etc/passwd\" holds \"..\"; write the path without it"});
}

TEST(Render, WhatIsNotTemplatedIsTheSameForEveryNode) {
  const Manifests manifests =
      parse_manifests({{"a.yaml", file("a", "/a") + "---\n" + file("b", "/{{ .node.name }}")}}, "");
  const Rendering one = render(manifests, node("n1", "x"), "", kCommit);
  const Rendering two = render(manifests, node("n2", "x"), "", kCommit);
  ASSERT_EQ(one.resources.size(), 2U);
  EXPECT_EQ(one.resources[0], two.resources[0]);
  EXPECT_NE(one.resources[1].digest, two.resources[1].digest);
}

TEST(Render, TheSameCommitTextGivesTheSameDigestsWhateverTheCommit) {
  const Manifests manifests = parse_manifests({{"a.yaml", file("a", "/a")}}, "");
  EXPECT_EQ(
      render(manifests, node("n", "x"), "u", kCommit).resources,
      render(manifests, node("n", "x"), "v", Revision("1111111111111111111111111111111111111111")).resources);
}

TEST(Render, HubKindsAreNoResourcesOfANode) {
  const Rendering out = rendered({file("a", "/a"),
                                  "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: web}\n"
                                  "spec: {source: {repoURL: 'git@h:a'}}\n"});
  EXPECT_EQ(texts(out.findings), Texts{});
  EXPECT_EQ(briefs(out), Texts{"File/a"});
}

TEST(Render, AnUnknownLabelNamesFileLineResourceFieldAndWhatThereIs) {
  const Rendering out = rendered({file("a", "/a", "{{ .node.labels.rack }}"), file("b", "/b")});
  EXPECT_EQ(texts(out.findings), Texts{"app/a.yaml:4: File/a: spec.content: template {{ .node.labels.rack "
                                       "}}: the node has no label \"rack\"; "
                                       "it has site; where it may be missing, write | default \"…\""});
  EXPECT_TRUE(out.resources.empty()) << "a rendering with errors is refused as a whole";
}

TEST(Render, AFileThatCannotBeReadRefusesTheWhole) {
  const Rendering out = rendered({file("a", "/a"), "kind: ["});
  EXPECT_TRUE(has_errors(out.findings));
  EXPECT_TRUE(out.resources.empty());
}

TEST(Render, TwoResourcesOfOneKeyAreRefused) {
  EXPECT_EQ(texts(rendered({file("a", "/a"), file("a", "/b")}).findings),
            Texts{"app/a.yaml:8: File/a: metadata.name: there is another File/a (app/a.yaml:1); rename or "
                  "remove one"});
}

TEST(Render, TwoTemplatesThatBecomeOneKeyAreRefusedOnThatNodeOnly) {
  const Texts documents{file("a-{{ .node.labels.site }}", "/a"), file("a-x", "/b")};
  EXPECT_EQ(texts(rendered(documents, node("n", "y")).findings), Texts{});
  EXPECT_EQ(rendered(documents, node("n", "x")).findings.size(), 1U);
}

TEST(Render, APodThatIsCalledLikeOneOfADeploymentIsRefusedAndBothAreNamed) {
  const std::string container = "  containers: [{name: app, image: 'a:1'}]\n";
  const std::string pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web-0}\nspec:\n" + container;
  const std::string deployment =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {a: "
      "b}}\n"
      "  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: app, image: 'a:1'}]}}\n";
  const auto findings = texts(rendered({deployment, pod}).findings);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings.front().find("container:hf.default.web-0.app is the name of a pod of Deployment/web"),
            std::string::npos)
      << findings.front();
}

TEST(Render, TwoResourcesWithOneClaimAreRefusedAndBothNamed) {
  EXPECT_EQ(texts(rendered({file("a", "/etc/motd"), file("b", "/etc//motd")}).findings),
            Texts{"app/a.yaml:9: File/b: spec.path: path:/etc/motd is claimed by File/a (app/a.yaml:1); one "
                  "of the two "
                  "must go, or move"});
}

TEST(Render, AFileCannotLieBeneathAFile) {
  EXPECT_EQ(
      texts(rendered({file("a", "/srv/a/b/c"), file("b", "/srv/a")}).findings),
      Texts{"app/a.yaml:4: File/a: spec.path: /srv/a/b/c lies beneath /srv/a, which is a file of File/b "
            "(app/a.yaml:6); one of the two must go, or move"});
  EXPECT_EQ(texts(rendered({file("a", "/srv/ab"), file("b", "/srv/a")}).findings), Texts{});
  EXPECT_EQ(
      rendered({file("a", "/srv/a"), file("b", "/srv/a-b"), file("c", "/srv/a/b"), file("d", "/srv/a/b/c/d")})
          .findings.size(),
      2U)
      << "others sort between a folder and what lies beneath it";
}

// ---- references ----

std::string from_map(const std::string& name, const std::string& key) {
  return "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: f}\nspec:\n  path: /f\n  contentFrom:\n"
         "    configMapKeyRef:\n      name: " +
         name + "\n      key: " + key + "\n";
}

TEST(Render, AConfigMapThatIsThereIsFound) {
  EXPECT_EQ(texts(rendered({from_map("c", "k"), config_map("c", "{k: v}")}).findings), Texts{});
}

TEST(Render, AMissingConfigMapIsNamedWithThoseThereAre) {
  EXPECT_EQ(texts(rendered({from_map("c", "k"), config_map("d", "{k: v}")}).findings),
            Texts{"app/a.yaml:8: File/f: spec.contentFrom.configMapKeyRef.name: the application has no "
                  "ConfigMap \"c\" in "
                  "namespace default; there are d"});
}

TEST(Render, AMissingKeyIsNamedWithThoseThereAre) {
  EXPECT_EQ(texts(rendered({from_map("c", "k"), config_map("c", "{a: '1', b: '2'}")}).findings),
            Texts{"app/a.yaml:9: File/f: spec.contentFrom.configMapKeyRef.key: ConfigMap/c has no key \"k\"; "
                  "there are a, "
                  "b"});
}

TEST(Render, AUnitIsRestartedOnWhatItsApplicationHas) {
  const std::string unit =
      "apiVersion: holdfast.dev/v1\nkind: Unit\nmetadata: {name: u}\nspec:\n  name: u.service\n  state: "
      "running\n"
      "  restartOn:\n  - ConfigMap/m\n  - File/none\n";
  EXPECT_EQ(texts(rendered({unit, config_map("m", "{k: v}")}).findings),
            Texts{"app/a.yaml:9: Unit/u: spec.restartOn[1]: the application has no \"File/default/none\""});
}

TEST(Render, AProcessReadsItsEnvironmentFromAConfigMapOfTheApplication) {
  const std::string process =
      "apiVersion: holdfast.dev/v1\nkind: Process\nmetadata: {name: p}\nspec:\n  command: [/bin/true]\n  "
      "env:\n"
      "  - {name: A, value: x}\n  - {name: B, valueFrom: {configMapKeyRef: {name: c, key: k}}}\n";
  EXPECT_EQ(texts(rendered({process, config_map("c", "{k: v}")}).findings), Texts{});
  EXPECT_EQ(texts(rendered({process}).findings),
            Texts{"app/a.yaml:8: Process/p: spec.env[1].valueFrom.configMapKeyRef.name: the application has "
                  "no ConfigMap "
                  "\"c\" in namespace default; there are none"});
}

std::string waiting(const std::string& name, const std::string& annotations) {
  return file(name, "/" + name, "x", annotations);
}

constexpr const char* kPlace = ": metadata.annotations[\"holdfast.dev/depends-on\"]: ";

TEST(Render, DependenciesMayNameAnyResourceOfTheApplication) {
  EXPECT_EQ(texts(rendered({waiting("a", "{holdfast.dev/depends-on: 'file/b, ConfigMap/default/c'}"),
                            file("b", "/b"), config_map("c", "{}")})
                      .findings),
            Texts{});
}

TEST(Render, ADependencyThatIsNotThereIsRefused) {
  EXPECT_EQ(texts(rendered({waiting("a", "{holdfast.dev/depends-on: File/nope}")}).findings),
            Texts{std::string("app/a.yaml:3: File/a") + kPlace +
                  "\"File/nope\" is not in this application; only its own resources can be waited for"});
}

TEST(Render, ACircleOfDependenciesIsNamedWhole) {
  EXPECT_EQ(texts(rendered({waiting("a", "{holdfast.dev/depends-on: File/b}"),
                            waiting("b", "{holdfast.dev/depends-on: File/c}"),
                            waiting("c", "{holdfast.dev/depends-on: File/b}")})
                      .findings),
            Texts{std::string("app/a.yaml:13: File/c") + kPlace +
                  "each waits for the next, in a circle: File/b → File/c → File/b; remove one"});
}

TEST(Render, WaitingForALaterWaveIsRefused) {
  EXPECT_EQ(texts(rendered({waiting("a", "{holdfast.dev/depends-on: File/b}"),
                            waiting("b", "{argocd.argoproj.io/sync-wave: '1'}")})
                      .findings),
            Texts{std::string("app/a.yaml:3: File/a") + kPlace +
                  "\"File/b\" is on wave 1, after this resource's wave 0, so it can never be waited for"});
}

TEST(Render, ALongChainOfDependenciesIsFine) {
  Texts documents;
  for (int i = 0; i < 2'000; ++i) {
    const std::string on = i == 0 ? "{}" : "{holdfast.dev/depends-on: File/f" + std::to_string(i - 1) + "}";
    documents.push_back(waiting("f" + std::to_string(i), on));
  }
  EXPECT_EQ(texts(rendered(documents).findings), Texts{});
}

TEST(Render, ManyCirclesAreReportedAsOne) {
  // A chain of all, each of which waits for the first 63, too: 300,000 circles.
  std::string first;
  for (int i = 0; i < 63; ++i) first += (i == 0 ? "" : ",") + ("File/f" + std::to_string(i));
  std::string text;
  constexpr int kLast = 4'999;
  for (int i = 0; i <= kLast; ++i) {
    const std::string next = "File/f" + std::to_string(i + 1);
    const std::string on = i < 63 ? next : first + (i == kLast ? "" : "," + next);
    text +=
        (i == 0 ? "" : "---\n") + waiting("f" + std::to_string(i), "{holdfast.dev/depends-on: '" + on + "'}");
  }
  const Rendering out = render(parse_manifests({{"a.yaml", text}}, ""), node("n", "x"), "", kCommit);
  ASSERT_EQ(out.findings.size(), 1U);
  const std::string said = out.findings[0].text();
  EXPECT_TRUE(said.starts_with("a.yaml:318: File/f63" + std::string(kPlace) +
                               "each waits for the next, in a circle: File/f0 → File/f1 → File/f2"))
      << said;
  EXPECT_TRUE(said.ends_with("… (64 in all) → File/f0; remove one")) << said;
}

TEST(Render, NamesOnlySoManyOfTheConfigMapsThereAre) {
  Texts documents{from_map("c", "k")};
  for (int i = 0; i < 1'000; ++i) documents.push_back(config_map("other-" + std::to_string(i), "{}"));
  const Rendering out = rendered(documents);
  ASSERT_EQ(out.findings.size(), 1U);
  EXPECT_LT(out.findings[0].message.size(), 400U);
  EXPECT_NE(out.findings[0].message.find("there are other-0, other-1, other-10, "), std::string::npos);
  EXPECT_TRUE(out.findings[0].message.ends_with("… (1000 in all)")) << out.findings[0].message;
}

TEST(Render, MoreResourcesThanASectionHoldsAreRefused) {
  for (const std::string name : {"c", "c-{{ .node.name }}-"}) {
    Texts documents;
    for (std::size_t i = 0; i <= base::limits::kResourcesPerSectionMax; ++i) {
      documents.push_back(config_map("'" + name + std::to_string(i) + "'", "{}"));
    }
    EXPECT_EQ(texts(rendered(documents).findings),
              Texts{"app/a.yaml:25001: ConfigMap/" + name +
                    "5000: the application has more than 5000 resources; make it several applications"});
  }
}

// ---- bytes of a section ----

TEST(Render, ASectionAtItsBytesIsRenderedAndOneByteMoreIsRefusedWithSizeAndLimit) {
  const auto with_last = [&](std::size_t bytes) {
    const auto documents = Texts{config_map("a", "{k: " + std::string(3U << 20U, 'x') + "}"),
                                 config_map("b", "{k: " + std::string(3U << 20U, 'x') + "}")};
    std::vector<TreeFile> files{{"a.yaml", documents[0]}, {"b.yaml", documents[1]}};
    files.push_back({"c.yaml", config_map("c", "{k: " + std::string(bytes, 'x') + "}")});
    return render(parse_manifests(files, ""), node("n", "x"), "", kCommit);
  };
  const auto small = with_last(1);
  ASSERT_EQ(texts(small.findings), Texts{});
  SectionRoom room;
  for (const auto& resource : small.resources) EXPECT_TRUE(room.take(resource.body.size()));
  const std::size_t left = room.bytes_left() + 1;
  const auto full = with_last(left);
  ASSERT_EQ(texts(full.findings), Texts{});
  EXPECT_LE(sync::encode_section({{}, full.resources}).size(), base::limits::kSectionBytesMax);
  EXPECT_GT(sync::encode_section({{}, full.resources}).size(), base::limits::kSectionBytesMax - 512);
  const auto over = with_last(left + 1);
  EXPECT_EQ(
      texts(over.findings),
      Texts{
          "c.yaml:1: ConfigMap/c: with this resource the application's section takes 8388609 bytes; at most "
          "8388608 fit; make it several applications"});
  EXPECT_TRUE(over.resources.empty());
}

TEST(Render, TemplatesThatGrowPastASectionAreStoppedAndNamed) {
  std::string growing;
  for (int i = 0; i < 12'000; ++i) growing += "{{.app.name}}";
  std::vector<TreeFile> files;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "c" + std::to_string(10 + i);
    files.push_back({name + ".yaml", config_map(name, "{k: '" + growing + "'}")});
  }
  TemplateValues values = node("n", "x");
  values.app_name = std::string(base::limits::kNameLengthMax, 'x');
  const Rendering out = render(parse_manifests(files, ""), values, "", kCommit);
  ASSERT_EQ(out.findings.size(), 1U);
  const std::string text = out.findings[0].text();
  EXPECT_TRUE(
      text.starts_with("c12.yaml:4: ConfigMap/c12: data.k: template: its values make it longer than the 23"))
      << text;
  EXPECT_TRUE(text.ends_with(" bytes that are left of the section's 8388608; make it several applications"))
      << text;
  EXPECT_TRUE(out.resources.empty());
}

}  // namespace
}  // namespace holdfast::gitops
