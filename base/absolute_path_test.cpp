// SPDX-License-Identifier: Apache-2.0
#include "base/absolute_path.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace holdfast::base {
namespace {

TEST(AbsolutePath, BeginsInTheWorkingFolder) {
  char here[4096];
  ASSERT_NE(::getcwd(here, sizeof here), nullptr);
  EXPECT_EQ(*absolute_path("data/hub"), std::string(here) + "/data/hub");
  EXPECT_EQ(*absolute_path("../data"), std::string(here) + "/../data");
}

TEST(AbsolutePath, LeavesWhatIsAbsoluteOrNotSaid) {
  EXPECT_EQ(*absolute_path("/var/lib"), "/var/lib");
  EXPECT_EQ(*absolute_path(""), "");
}

}  // namespace
}  // namespace holdfast::base
