// SPDX-License-Identifier: Apache-2.0
// Columns line up whatever is in them.
#include "hub/cli/table.hpp"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

const Style kPlain(false);

TEST(Table, LinesUpAndLeavesNoSpaceAtTheEnd) {
  Table table({"NAME", "SYNC", "MESSAGE"});
  table.add({"cameras", "Synced", ""});
  table.add({"web", "OutOfSync", "waits"});
  EXPECT_EQ(table.text(kPlain),
            "NAME      SYNC        MESSAGE\n"
            "cameras   Synced\n"
            "web       OutOfSync   waits\n");
}

TEST(Table, CountsColumnsOfTheTerminal) {
  Table table({"CITY", "N"});
  table.add({"東京", "1"});
  table.add({"Köln", "2"});
  EXPECT_EQ(table.text(kPlain), "CITY   N\n東京   1\nKöln   2\n");
}

TEST(Table, AnEmptyCellKeepsItsColumn) {
  Table table({"A", "B", "C"});
  table.add({"1", "", "3"});
  EXPECT_EQ(table.text(kPlain), "A   B   C\n1       3\n");
}

TEST(Table, ShortRowsAreFilledAndLongOnesCut) {
  Table table({"A", "B"});
  table.add({"1"});
  table.add({"1", "2", "3"});
  EXPECT_EQ(table.text(kPlain), "A   B\n1\n1   2\n");
}

TEST(Table, ColoursTheWordsThatSayHowSomethingIs) {
  Table table({"NAME", "HEALTH", "AGE"});
  table.add({"a", "Healthy", "1d"});
  table.add({"b", "Degraded", "1d"});
  EXPECT_EQ(table.text(Style(true)),
            "NAME   HEALTH     AGE\n"
            "a      \x1b[32mHealthy\x1b[0m    1d\n"
            "b      \x1b[31mDegraded\x1b[0m   1d\n");
}

TEST(Table, ACellCannotCommandTheTerminal) {
  Table table({"MESSAGE"});
  table.add({"\x1b[2J\nnext"});
  EXPECT_EQ(table.text(kPlain), "MESSAGE\n\\x1b[2J next\n");
}

TEST(Table, RowsThatComeLaterKeepTheColumnsOfThoseBefore) {
  Table first({"NAME", "N"});
  first.add({"a-long-name", "1"});
  std::vector<std::size_t> widths;
  EXPECT_EQ(first.header_text(widths), "NAME          N\n");
  EXPECT_EQ(first.rows_text(kPlain, widths), "a-long-name   1\n");
  Table second({"NAME", "N"});
  second.add({"b", "2"});
  EXPECT_EQ(second.rows_text(kPlain, widths), "b             2\n");
}

}  // namespace
}  // namespace holdfast::cli
