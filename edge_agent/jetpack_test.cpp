// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/jetpack.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

struct Row {
  const char* name;
  const char* file;
  const char* l4t;
  const char* jetpack;
};

TEST(Jetpack, IsToldByTheFirstLineOfTheReleaseFile) {
  static constexpr Row kRows[] = {
      {"JetPack7", "# R38 (release), REVISION: 2.0, GCID: 41844464, BOARD: generic", "38.2.0", "7.0"},
      {"JetPack6", "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n# KERNEL", "36.4.3",
       "6.2"},
      {"JetPack5", "# R35 (release), REVISION: 1.0, GCID: 31346300, BOARD: t186ref", "35.1.0", "5.0.2"},
      {"JetPack4", "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t210ref", "32.7.1", "4.6.1"},
      {"NotReleasedYet", "# R77 (release), REVISION: 1.0", "77.1.0", ""},
      {"NoRevision", "# R36 (release)", "", ""},
      {"RevisionOnAnotherLine", "# R36 (release)\nREVISION: 4.3", "", ""},
      {"NoNumber", "# R (release), REVISION: 4.3", "", ""},
      {"RevisionIsCutOff", "# R36 (release), REVISION: ", "", ""},
      {"SomethingElse", "Debian", "", ""},
      {"Empty", "", "", ""},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(l4t_release(row.file), row.l4t) << row.name;
    EXPECT_EQ(jetpack_of(row.l4t), row.jetpack) << row.name;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
