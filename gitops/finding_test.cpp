// SPDX-License-Identifier: Apache-2.0
// Findings as people read them.
#include "gitops/finding.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace holdfast::gitops {
namespace {

const Finding kWhole{Severity::kError, "apps/web/site.yaml", 12,
                     "File/motd",      "spec.path",          "must be absolute"};

TEST(Finding, NamesFileLineResourceAndField) {
  EXPECT_EQ(kWhole.text(), "apps/web/site.yaml:12: File/motd: spec.path: must be absolute");
}

TEST(Finding, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ((Finding{Severity::kError, "a.yaml", 0, "", "", "cannot be read"}).text(),
            "a.yaml: cannot be read");
  EXPECT_EQ((Finding{Severity::kError, "", 0, "", "", "nothing here"}).text(), "nothing here");
}

TEST(Finding, AWarningSaysThatItIsOne) {
  EXPECT_EQ((Finding{Severity::kWarning, "a.yaml", 3, "", "spec", "is old"}).text(),
            "a.yaml:3: spec: warning: is old");
}

TEST(Finding, IsOneLineOfUtf8WhateverGitSays) {
  const Finding hostile{
      Severity::kError, "apps/caf\xe9\n.yaml", 1, "", "", std::string("bad\x1b[31m") + '\0'};
  EXPECT_EQ(hostile.text(), "apps/caf\uFFFD?.yaml:1: bad?[31m?");
  EXPECT_TRUE(base::is_utf8(summary({hostile, hostile}, 5)));
  EXPECT_LT((Finding{Severity::kError, std::string(1U << 20U, 'x'), 1, "", "", "y"}).text().size(), 8'192U);
}

TEST(Findings, HaveErrorsWhenOneIs) {
  EXPECT_FALSE(has_errors({}));
  EXPECT_FALSE(has_errors({{Severity::kWarning, "a", 1, "", "", "x"}}));
  EXPECT_TRUE(has_errors({{Severity::kWarning, "a", 1, "", "", "x"}, kWhole}));
}

TEST(Findings, SummaryCountsWhatItLeavesOut) {
  const Findings three{{Severity::kError, "a", 1, "", "", "x"},
                       {Severity::kError, "b", 2, "", "", "y"},
                       {Severity::kError, "c", 3, "", "", "z"}};
  EXPECT_EQ(summary(three, 3), "a:1: x\nb:2: y\nc:3: z");
  EXPECT_EQ(summary(three, 1), "a:1: x\n… and 2 more");
  EXPECT_EQ(summary(three, 0), "… and 3 more");
  EXPECT_EQ(summary({}, 5), "");
}

}  // namespace
}  // namespace holdfast::gitops
