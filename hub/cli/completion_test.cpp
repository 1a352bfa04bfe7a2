// SPDX-License-Identifier: Apache-2.0
// The script for bash, run by bash itself; the one for zsh by what it holds.
#include "hub/cli/completion.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "hub/cli/command_table.hpp"
#include "hub/cli/fake_person.hpp"

namespace holdfast::cli {
namespace {

/// What bash offers for the last word of a line; `holdfast` itself is a function that knows two names of
/// every type and echoes the client file it was given.
std::string offered(const std::string& words) {
  FakePerson person;
  const auto script = person.writes(
      "try.bash",
      bash_completion() +
          "holdfast() { local config=none; if [ \"$1\" = --config ]; then config=$2; shift 2; fi\n"
          "  [ \"$1 $3 $4\" = 'get -o name' ] || return 1\n"
          "  printf 'x.holdfast.dev/%s-one\\nx.holdfast.dev/$(echo bad)\\nx.holdfast.dev/%s-two-%s\\n' "
          "\"$2\" "
          "\"$2\" \"$config\"; }\n"
          "COMP_WORDS=(" +
          words + ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_holdfast\necho \"${COMPREPLY[*]}\"\n");
  const std::string command = "bash " + script + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "no bash";
  std::string out;
  std::array<char, 4096> piece{};
  for (std::size_t n = 0; (n = fread(piece.data(), 1, piece.size(), pipe)) > 0;) out.append(piece.data(), n);
  pclose(pipe);
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

struct Row {
  const char* name;
  const char* words;
  const char* offered;
};

class BashOffers : public testing::TestWithParam<Row> {};

TEST_P(BashOffers, WhatFits) { EXPECT_EQ(offered(GetParam().words), GetParam().offered); }

INSTANTIATE_TEST_SUITE_P(
    Table, BashOffers,
    testing::Values(Row{"Commands", "holdfast de", "describe delete"},
                    Row{"SecondWords", "holdfast rollout p", "pause promote"},
                    Row{"Types", "holdfast get e", "events enrollmenttokens"},
                    Row{"NamesOfTheType", "holdfast describe node ''", "node-one node-two-none"},
                    Row{"NamesAgainAndAgain", "holdfast delete node a b ''", "node-one node-two-none"},
                    Row{"Applications", "holdfast sync ''", "applications-one applications-two-none"},
                    Row{"NodesThenNothing", "holdfast why nodes-one ''", ""},
                    Row{"ValuesOfOptions", "holdfast get nodes -o y", "yaml"},
                    Row{"ValuesOfLongOptions", "holdfast wait web --for ''", "synced healthy"},
                    Row{"PlacesAfterAnOptionWithValue", "holdfast get -l a=b no", "nodes"},
                    Row{"PlacesAfterAFlag", "holdfast get -w no", "nodes"},
                    Row{"Options", "holdfast get nodes --se", "--selector"},
                    Row{"WordsOfAPlace", "holdfast completion z", "zsh"},
                    Row{"TheClientFileIsUsed", "holdfast --config c.yaml get nodes ''",
                        "nodes-one nodes-two-c.yaml"},
                    Row{"NothingUnknown", "holdfast nonsense ''", ""}),
    [](const auto& row) { return row.param.name; });

TEST(Completion, OfBothShellsKnowsEveryCommandAndOption) {
  for (const auto& script : {bash_completion(), zsh_completion()}) {
    for (const auto& command : commands()) {
      EXPECT_NE(script.find("'" + std::string(command.name) + "') flags="), std::string::npos)
          << command.name;
      for (const auto& option : command.options) {
        EXPECT_NE(script.find(option.name), std::string::npos) << command.name << " " << option.name;
      }
    }
  }
}

TEST(Completion, IsPrintedForTheShellThatIsNamed) {
  FakeConsole console;
  EXPECT_EQ(console.run({"completion", "bash"}), ExitCode::kDone);
  EXPECT_EQ(console.out.str(), bash_completion());
  EXPECT_EQ(console.run({"completion", "zsh"}), ExitCode::kDone);
  EXPECT_EQ(console.out.str(), zsh_completion());
  EXPECT_TRUE(zsh_completion().starts_with("#compdef holdfast\n"));
}

}  // namespace
}  // namespace holdfast::cli
