// SPDX-License-Identifier: Apache-2.0
// Digests against the vectors of FIPS 180-4, hex and base64 against those of RFC 4648.
#include "base/digest.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace holdfast::base {
namespace {

constexpr const char* kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Digest, IsSha256) {
  EXPECT_EQ(Digest::of("abc").hex(), kOfAbc);
  EXPECT_EQ(Digest::of("").hex(), kOfNothing);
}

TEST(Digest, NothingIsNotNone) {
  EXPECT_TRUE(Digest().is_none());
  EXPECT_FALSE(Digest::of("").is_none());
}

TEST(Digest, BriefIsItsBeginning) { EXPECT_EQ(Digest::of("abc").brief(), "ba7816bf8f01"); }

TEST(Digest, RoundTripsThroughHexAndBytes) {
  const Digest digest = Digest::of("abc");
  EXPECT_EQ(Digest::from_hex(digest.hex()).value(), digest);
  EXPECT_EQ(Digest::from_bytes(digest.view()).value(), digest);
}

TEST(Digest, TakesUpperCaseAndShowsLower) {
  EXPECT_EQ(
      Digest::from_hex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD").value().hex(),
      kOfAbc);
}

TEST(Digest, RefusesTextOfAnotherLengthOrAlphabet) {
  EXPECT_EQ(Digest::from_hex("abcd").error().message(), "a digest has 64 hex digits, this text has 4");
  EXPECT_EQ(Digest::from_hex(std::string(64, 'g')).error().code(), Code::kInvalid);
  EXPECT_EQ(Digest::from_bytes("short").error().message(), "a digest has 32 bytes, this one has 5");
}

TEST(Hasher, TakesAStreamInAnyPieces) {
  Hasher hasher;
  hasher.update("a");
  hasher.update("");
  hasher.update("bc");
  EXPECT_EQ(hasher.finish().hex(), kOfAbc);
}

TEST(Hasher, StartsOverAfterFinish) {
  Hasher hasher;
  hasher.update("something else");
  hasher.finish();
  EXPECT_EQ(hasher.finish().hex(), kOfNothing);
}

TEST(Hasher, MovesWithItsState) {
  Hasher first;
  first.update("ab");
  Hasher second = std::move(first);
  second.update("c");
  EXPECT_EQ(second.finish().hex(), kOfAbc);
}

TEST(Hex, RoundTripsEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(from_hex(to_hex(all)).value(), all);
  EXPECT_EQ(to_hex(std::string_view("\0\xff", 2)), "00ff");
}

TEST(Hex, RefusesWhatIsNone) {
  for (const char* text : {"0", "0g", "0x00", "00 11", "00:11", " 00"}) {
    EXPECT_FALSE(from_hex(text)) << text;
  }
  EXPECT_EQ(from_hex("").value(), "");
}

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : rows) {
    EXPECT_EQ(to_base64(plain), coded);
    EXPECT_EQ(from_base64(coded).value(), plain);
  }
}

TEST(Base64, HasOneTextForEachValue) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Z g=", "Zg==\n", "Zg==Zg==", "_-8=", "="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::base
