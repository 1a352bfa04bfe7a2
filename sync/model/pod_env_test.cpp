// SPDX-License-Identifier: Apache-2.0
// $(NAME) in values and arguments, and what resourceFieldRef gives.
#include "sync/model/pod_env.hpp"

#include <gtest/gtest.h>

#include <map>

namespace holdfast::sync {
namespace {

TEST(PodEnv, ReferencesAreExpandedAsKubernetesDoes) {
  const std::map<std::string, std::string, std::less<>> set{{"A", "1"}, {"B", "$(A)"}, {"EMPTY", ""}};
  const auto find = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = set.find(name);
    if (found == set.end()) return std::nullopt;
    return found->second;
  };
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},          {"plain", "plain"}, {"a $(A) b$(A)", "a 1 b1"},
      {"$(B)", "$(A)"},  {"$(EMPTY)-", "-"}, {"$(UNKNOWN)", "$(UNKNOWN)"},
      {"$$(A)", "$(A)"}, {"$$$(A)", "$1"},   {"$A ${A}", "$A ${A}"},
      {"$(A", "$(A"},    {"$()", "$()"},     {"$", "$"},
      {"$$", "$"},
  };
  for (const auto& [text, expanded] : rows) EXPECT_EQ(expand_variables(text, find), expanded) << text;
}

TEST(PodEnv, ResourcesAreRoundedUpToWholeDivisors) {
  EXPECT_EQ(in_divisors(1'500, 1'000), 2);
  EXPECT_EQ(in_divisors(1'500, 1), 1'500);
  EXPECT_EQ(in_divisors(2'000, 1'000), 2);
  EXPECT_EQ(in_divisors(0, 1'000), 0);
  EXPECT_EQ(in_divisors(INT64_MAX, 1'000), INT64_MAX / 1'000 + 1);
}

}  // namespace
}  // namespace holdfast::sync
