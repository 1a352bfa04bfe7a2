// SPDX-License-Identifier: Apache-2.0
// parse_manifests: what files become, and the findings that people read when one of them is wrong.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/documents.hpp"
#include "gitops/render.hpp"

namespace holdfast::gitops {
namespace {

constexpr const char* kFile =
    "apiVersion: holdfast.dev/v1\n"
    "kind: File\n"
    "metadata: {name: motd}\n"
    "spec:\n"
    "  path: /etc/motd\n"
    "  content: hello\n";

std::vector<std::string> texts(const Findings& findings) {
  std::vector<std::string> out;
  for (const auto& finding : findings) out.push_back(finding.text());
  return out;
}

using Texts = std::vector<std::string>;

Texts findings_of(const std::string& name, const std::string& content) {
  return texts(parse_manifests({{name, content}}, "apps/web").findings);
}

TEST(Manifests, KeepFileLineAndDocumentOrder) {
  const Manifests manifests = parse_manifests(
      {{"a.yaml",
        std::string(kFile) + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: v}\n"},
       {"sub/b.json", R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}})"}},
      "apps/web/");
  EXPECT_EQ(texts(manifests.findings), Texts{});
  ASSERT_EQ(manifests.list.size(), 3U);
  EXPECT_EQ(manifests.list[0].file, "apps/web/a.yaml");
  EXPECT_EQ(manifests.list[0].line, 1U);
  EXPECT_EQ(manifests.list[1].line, 8U);
  EXPECT_EQ(manifests.list[2].file, "apps/web/sub/b.json");
  ASSERT_TRUE(manifests.list[0].parsed);
  EXPECT_EQ(manifests.list[0].parsed->resource.key.brief(), "File/motd");
  EXPECT_EQ(manifests.list[0].parsed->claims.at(0).text(), "path:/etc/motd");
}

TEST(Manifests, AtTheRootOfTheRepositoryHaveNoPrefix) {
  EXPECT_EQ(parse_manifests({{"a.yaml", kFile}}, ".").list.at(0).file, "a.yaml");
}

TEST(Manifests, AListIsItsItems) {
  const Manifests manifests =
      parse_manifests({{"a.yaml",
                        "apiVersion: v1\nkind: List\nitems:\n"
                        "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n"
                        "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n  dta: {}\n"}},
                      "");
  ASSERT_EQ(manifests.list.size(), 1U);
  EXPECT_EQ(manifests.list[0].line, 4U);
  EXPECT_EQ(texts(manifests.findings),
            Texts{"a.yaml:7: ConfigMap/b: unknown field \"dta\"; did you mean \"data\"?"});
}

TEST(Manifests, HubKindsAreKeptAndNotReadAsResources) {
  const Manifests manifests =
      parse_manifests({{"a.yaml",
                        "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: web}\n"
                        "spec: {source: {repoURL: 'git@h:a', path: '{{ not a template }}'}}\n"}},
                      "");
  EXPECT_EQ(texts(manifests.findings), Texts{});
  ASSERT_EQ(manifests.list.size(), 1U);
  EXPECT_TRUE(manifests.list[0].hub_kind);
  EXPECT_FALSE(manifests.list[0].templated);
  EXPECT_FALSE(manifests.list[0].parsed);
}

TEST(Manifests, KnowWhatTheirTemplatesRead) {
  const std::string text =
      "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: 'a-{{ .node.name }}'}\n"
      "spec: {path: '/etc/{{ .node.labels.site | default \"x\" }}', content: '{{ .node.labels.site }}'}\n";
  const Manifests manifests = parse_manifests({{"a.yaml", text}}, "");
  EXPECT_EQ(texts(manifests.findings), Texts{});
  ASSERT_EQ(manifests.reads.size(), 2U);
  EXPECT_EQ(manifests.reads[0].text(), ".node.labels.site");
  EXPECT_EQ(manifests.reads[1].text(), ".node.name");
}

TEST(Manifests, ValuesThatAreNotReadMakeNoDifference) {
  const Manifests manifests = parse_manifests(
      {{"a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: '{{ .node.labels.site }}'}\n"}},
      "");
  const TemplateValues here{.node_name = "n1", .node_labels = {{"site", "a"}}};
  TemplateValues same = here;
  same.node_name = "n2";
  TemplateValues other = here;
  other.node_labels["site"] = "b";
  EXPECT_EQ(values_read(manifests, here), values_read(manifests, same));
  EXPECT_NE(values_read(manifests, here), values_read(manifests, other));
  EXPECT_NE(values_read(manifests, here), values_read(manifests, {}));
  EXPECT_EQ(values_read(parse_manifests({{"a.yaml", kFile}}, ""), here), "");
}

TEST(Manifests, TheAnnotationTurnsTemplatesOff) {
  const Manifests manifests = parse_manifests({{"a.yaml",
                                                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, "
                                                "annotations: {holdfast.dev/template: disabled}}\n"
                                                "data: {jinja: '{% if x %}{{ y }}{% endif %}'}\n"}},
                                              "");
  EXPECT_EQ(texts(manifests.findings), Texts{});
  ASSERT_EQ(manifests.list.size(), 1U);
  EXPECT_FALSE(manifests.list[0].templated);
  EXPECT_TRUE(manifests.list[0].parsed);
}

struct Row {
  const char* name;
  const char* file;
  std::string content;
  Texts findings;
};

class ManifestIsRefused : public testing::TestWithParam<Row> {};

TEST_P(ManifestIsRefused, NamingFileLineResourceAndField) {
  EXPECT_EQ(findings_of(GetParam().file, GetParam().content), GetParam().findings);
}

std::string changed(const std::string& from, const std::string& to) {
  std::string text = kFile;
  return text.replace(text.find(from), from.size(), to);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ManifestIsRefused,
    testing::Values(
        Row{"BadYaml", "a.yaml", "a: [", {"apps/web/a.yaml:1: YAML: end of sequence flow not found"}},
        Row{"BadJson",
            "a.json",
            "{\n\"a\": }",
            {"apps/web/a.json:2: JSON: syntax error while parsing value - unexpected '}'; expected '[', '{', "
             "or a "
             "literal"}},
        Row{"NoMapping",
            "a.yaml",
            "- x\n",
            {"apps/web/a.yaml:1: not a manifest: it must be a mapping with apiVersion and kind"}},
        Row{"NoKind",
            "values.yaml",
            "replicas: 1\n",
            {"apps/web/values.yaml:1: apiVersion: is missing, so this is not a manifest; keep other files "
             "out of the "
             "application's path, or begin their names with a dot"}},
        Row{"UnknownKind",
            "a.yaml",
            changed("kind: File", "kind: Fiel"),
            {"apps/web/a.yaml:2: Fiel/motd: kind: \"Fiel\" of apiVersion \"holdfast.dev/v1\" is not known "
             "here; known "
             "are ConfigMap (v1), Secret (v1), File (holdfast.dev/v1), Process (holdfast.dev/v1), "
             "Pod (v1), Unit (holdfast.dev/v1), Deployment (apps/v1), DaemonSet (apps/v1), Job (batch/v1), "
             "CronJob (batch/v1)"}},
        Row{"WrongVersion",
            "a.yaml",
            changed("holdfast.dev/v1", "holdfast.dev/v9"),
            {"apps/web/a.yaml:1: File/motd: apiVersion: \"holdfast.dev/v9\" is not known for kind File; "
             "write "
             "holdfast.dev/v1"}},
        Row{"UnknownField",
            "a.yaml",
            changed("content:", "contnt:"),
            {"apps/web/a.yaml:4: File/motd: spec: unknown field \"contnt\"; did you mean \"content\"?"}},
        Row{"BadValue",
            "a.yaml",
            changed("/etc/motd", "../../etc/passwd"),
            {"apps/web/a.yaml:5: File/motd: spec.path: \"../../etc/passwd\" is not absolute; a path on a "
             "node begins "
             "with '/'"}},
        Row{"BareMode",
            "a.yaml",
            changed("content: hello", "content: hello\n  mode: 644"),
            {"apps/web/a.yaml:7: File/motd: spec.mode: must be a string of 3 or 4 octal digits, in quotes "
             "(\"0644\"): "
             "YAML reads the bare number differently"}},
        Row{"MissingName",
            "a.yaml",
            changed("{name: motd}", "{}"),
            {"apps/web/a.yaml:3: File: metadata.name: this field is required and missing"}},
        Row{"TemplateInKind",
            "a.yaml",
            changed("kind: File", "kind: '{{ .node.name }}'"),
            {"apps/web/a.yaml:2: {{ .node.name }}/motd: kind: cannot be a template"}},
        Row{"BadTemplatesAllNamed",
            "a.yaml",
            changed("/etc/motd\n  content: hello", "'/etc/{{ .nod.name }}'\n  content: '{{ upper }}'"),
            {"apps/web/a.yaml:6: File/motd: spec.content: template \"{{ upper }}\": the function \"upper\" "
             "is not "
             "supported; there are names (.node.name, .node.labels.KEY, .node.facts.KEY, .app.name and "
             ".app.revision), "
             "index and default; the annotation holdfast.dev/template: disabled turns templates off",
             "apps/web/a.yaml:5: File/motd: spec.path: template \"{{ .nod.name }}\": no such name; there are "
             ".node.name, .node.labels.KEY, .node.facts.KEY, .app.name and .app.revision; the annotation "
             "holdfast.dev/template: disabled turns templates off"}},
        Row{"Kustomize",
            "sub/kustomization.yaml",
            "resources: []\n",
            {"apps/web/sub/kustomization.yaml: a kustomization in a folder beneath the application's path; "
             "point "
             "the application at this folder, or write a kustomization.yaml at its path that names it"}},
        Row{"Helm",
            "chart/Chart.yaml",
            "name: x\n",
            {"apps/web/chart/Chart.yaml: Helm charts are not supported by this release; commit what `helm "
             "template` "
             "prints"}},
        Row{"NameThatIsNotUtf8",
            "sub/caf\xe9.yaml",
            kFile,
            {"apps/web/sub/caf\uFFFD.yaml: a name in the folder apps/web/sub is not UTF-8 or holds control "
             "characters; rename it"}},
        Row{"FolderThatIsNotUtf8",
            "caf\xe9/a.yaml",
            kFile,
            {"apps/web/caf\uFFFD/a.yaml: a name in the folder apps/web is not UTF-8 or holds control "
             "characters; rename it"}},
        Row{"NameWithALineEnd",
            "a\nb.yaml",
            kFile,
            {"apps/web/a?b.yaml: a name in the folder apps/web is not UTF-8 or holds control characters; "
             "rename it"}},
        Row{"GoodAndBadInOneFile",
            "a.yaml",
            std::string(kFile) + "---\nkind: File\napiVersion: v1\n",
            {"apps/web/a.yaml:8: File: kind: \"File\" of apiVersion \"v1\" is not known here; known are "
             "ConfigMap (v1), Secret (v1), "
             "File (holdfast.dev/v1), Process (holdfast.dev/v1), "
             "Pod (v1), Unit (holdfast.dev/v1), Deployment (apps/v1), DaemonSet (apps/v1), Job (batch/v1), "
             "CronJob (batch/v1)"}}),
    [](const auto& row) { return row.param.name; });

TEST(Manifests, KeepOnlySoManyFindings) {
  std::string text;
  for (std::size_t i = 0; i < base::limits::kFindingsMax + 50; ++i) text += "---\nkind: X\napiVersion: v1\n";
  EXPECT_EQ(parse_manifests({{"a.yaml", text}}, "").findings.size(), base::limits::kFindingsMax);
}

TEST(Manifests, APathOverTheLimitIsRefusedWithBothNumbers) {
  const auto named = [](std::size_t length) {
    std::string name(length, 'x');
    for (std::size_t i = 200; i < length - 10; i += 200) name[i] = '/';
    return name.replace(length - 5, 5, ".yaml");
  };
  EXPECT_EQ(texts(parse_manifests({{named(base::limits::kManifestPathLengthMax), kFile}}, "").findings),
            Texts{});
  const auto findings =
      parse_manifests({{named(base::limits::kManifestPathLengthMax + 1), kFile}}, "").findings;
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].message, "the path has 1025 bytes; at most 1024 are allowed; shorten the names");
  EXPECT_LE(findings[0].file.size(), base::limits::kManifestPathLengthMax);
}

