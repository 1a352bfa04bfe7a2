// SPDX-License-Identifier: Apache-2.0
// What a person reads when a kustomization cannot be built, where findings point to, our own kinds, and the limits. What a good one becomes is in cases_test.
#include "gitops/kustomize/build.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/documents.hpp"
#include "base/limits/kustomize.hpp"
#include "gitops/kustomize/disk_reader_test.hpp"
#include "gitops/render.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;
using Texts = std::vector<std::string>;

constexpr const char* kMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";
constexpr const char* kPodOf =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: b}]}\n";

Texts texts(const Findings& findings) {
  Texts out;
  for (const auto& finding : findings) out.push_back(finding.text());
  return out;
}

Texts findings_of(FileMap files) {
  return texts(build_kustomization(map_reader(std::move(files)), "app").findings);
}

/// By kind and name.
std::map<std::string, Json> built(FileMap files) {
  const auto build = build_kustomization(map_reader(std::move(files)), "app");
  EXPECT_EQ(texts(build.findings), Texts{});
  std::map<std::string, Json> out;
  for (const auto& one : build.list) {
    Json value = Json::parse(one.document.json);
    const std::string key =
        value["kind"].get<std::string>() + "/" + value["metadata"]["name"].get<std::string>();
    out[key] = std::move(value);
  }
  return out;
}

// ---- what is refused ----

struct Row {
  const char* name;
  std::string kustomization;
  Texts findings;
  FileMap more = {};
};

class KustomizationIsRefused : public testing::TestWithParam<Row> {};

TEST_P(KustomizationIsRefused, NamingFileLineAndField) {
  FileMap files = GetParam().more;
  files["app/kustomization.yaml"] = GetParam().kustomization;
  files["app/c.yaml"] = kMap;
  files["app/p.yaml"] = kPodOf;
  EXPECT_EQ(findings_of(std::move(files)), GetParam().findings);
}

Texts at(const std::string& text) { return {"app/kustomization.yaml:" + text}; }

