// SPDX-License-Identifier: Apache-2.0
// From the text of an error to the line that it speaks of.
#include "gitops/field_lines.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gitops/document.hpp"

namespace holdfast::gitops {
namespace {

struct Row {
  const char* name;
  const char* text;
  const char* field;
  const char* message;
};

class FieldMessageIs : public testing::TestWithParam<Row> {};

TEST_P(FieldMessageIs, TakenApart) {
  const FieldMessage split = split_field_message(GetParam().text);
  EXPECT_EQ(split.field.text(), GetParam().field);
  EXPECT_EQ(split.message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, FieldMessageIs,
    testing::Values(Row{"Plain", "spec.path: must be absolute", "spec.path", "must be absolute"},
                    Row{"Index", "spec.env[2].name: is wrong", "spec.env[2].name", "is wrong"},
                    Row{"QuotedName", "data[\"a.b/c\"]: too long", "data[\"a.b/c\"]", "too long"},
                    Row{"Sentence", "unknown thing: here", "", "unknown thing: here"},
                    Row{"NoColon", "spec.path is wrong", "", "spec.path is wrong"},
                    Row{"ColonWithoutSpace", "spec:x", "", "spec:x"}, Row{"Empty", "", "", ""},
                    Row{"OpenBracket", "a[: x", "", "a[: x"}, Row{"DotAtTheEnd", "a.: x", "", "a.: x"}),
    [](const auto& row) { return row.param.name; });

class FieldLinesTest : public testing::Test {
 protected:
  std::uint32_t line(const std::string& field) const {
    return line_of(base::parse_json(document_.json).value(), document_.lines,
                   split_field_message(field + ": x").field, 99);
  }
  Document document_ = read_yaml(
                           "kind: File\n"     // 1
                           "spec:\n"          // 2
                           "  path: /a\n"     // 3
                           "  env:\n"         // 4
                           "  - name: A\n"    // 5
                           "  - name: B\n"    // 6
                           "    value: x\n"   // 7
                           "metadata:\n"      // 8
                           "  labels:\n"      // 9
                           "    a.b/c: d\n")  // 10
                           .list.at(0);
};

TEST_F(FieldLinesTest, NamesTheFieldsOwnLine) {
  EXPECT_EQ(line("kind"), 1U);
  EXPECT_EQ(line("spec"), 2U);
  EXPECT_EQ(line("spec.path"), 3U);
  EXPECT_EQ(line("spec.env[1]"), 6U);
  EXPECT_EQ(line("spec.env[1].value"), 7U);
  EXPECT_EQ(line("metadata.labels[\"a.b/c\"]"), 10U);
}

TEST_F(FieldLinesTest, AMissingFieldStandsWhereItsParentDoes) {
  EXPECT_EQ(line("spec.owner"), 2U);
  EXPECT_EQ(line("spec.env[7].name"), 4U);
  EXPECT_EQ(line("spec.path.more"), 3U);
  EXPECT_EQ(line("status"), 99U);
}

TEST_F(FieldLinesTest, ElementsOfAListKnowTheirOwnLines) {
  const Document list = read_yaml("kind: List\nitems:\n- a: 1\n- b:\n    c: 2\n").list.at(0);
  const base::Json value = base::parse_json(list.json).value();
  const auto elements = elements_of(value, list.lines, "items");
  ASSERT_EQ(elements.size(), 2U);
  EXPECT_EQ(elements[0].line, 3U);
  EXPECT_EQ(elements[1].line, 4U);
  EXPECT_EQ(elements[1].value->dump(), R"({"b":{"c":2}})");
  EXPECT_EQ(elements[1].lines, (FieldLines{4, 5}));
}

TEST(FieldPath, KnowsWhatLiesWithinIt) {
  const FieldPath spec = FieldPath{}.member("spec");
  EXPECT_TRUE(spec.member("env").element(1).within(spec));
  EXPECT_TRUE(spec.within(spec));
  EXPECT_FALSE(spec.within(spec.member("env")));
  EXPECT_FALSE(FieldPath{}.member("special").within(spec));
}

}  // namespace
}  // namespace holdfast::gitops
