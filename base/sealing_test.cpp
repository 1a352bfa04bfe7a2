// SPDX-License-Identifier: Apache-2.0
// Sealing: who opens what, where it belongs, and files of several keys.
#include "base/sealing.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "base/fake_random.hpp"
#include "base/limits/secrets.hpp"

namespace holdfast::base {
namespace {

SealingKey a_key(std::uint64_t seed = 1) {
  FakeRandom random(seed);
  return SealingKey::generate(random);
}

TEST(Sealing, WhoHasTheSecretKeyOpensIt) {
  const auto key = a_key();
  const auto sealed = seal(key.public_key(), "db/password", "hunter2");
  EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
  EXPECT_EQ(sealed.size(), std::string("hunter2").size() + sealed_overhead("db/password"));
  EXPECT_EQ(key.open("db/password", sealed)->view(), "hunter2");
}

TEST(Sealing, TheSameSealedTwiceDiffers) {
  const auto key = a_key();
  EXPECT_NE(seal(key.public_key(), "a", "x"), seal(key.public_key(), "a", "x"));
}

TEST(Sealing, AnEmptyValueIsAValue) {
  const auto key = a_key();
  EXPECT_EQ(key.open("a", seal(key.public_key(), "a", ""))->view(), "");
}

TEST(Sealing, ItCountsOnlyWhereItBelongs) {
  const auto key = a_key();
  const auto sealed = seal(key.public_key(), "db/password", "hunter2");
  for (const char* place : {"db/user", "db/passwor", "db/passwordx", "", "other/password"})
    EXPECT_EQ(key.open(place, sealed).error().code(), Code::kConflict) << place;
}

TEST(Sealing, AnotherKeyAChangedByteOrACutOneOpensNothing) {
  const auto key = a_key();
  auto sealed = seal(key.public_key(), "a", "x");
  EXPECT_EQ(a_key(2).open("a", sealed).error().code(), Code::kPermission);
  EXPECT_EQ(key.open("a", sealed.substr(1)).error().code(), Code::kPermission);
  EXPECT_EQ(key.open("a", "").error().code(), Code::kPermission);
  sealed.back() = static_cast<char>(sealed.back() ^ 1);
  EXPECT_EQ(key.open("a", sealed).error().code(), Code::kPermission);
}

TEST(Sealing, KeysAreReadBackFromHex) {
  const auto key = a_key();
  const auto again = SealingKey::from_secret_hex(key.secret_hex());
  EXPECT_EQ(again->public_key(), key.public_key());
  EXPECT_EQ(SealingPublicKey::from_hex(key.public_key().hex()), key.public_key());
  EXPECT_EQ(SealingKeyId::from_hex(key.public_key().id().hex()), key.public_key().id());
}

TEST(Sealing, AKeysIdIsHowItsDigestBegins) {
  const auto key = a_key().public_key();
  EXPECT_EQ(key.id().hex(), Digest::of(key.view()).hex().substr(0, 16));
}

TEST(Sealing, AnErrorDoesNotRepeatTheSecret) {
  const auto bad = SealingKey::from_secret_hex(a_key().secret_hex().substr(2));
  EXPECT_EQ(bad.error().message(), "a sealing key is 64 hex digits");
}

TEST(SealingKeys, TheNewestStandsFirstAndAllAreFound) {
  SealingKeys keys;
  keys.add(a_key(1), WallTime(std::chrono::seconds(100)));
  keys.add(a_key(2), WallTime(std::chrono::seconds(200)));
  const auto again = SealingKeys::parse(keys.text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->newest().key.public_key(), a_key(2).public_key());
  EXPECT_EQ(again->newest().made, WallTime(std::chrono::seconds(200)));
  EXPECT_NE(again->find(a_key(1).public_key().id()), nullptr);
  EXPECT_EQ(again->find(a_key(3).public_key().id()), nullptr);
}

TEST(SealingKeys, AreBounded) {
  SealingKeys keys;
  for (std::uint64_t i = 0; i <= limits::kSealingKeysKept; ++i) keys.add(a_key(i + 1), {});
  EXPECT_EQ(keys.all().size(), limits::kSealingKeysKept);
  EXPECT_EQ(keys.find(a_key(1).public_key().id()), nullptr) << "the oldest goes";
  EXPECT_TRUE(SealingKeys::parse(keys.text()));
  EXPECT_EQ(SealingKeys::parse(keys.text() + a_key(1).secret_hex() + " 0\n").error().code(), Code::kLimit);
}

TEST(SealingKeys, TheNewestIsNeverDropped) {
  SealingKeys keys;
  keys.add(a_key(1), {});
  keys.add(a_key(2), {});
  EXPECT_TRUE(keys.drop_unless([](const auto&) { return false; }));
  ASSERT_EQ(keys.all().size(), 1U);
  EXPECT_EQ(keys.newest().key.public_key(), a_key(2).public_key());
}

TEST(SealingKeys, AFileThatIsDamagedIsNoKeys) {
  for (const char* text : {"x\n", "00 1\n", "no newline"}) EXPECT_FALSE(SealingKeys::parse(text)) << text;
}

TEST(ClearText, IsGoneWhereItWasMovedFrom) {
  ClearText text(std::string("short"));
  ClearText other = std::move(text);
  EXPECT_EQ(other.view(), "short");
  EXPECT_EQ(text.view(), "");  // NOLINT(bugprone-use-after-move): this is what it promises
}

}  // namespace
}  // namespace holdfast::base