INSTANTIATE_TEST_SUITE_P(
    Fields, KustomizationIsRefused,
    testing::Values(
        Row{"Unknown", "resources: [c.yaml]\nresorces: []\n",
            at("1: unknown field \"resorces\"; did you mean \"resources\"?")},
        Row{"NoMapping", "- a\n", at("1: a kustomization is a mapping")},
        Row{"Two",
            "resources: []\n---\nresources: []\n",
            {"app/kustomization.yaml: must hold one kustomization"}},
        Row{"BadYaml", "a: [", at("1: YAML: end of sequence flow not found")},
        Row{"OtherKind", "kind: Deployment\n", at("1: kind: must be Kustomization or Component")},
        Row{"OtherVersion", "kind: Kustomization\napiVersion: v1\n",
            at("2: apiVersion: must be kustomize.config.k8s.io/v1beta1")},
        Row{"Vars", "resources: [c.yaml]\nvars: [{name: A}]\n",
            at("2: vars: is not supported in a kustomization; write replacements")},
        Row{"Helm", "helmCharts: [{name: a}]\n",
            at("1: helmCharts: is not supported in a kustomization; commit what `helm template` prints")},
        Row{"FieldsOfLabels", "resources: [c.yaml]\nlabels:\n- pairs: {a: b}\n  fields: [{path: spec}]\n",
            at("4: labels[0].fields: is not supported; write a patch for those fields")},
        Row{"PatchOfNothing", "resources: [c.yaml]\npatches:\n- {}\n",
            at("3: patches[0]: must have either path or patch")},
        Row{"UnknownOption", "patches:\n- path: a\n  options: {allowNoTargetMatch: true}\n",
            at("3: patches[0].options: unknown field \"allowNoTargetMatch\"")}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Paths, KustomizationIsRefused,
    testing::Values(
        Row{"NotThere", "resources:\n- c.yaml\n- d.yaml\n",
            at("3: resources[1]: app/d.yaml is not there; mend the path, or take the entry out")},
        Row{"NoKustomizationInIt",
            "resources: [sub]\n",
            at("1: resources[0]: app/sub holds no kustomization.yaml; write one, or name the files in it"),
            {{"app/sub/c.yaml", kMap}}},
        Row{"OutOfTheRepository", "resources: [../../x]\n",
            at("1: resources[0]: \"../../x\" leads out of the repository")},
        Row{"Absolute", "resources: [/etc/passwd]\n",
            at("1: resources[0]: \"/etc/passwd\" is absolute; write it relative to the kustomization")},
        Row{"Remote", "resources: ['https://github.com/a/b?ref=v1']\n",
            at("1: resources[0]: \"https://github.com/a/b?ref=v1\" is in another repository, which is not "
               "read: what is "
               "built would change without a commit here; commit a copy of it, and name that")},
        Row{"Circle",
            "resources: [../other]\n",
            {"other/kustomization.yaml:1: resources[0]: kustomizations name one another in a circle: app → "
             "other → "
             "app; take one of the entries out"},
            {{"other/kustomization.yaml", "resources: [../app]\n"}}},
        Row{"ItsOwnFile", "resources: [kustomization.yaml]\n",
            at("1: resources[0]: app/kustomization.yaml is a kustomization; name its folder")},
        Row{"ComponentAsResource",
            "resources: [part]\n",
            {"app/part/kustomization.yaml:1: kind: a Component is named in components"},
            {{"app/part/kustomization.yaml", "kind: Component\n"}}},
        Row{"ResourceAsComponent",
            "components: [part]\n",
            {"app/part/kustomization.yaml:1: kind: must be Component, for it is named in components"},
            {{"app/part/kustomization.yaml", "kind: Kustomization\n"}}},
        Row{"NoManifest",
            "resources: [x.yaml]\n",
            {"app/x.yaml:1: ConfigMap: metadata.name: is missing, or no text"},
            {{"app/x.yaml", "apiVersion: v1\nkind: ConfigMap\n"}}},
        Row{"TwoNames",
            "resources: [c.yaml]\n",
            {"app: there are both app/kustomization.yaml and app/Kustomization; remove one"},
            {{"app/Kustomization", "resources: []\n"}}},
        Row{"OneTwice",
            "resources: [c.yaml, sub]\n",
            at("1: ConfigMap/c is there twice: in app/c.yaml and in app/sub/d.yaml; take one out, or make a "
               "patch of it"),
            {{"app/sub/kustomization.yaml", "resources: [d.yaml]\n"}, {"app/sub/d.yaml", kMap}}}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Changes, KustomizationIsRefused,
    testing::Values(
        Row{"PatchForNobody",
            "resources: [c.yaml]\npatches:\n- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: "
            "d}}'\n",
            at("3: patches[0]: there is no ConfigMap/d of v1 to patch; mend its name or namespace, or take "
               "the patch "
               "out")},
        Row{"TargetOfNobody",
            "resources: [c.yaml]\npatches:\n- target: {kind: Pod, name: x.*}\n  patch: '[{op: remove, path: "
            "/a}]'\n",
            at("3: patches[0].target: there is no Pod x.*; mend the target, or take the patch out")},
        Row{"PatchThatFails",
            "resources: [c.yaml]\npatches:\n- target: {kind: ConfigMap}\n  path: sub/x.yaml\n",
            at("3: patches[0]: sub/x.yaml:2: ConfigMap/c: [0]: remove of \"/a\": there is no \"a\""),
            {{"app/sub/x.yaml", "# a patch\n- {op: remove, path: /a}\n"}}},
        Row{"JsonPatchWithoutTarget", "resources: [c.yaml]\npatches:\n- patch: '[{op: remove, path: /a}]'\n",
            at("3: patches[0].target: is missing; a JSON patch does not say whom it is for")},
        Row{"PatchThatTakesTheName",
            "resources: [c.yaml]\npatches:\n- target: {name: c}\n  patch: '[{op: remove, path: "
            "/metadata}]'\n",
            at("3: patches[0]: ConfigMap/: metadata.name: is missing, or no text")},
        Row{"BadPattern", "resources: [c.yaml]\npatches:\n- target: {name: 'a{2}'}\n  patch: '[]'\n",
            at("3: patches[0].target.name: \"a{2}\": \"{…}\" is not supported in a pattern; write it out")},
        Row{"RetainKeys",
            "resources: [p.yaml]\npatches:\n- patch: '{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: "
            "{$retainKeys: [a]}}'\n",
            at("3: patches[0]: Pod/p: spec: $retainKeys is not supported; write a JSON patch")},
        Row{"ElementWithoutKey",
            "resources: [p.yaml]\npatches:\n- patch: '{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: "
            "{containers: [{image: c}]}}'\n",
            at("3: patches[0]: Pod/p: spec.containers: each element must have name, by which it is found")},
        Row{"ReplicasOfNobody", "resources: [c.yaml]\nreplicas:\n- {name: c, count: 1}\n",
            at("3: replicas[0].name: there is no Deployment or StatefulSet \"c\"; mend the name, or take the "
               "entry "
               "out")},
        Row{"GeneratedTwice", "resources: [c.yaml]\nconfigMapGenerator:\n- name: c\n",
            at("3: configMapGenerator[0].behavior: ConfigMap/c is there already, in app/c.yaml; write merge "
               "or replace, "
               "or another name")},
        Row{"MergedWithNobody", "configMapGenerator:\n- {name: d, behavior: merge}\n",
            at("2: configMapGenerator[0].behavior: there is no ConfigMap/d to merge with or to replace; "
               "write create, or "
               "mend name or namespace")},
        Row{"GeneratorsFile", "configMapGenerator:\n- name: d\n  files:\n  - x.ini\n",
            at("4: configMapGenerator[0].files[0]: app/x.ini is not there; mend the path")},
        Row{"LiteralWithoutValue", "configMapGenerator:\n- name: d\n  literals: [a]\n",
            at("3: configMapGenerator[0].literals[0]: must be key=value, not \"a\"")},
        Row{"KeyTwice", "configMapGenerator:\n- name: d\n  literals: [a=b, a=c]\n",
            at("3: configMapGenerator[0].literals[1]: the key \"a\" is there twice")}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Replacements, KustomizationIsRefused,
    testing::Values(
        Row{"OfNothing",
            "resources: [c.yaml]\nreplacements:\n- source: {name: d}\n  targets: [{select: {name: c}}]\n",
            at("3: replacements[0].source: there is no d; mend it")},
        Row{"OfNoField",
            "resources: [c.yaml]\nreplacements:\n- source: {name: c, fieldPath: data.z}\n  targets: "
            "[{select: {name: "
            "c}}]\n",
            at("3: replacements[0].source.fieldPath: ConfigMap/c has no data.z")},
        Row{"IntoNoField",
            "resources: [c.yaml]\nreplacements:\n- source: {name: c}\n  targets: [{select: {name: c}, "
            "fieldPaths: "
            "[data.z]}]\n",
            at("4: replacements[0].targets[0].fieldPaths[0]: ConfigMap/c: has no such field; mend the path, "
               "or write "
               "options: {create: true}")},
        Row{"TextForANumber",
            "resources: [d.yaml]\nreplacements:\n- source: {name: d}\n  targets: [{select: {name: d}, "
            "fieldPaths: "
            "[spec.replicas]}]\n",
            at("4: replacements[0].targets[0].fieldPaths[0]: Deployment/d: \"d\" cannot stand where there is "
               "a number "
               "now"),
            {{"app/d.yaml",
              "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 1}\n"}}},
        Row{"IntoNobodyIsWarnedOf",
            "resources: [c.yaml]\nreplacements:\n- source: {name: c}\n  targets: [{select: {name: d}}]\n",
            at("4: replacements[0].targets[0].select: warning: there is no d; nothing is replaced")}),
    [](const auto& row) { return row.param.name; });

TEST(Kustomization, AReferenceFromOutsideOfTwoPrefixesStays) {
  const FileMap files{
      {"app/kustomization.yaml", "resources: [a, b, p.yaml]\n"},
      {"app/p.yaml",
       "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, envFrom: "
       "[{configMapRef: {name: c}}]}]}\n"},
      {"app/a/kustomization.yaml", "resources: [c.yaml]\nnamePrefix: a-\n"},
      {"app/a/c.yaml", kMap},
      {"app/b/kustomization.yaml", "resources: [c.yaml]\nnamePrefix: b-\n"},
      {"app/b/c.yaml", kMap}};
  EXPECT_EQ(built(files).at("Pod/p")["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"], "c")
      << "as in kustomize: both may be meant, and neither is nearer";
}

// ---- where findings point to ----

TEST(Kustomization, AFieldHasTheLineOfItsOwnFileOrOfWhatIsAroundIt) {
  const auto build =
      build_kustomization(map_reader({{"app/kustomization.yaml",
                                       "resources: [f.yaml]\nnamePrefix: a-\npatches:\n- patch: "
                                       "'{apiVersion: holdfast.dev/v1, kind: File, "
                                       "metadata: {name: f}, spec: {mode: 7}}'\n"},
                                      {"app/f.yaml",
                                       "# motd\napiVersion: holdfast.dev/v1\nkind: File\nmetadata:\n  name: "
                                       "f\nspec:\n  path: /etc/motd\n  "
                                       "content: x\n"}}),
                          "app");
  const auto manifests = parse_build(build);
  ASSERT_EQ(manifests.findings.size(), 1U);
  EXPECT_EQ(manifests.findings[0].field, "spec.mode");
  EXPECT_EQ(manifests.findings[0].file, "app/f.yaml");
  EXPECT_EQ(manifests.findings[0].line, 6U) << "the patch put it there: the line of spec";
  const auto other = parse_build(build_kustomization(
      map_reader(
          {{"app/kustomization.yaml", "resources: [f.yaml]\nnamePrefix: a-\n"},
           {"app/f.yaml",
            "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: f}\nspec:\n  content: x\n  path: "
            "etc/motd\n"}}),
      "app"));
  ASSERT_EQ(other.findings.size(), 1U);
  EXPECT_EQ(other.findings[0].file, "app/f.yaml");
  EXPECT_EQ(other.findings[0].line, 6U);
}

TEST(Kustomization, WhatAGeneratorMadeStandsAtIt) {
  const auto manifests = parse_build(build_kustomization(
      map_reader(
          {{"app/kustomization.yaml", "namePrefix: a-\nsecretGenerator:\n- name: s\n  literals: [a=b]\n"}}),
      "app"));
  ASSERT_EQ(manifests.findings.size(), 1U) << "a Secret in clear";
  EXPECT_EQ(manifests.findings[0].file, "app/kustomization.yaml");
  EXPECT_EQ(manifests.findings[0].line, 3U);
}

// ---- our own kinds ----

TEST(Kustomization, ReferencesOfOurKindsFollow) {
  const auto all = built(
      {{"app/kustomization.yaml",
        "namespace: prod\nnamePrefix: p-\nresources: [x.yaml]\nconfigMapGenerator: [{name: gen, literals: "
        "[k=v], options: "
        "{disableNameSuffixHash: true}}]\n"},
       {"app/x.yaml",
        "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: f, annotations: {holdfast.dev/depends-on: "
        "'process/a, ConfigMap/gen,Other/x'}}\n"
        "spec: {path: /etc/x, contentFrom: {configMapKeyRef: {name: gen, key: k}}}\n---\n"
        "apiVersion: holdfast.dev/v1\nkind: Process\nmetadata: {name: a}\n"
        "spec: {command: [a], env: [{name: A, valueFrom: {configMapKeyRef: {name: gen, key: k}}}]}\n---\n"
        "apiVersion: holdfast.dev/v1\nkind: Unit\nmetadata: {name: u}\nspec: {restartOn: [File/f]}\n---\n"
        "apiVersion: holdfast.dev/v1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {volumes: [{name: v, secret: {secretName: "
        "s}}]}\n"}});
  const Json& file = all.at("File/p-f");
  EXPECT_EQ(file["spec"]["contentFrom"]["configMapKeyRef"]["name"], "p-gen");
  EXPECT_EQ(file["metadata"]["annotations"]["holdfast.dev/depends-on"],
            "process/prod/p-a,ConfigMap/prod/p-gen,Other/x");
  EXPECT_EQ(all.at("Process/p-a")["spec"]["env"][0]["valueFrom"]["configMapKeyRef"]["name"], "p-gen");
  EXPECT_EQ(all.at("Unit/p-u")["spec"]["restartOn"][0], "File/prod/p-f");
  EXPECT_EQ(all.at("Pod/p-q")["spec"]["volumes"][0]["secret"]["secretName"], "p-s");
}

TEST(Kustomization, WhatTheHubKeepsForItselfGetsNoNamespace) {
  const auto all =
      built({{"app/kustomization.yaml", "namespace: prod\nnamePrefix: p-\nresources: [x.yaml]\n"},
             {"app/x.yaml", "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: a}\n"}});
  EXPECT_EQ(all.at("Application/p-a")["metadata"], Json({{"name", "p-a"}}));
}

TEST(Kustomization, TemplatesAreTextsLikeOthers) {
  const auto all =
      built({{"app/kustomization.yaml", "resources: [c.yaml]\nnamePrefix: 'at-{{ .node.name }}-'\n"},
             {"app/c.yaml", kMap}});
  EXPECT_EQ(all.begin()->first, "ConfigMap/at-{{ .node.name }}-c");
}

// ---- limits ----

FileMap chain_of(std::size_t folders) {
  FileMap files{{"app/kustomization.yaml", "resources: [../f1]\n"}};
  for (std::size_t i = 1; i < folders; ++i) {
    const bool is_last = i + 1 == folders;
    files["f" + std::to_string(i) + "/kustomization.yaml"] =
        is_last ? "resources: []\n" : "resources: [../f" + std::to_string(i + 1) + "]\n";
  }
  return files;
}

TEST(KustomizationLimits, OfDepth) {
  EXPECT_EQ(findings_of(chain_of(base::limits::kKustomizeDepthMax)), Texts{});
  const auto over = findings_of(chain_of(base::limits::kKustomizeDepthMax + 1));
  ASSERT_EQ(over.size(), 1U);
  EXPECT_NE(over[0].find("nested deeper than 32"), std::string::npos) << over[0];
}

/// `entries` empty kustomizations in one.
Texts entering(std::size_t entries) {
  FileMap files{{"e/kustomization.yaml", "resources: []\n"}};
  std::string all = "resources:\n";
  for (std::size_t i = 0; i < entries; ++i) all += "- ../e\n";
  files["app/kustomization.yaml"] = all;
  return findings_of(std::move(files));
}

TEST(KustomizationLimits, OfKustomizations) {
  EXPECT_EQ(entering(base::limits::kKustomizationsMax - 1), Texts{});
  const auto over = entering(base::limits::kKustomizationsMax);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_NE(over[0].find("more than 500 kustomizations"), std::string::npos) << over[0];
}

/// One file of `bytes` as `files` keys of a ConfigMap.
Texts generating(std::size_t count, std::size_t bytes) {
  std::string all = "configMapGenerator:\n- name: c\n  files:\n";
  for (std::size_t i = 0; i < count; ++i) all += "  - k" + std::to_string(i) + "=x\n";
  return findings_of({{"app/kustomization.yaml", all}, {"app/x", std::string(bytes, 'x')}});
}

TEST(KustomizationLimits, OfFiles) {
  EXPECT_EQ(generating(base::limits::kKustomizeFilesMax - 1, 1), Texts{});
  const auto over = generating(base::limits::kKustomizeFilesMax, 1);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_NE(over[0].find("more than 10000 files"), std::string::npos) << over[0];
}

TEST(KustomizationLimits, OfBytesRead) {
  EXPECT_EQ(generating(15, 4U << 20U), Texts{});
  const auto over = generating(16, 4U << 20U);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_NE(over[0].find("the build reads more than 67108864 bytes"), std::string::npos) << over[0];
}

std::string maps(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c" + std::to_string(i) + "}\n";
  return out;
}

TEST(KustomizationLimits, OfWhatEntriesWrite) {
  const auto labelled = [](std::size_t bytes) {
    return findings_of({{"app/kustomization.yaml",
                         "resources: [m.yaml]\ncommonAnnotations: {a: " + std::string(bytes, 'x') + "}\n"},
                        {"app/m.yaml", maps(100)}});
  };
  EXPECT_EQ(labelled(100'000), Texts{});
  const auto over = labelled(200'000);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_NE(over[0].find("write more than 67108864 bytes"), std::string::npos) << over[0];
}

TEST(KustomizationLimits, OfResourcesLookedAt) {
  const auto patched = [](std::size_t patches) {
    std::string all = "resources: [m.yaml]\npatches:\n";
    for (std::size_t i = 0; i < patches; ++i)
      all += "- {target: {name: c0}, patch: '[{op: test, path: /kind, value: ConfigMap}]'}\n";
    return findings_of({{"app/kustomization.yaml", all}, {"app/m.yaml", maps(5'000)}});
  };
  EXPECT_EQ(patched(196), Texts{}) << "and three for names";
  const auto over = patched(201);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_NE(over[0].find("look at more than 1000000 resources"), std::string::npos) << over[0];
}

TEST(KustomizationLimits, OfManifests) {
  const auto several = [](std::size_t count) {
    return findings_of({{"app/kustomization.yaml", "resources: [../a, ../b]\n"},
                        {"a/kustomization.yaml", "resources: [../m.yaml]\n"},
                        {"b/kustomization.yaml", "resources: [../m.yaml]\nnamePrefix: b-\n"},
                        {"m.yaml", maps(count)}});
  };
  EXPECT_EQ(several(base::limits::kManifestsMax / 2), Texts{});
  const auto over = several(base::limits::kManifestsMax / 2 + 1);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_NE(over[0].find("more than 10000 manifests"), std::string::npos) << over[0];
}

}  // namespace
}  // namespace holdfast::gitops
