// SPDX-License-Identifier: Apache-2.0
// Templates: what they become, and how a wrong one is answered.
#include "gitops/template.hpp"

#include <gtest/gtest.h>

#include "gitops/render.hpp"

namespace holdfast::gitops {
namespace {

TemplateValues values() {
  return {
      .node_name = "cam-1",
      .node_labels = {{"site", "berlin"}, {"my-rack", "r2"}, {"empty", ""}, {"zone.example.com/row", "7"}},
      .node_facts = {{"arch", "arm64"}, {"os.version", "12"}},
      .app_name = "web",
      .app_revision = "3f2a91c"};
}

struct Row {
  const char* name;
  std::string text;
  std::string result;
};

class TemplateBecomes : public testing::TestWithParam<Row> {};

TEST_P(TemplateBecomes, Text) {
  const auto result = expand_template(GetParam().text, values());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    Table, TemplateBecomes,
    testing::Values(Row{"NoTemplate", "plain } { text", "plain } { text"},
                    Row{"NodeName", "{{ .node.name }}", "cam-1"}, Row{"NoSpaces", "{{.node.name}}", "cam-1"},
                    Row{"WithinText", "a-{{ .node.name }}-b", "a-cam-1-b"},
                    Row{"Several", "{{ .app.name }}@{{ .app.revision }}", "web@3f2a91c"},
                    Row{"Label", "{{ .node.labels.site }}", "berlin"},
                    Row{"LabelWithDash", "{{ .node.labels.my-rack }}", "r2"},
                    Row{"Fact", "{{ .node.facts.arch }}", "arm64"},
                    Row{"LabelByIndex", "{{ index .node.labels \"zone.example.com/row\" }}", "7"},
                    Row{"FactByIndex", "{{ index .node.facts `os.version` }}", "12"},
                    Row{"EmptyLabel", "[{{ .node.labels.empty }}]", "[]"},
                    Row{"DefaultNotNeeded", "{{ .node.labels.site | default \"x\" }}", "berlin"},
                    Row{"DefaultForMissing", "{{ .node.labels.nope | default \"x y\" }}", "x y"},
                    Row{"DefaultForEmpty", "{{ .node.labels.empty | default \"x\" }}", "x"},
                    Row{"DefaultEmptyText", "[{{ .node.labels.nope | default \"\" }}]", "[]"},
                    Row{"DefaultAfterIndex", "{{ index .node.labels \"a.b/c\" | default \"d\" }}", "d"},
                    Row{"BracesThemselves", "{{ \"{{\" }} .node.name }}", "{{ .node.name }}"},
                    Row{"BracesInBackQuotes", "{{ `{{ x }}` }}", "{{ x }}"},
                    Row{"Escapes", "{{ .node.labels.nope | default \"a\\\"b\\\\c\\n\" }}", "a\"b\\c\n"},
                    Row{"ClosingInText", "}} {{ .node.name }} }}", "}} cam-1 }}"},
                    Row{"OverLines", "{{\n  .node.name\n}}", "cam-1"}),
    [](const auto& row) { return row.param.name; });

class TemplateIsRefused : public testing::TestWithParam<Row> {};

TEST_P(TemplateIsRefused, WithTheWayOut) {
  const auto result = expand_template(GetParam().text, values());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    Table, TemplateIsRefused,
    testing::Values(
        Row{"UnknownLabel", "{{ .node.labels.sight }}",
            "template {{ .node.labels.sight }}: the node has no label \"sight\"; it has empty, my-rack, "
            "site, "
            "zone.example.com/row; where it may be missing, write | default \"…\""},
        Row{"UnknownFact", "{{ index .node.facts \"gpu/a\" }}",
            "template {{ index .node.facts \"gpu/a\" }}: the node has no fact \"gpu/a\"; it has arch, "
            "os.version; where "
            "it may be missing, write | default \"…\""},
        Row{"UnknownName", "{{ .node.uid }}",
            "template \"{{ .node.uid }}\": no such name; there are .node.name, .node.labels.KEY, "
            ".node.facts.KEY, "
            ".app.name and .app.revision"},
        Row{"HelmValues", "{{ .Values.image }}",
            "template \"{{ .Values.image }}\": no such name; there are .node.name, .node.labels.KEY, "
            ".node.facts.KEY, "
            ".app.name and .app.revision"},
        Row{"KeyWithSlash", "{{ .node.labels.a.b/c }}",
            "template \"{{ .node.labels.a.b/c }}\": a key with dots or slashes is written {{ index "
            ".node.labels "
            "\"KEY\" }}"},
        Row{"KeyWithDots", "{{ .node.facts.os.version }}",
            "template \"{{ .node.facts.os.version }}\": a key with dots or slashes is written {{ index "
            ".node.facts "
            "\"KEY\" }}"},
        Row{"LongKey", "{{ index .node.facts \"" + std::string(318, 'x') + "\" }}",
            "template \"{{ index .node.facts \"" + std::string(55, 'x') +
                "…\": no label and no fact has a key of more than 317 bytes"},
        Row{"Unclosed", "a {{ .node.name", "template \"{{ .node.name\": the closing }} is missing"},
        Row{"Empty", "{{ }}",
            "template \"{{ }}\": a name is missing; there are .node.name, .node.labels.KEY, .node.facts.KEY, "
            ".app.name "
            "and .app.revision"},
        Row{"If", "{{ if .node.name }}",
            "template \"{{ if .node.name }}\": the function \"if\" is not supported; there are names "
            "(.node.name, "
            ".node.labels.KEY, .node.facts.KEY, .app.name and .app.revision), index and default"},
        Row{"Pipe", "{{ .node.name | upper }}",
            "template \"{{ .node.name | upper }}\": the function \"upper\" is not supported; after | only "
            "default "
            "\"…\" may follow"},
        Row{"TwoDefaults", "{{ .node.name | default \"a\" | default \"b\" }}",
            "template \"{{ .node.name | default \"a\" | default \"b\" }}\": only one | default \"…\" may "
            "follow a name"},
        Row{"DefaultOfName", "{{ .node.name | default .app.name }}",
            "template \"{{ .node.name | default .app.name }}\": default takes a text in quotes"},
        Row{"Trimming", "{{- .node.name }}",
            "template \"{{- .node.name }}\": trimming with {{- is not supported; write {{"},
        Row{"TrimmingAtTheEnd", "{{ .node.name -}}",
            "template \"{{ .node.name -}}\": trimming with -}} is not supported; write }}"},
        Row{"OpenQuote", "{{ .node.name | default \"x }}",
            "template \"{{ .node.name | default \"x }}\": the closing quote is missing"},
        Row{"UnknownEscape", "{{ \"\\x41\" }}",
            "template \"{{ \"\\x41\" }}\": of escapes there are \\\", \\\\, \\n and \\t"},
        Row{"IndexOfNothing", "{{ index .app \"x\" }}",
            "template \"{{ index .app \"x\" }}\": index takes .node.labels or .node.facts, then a key in "
            "quotes"},
        Row{"IndexWithoutKey", "{{ index .node.labels site }}",
            "template \"{{ index .node.labels site }}\": index takes a key in quotes"},
        Row{"MoreAfterName", "{{ .node.name .app.name }}",
            "template \"{{ .node.name .app.name }}\": after a name only | default \"…\" may follow"}),
    [](const auto& row) { return row.param.name; });

TEST(Template, AValueWithBracesIsNotExpandedAgain) {
  TemplateValues hostile = values();
  hostile.node_labels["site"] = "{{ .app.name }}";
  EXPECT_EQ(expand_template("{{ .node.labels.site }}", hostile).value(), "{{ .app.name }}");
}

TEST(Template, ListsOnlySoManyNames) {
  TemplateValues many;
  for (int i = 10; i < 40; ++i) many.node_facts["f" + std::to_string(i)] = "x";
  const auto result = expand_template("{{ .node.facts.nope }}", many);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("f28, f29, … (30 in all)"), std::string::npos)
      << result.error().message();
  EXPECT_EQ(result.error().message().find("f30"), std::string::npos);
}

TEST(Template, NamesItsExpressions) {
  const auto parsed =
      Template::parse("{{ .node.name }}{{ \"x\" }}{{ index .node.labels \"a.b/c\" | default \"d\" }}");
  ASSERT_TRUE(parsed);
  const auto expressions = parsed->expressions();
  ASSERT_EQ(expressions.size(), 2U);
  EXPECT_EQ(expressions[0].text(), ".node.name");
  EXPECT_EQ(expressions[1].text(), "index .node.labels \"a.b/c\"");
  EXPECT_EQ(expressions[1].fallback, "d");
}

}  // namespace
}  // namespace holdfast::gitops
