// SPDX-License-Identifier: Apache-2.0
#include "sync/model/label_selector.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace holdfast::sync {
namespace {

base::Result<LabelSelector> parse(const char* text) {
  const base::Json json = *base::parse_json(text);
  return parse_label_selector(json, "spec.selector");
}

TEST(LabelSelector, MatchesWhatFitsAllOfIt) {
  const StringMap labels{{"app", "web"}, {"tier", "1"}};
  const std::pair<const char*, bool> rows[] = {
      {"{}", true},
      {R"({"matchLabels": {"app": "web"}})", true},
      {R"({"matchLabels": {"app": "web", "tier": "2"}})", false},
      {R"({"matchLabels": {"zone": ""}})", false},
      {R"({"matchExpressions": [{"key": "app", "operator": "In", "values": ["site", "web"]}]})", true},
      {R"({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]})", false},
      {R"({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]})", true},
      {R"({"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]})", false},
      {R"({"matchExpressions": [{"key": "tier", "operator": "Exists"}]})", true},
      {R"({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]})", false},
      {R"({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "zone", "operator": "Exists"}]})",
       false},
  };
  for (const auto& [text, expected] : rows) {
    const auto selector = parse(text);
    ASSERT_TRUE(selector) << selector.error().message();
    EXPECT_EQ(matches(*selector, labels), expected) << text;
  }
}

TEST(LabelSelector, IsRefusedWithTheField) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"matchExpressions": [{"key": "a", "operator": "Is"}]})",
       "spec.selector.matchExpressions[0].operator: must be one of In, NotIn, Exists, DoesNotExist"},
      {R"({"matchExpressions": [{"key": "a", "operator": "In"}]})",
       "spec.selector.matchExpressions[0].values: In and NotIn need at least one value"},
      {R"({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]})",
       "spec.selector.matchExpressions[0].values: Exists and DoesNotExist take no values"},
  };
  for (const auto& [text, message] : rows) EXPECT_EQ(parse(text).error().message(), message);
}

}  // namespace
}  // namespace holdfast::sync
