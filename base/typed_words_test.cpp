// SPDX-License-Identifier: Apache-2.0
#include "base/typed_words.hpp"

#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

std::string problem(const std::vector<std::string>& words) {
  const auto checked = check_typed_words(words);
  return checked ? "" : checked.error().message();
}

TEST(TypedWords, AreTakenAsTheyAre) {
  EXPECT_EQ(problem({}), "");
  EXPECT_EQ(problem({"label", "node", "edge-1", "place=Zürich"}), "");
}

TEST(TypedWords, SayWhichOneIsNotText) {
  EXPECT_EQ(problem({"rollback", "a\xff"}), "word 2 is not UTF-8; is the terminal set to another encoding?");
  EXPECT_EQ(problem({"token", "create", "--replace", "\xc3"}),
            "--replace: its value is not UTF-8; is the terminal set to another encoding?");
  EXPECT_EQ(problem({"\xfe\xff", "\xff"}), "word 1 is not UTF-8; is the terminal set to another encoding?");
}

}  // namespace
}  // namespace holdfast::base
