// SPDX-License-Identifier: Apache-2.0
// YAML files: what they become, the lines that are remembered, and what hostile ones are answered.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/documents.hpp"
#include "gitops/document.hpp"

namespace holdfast::gitops {
namespace {

namespace limits = base::limits;

std::string only(const std::string& text) {
  const Documents documents = read_yaml(text);
  if (documents.problem)
    return "line " + std::to_string(documents.problem->line) + ": " + documents.problem->message;
  return documents.list.size() == 1 ? documents.list[0].json
                                    : std::to_string(documents.list.size()) + " documents";
}

struct Good {
  const char* name;
  std::string text;
  const char* json;
};

class YamlBecomes : public testing::TestWithParam<Good> {};

TEST_P(YamlBecomes, Json) { EXPECT_EQ(only(GetParam().text), GetParam().json); }

INSTANTIATE_TEST_SUITE_P(
    Table, YamlBecomes,
    testing::Values(
        Good{"MembersSorted", "b: 1\na: x\n", R"({"a":"x","b":1})"},
        Good{"Nested", "spec:\n  env:\n  - name: A\n    value: \"1\"\n",
             R"({"spec":{"env":[{"name":"A","value":"1"}]}})"},
        Good{"Flow", "{a: [1, two, {b: null}]}", R"({"a":[1,"two",{"b":null}]})"},
        Good{"QuotedStaysText", "a: \"1\"\nb: 'true'\nc: \"\"\n", R"({"a":"1","b":"true","c":""})"},
        Good{"BlockText", "a: |\n  one\n  two\nb: >-\n  folded\n  line\n",
             R"({"a":"one\ntwo\n","b":"folded line"})"},
        Good{"StringTag", "a: !!str 123\n", R"({"a":"123"})"}, Good{"IntTag", "a: !!int 5\n", R"({"a":5})"},
        Good{"NumberAsKey", "data:\n  8080: x\n  true: y\n", R"({"data":{"8080":"x","true":"y"}})"},
        Good{"EmptyValueIsNull", "a:\nb: ~\n", R"({"a":null,"b":null})"},
        Good{"Comments", "# first\na: 1 # one\n", R"({"a":1})"},
        Good{"WindowsLines", "a: 1\r\nb: 2\r\n", R"({"a":1,"b":2})"},
        Good{"ByteOrderMark",
             "\xEF\xBB\xBF"
             "a: 1\n",
             R"({"a":1})"},
        Good{"Alias", "a: &x {k: 1}\nb: *x\n", R"({"a":{"k":1},"b":{"k":1}})"},
        Good{"MergeKeyOwnWins", "base: &b {a: 1, c: 2}\nmore:\n  <<: *b\n  a: 9\n",
             R"({"base":{"a":1,"c":2},"more":{"a":9,"c":2}})"},
        Good{"MergeListFirstWins", "x: &x {a: 1}\ny: &y {a: 2, b: 2}\nz: {<<: [*x, *y]}\n",
             R"({"x":{"a":1},"y":{"a":2,"b":2},"z":{"a":1,"b":2}})"},
        Good{"QuotedMergeKeyIsAKey", "a: {\"<<\": 1}\n", R"({"a":{"<<":1}})"},
        Good{"EscapesBeyondAscii", "a: \"\\u00e4\\n\"\n", "{\"a\":\"\xC3\xA4\\n\"}"},
        Good{"OnlyAScalar", "hello\n", "\"hello\""}, Good{"Empty", "", "0 documents"},
        Good{"EmptyDocumentsAreLeftOut", "---\n---\na: 1\n---\n# nothing\n...\n", R"({"a":1})"},
        Good{"SeveralDocuments", "a: 1\n---\nb: 2\n", "2 documents"}),
    [](const auto& row) { return row.param.name; });

struct Bad {
  const char* name;
  std::string text;
  std::string answer;
};

class YamlIsRefused : public testing::TestWithParam<Bad> {};

TEST_P(YamlIsRefused, WithLineAndWayOut) { EXPECT_EQ(only(GetParam().text), GetParam().answer); }

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string billion_laughs() {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += (j == 0 ? "" : ",") + last;
    text += "]\n";
  }
  return text;
}

/// Doubles with each line, and each line has two aliases only.
std::string doubling(const std::string& first, const std::string& between) {
  std::string text = "a0: &a0 " + first + "\n";
  for (int i = 1; i < 40; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " " + between + last + ", " + last +
            (between == "[" ? "]" : "]}") + "\n";
  }
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, YamlIsRefused,
    testing::Values(
        Bad{"Unclosed", "a: [1,\n", "line 2: YAML: end of sequence flow not found"},
        Bad{"TabIndent", "a:\n\tb: 1\n", "line 2: YAML: illegal map value"},
        Bad{"DuplicateKey", "a: 1\nb: 2\na: 3\n",
            "line 3: the key \"a\" is there twice, first on line 1; remove one"},
        Bad{"DuplicateByNumber", "1: x\n\"1\": y\n",
            "line 2: the key \"1\" is there twice, first on line 1; remove one"},
        Bad{"ListAsKey", "a: 1\n? [x]\n: y\n",
            "line 2: a key must be text, and neither a list nor a mapping"},
        Bad{"NullAsKey", "a:\n  ~: x\n", "line 2: a key must be text, and neither empty nor an alias"},
        Bad{"AliasAsKey", "a: &x k\n*x : 1\n", "line 2: a key must be text, and neither empty nor an alias"},
        Bad{"AnchorOnKey", "&k a: 1\nb: *k\n", "line 2: an alias of a key; write the value out"},
        Bad{"UnknownAlias", "a: *nowhere\n", "line 1: YAML: the referenced anchor is not defined"},
        Bad{"AliasOfItself", "a: &x [1, *x]\n",
            "line 1: an alias within its own anchor has no end; write the value out"},
        Bad{"MergeOfText", "a: &x text\nb:\n  <<: *x\n",
            "line 3: \"<<\" merges mappings only; give it one, or a list of some"},
        Bad{"ForeignTag", "a: !Ref x\n",
            "line 1: the tag \"!Ref\" is not supported; write the value without it"},
        Bad{"BinaryTag", "a: 1\nb: !!binary aGk=\n",
            "line 2: the tag \"tag:yaml.org,2002:binary\" is not supported; write the value without it"},
        Bad{"TagThatDoesNotFit", "a: !!int x\n",
            "line 1: \"x\" does not fit its tag; remove the tag, or write !!str"},
        Bad{"TaggedMap", "a: !x {b: 1}\n",
            "line 1: the tag \"!x\" is not supported; write the value without it"},
        Bad{"LeadingZero", "a: 1\nmode: 0644\n",
            "line 2: \"0644\" is octal to some readers of YAML and decimal to others; put it in quotes, or "
            "write it "
            "without the leading zero"},
        Bad{"Nul", std::string("a: 1\nb: \0x\n", 11),
            "line 2: the control character 0; this is not text, or must be escaped in double quotes"},
        Bad{"EndOfTransmission", "a: 1\n\x04\nb: 2\n",
            "line 2: the control character 4; this is not text, or must be escaped in double quotes"},
        Bad{"NotUtf8", "a: 1\nb: \xff\xfe\n", "line 2: not UTF-8; save the file as UTF-8"},
        Bad{"Utf16",
            "\xff\xfe"
            "a",
            "line 1: not UTF-8; save the file as UTF-8"},
        Bad{"SurrogateEscape", "a: \"\\ud800\"\n", "line 1: YAML: invalid unicode: 55296"},
        Bad{"TooDeep", nested(65), "line 1: nested deeper than 64; make it flatter"},
        Bad{"FarTooDeep", nested(100'000), "line 1: nested deeper than 64; make it flatter"},
        Bad{"BillionLaughs", billion_laughs(),
            "line 1: aliases that become more values than 200000; write the values out"},
        Bad{"DoublingLists", doubling("[x]", "["),
            "line 2: aliases that become more values than 200000; write the values out"},
        Bad{"DoublingMerges", doubling("{k: 1}", "{<<: ["),
            "line 2: more values in this file than 200000; split the file"}),
    [](const auto& row) { return row.param.name; });

TEST(YamlReader, TakesTheDeepestAllowed) {
  EXPECT_EQ(only(nested(limits::kYamlDepthMax)), nested(limits::kYamlDepthMax));
}

TEST(YamlReader, RefusesAFileOverTheLimitWithoutReadingIt) {
  EXPECT_EQ(only(std::string(limits::kManifestFileBytesMax + 1, ' ')),
            "line 0: the file has 4194305 bytes; at most 4194304 are allowed; split it");
}

TEST(YamlReader, RefusesMoreValuesThanAllowed) {
  std::string text;
  for (std::size_t i = 0; i < limits::kYamlNodesMax; ++i) text += "- 1\n";
  EXPECT_EQ(only(text), "line 200000: more values in this file than 200000; split the file");
}

TEST(YamlReader, CountsAliasesOverAllDocumentsOfAFile) {
  std::string text;
  for (std::size_t i = 0; i <= limits::kYamlAliasesMax; ++i) text += "a: &x 1\nb: *x\n---\n";
  EXPECT_EQ(only(text), "line 302: more aliases in this file than 100; write the values out");
}

TEST(YamlReader, RefusesAliasesThatBecomeTooManyBytes) {
  std::string text = "a: &x \"" + std::string(1U << 20U, 'x') + "\"\nb:\n";
  for (int i = 0; i < 9; ++i) text += "- *x\n";
  EXPECT_EQ(only(text), "line 10: aliases that become more bytes than 8388608; write the values out");
}

TEST(YamlReader, GivesTheDocumentsBeforeTheProblem) {
  const Documents documents = read_yaml("a: 1\n---\nb: [\n");
  ASSERT_EQ(documents.list.size(), 1U);
  EXPECT_EQ(documents.list[0].json, R"({"a":1})");
  ASSERT_TRUE(documents.problem);
  EXPECT_EQ(documents.problem->message, "YAML: end of sequence flow not found");
}

TEST(YamlReader, RemembersTheLineOfEachDocumentAndField) {
  const Documents documents = read_yaml("a: 1\n---\n# comment\nz: 1\nb:\n  - x\n  - k: v\n");
  ASSERT_EQ(documents.list.size(), 2U);
  EXPECT_EQ(documents.list[0].line, 1U);
  EXPECT_EQ(documents.list[1].line, 4U);
  // b, b[0], b[1], b[1].k, z
  EXPECT_EQ(documents.list[1].lines, (FieldLines{5, 6, 7, 7, 4}));
}

TEST(YamlReader, AnAliasedFieldStandsWhereItIsUsedAndItsMembersWhereTheyAreWritten) {
  const Documents documents = read_yaml("a: &x\n  k: 1\nb:\n  *x\n");
  ASSERT_EQ(documents.list.size(), 1U);
  EXPECT_EQ(documents.list[0].lines, (FieldLines{1, 2, 3, 2}));
}

}  // namespace
}  // namespace holdfast::gitops
