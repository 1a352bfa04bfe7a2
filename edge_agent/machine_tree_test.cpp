// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/limits/node.hpp"
#include "edge_agent/fake_boards.hpp"
#include "edge_agent/memory_info.hpp"

namespace holdfast::edge_agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MachineTree, ReadsSmallFilesAndNothingElse) {
  const FakeBoard board(testing::TempDir(), {{"/a/number", "-42\n"},
                                             {"/a/text", std::string(" a\0b \n\0", 7)},
                                             {"/a/words", "4 2\n"},
                                             {"/a/empty", ""},
                                             {"/a/huge", "99999999999999999999\n"},
                                             {"/a/long", std::string(100'000, 'x')}});
  ASSERT_EQ(::mkfifo((board.root() + "/a/pipe").c_str(), 0600), 0);
  const MachineTree tree(board.root());
  EXPECT_EQ(tree.number("/a/number"), -42);
  EXPECT_EQ(tree.text("/a/text"), "ab");
  EXPECT_EQ(tree.number("/a/words"), std::nullopt);
  EXPECT_EQ(tree.number("/a/empty"), std::nullopt);
  EXPECT_EQ(tree.number("/a/huge"), std::nullopt);
  EXPECT_EQ(tree.bytes("/a/long").size(), base::limits::kMachineFileBytesMax);
  EXPECT_EQ(tree.text("/a/pipe"), "") << "and does not wait";
  EXPECT_EQ(tree.text("/a"), "");
  EXPECT_EQ(tree.text("/b"), "");
  EXPECT_THAT(tree.names("/a", "hu"), ElementsAre("huge"));
  EXPECT_THAT(tree.names("/b"), IsEmpty());
}

TEST(MachineTree, LooksAtABoundedNumberOfNames) {
  BoardFiles files;
  for (std::size_t i = 0; i < base::limits::kMachineNamesMax + 10; ++i)
    files.emplace_back("/a/" + std::to_string(i), "");
  const FakeBoard board(testing::TempDir(), files);
  EXPECT_LE(MachineTree(board.root()).names("/a").size(), base::limits::kMachineNamesMax);
}

TEST(MemoryInfo, NeedsBothLines) {
  EXPECT_EQ(memory_info("MemTotal: 8 kB\nMemFree: 1 kB\nMemAvailable: 4 kB\n"), (MemoryInfo{8192, 4096}));
  EXPECT_EQ(memory_info("MemTotal: 8 kB\n"), std::nullopt) << "kernels before 3.14";
  EXPECT_EQ(memory_info("MemTotal: 0 kB\nMemAvailable: 0 kB\n"), std::nullopt);
  EXPECT_EQ(memory_info("XMemTotal: 8 kB\nMemAvailable: 4 kB\n"), std::nullopt);
  EXPECT_EQ(memory_info(""), std::nullopt);
}

}  // namespace
}  // namespace holdfast::edge_agent
