// SPDX-License-Identifier: Apache-2.0
// JSON Patch: the examples of RFC 6902, appendix A, and what is refused.
#include "base/json_patch.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/kustomize.hpp"

namespace holdfast::base {
namespace {

/// The document afterwards, or the error.
std::string patched(const char* document, const std::string& patch) {
  Json value = Json::parse(document);
  const Json before = value;
  const auto status = apply_json_patch(value, Json::parse(patch));
  if (status) return canonical_json(value);
  EXPECT_EQ(value, before) << "a patch is applied whole or not at all";
  return status.error().message();
}

struct Row {
  const char* name;
  const char* document;
  const char* patch;
  const char* after;
};

class JsonPatchTable : public testing::TestWithParam<Row> {};

TEST_P(JsonPatchTable, GivesWhatItSays) {
  EXPECT_EQ(patched(GetParam().document, GetParam().patch), GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(
    Applied, JsonPatchTable,
    testing::Values(
        Row{"AddMember", R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])",
            R"({"baz":"qux","foo":"bar"})"},
        Row{"AddElement", R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])",
            R"({"foo":["bar","qux","baz"]})"},
        Row{"AddAtTheEnd", R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["a"]}])",
            R"({"foo":["bar",["a"]]})"},
        Row{"AddReplacesAMember", R"({"a":1})", R"([{"op":"add","path":"/a","value":null}])",
            R"({"a":null})"},
        Row{"AddOfTheWhole", R"({"a":1})", R"([{"op":"add","path":"","value":[2]}])", R"([2])"},
        Row{"RemoveMember", R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])",
            R"({"foo":"bar"})"},
        Row{"RemoveElement", R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])",
            R"({"foo":["bar","baz"]})"},
        Row{"Replace", R"({"baz":"qux"})", R"([{"op":"replace","path":"/baz","value":{"a":1}}])",
            R"({"baz":{"a":1}})"},
        Row{"MoveMember", R"({"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}})",
            R"([{"op":"move","from":"/foo/waldo","path":"/qux/thud"}])",
            R"({"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}})"},
        Row{"MoveElement", R"({"foo":["all","grass","cows","eat"]})",
            R"([{"op":"move","from":"/foo/1","path":"/foo/3"}])", R"({"foo":["all","cows","eat","grass"]})"},
        Row{"Copy", R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"}])",
            R"({"a":{"b":1},"c":{"b":1}})"},
        Row{"TestThatHolds", R"({"baz":"qux","foo":["a",2,"c"]})",
            R"([{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}])",
            R"({"baz":"qux","foo":["a",2,"c"]})"},
        Row{"EscapedNames", R"({"a/b":1,"m~n":2})",
            R"([{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/m~0n","value":3}])", R"({"m~n":3})"},
        Row{"TheNameThatIsEmpty", R"({"":1})", R"([{"op":"remove","path":"/"}])", R"({})"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Refused, JsonPatchTable,
    testing::Values(Row{"NoList", "{}", "{}", "a JSON patch is a list of operations"},
                    Row{"NoObject", "{}", "[1]", "[0]: must be an object with op and path"},
                    Row{"UnknownOperation", "{}", R"([{"op":"merge","path":"/a"}])",
                        "[0].op: must be add, remove, replace, move, copy or test"},
                    Row{"NoPath", "{}", R"([{"op":"remove"}])", "[0].path: is missing"},
                    Row{"NoValue", "{}", R"([{"op":"add","path":"/a"}])",
                        "[0].value: is missing; write null where that is meant"},
                    Row{"NoFrom", "{}", R"([{"op":"copy","path":"/a"}])", "[0].from: is missing"},
                    Row{"UnknownMember", "{}", R"([{"op":"remove","path":"/a","valeu":1}])",
                        "[0]: unknown field \"valeu\""},
                    Row{"PointerWithoutSlash", "{}", R"([{"op":"remove","path":"a"}])",
                        "[0].path: a pointer begins with \"/\""},
                    Row{"BadEscape", "{}", R"([{"op":"remove","path":"/a~2"}])",
                        "[0].path: \"~\" is written ~0, and \"/\" within a name ~1"},
                    Row{"RemoveNothing", R"({"a":1})", R"([{"op":"remove","path":"/b"}])",
                        "[0]: remove of \"/b\": there is no \"b\""},
                    Row{"ReplaceNothing", R"({"a":1})", R"([{"op":"replace","path":"/b","value":1}])",
                        "[0]: replace of \"/b\": there is no \"b\""},
                    Row{"AddIntoNothing", R"({"a":1})", R"([{"op":"add","path":"/b/c","value":1}])",
                        "[0]: add of \"/b/c\": there is no \"b\""},
                    Row{"AddIntoAValue", R"({"a":1})", R"([{"op":"add","path":"/a/c","value":1}])",
                        "[0]: add of \"/a/c\": there is a plain value before \"c\""},
                    Row{"BeyondTheEnd", R"({"a":[1]})", R"([{"op":"add","path":"/a/2","value":1}])",
                        "[0]: add of \"/a/2\": the list has only 1 elements"},
                    Row{"NoIndex", R"({"a":[1]})", R"([{"op":"remove","path":"/a/-"}])",
                        "[0]: remove of \"/a/-\": \"-\" is no place in a list"},
                    Row{"LeadingZero", R"({"a":[1,2]})", R"([{"op":"remove","path":"/a/01"}])",
                        "[0]: remove of \"/a/01\": \"01\" is no place in a list"},
                    Row{"TheWhole", R"({"a":1})", R"([{"op":"remove","path":""}])",
                        "[0]: remove of the whole document: the whole document cannot be removed"},
                    Row{"IntoItself", R"({"a":{}})", R"([{"op":"move","from":"/a","path":"/a/b"}])",
                        "[0]: move of \"/a/b\": cannot be moved into itself"},
                    Row{"TestThatFails", R"({"a":1})",
                        R"([{"op":"remove","path":"/a"},{"op":"test","path":"","value":1}])",
                        "[1]: test of the whole document: the test fails: the value is another one"}),
    [](const auto& row) { return row.param.name; });

