// SPDX-License-Identifier: Apache-2.0
// Foreign text made fit to travel.
#include "sync/model/text.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

TEST(CleanText, LeavesUtf8AsItIs) { EXPECT_EQ(clean_text("größe 😀"), "größe 😀"); }

TEST(CleanText, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(clean_text("a\xff\xc3(b"), "a\uFFFD\uFFFD(b");
  EXPECT_EQ(clean_text("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate is none";
}

TEST(BoundedText, KeepsWhatFits) {
  EXPECT_EQ(bounded_text("abcdef", 6), "abcdef");
  EXPECT_EQ(bounded_text("", 3), "");
}

TEST(BoundedText, CutsAndSaysSo) { EXPECT_EQ(bounded_text("abcdefg", 6), "abc…"); }

TEST(BoundedText, NeverCutsACharacter) {
  EXPECT_EQ(bounded_text("ab😀cdef", 8), "ab…") << "four bytes of 😀 and three of … do not fit";
  EXPECT_EQ(bounded_text("ab😀cdef", 9), "ab😀…");
}

TEST(BoundedText, IsUtf8AndWithinTheLimitWhateverTheLengthOfTheText) {
  for (const std::string& piece : {std::string("x"), std::string("ü"), std::string("…"), std::string("😀"),
                                   std::string("\xff"), std::string("\xf0\x9f")}) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      text += piece;
      const std::string bounded = bounded_text(text, 32);
      EXPECT_LE(bounded.size(), 32U);
      EXPECT_TRUE(base::is_utf8(bounded));
    }
  }
}

TEST(BoundedMessage, IsCutAtTheLimit) {
  const std::string fits(base::limits::kMessageLengthMax, 'm');
  EXPECT_EQ(bounded_message(fits), fits);
  EXPECT_EQ(bounded_message(fits + "m").size(), base::limits::kMessageLengthMax);
}

TEST(InQuotes, ShowsForeignTextWithoutHarm) {
  EXPECT_EQ(in_quotes("a\x1b[2Jb"), "\"a?[2Jb\"");
  EXPECT_LT(in_quotes(std::string(10'000, 'a')).size(), 90U);
}

TEST(Split, GivesEveryPart) {
  EXPECT_EQ(split("a/b//c", '/'), (std::vector<std::string_view>{"a", "b", "", "c"}));
  EXPECT_EQ(split("", '/'), (std::vector<std::string_view>{""}));
}

TEST(Trimmed, TakesSpaceFromBothEnds) {
  EXPECT_EQ(trimmed(" \ta b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBF"
                                    "a"),
            "a");
  EXPECT_EQ(without_byte_order_mark("a"), "a");
}

}  // namespace
}  // namespace holdfast::sync
