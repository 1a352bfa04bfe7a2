// SPDX-License-Identifier: Apache-2.0
// The trust document: signed by the recovery key or not believed.
#include "sync/wire/trust.hpp"

#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "base/limits/wire.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
namespace limits = base::limits;

base::SigningKey key(std::uint64_t seed) {
  base::FakeRandom random(seed);
  return base::SigningKey::generate(random);
}

TrustDocument document() {
  return {FleetId("fleet-1"),
          4,
          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
          {key(2).public_key(), key(3).public_key()},
          {"https://hub.example.com:8443", "https://[2001:db8::1]:8443"},
          {"mqtts://hub.example.com:8883"}};
}

std::string message_of(const TrustDocument& wrong) {
  const auto verified = verify_trust(sign_trust(wrong, key(1)), key(1).public_key());
  return verified ? "no error" : verified.error().message();
}

TEST(Trust, TravelsAndIsBelieved) {
  const auto arrived = decode_trust(encode_trust(sign_trust(document(), key(1))));
  ASSERT_TRUE(arrived) << arrived.error().message();
  const auto verified = verify_trust(*arrived, key(1).public_key());
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(*verified, document());
}

TEST(Trust, OfAnotherKeyPurposeOrContentIsNot) {
  SignedTrust trust = sign_trust(document(), key(1));
  EXPECT_EQ(verify_trust(trust, key(2).public_key()).error().message(),
            "the trust document is not signed by the recovery key that this node pins");
  SignedTrust other = trust;
  other.signature = key(1).sign("holdfast/command/1", other.bytes);
  EXPECT_EQ(verify_trust(other, key(1).public_key()).error().code(), Code::kPermission);
  trust.bytes[10] = static_cast<char>(trust.bytes[10] ^ 1);
  EXPECT_EQ(verify_trust(trust, key(1).public_key()).error().code(), Code::kPermission);
}

TEST(Trust, ThatWouldLockTheNodeOutIsRefused) {
  TrustDocument empty = document();
  empty.signing_keys.clear();
  EXPECT_EQ(message_of(empty), "trust document: signingKeys: must name at least one key");
}

TEST(Trust, AddressesAreOfTheirScheme) {
  TrustDocument wrong = document();
  wrong.hubs[1] = "http://hub";
  EXPECT_EQ(message_of(wrong),
            "trust document: hubs[1]: \"http://hub\" is not an address that begins with https://");
  wrong = document();
  wrong.brokers[0] = "mqtts://hub\n:8883";
  EXPECT_EQ(message_of(wrong),
            "trust document: brokers[0]: \"mqtts://hub?:8883\" is not an address that begins with mqtts://");
}

TEST(Trust, ListsAreBounded) {
  TrustDocument many = document();
  many.signing_keys.assign(limits::kTrustEntriesMax, key(2).public_key());
  many.hubs.assign(limits::kTrustEntriesMax, "https://hub");
  EXPECT_EQ(message_of(many), "no error");
  many.hubs.emplace_back("https://hub");
  EXPECT_EQ(message_of(many), "trust document: hubs[16]: more than 16 entries");
}

TEST(Trust, IsBoundedInBytes) {
  EXPECT_EQ(decode_trust(std::string(limits::kTrustBytesMax + 1, ' ')).error().code(), Code::kLimit);
  EXPECT_EQ(decode_trust(std::string(limits::kTrustBytesMax, ' ')).error().code(), Code::kInvalid);
}

TEST(Trust, EnvelopeIsReadStrictly) {
  for (const char* bytes : {"", "{}", R"({"document":"{}"})", R"({"document":"{}","signature":"%"})",
                            R"({"document":"{}","signature":"AAAA"})"}) {
    EXPECT_FALSE(decode_trust(bytes)) << bytes;
  }
}

}  // namespace
}  // namespace holdfast::sync
