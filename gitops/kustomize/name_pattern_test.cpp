// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/name_pattern.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/limits/kustomize.hpp"

namespace holdfast::gitops {
namespace {

bool fits(std::string_view pattern, std::string_view name) {
  const auto parsed = NamePattern::parse(pattern);
  EXPECT_TRUE(parsed) << pattern << ": " << parsed.error().message();
  return parsed && parsed->matches(name);
}

TEST(NamePattern, FitsTheWholeName) {
  EXPECT_TRUE(fits("web", "web"));
  EXPECT_FALSE(fits("web", "web-1"));
  EXPECT_FALSE(fits("web", "a-web"));
  EXPECT_TRUE(fits("^web$", "web"));
  EXPECT_TRUE(fits("", "anything"));
  EXPECT_TRUE(fits("", ""));
}

TEST(NamePattern, KnowsRepetitionAlternativesAndClasses) {
  EXPECT_TRUE(fits("web.*", "web"));
  EXPECT_TRUE(fits("web.*", "web-1"));
  EXPECT_FALSE(fits("web.+", "web"));
  EXPECT_TRUE(fits("webs?", "web"));
  EXPECT_TRUE(fits("a|b|cd", "cd"));
  EXPECT_FALSE(fits("a|b|cd", "c"));
  EXPECT_TRUE(fits("(ab)+-[0-9]+", "abab-17"));
  EXPECT_FALSE(fits("(?:ab)+-[^0-9]", "ab-1"));
  EXPECT_TRUE(fits("[a-c]\\d\\w\\.x", "b7_.x"));
  EXPECT_FALSE(fits("\\.", "a"));
  EXPECT_TRUE(fits("a(|b)c", "ac"));
  EXPECT_TRUE(fits("(a*)*b", "aab"));
}

TEST(NamePattern, IsNotExpensiveWhateverIsWritten) {
  EXPECT_FALSE(fits("(a*)*(a*)*(a*)*b", std::string(253, 'a')));
  EXPECT_FALSE(fits("((((a+)+)+)+)+x", std::string(253, 'a')));
}

TEST(NamePattern, WhatItDoesNotKnowIsRefused) {
  for (const char* pattern : {"a{2}", "(", ")", "a)", "[a", "[b-a]", "*a", "a**", "\\", "\\b", "(?i)a",
                              "[[:alpha:]]", "a^b", "a$b"})
    EXPECT_FALSE(NamePattern::parse(pattern)) << pattern;
  EXPECT_EQ(NamePattern::parse("a{2}").error().message(),
            "\"a{2}\": \"{…}\" is not supported in a pattern; write it out");
}

TEST(NamePattern, IsBounded) {
  EXPECT_TRUE(NamePattern::parse(std::string(base::limits::kNamePatternBytesMax, 'a')));
  EXPECT_FALSE(NamePattern::parse(std::string(base::limits::kNamePatternBytesMax + 1, 'a')));
  EXPECT_FALSE(NamePattern::parse(std::string(100, '(') + std::string(100, ')')));
}

}  // namespace
}  // namespace holdfast::gitops
