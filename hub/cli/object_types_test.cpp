// SPDX-License-Identifier: Apache-2.0
// Types by every name that people know from kubectl.
#include "hub/cli/object_types.hpp"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

struct Row {
  const char* name;
  const char* plural;
};

class TypeNames : public testing::TestWithParam<Row> {};

TEST_P(TypeNames, MeanTheType) {
  const auto type = find_object_type(GetParam().name);
  ASSERT_TRUE(type);
  EXPECT_EQ((*type)->plural, GetParam().plural);
}

INSTANTIATE_TEST_SUITE_P(Table, TypeNames,
                         testing::Values(Row{"applications", "applications"},
                                         Row{"application", "applications"},
                                         Row{"Application", "applications"}, Row{"app", "applications"},
                                         Row{"apps", "applications"}, Row{"no", "nodes"},
                                         Row{"Nodes", "nodes"}, Row{"res", "resources"}, Row{"ev", "events"},
                                         Row{"events", "events"}, Row{"token", "enrollmenttokens"},
                                         Row{"proj", "projects"}),
                         [](const auto& row) { return row.param.name; });

TEST(FindObjectType, NamesThoseThereAre) {
  const auto type = find_object_type("pods");
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().message(),
            "there is no type \"pods\"; the hub has applications, nodes, resources, events, "
            "enrollmenttokens, projects");
}

TEST(FindObjectType, ByKindKnowsNoReports) {
  ASSERT_NE(find_object_type_by_kind("Application"), nullptr);
  EXPECT_EQ(find_object_type_by_kind("Resource"), nullptr);
  EXPECT_EQ(find_object_type_by_kind("Deployment"), nullptr);
}

}  // namespace
}  // namespace holdfast::cli
