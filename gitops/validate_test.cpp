// SPDX-License-Identifier: Apache-2.0
// validate: what can be said of a revision before any node is asked.
#include <gtest/gtest.h>

#include "gitops/render.hpp"

namespace holdfast::gitops {
namespace {

using Texts = std::vector<std::string>;

Texts validated(const std::string& text) {
  Texts out;
  for (const auto& finding : validate(parse_manifests({{"a.yaml", text}}, ""))) out.push_back(finding.text());
  return out;
}

std::string file(const std::string& name, const std::string& spec) {
  return "apiVersion: holdfast.dev/v1\nkind: File\nmetadata:\n  name: '" + name + "'\nspec:\n" + spec;
}

std::string hook_of(const std::string& stage, const std::string& restart, const std::string& more = "") {
  return "apiVersion: holdfast.dev/v1\nkind: Process\nmetadata:\n  name: a\n  annotations:\n"
         "    argocd.argoproj.io/hook: " +
         stage + "\n" + (more.empty() ? "" : "    " + more + "\n") + "spec:\n  restartPolicy: " + restart +
         "\n  command: [/a]\n";
}

struct Row {
  const char* name;
  std::string text;
  Texts findings;
};

class Validate : public testing::TestWithParam<Row> {};

TEST_P(Validate, FindsWhatIsWrongOnEveryNodeAndNothingElse) {
  EXPECT_EQ(validated(GetParam().text), GetParam().findings);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Validate,
    testing::Values(
        Row{"Plain", file("a", "  path: /a\n  content: x\n"), {}},
        Row{"TemplatedName", file("a-{{ .node.name }}", "  path: /a\n  content: x\n"), {}},
        Row{"TemplatedNameOnly", file("{{ .node.labels.x }}", "  path: /a\n  content: x\n"), {}},
        Row{"TemplatedPath", file("a", "  path: '{{ .node.labels.folder }}/a'\n  content: x\n"), {}},
        Row{"TemplatedMode", file("a", "  path: /a\n  content: x\n  mode: '{{ .node.labels.mode }}'\n"), {}},
        Row{"TemplatedModeAndName",
            file("{{ .node.name }}",
                 "  path: '/{{ .node.facts.x }}'\n  content: x\n  mode: '{{ .node.labels.mode }}'\n"),
            {}},
        Row{"PartOfMode", file("a", "  path: /a\n  content: x\n  mode: '0{{ .node.labels.mode }}'\n"), {}},
        Row{"WrongFieldBesideATemplate",
            file("a", "  path: '{{ .node.name }}'\n  contnt: x\n"),
            {"a.yaml:5: File/a: spec: unknown field \"contnt\"; did you mean \"content\"?"}},
        Row{"WrongValueBesideATemplate",
            file("a-{{ .node.name }}", "  path: relative\n  content: x\n"),
            {"a.yaml:6: File/a-{{ .node.name }}: spec.path: \"relative\" is not absolute; a path on a node "
             "begins with "
             "'/'"}},
        Row{"MisspeltAnnotation",
            "apiVersion: holdfast.dev/v1\nkind: File\nmetadata:\n  name: a\n  annotations:\n    other.dev/x: "
            "y\n"
            "    holdfast.dev/prunes: disabled\nspec:\n  path: /a\n  content: x\n",
            {"a.yaml:7: File/a: metadata.annotations[\"holdfast.dev/prunes\"]: is no annotation of Holdfast; "
             "there "
             "are holdfast.dev/depends-on, holdfast.dev/prune, holdfast.dev/template, "
             "holdfast.dev/restart-on-change"}},
        Row{"AnnotationsOfOthersThatMeanNothing",
            "apiVersion: holdfast.dev/v1\nkind: File\nmetadata:\n  name: a\n  annotations:\n"
            "    argocd.argoproj.io/hok: PreSync\n    argocd.argoproj.io/sync-wave: '1'\n"
            "    helm.sh/hook: test\nspec:\n  path: /a\n  content: x\n",
            {"a.yaml:6: File/a: metadata.annotations[\"argocd.argoproj.io/hok\"]: warning: is not honoured; "
             "of "
             "Argo CD's there are argocd.argoproj.io/hook, argocd.argoproj.io/hook-delete-policy, "
             "argocd.argoproj.io/sync-options, argocd.argoproj.io/sync-wave",
             "a.yaml:8: File/a: metadata.annotations[\"helm.sh/hook\"]: warning: is not honoured; write "
             "argocd.argoproj.io/hook"}},
        Row{"Hook",
            "apiVersion: holdfast.dev/v1\nkind: File\nmetadata:\n  name: a\n  annotations:\n"
            "    argocd.argoproj.io/hook: PostSync\nspec:\n  path: /a\n  content: x\n",
            {"a.yaml:6: File/a: metadata.annotations[\"argocd.argoproj.io/hook\"]: a File does not end, so "
             "nothing could wait until it has; what can be a hook is: Process, Pod, Job"}},
        Row{"HookThatEnds", hook_of("PreSync", "Never"), {}},
        Row{"HookThatDoesNotEnd",
            hook_of("PreSync", "Always"),
            {"a.yaml:8: Process/a: spec.restartPolicy: a hook has to end; write Never or OnFailure, for "
             "Always "
             "(the default) starts it again and again"}},
        Row{"HookSkipped",
            hook_of("Skip", "Never"),
            {"a.yaml:6: Process/a: metadata.annotations[\"argocd.argoproj.io/hook\"]: \"Skip\" is not known "
             "here: "
             "what no node should hold is left out of the application's folder, or out of its "
             "kustomization"}},
        Row{"HookOfALaterStageWaitedFor",
            hook_of("PreSync", "Never", "holdfast.dev/depends-on: File/b") + "---\n" +
                file("b", "  path: /b\n  content: x\n"),
            {"a.yaml:7: Process/a: metadata.annotations[\"holdfast.dev/depends-on\"]: \"File/b\" is of stage "
             "Sync, "
             "which never comes before this resource's stage PreSync, so it can never be waited for"}},
        Row{"BadDefault",
            file("a", "  path: /a\n  content: '{{ .node.name }}'\n  mode: '{{ \"rwx\" }}'\n"),
            {"a.yaml:8: File/a: spec.mode: \"rwx\" must be a string of 3 or 4 octal digits, in quotes "
             "(\"0644\"): YAML "
             "reads the bare number differently"}},
        Row{"SameTemplateTwice",
            file("a", "  path: '/{{ .node.name }}'\n  content: x\n") + "---\n" +
                file("b", "  path: '/{{ .node.name }}'\n  content: x\n"),
            {"a.yaml:14: File/b: spec.path: path:/unknown-1 is claimed by File/a (a.yaml:1); one of the two "
             "must go, or "
             "move"}},
        Row{"TwoTemplatesMayDiffer",
            file("a", "  path: '/{{ .node.labels.a }}'\n  content: x\n") + "---\n" +
                file("b", "  path: '/{{ .node.labels.b }}'\n  content: x\n"),
            {}},
        Row{"BadApplication",
            "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n    "
            "repoURL: /x\n",
            {"a.yaml:6: Application/web: spec.source.repoURL: \"/x\" is no repository URL; write "
             "https://HOST/PATH, "
             "ssh://USER@HOST/PATH, USER@HOST:PATH, git://HOST/PATH or file:///PATH"}},
        Row{"ApplicationVersion",
            "apiVersion: holdfast.dev/v2\nkind: Application\nmetadata: {name: web}\nspec: {}\n",
            {"a.yaml:1: Application/web: apiVersion: must be holdfast.dev/v1"}},
        Row{"UnreadableFile", "a: [", {"a.yaml:1: YAML: end of sequence flow not found"}},
        Row{"EverythingAtOnce",
            file("a", "  path: '{{ .node.name }}'\n  contnt: x\n") + "---\n" +
                file("b", "  path: b\n  content: x\n"),
            {"a.yaml:14: File/b: spec.path: \"b\" is not absolute; a path on a node begins with '/'",
             "a.yaml:5: File/a: spec: unknown field \"contnt\"; did you mean \"content\"?"}}),
    [](const auto& row) { return row.param.name; });

TEST(Validate, ASectionOverItsBytesIsRefusedWithSizeAndLimit) {
  const std::string three_mib(3U << 20U, 'x');
  for (const std::string name : {"c", "c-{{ .node.name }}-"}) {
    std::vector<TreeFile> files;
    files.reserve(3);
    for (int i = 0; i < 3; ++i) {
      files.push_back(
          {std::to_string(i) + ".yaml",
           file(name + std::to_string(i), "  path: /" + std::to_string(i) + "\n  content: " + three_mib)});
    }
    const auto findings = validate(parse_manifests(files, ""));
    ASSERT_EQ(findings.size(), 1U) << name;
    EXPECT_TRUE(findings[0].text().starts_with("2.yaml:1: File/" + name +
                                               "2: with this resource the application's section takes 943"))
        << findings[0].text();
    EXPECT_TRUE(findings[0].text().ends_with("bytes; at most 8388608 fit; make it several applications"))
        << findings[0].text();
  }
}

TEST(Validate, TriesOnlySoManyStandIns) {
  // Every stand-in leaves the command too long, and each of its arguments could be to blame.
  std::string text =
      "apiVersion: holdfast.dev/v1\nkind: Process\nmetadata: {name: p}\nspec:\n  command:\n  - /" +
      std::string(200'000, 'x') + "\n";
  for (int i = 0; i < 1'000; ++i) text += "  - '{{ .node.labels.a" + std::to_string(i) + " }}'\n";
  std::vector<TreeFile> files;
  files.reserve(20);
  for (int i = 0; i < 20; ++i) files.push_back({std::to_string(i) + ".yaml", text});
  EXPECT_EQ(validate(parse_manifests(files, "")).size(), 0U) << "only a node knows";
}

}  // namespace
}  // namespace holdfast::gitops
