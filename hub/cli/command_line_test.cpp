// SPDX-License-Identifier: Apache-2.0
// What is typed wrongly is exit code 2 and says so; every command has help with an example.
#include "hub/cli/command_line.hpp"

#include <gtest/gtest.h>

#include "hub/cli/command_table.hpp"
#include "hub/cli/fake_console.hpp"

namespace holdfast::cli {
namespace {

std::vector<std::string> words_of(std::string_view name) {
  const auto space = name.find(' ');
  std::vector<std::string> out{std::string(name.substr(0, space))};
  if (space != std::string_view::npos) out.emplace_back(name.substr(space + 1));
  return out;
}

TEST(CommandLine, EveryCommandHasHelpWithItsExample) {
  for (const auto& command : commands()) {
    FakeConsole console;
    auto words = words_of(command.name);
    words.emplace_back("--help");
    EXPECT_EQ(console.run(words), ExitCode::kDone) << command.name << console.err.str();
    EXPECT_NE(console.out.str().find(command.summary), std::string::npos) << command.name;
    EXPECT_NE(console.out.str().find("Example:\n  " + std::string(command.example)), std::string::npos)
        << command.name;
    EXPECT_FALSE(command.example.empty());
  }
}

TEST(CommandLine, HelpListsEveryCommand) {
  FakeConsole console;
  EXPECT_EQ(console.run({"--help"}), ExitCode::kDone);
  for (const auto& command : commands()) {
    EXPECT_NE(console.out.str().find("  " + words_of(command.name).front() + " "), std::string::npos)
        << command.name;
  }
  EXPECT_NE(console.out.str().find("Exit codes: 0 done, 1 failed, 2 used wrongly, 3 not (yet) true."),
            std::string::npos);
}

TEST(CommandLine, WithoutACommandShowsHelpAndIsUsedWrongly) {
  FakeConsole console;
  EXPECT_EQ(console.run({}), ExitCode::kUsedWrongly);
  EXPECT_NE(console.out.str().find("describe"), std::string::npos);
}

struct WrongRow {
  const char* name;
  std::vector<std::string> words;
  const char* message;
};

class UsedWrongly : public testing::TestWithParam<WrongRow> {};

TEST_P(UsedWrongly, IsExitCodeTwoWithTheReason) {
  FakeConsole console;
  EXPECT_EQ(console.run(GetParam().words), ExitCode::kUsedWrongly);
  EXPECT_TRUE(console.err.str().starts_with("holdfast: ")) << console.err.str();
  EXPECT_NE(console.err.str().find(GetParam().message), std::string::npos) << console.err.str();
  EXPECT_NE(console.err.str().find("--help"), std::string::npos) << console.err.str();
  EXPECT_EQ(console.out.str(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Table, UsedWrongly,
    testing::Values(
        WrongRow{"UnknownCommand", {"gte", "nodes"}, "there is no command \"gte\""},
        WrongRow{"UnknownOption", {"get", "nodes", "--colour"}, "--colour"},
        WrongRow{"HalfACommand", {"token"}, "subcommand"}, WrongRow{"MissingType", {"get"}, "KIND"},
        WrongRow{"UnknownType", {"get", "pods"}, "there is no type \"pods\""},
        WrongRow{"UnknownFormat",
                 {"get", "nodes", "-o", "xml"},
                 "--output: \"xml\" is not one of table, wide, json, yaml, name"},
        WrongRow{"MissingValue", {"get", "nodes", "-l"}, "--selector"},
        WrongRow{"BadSelector", {"get", "nodes", "-l", "a b c"}, "--selector"},
        WrongRow{"NameAndSelector", {"get", "nodes", "a", "-l", "x=y"}, "give names or selectors, not both"},
        WrongRow{"WatchOfTwo", {"get", "nodes", "a", "b", "-w"}, "-w takes one name"},
        WrongRow{"WatchOfReports", {"get", "resources", "-w"}, "resources take no -w"},
        WrongRow{
            "NodeOfNodes", {"get", "nodes", "--node", "a"}, "--node and --application are for resources"},
        WrongRow{"EmptyName", {"get", "node/"}, "a name must not be empty"},
        WrongRow{"DescribeWithoutName", {"describe", "node"}, "which node? Give a name"},
        WrongRow{"DescribeReports", {"describe", "resource", "x"}, "resources are what nodes report"},
        WrongRow{"DeleteWithoutName", {"delete", "application"}, "which application?"},
        WrongRow{"EditOfTwo", {"edit", "node", "a", "b"}, ""},
        WrongRow{"LabelWithoutLabels", {"label", "node", "n"}, "which labels?"},
        WrongRow{"LabelTwice", {"label", "node", "n", "a=1", "a-"}, "label a is given twice"},
        WrongRow{"LabelBeforeName", {"label", "node", "a=1", "b=2"}, "the name comes before the labels"},
        WrongRow{"BadLabelValue", {"label", "node", "n", "a=?"}, "label a"},
        WrongRow{"ApplyWithoutFile", {"apply"}, "-f: is missing"},
        WrongRow{"BadTtl", {"token", "create", "--ttl", "soon"}, "--ttl"},
        WrongRow{"NoUses", {"token", "create", "--uses", "0"}, "--uses"},
        WrongRow{"BadTokenLabel", {"token", "create", "--label", "role"}, "must look like k=v"},
        WrongRow{"SerialsFromNowhere", {"token", "create", "--serials", "/nowhere/x"}, "/nowhere/x"},
        WrongRow{"WaitForNothing", {"wait", "a"}, "wait for what?"},
        WrongRow{"WaitForSomethingElse",
                 {"wait", "a", "--for", "happiness"},
                 "\"happiness\" is not one of synced, healthy"},
        WrongRow{"BadTimeout", {"wait", "a", "--for", "synced", "--timeout", "x"}, "--timeout"},
        WrongRow{"RollbackWithoutRevision", {"rollback", "a"}, "REV"},
        WrongRow{"WhyOfNothing", {"why", "n", "motd"}, "must look like File/motd"},
        WrongRow{"BadSince", {"logs", "n", "--since", "yesterday"}, "--since"},
        WrongRow{"BadTail", {"logs", "n", "--tail", "-1"}, "--tail"},
        WrongRow{"UnknownShell", {"completion", "fish"}, "\"fish\" is not one of bash, zsh"}),
    [](const auto& row) { return row.param.name; });

TEST(CommandLine, CommandsOfLaterReleasesSaySo) {
  for (const auto* command :
       {"plan", "image", "rollout pause", "rollout resume", "rollout promote", "rollout abort"}) {
    FakeConsole console;
    auto words = words_of(command);
    words.insert(words.end(), {"anything", "-f", "file"});
    EXPECT_EQ(console.run(words), ExitCode::kFailed) << command;
    EXPECT_EQ(console.err.str(), "holdfast: this command is not part of this release yet\n") << command;
  }
}

TEST(CommandLine, TellsItsVersionWithoutAHub) {
  FakeConsole console;
  EXPECT_EQ(console.run({"--version"}), ExitCode::kDone);
  const auto first = console.out.str();
  EXPECT_EQ(console.run({"version"}), ExitCode::kDone);
  EXPECT_EQ(console.out.str(), first);
  EXPECT_TRUE(first.starts_with("holdfast "));
}

}  // namespace
}  // namespace holdfast::cli