TEST(JsonPatch, HasAtMostSoManyOperations) {
  Json patch = Json::array();
  for (std::size_t i = 0; i < limits::kJsonPatchOperationsMax; ++i)
    patch.push_back({{"op", "add"}, {"path", "/a"}, {"value", i}});
  EXPECT_TRUE(check_json_patch(patch));
  patch.push_back(patch[0]);
  EXPECT_EQ(check_json_patch(patch).error().code(), Code::kLimit);
}

TEST(JsonPatch, CopiesOfCopiesEndAtTheLimitOfValues) {
  Json patch = Json::array();
  for (int i = 0; i < 40; ++i) patch.push_back({{"op", "copy"}, {"from", "/a"}, {"path", "/a/-"}});
  Json wide = Json::parse(R"({"a":[1,2]})");
  EXPECT_EQ(apply_json_patch(wide, patch).error().code(), Code::kLimit);
  EXPECT_EQ(wide, Json::parse(R"({"a":[1,2]})"));
}

TEST(JsonPatch, CopiesOfATextEndAtTheLimitOfBytes) {
  const std::size_t half = limits::kJsonPatchedBytesMax / 2;
  Json document{{"a", std::string(half - 2, 'x')}};
  Json patch = Json::array({{{"op", "copy"}, {"from", "/a"}, {"path", "/b"}}});
  EXPECT_EQ(patch.size(), 1U);
  Json full = document;
  EXPECT_TRUE(apply_json_patch(full, patch));
  document["a"] = std::string(half, 'x');
  const Json before = document;
  EXPECT_EQ(apply_json_patch(document, patch).error().code(), Code::kLimit);
  EXPECT_EQ(document, before);
}

TEST(JsonPatch, CopiesOfCopiesEndAtTheLimitOfDepth) {
  Json patch = Json::array();
  std::string path = "/a";
  for (int i = 0; i < 62; ++i) {
    patch.push_back({{"op", "add"}, {"path", path}, {"value", Json::object()}});
    path += "/a";
  }
  Json deep = Json::object();
  EXPECT_TRUE(apply_json_patch(deep, patch));
  patch.push_back({{"op", "copy"}, {"from", "/a"}, {"path", "/a/b"}});
  EXPECT_TRUE(apply_json_patch(deep, patch));
  patch.push_back({{"op", "copy"}, {"from", "/a"}, {"path", "/a/b"}});
  EXPECT_EQ(apply_json_patch(deep, patch).error().code(), Code::kLimit);
}

}  // namespace
}  // namespace holdfast::base
