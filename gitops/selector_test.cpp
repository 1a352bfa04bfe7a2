// SPDX-License-Identifier: Apache-2.0
// Label selectors, in a manifest and on a command line.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gitops/application.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;

/// The selector back as text, in one form.
std::string shown(const LabelSelector& selector) {
  std::string out;
  for (const auto& [key, value] : selector.match_labels) out += key + "=" + value + ";";
  for (const auto& requirement : selector.match_expressions) {
    constexpr std::string_view kWords[] = {"in", "notin", "exists", "absent"};
    out += requirement.key + " " + std::string(kWords[static_cast<std::size_t>(requirement.op)]);
    for (const auto& value : requirement.values) out += " " + value;
    out += ";";
  }
  return out;
}

struct Row {
  const char* name;
  const char* text;
  const char* result;
};

class SelectorText : public testing::TestWithParam<Row> {};

TEST_P(SelectorText, MeansWhatKubectlMeans) {
  const auto selector = parse_selector_text(GetParam().text);
  ASSERT_TRUE(selector) << selector.error().message();
  EXPECT_EQ(shown(*selector), GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SelectorText,
    testing::Values(Row{"Empty", "", ""}, Row{"Equal", "role=camera", "role=camera;"},
                    Row{"DoubleEqual", "role==camera", "role=camera;"},
                    Row{"NotEqual", "role!=camera", "role notin camera;"},
                    Row{"Exists", "role", "role exists;"}, Row{"Absent", "!role", "role absent;"},
                    Row{"In", "site in (a, b)", "site in a b;"},
                    Row{"NotIn", "site notin (a,b)", "site notin a b;"},
                    Row{"InWithoutSpace", "site in(a)", "site in a;"},
                    Row{"Several", "role=camera,site in (a,b),!old", "role=camera;site in a b;old absent;"},
                    Row{"Spaces", " role = camera , tier != x ", "role=camera;tier notin x;"},
                    Row{"EmptyValue", "role=", "role=;"},
                    Row{"Prefix", "example.com/role=camera", "example.com/role=camera;"},
                    Row{"SameLabelTwiceMustBothHold", "a=1,a=2", "a=1;a in 2;"}),
    [](const auto& row) { return row.param.name; });

class SelectorTextIsRefused : public testing::TestWithParam<Row> {};

TEST_P(SelectorTextIsRefused, NamingTheRequirement) {
  const auto selector = parse_selector_text(GetParam().text);
  ASSERT_FALSE(selector);
  EXPECT_TRUE(selector.error().message().starts_with(GetParam().result)) << selector.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Table, SelectorTextIsRefused,
    testing::Values(Row{"NoKey", "=x", "selector \"=x\": the label \"\": "},
                    Row{"EmptyRequirement", "a=b,,c", "selector \"\": the label \"\": "},
                    Row{"BadValue", "a=b c", "selector \"a=b c\": the value \"b c\": "},
                    Row{"NoParentheses", "a in b",
                        "selector \"a in b\": values stand in parentheses: site in (a,b)"},
                    Row{"OpenParenthesis", "a in (b", "selector \"a in (b\": values stand in parentheses"},
                    Row{"BadKey", "a b", "selector \"a b\": the label \"a b\": "}),
    [](const auto& row) { return row.param.name; });

TEST(LabelSelector, ReadsBothFormsOfAManifest) {
  const Json value = Json::parse(R"({"matchLabels": {"role": "camera"}, "matchExpressions": [
      {"key": "site", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"}]})");
  const auto selector = parse_label_selector(value, "spec.placement.selector");
  ASSERT_TRUE(selector) << selector.error().message();
  EXPECT_EQ(shown(*selector), "role=camera;site in a b;old absent;");
}

TEST(LabelSelector, EmptyMatchesEverything) {
  EXPECT_EQ(parse_label_selector(Json::object(), "s").value(), LabelSelector{});
}

class LabelSelectorIsRefused : public testing::TestWithParam<Row> {};

TEST_P(LabelSelectorIsRefused, NamingTheField) {
  const auto selector = parse_label_selector(Json::parse(GetParam().text), "s");
  ASSERT_FALSE(selector);
  EXPECT_TRUE(selector.error().message().starts_with(GetParam().result)) << selector.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Table, LabelSelectorIsRefused,
    testing::Values(
        Row{"UnknownField", R"({"matchLabel": {}})",
            "s: unknown field \"matchLabel\"; did you mean \"matchLabels\"?"},
        Row{"UnknownOperator", R"({"matchExpressions": [{"key": "a", "operator": "Like"}]})",
            "s.matchExpressions[0].operator: \"Like\" must be one of In, NotIn, Exists, DoesNotExist"},
        Row{"InWithoutValues", R"({"matchExpressions": [{"key": "a", "operator": "In"}]})",
            "s.matchExpressions[0]: In and NotIn need at least one value"},
        Row{"ExistsWithValues",
            R"({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]})",
            "s.matchExpressions[0]: Exists and DoesNotExist take no values"},
        Row{"BadKey", R"({"matchLabels": {"a b": "x"}})", "s.matchLabels: the label \"a b\": "},
        Row{"NoText", R"({"matchLabels": {"a": 1}})", "s.matchLabels.a: must be a string, not a number"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace holdfast::gitops
