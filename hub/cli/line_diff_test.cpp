// SPDX-License-Identifier: Apache-2.0
// What changes between two texts.
#include "hub/cli/line_diff.hpp"

#include <gtest/gtest.h>

#include "base/limits/client.hpp"

namespace holdfast::cli {
namespace {

std::string shown(std::string_view before, std::string_view after) {
  std::string out;
  for (const auto& line : line_diff(before, after)) out += std::string(1, line.mark) + line.text + "\n";
  return out;
}

TEST(LineDiff, OfEqualTextsIsEmpty) { EXPECT_TRUE(line_diff("a\nb\n", "a\nb\n").empty()); }

TEST(LineDiff, ShowsWhatGoesBeforeWhatComes) {
  EXPECT_EQ(shown("a\nb\nc\n", "a\nx\nc\n"), " a\n-b\n+x\n c\n");
}

TEST(LineDiff, OfSomethingNewIsAllNew) { EXPECT_EQ(shown("", "a\nb\n"), "+a\n+b\n"); }

TEST(LineDiff, OfSomethingGoneIsAllGone) { EXPECT_EQ(shown("a\nb", ""), "-a\n-b\n"); }

TEST(LineDiff, KeepsThreeLinesAroundEachChange) {
  EXPECT_EQ(shown("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\nX\n7\n8\n9\n"),
            "@\n 3\n 4\n 5\n-6\n+X\n 7\n 8\n 9\n");
}

TEST(LineDiff, OfVeryLongTextsReplacesThemWhole) {
  std::string before;
  for (std::size_t i = 0; i * i <= base::limits::kDiffCellsMax; ++i) before += std::to_string(i) + "\n";
  const auto lines = line_diff(before, before + "more\n");
  EXPECT_EQ(lines.front().mark, '-');
  EXPECT_EQ(lines.back(), (DiffLine{'+', "more"}));
}

}  // namespace
}  // namespace holdfast::cli
