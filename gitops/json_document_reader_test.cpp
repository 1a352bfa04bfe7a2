// SPDX-License-Identifier: Apache-2.0
// JSON files: strict, and with lines as YAML has them.
#include <gtest/gtest.h>

#include "gitops/document.hpp"

namespace holdfast::gitops {
namespace {

TEST(JsonReader, RemembersTheLineOfEachField) {
  const Documents documents = read_json("\n{\n \"z\": 1,\n \"b\": [\n  \"x\",\n  {\"k\": null}\n ]\n}\n");
  ASSERT_FALSE(documents.problem) << documents.problem->message;
  ASSERT_EQ(documents.list.size(), 1U);
  EXPECT_EQ(documents.list[0].json, R"({"b":["x",{"k":null}],"z":1})");
  EXPECT_EQ(documents.list[0].line, 2U);
  EXPECT_EQ(documents.list[0].lines, (FieldLines{4, 5, 6, 6, 3}));
}

TEST(JsonReader, TakesStringsWithEveryEscape) {
  const Documents documents = read_json(R"({"a\"]}": "\u00e4\ud83d\ude00\\\" {[,:"})");
  ASSERT_EQ(documents.list.size(), 1U);
  EXPECT_EQ(documents.list[0].json, "{\"a\\\"]}\":\"\xC3\xA4\xF0\x9F\x98\x80\\\\\\\" {[,:\"}");
}

struct Bad {
  const char* name;
  const char* text;
  std::uint32_t line;
  const char* message;
};

class JsonIsRefused : public testing::TestWithParam<Bad> {};

TEST_P(JsonIsRefused, WithItsLine) {
  const Documents documents = read_json(GetParam().text);
  ASSERT_TRUE(documents.problem);
  EXPECT_EQ(documents.problem->line, GetParam().line);
  EXPECT_EQ(documents.problem->message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, JsonIsRefused,
    testing::Values(
        Bad{"DuplicateKey", "{\n\"a\": 1,\n\"a\": 2}", 3,
            "JSON: the member \"a\" is there twice; remove one"},
        Bad{"TrailingText", "{}\n{}\n", 2,
            "JSON: syntax error while parsing value - unexpected '{'; expected end of input"},
        Bad{"Empty", "", 1,
            "JSON: syntax error while parsing value - unexpected end of input; expected '[', '{', or a "
            "literal"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace holdfast::gitops
