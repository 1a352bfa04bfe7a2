// SPDX-License-Identifier: Apache-2.0
#include "base/typed_words.hpp"

#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

constexpr std::string_view kWayOut =
    " is not UTF-8: type it so; a file or folder with such a name has to be renamed";

/// What is said to be no text; empty: all of it is.
std::string place(const std::vector<std::string>& words) {
  const auto checked = check_typed_words(words);
  if (checked) return "";
  EXPECT_EQ(checked.error().code(), Code::kInvalid);
  EXPECT_TRUE(checked.error().message().ends_with(kWayOut)) << checked.error().message();
  return checked.error().message().substr(0, checked.error().message().size() - kWayOut.size());
}

TEST(TypedWords, AreTakenAsTheyAre) {
  EXPECT_EQ(place({}), "");
  EXPECT_EQ(place({"label", "node", "edge-1", "place=Zürich"}), "");
}

TEST(TypedWords, SayWhichOneIsNotText) {
  EXPECT_EQ(place({"rollback", "a\xff"}), "word 2");
  EXPECT_EQ(place({"\xfe\xff", "\xff"}), "word 1");
  EXPECT_EQ(place({"token", "create", "--replace", "\xc3"}), "the word after --replace");
  EXPECT_EQ(place({"get", "-o", "\xc3"}), "the word after -o");
  EXPECT_EQ(place({"enroll", "--name=\xc3"}), "--name: its value");
  EXPECT_EQ(place({"exec", "--", "\xc3"}), "word 3");
  EXPECT_EQ(place({"--\xff=a"}), "word 1");
}

TEST(TypedWords, AreNeverEmpty) {
  const auto says = [](const std::vector<std::string>& words) {
    return check_typed_words(words).error().message();
  };
  EXPECT_EQ(says({"token", "create", "--serials", ""}),
            "the word after --serials is empty; leave the option out, or say what it is");
  EXPECT_EQ(says({"run", "--root="}), "--root: its value is empty; leave the option out, or say what it is");
  EXPECT_EQ(says({"approve", ""}), "word 2 is empty; leave the option out, or say what it is");
  EXPECT_EQ(place({"label", "node", "a", "b="}), "") << "a label may be";
}

TEST(TypedWords, RepeatNoValue) {
  EXPECT_EQ(place({"enroll", "--token=token-x.secret", "\xff"}), "word 3");
  EXPECT_EQ(place({"enroll", "--token", "token-x.secret", "\xff"}), "word 4");
}

}  // namespace
}  // namespace holdfast::base
