// SPDX-License-Identifier: Apache-2.0
// Signatures against RFC 8032, and everything that must make one invalid.
#include "base/signing.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "base/fake_random.hpp"

namespace holdfast::base {
namespace {

constexpr const char* kSeed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
constexpr const char* kPublic = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

SigningKey key() { return SigningKey::from_seed_hex(kSeed).value(); }

TEST(SigningKey, MakesThePublicKeyOfRfc8032) { EXPECT_EQ(key().public_key().hex(), kPublic); }

TEST(SigningKey, IsKeptAsItsSeed) {
  EXPECT_EQ(key().seed_hex(), kSeed);
  EXPECT_EQ(PublicKey::from_hex(kPublic).value(), key().public_key());
}

TEST(SigningKey, IsMadeFromRandomBytesOnly) {
  FakeRandom one(1);
  FakeRandom same(1);
  FakeRandom other(2);
  const auto made = SigningKey::generate(one);
  EXPECT_EQ(made.seed_hex(), SigningKey::generate(same).seed_hex());
  EXPECT_NE(made.seed_hex(), SigningKey::generate(other).seed_hex());
  EXPECT_EQ(SigningKey::from_seed_hex(made.seed_hex()).value().public_key(), made.public_key());
}

TEST(Signature, VerifiesWhatWasSigned) {
  const auto signature = key().sign("holdfast/test/1", "message");
  EXPECT_TRUE(verify(key().public_key(), "holdfast/test/1", "message", signature));
  EXPECT_TRUE(verify(key().public_key(), "holdfast/test/1", "", key().sign("holdfast/test/1", "")));
}

TEST(Signature, CoversItsDomainUpToTheLastByte) {
  const auto signature = key().sign("ab", "c");
  EXPECT_FALSE(verify(key().public_key(), "a", "bc", signature));
  EXPECT_FALSE(verify(key().public_key(), "abc", "", signature));
  EXPECT_FALSE(verify(key().public_key(), "", std::string_view("ab\0c", 4), signature));
}

TEST(Signature, FailsForAnotherKeyMessageOrBit) {
  FakeRandom random(3);
  const auto signature = key().sign("d", "message");
  EXPECT_FALSE(verify(SigningKey::generate(random).public_key(), "d", "message", signature));
  EXPECT_FALSE(verify(key().public_key(), "d", "messagf", signature));
  for (std::size_t byte = 0; byte < signature.bytes.size(); ++byte) {
    auto bent = signature;
    bent.bytes[byte] ^= 1;
    EXPECT_FALSE(verify(key().public_key(), "d", "message", bent)) << byte;
  }
}

TEST(Signature, OfAnAllZeroKeyIsNeverValid) {
  EXPECT_FALSE(verify(PublicKey{}, "d", "message", Signature{}));
}

TEST(Signature, RoundTripsThroughBytes) {
  const auto signature = key().sign("d", "message");
  EXPECT_EQ(Signature::from_bytes(signature.view()).value(), signature);
  EXPECT_EQ(Signature::from_bytes("short").error().message(), "a signature has 64 bytes, this one has 5");
}

TEST(SigningKey, AnErrorDoesNotRepeatTheSecret) {
  for (const std::string& text : {std::string("deadbeef"), std::string(64, 'z')}) {
    const auto parsed = SigningKey::from_seed_hex(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message(), "a signing key has 64 hex digits, this text has not");
  }
}

TEST(PublicKey, RefusesOtherText) {
  EXPECT_EQ(PublicKey::from_hex("00").error().message(), "a public key has 64 hex digits, this text has 2");
  EXPECT_FALSE(PublicKey::from_hex(std::string(64, 'x')));
}

TEST(Mac, DependsOnKeyAndMessage) {
  FakeRandom random(5);
  const MacKey a = make_mac_key(random);
  const MacKey b = make_mac_key(random);
  EXPECT_EQ(mac(a, "claim"), mac(a, "claim"));
  EXPECT_NE(mac(a, "claim"), mac(b, "claim"));
  EXPECT_NE(mac(a, "claim"), mac(a, "claimed"));
}

TEST(Mac, IsKeyedBlake2b) {
  MacKey sequence{};
  for (std::size_t i = 0; i < sequence.size(); ++i) sequence[i] = static_cast<std::uint8_t>(i);
  const Mac made = mac(sequence, "abc");
  EXPECT_EQ(to_hex({reinterpret_cast<const char*>(made.data()), made.size()}),
            "1a64be47e4729d951c302ee543f97cf3");
}

TEST(ConstantTimeComparison, IsAnOrdinaryComparison) {
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_TRUE(equal_constant_time("token", "token"));
  EXPECT_FALSE(equal_constant_time("token", "tokeN"));
  EXPECT_FALSE(equal_constant_time("token", "token "));
  EXPECT_FALSE(equal_constant_time("", "a"));
}

}  // namespace
}  // namespace holdfast::base
