// SPDX-License-Identifier: Apache-2.0
#include "sync/link/topic_filter.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace holdfast::sync {
namespace {

TEST(TopicFilter, MatchesAsMqttSays) {
  struct Row {
    const char* filter;
    const char* topic;
    bool matches;
  };
  const std::vector<Row> rows = {
      {"a/b", "a/b", true},
      {"a/b", "a/c", false},
      {"a/b", "a/b/c", false},
      {"a/b/c", "a/b", false},
      {"a/+", "a/b", true},
      {"a/+", "a/", true},
      {"a/+", "a", false},
      {"a/+", "a/b/c", false},
      {"+/b", "a/b", true},
      {"+/+", "a/b", true},
      {"+", "a", true},
      {"+", "a/b", false},
      {"a/#", "a/b", true},
      {"a/#", "a/b/c", true},
      {"a/#", "a", true},
      {"a/#", "ab", false},
      {"#", "a/b/c", true},
      {"#", "$SYS/x", false},
      {"+/x", "$SYS/x", false},
      {"$SYS/#", "$SYS/x", true},
      {"hf/1/+/+/up/#", "hf/1/3/uid/up", true},
      {"hf/1/+/+/up/#", "hf/1/3/uid/up/presence", true},
      {"hf/1/+/+/up/#", "hf/1/3/uid/dn", false},
      {"hf/1/+/+/up/#", "hf/1/3/up", false},
      {"", "a", false},
      {"a", "", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(topic_matches(row.filter, row.topic), row.matches) << row.filter << " " << row.topic;
}

}  // namespace
}  // namespace holdfast::sync