TEST(Manifests, WhatAliasesBecomeInAllFilesTogetherIsBounded) {
  std::string text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nx: &x '" +
                     std::string(80'000, 'y') + "'\ndata:\n";
  for (int i = 0; i < 99; ++i) text += "  k" + std::to_string(i) + ": *x\n";
  std::vector<TreeFile> files;
  files.reserve(20);
  for (int i = 0; i < 20; ++i) files.push_back({"f" + std::to_string(i) + ".yaml", text});
  const Manifests manifests = parse_manifests(files, "");
  EXPECT_EQ(
      manifests.findings.back().text(),
      "f8.yaml:1: the manifests, with aliases written out, have more than 67108864 bytes; make it several "
      "applications");
}

TEST(Manifests, TemplatesReadOnlySoManyNames) {
  const auto reading = [](std::size_t names) {
    std::string text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n";
    for (std::size_t i = 0; i < names; ++i) {
      text += "  k" + std::to_string(i) + ": '{{ .node.labels.l" + std::to_string(i) +
              " }}{{ .node.labels.l0 }}'\n";
    }
    return parse_manifests({{"a.yaml", text}}, "");
  };
  EXPECT_EQ(texts(reading(base::limits::kTemplateNamesMax).findings), Texts{});
  EXPECT_EQ(reading(base::limits::kTemplateNamesMax).reads.size(), base::limits::kTemplateNamesMax);
  EXPECT_EQ(texts(reading(base::limits::kTemplateNamesMax + 1).findings),
            Texts{"a.yaml:1004: ConfigMap/c: data.k999: the application's templates read more than 1000 "
                  "different names; make it "
                  "several applications"});
}

TEST(HubKind, IsOfOurGroupOnly) {
  EXPECT_TRUE(is_hub_kind("holdfast.dev/v1", "Application"));
  EXPECT_FALSE(is_hub_kind("holdfast.dev/v1", "SealedSecret")) << "nodes get a Secret of it";
  EXPECT_FALSE(is_hub_kind("argoproj.io/v1alpha1", "Application"));
  EXPECT_FALSE(is_hub_kind("holdfast.dev/v1", "File"));
}

}  // namespace
}  // namespace holdfast::gitops
