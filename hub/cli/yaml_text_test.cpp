// SPDX-License-Identifier: Apache-2.0
// YAML for people reads back as the same value.
#include "hub/cli/yaml_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gitops/document.hpp"

namespace holdfast::cli {
namespace {

using base::Json;

Json read_back(const std::string& yaml) {
  const auto documents = gitops::read_yaml(yaml);
  EXPECT_FALSE(documents.problem) << documents.problem->message << "\n" << yaml;
  if (documents.list.size() != 1) return "not one document";
  return *base::parse_json(documents.list.front().json);
}

TEST(YamlText, IsAsKubectlWritesIt) {
  const Json object{{"kind", "Node"},
                    {"metadata", {{"labels", {{"role", "camera"}, {"rack", "7"}}}, {"name", "node-1"}}},
                    {"spec",
                     {{"args", {"-v", "run"}},
                      {"env", {{{"name", "A"}, {"value", ""}}}},
                      {"empty", Json::object()},
                      {"none", Json::array()}}},
                    {"text", "one\n\n  two\n"}};
  EXPECT_EQ(yaml_text(object),
            "kind: Node\n"
            "metadata:\n"
            "  labels:\n"
            "    rack: \"7\"\n"
            "    role: camera\n"
            "  name: node-1\n"
            "spec:\n"
            "  args:\n"
            "  - \"-v\"\n"
            "  - run\n"
            "  empty: {}\n"
            "  env:\n"
            "  - name: A\n"
            "    value: \"\"\n"
            "  none: []\n"
            "text: |\n"
            "  one\n"
            "\n"
            "    two\n");
}

struct Row {
  const char* name;
  Json value;
};

class YamlReadsBack : public testing::TestWithParam<Row> {};

TEST_P(YamlReadsBack, AsTheSameValue) {
  const Json document{{"value", GetParam().value}, {"list", {GetParam().value, {GetParam().value}}}};
  EXPECT_EQ(read_back(yaml_text(document)), document) << yaml_text(document);
}

INSTANTIATE_TEST_SUITE_P(
    Table, YamlReadsBack,
    testing::Values(
        Row{"Null", nullptr}, Row{"True", true}, Row{"Number", 42}, Row{"Fraction", 1.5},
        Row{"Word", "hello"}, Row{"EmptyText", ""}, Row{"TextThatIsANumber", "0644"},
        Row{"TextThatIsTrue", "true"}, Row{"OldTruth", "no"}, Row{"OldTruthInCapitals", "Yes"},
        Row{"Tilde", "~"}, Row{"Time", "2026-01-01T00:00:00Z"}, Row{"Sexagesimal", "12:30:45"},
        Row{"Exponent", "1e3"}, Row{"Hex", "0x1F"}, Row{"Infinity", ".inf"}, Row{"Colon", "a: b"},
        Row{"EndsWithColon", "a:"}, Row{"Url", "https://git.example.com/a.git"}, Row{"Comment", "a #b"},
        Row{"Hash", "a#b"}, Row{"Indicator", "- a"}, Row{"Brace", "{{ .node.name }}"},
        Row{"Quote", "\"quoted\""}, Row{"SpaceAround", " a "}, Row{"Merge", "<<"}, Row{"DocumentMark", "---"},
        Row{"Umlaut", "Grüße"}, Row{"Escape", "\x1b[2J"}, Row{"C1", "\xC2\x9B"}, Row{"Tab", "a\tb"},
        Row{"Lines", "a\nb"}, Row{"LinesEnded", "a\nb\n"}, Row{"LinesEndedTwice", "a\nb\n\n"},
        Row{"LineFirst", "\na"}, Row{"SpaceBeforeLines", "  a\nb\n"}, Row{"SpaceAtALinesEnd", "a \nb\n"},
        Row{"CarriageReturns", "a\r\nb\r\n"}, Row{"OnlyALine", "\n"}, Row{"NestedList", Json{{1, 2}, {3}}},
        Row{"EmptyObject", Json::object()}, Row{"EmptyList", Json::array()},
        Row{"OddKeys", Json{{"", 1}, {"a b", 2}, {"yes", 3}, {"1", 4}, {"k: v", 5}, {"a/b.c", 6}}}),
    [](const auto& row) { return row.param.name; });

TEST(YamlText, OfAScalarAlone) {
  EXPECT_EQ(yaml_text(Json("a: b")), "\"a: b\"\n");
  EXPECT_EQ(yaml_text(Json::array({1, "b"})), "- 1\n- b\n");
}

}  // namespace
}  // namespace holdfast::cli
