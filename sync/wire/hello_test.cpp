// SPDX-License-Identifier: Apache-2.0
// Hello, Applied and Report: small, fixed, open at the end.
#include <gtest/gtest.h>

#include "sync/wire/messages.hpp"

namespace holdfast::sync {
namespace {

using base::Digest;

constexpr std::size_t kFirstHelloSize = 148;
constexpr std::size_t kHelloSizeWithoutSealing = 164;

Hello hello() {
  return {"5e0d8f6c-9a9e-4b53-a6ee-0a8bff1c2d33",
          {1, 2},
          {1, 1},
          Digest::of("content"),
          Digest::of("snapshot"),
          Digest::of("abilities"),
          true,
          0x0123456789abcdefU,
          4,
          {0xfedcba9876543210U}};
}

TEST(HelloMessage, ReadsBackWhatItWrote) {
  EXPECT_EQ(decode_hello(encode(hello()).body), hello());
  EXPECT_EQ(decode_hello(encode(Hello{}).body), Hello{}) << "a kernel that tells no boot id";
}

TEST(HelloMessage, OfAnEqualJoinStaysUnder200Bytes) {
  EXPECT_EQ(encode(hello()).body.size(), 172U);
  EXPECT_LT(encode_frame(encode(hello())).size(), 200U);
}

TEST(HelloMessage, BootIdThatIsNoUuidStillTellsBootsApart) {
  Hello first = hello();
  first.boot_id = "boot-1";
  Hello second = hello();
  second.boot_id = "boot-2";
  EXPECT_NE(encode(first).body, encode(second).body);
  EXPECT_EQ(encode(first).body.size(), 172U);
}

TEST(HelloMessage, OfANewerNodeIsReadAsFarAsItIsKnown) {
  std::string body = encode(hello()).body + "more";
  body[144] = static_cast<char>(body[144] | 0x80);  // a flag of the future
  EXPECT_EQ(decode_hello(body), hello());
}

TEST(HelloMessage, OfTheFirstVersionSaysNothingOfHardwareAndTrust) {
  Hello first = hello();
  first.hardware = 0;
  first.trust = 0;
  first.sealing = {};
  EXPECT_EQ(decode_hello(encode(hello()).body.substr(0, kFirstHelloSize)), first);
}

TEST(HelloMessage, OfANodeThatKnowsNoSecretsNamesNoSealingKey) {
  Hello earlier = hello();
  earlier.sealing = {};
  EXPECT_EQ(decode_hello(encode(hello()).body.substr(0, kHelloSizeWithoutSealing)), earlier);
}

TEST(HelloMessage, CutIsCorrupt) {
  const std::string body = encode(hello()).body;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (i == kFirstHelloSize || i == kHelloSizeWithoutSealing) continue;
    const auto cut = decode_hello(std::string_view(body).substr(0, i));
    ASSERT_FALSE(cut) << i;
    EXPECT_EQ(cut.error().code(), base::Code::kCorrupt);
  }
}

TEST(SealingKeyMessage, ReadsBackWhatItWroteAndIsRefusedWhenCut) {
  const SealingKeyTold told{*base::SealingPublicKey::from_hex(std::string(64, '9'))};
  EXPECT_EQ(decode_sealing_key(encode(told).body), told);
  EXPECT_EQ(decode_sealing_key(encode(told).body + "more"), told) << "of a newer node";
  EXPECT_EQ(decode_sealing_key(encode(told).body.substr(1)).error().code(), base::Code::kCorrupt);
}

TEST(AppliedMessage, ReadsBackWhatItWroteAtEveryStage) {
  for (const auto stage : {AppliedStage::kAccepted, AppliedStage::kApplied, AppliedStage::kRefused}) {
    const Applied applied{stage, {UINT64_MAX, 7}, Digest::of("content"), Digest::of("header")};
    EXPECT_EQ(encode(applied).body.size(), 88U);
    EXPECT_EQ(decode_applied(encode(applied).body), applied);
  }
}

TEST(AppliedMessage, UnknownStageAndCutAreCorrupt) {
  std::string body = encode(Applied{}).body;
  EXPECT_FALSE(decode_applied(std::string_view(body).substr(0, 87)));
  body[0] = 9;
  EXPECT_EQ(decode_applied(body).error().message(), "applied: unknown stage 9");
  body[0] = 0;
  EXPECT_FALSE(decode_applied(body));
}

TEST(ReportMessage, ReadsBackWhatItWrote) {
  for (const bool snapshot : {false, true}) {
    for (const bool abilities : {false, true}) {
      EXPECT_EQ(decode_report(encode(Report{snapshot, abilities}).body), (Report{snapshot, abilities}));
    }
  }
  EXPECT_EQ(decode_report(encode(Report{.proof = true}).body), (Report{.proof = true}));
  EXPECT_EQ(decode_report(encode(Report{.hello = true}).body), (Report{.hello = true}));
  EXPECT_FALSE(decode_report("abc"));
}

TEST(ProofMessage, ReadsBackWhatItWrote) {
  const Proof nothing_yet{"cam-17", {}};
  EXPECT_EQ(decode_proof(encode(nothing_yet).body), nothing_yet);
  const Proof proof{"cam-17", {"header", {}}};
  const auto body = encode(proof).body;
  EXPECT_EQ(decode_proof(body), proof);
  EXPECT_EQ(decode_proof(body + "of a later version"), proof);
  for (std::size_t length = 0; length < body.size(); ++length)
    EXPECT_FALSE(decode_proof(std::string_view(body).substr(0, length))) << length;
}

TEST(ProofMessage, ANameThatCouldNotBeANodesIsRefused) {
  for (const char* name : {"", "UPPER", "with space", "../up", "a\nb"})
    EXPECT_FALSE(decode_proof(encode(Proof{name, {}}).body)) << name;
}

}  // namespace
}  // namespace holdfast::sync
