// SPDX-License-Identifier: Apache-2.0
// What reaches a terminal: its width, and nothing that commands it.
#include "hub/cli/shown_text.hpp"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("node-1"), 6U);
  EXPECT_EQ(display_width("Zürich"), 6U);
  EXPECT_EQ(display_width("東京"), 4U);
  EXPECT_EQ(display_width("e\xCC\x81t\xC3\xA9"), 3U) << "a combining accent takes no column";
  EXPECT_EQ(display_width("\U0001F680"), 2U);
  EXPECT_EQ(display_width("\xFF"), 1U);
}

struct Row {
  const char* name;
  std::string text;
  const char* safe;
};

class SafeLines : public testing::TestWithParam<Row> {};

TEST_P(SafeLines, ShowsWhatWouldCommandATerminal) { EXPECT_EQ(safe_lines(GetParam().text), GetParam().safe); }

INSTANTIATE_TEST_SUITE_P(
    Table, SafeLines,
    testing::Values(Row{"PlainText", "all is well", "all is well"}, Row{"Umlauts", "Grüße", "Grüße"},
                    Row{"LinesAndTabs", "a\n\tb", "a\n\tb"}, Row{"Escape", "\x1b[2Jgone", "\\x1b[2Jgone"},
                    Row{"CarriageReturn", "good\rbad", "good\\x0dbad"}, Row{"Bell", "\a", "\\x07"},
                    Row{"C1Control", "\xC2\x9B", "\\x9b"},
                    Row{"WritingTurnedAround", "\xE2\x80\xAEtxt", "\\u202etxt"},
                    Row{"NotUtf8", "a\xFFz", "a\\xffz"}, Row{"CutInTheMiddle", "a\xE2\x82", "a\\xe2\\x82"},
                    Row{"Nul", std::string("a\0b", 3), "a\\x00b"}),
    [](const auto& row) { return row.param.name; });

TEST(SafeCell, IsOneLine) { EXPECT_EQ(safe_cell("first\nsecond\tthird\n"), "first second third"); }

TEST(Indented, BeginsEveryFurtherLine) { EXPECT_EQ(indented("a\nb", "  "), "a\n  b"); }

}  // namespace
}  // namespace holdfast::cli
