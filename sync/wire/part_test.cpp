// SPDX-License-Identifier: Apache-2.0
// Part, BaseLost, and the name of what a desired state is made on.
#include <gtest/gtest.h>

#include "base/limits/model.hpp"
#include "base/limits/wire.hpp"
#include "sync/wire/messages.hpp"
#include "sync/wire/state_base.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::Digest;
namespace limits = base::limits;

TEST(PartMessage, ReadsBackWhatItWrote) {
  const Part part{Digest::of("whole"), 1'000, 200, std::string(100, 'x')};
  EXPECT_EQ(decode_part(encode(part).body), part);
}

TEST(PartMessage, EveryCutAndAnyTailAreRefused) {
  const std::string body = encode(Part{Digest::of("whole"), 10, 2, "xyz"}).body;
  for (std::size_t i = 0; i < body.size(); ++i) EXPECT_FALSE(decode_part(body.substr(0, i))) << i;
  EXPECT_FALSE(decode_part(body + "x"));
}

struct BadPart {
  const char* name;
  Part part;
  Code code;
};
class PartRefuses : public testing::TestWithParam<BadPart> {};

TEST_P(PartRefuses, WhatIsNoPieceOfItsWhole) {
  const auto part = decode_part(encode(GetParam().part).body);
  ASSERT_FALSE(part);
  EXPECT_EQ(part.error().code(), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PartRefuses,
    testing::Values(
        BadPart{"Nothing", {{}, 10, 2, ""}, Code::kCorrupt},
        BadPart{"BeyondTheEnd", {{}, 10, 8, "xyz"}, Code::kCorrupt},
        BadPart{"OffsetBeyondTheEnd", {{}, 10, 11, "x"}, Code::kCorrupt},
        BadPart{"OffsetThatWouldWrap", {{}, 10, 0xfffffffeU, "xyz"}, Code::kCorrupt},
        BadPart{"TooLarge", {{}, 8U << 20U, 0, std::string(limits::kPartBytesMax + 1, 'x')}, Code::kLimit},
        BadPart{"OfTooMuch", {{}, (8U << 20U) + 1, 0, "x"}, Code::kLimit}),
    [](const auto& row) { return row.param.name; });

TEST(PartMessage, TheLargestIsTaken) {
  EXPECT_TRUE(decode_part(
      encode(Part{{}, limits::kSectionBytesMax, 0, std::string(limits::kPartBytesMax, 'x')}).body));
}

TEST(BaseLostMessage, ReadsBackWhatItWroteAndMayGrow) {
  const BaseLost lost{FrameType::kState, std::string("\0name", 5)};
  EXPECT_EQ(decode_base_lost(encode(lost).body), lost);
  EXPECT_EQ(decode_base_lost(encode(lost).body + "of a newer node"), lost);
}

TEST(BaseLostMessage, IsOfADesiredState) {
  EXPECT_FALSE(decode_base_lost(encode(BaseLost{FrameType::kCommand, "x"}).body));
  EXPECT_FALSE(decode_base_lost(encode(BaseLost{FrameType::kState, ""}).body));
  EXPECT_FALSE(decode_base_lost("\x10\x05name"));
  EXPECT_FALSE(decode_base_lost(""));
}

TEST(NeedMessage, SaysHowMuchItHas) {
  const Need need{{3, 17}, {Digest::of("a"), Digest::of("b")}, {{Digest::of("b"), 131'072}}};
  EXPECT_EQ(decode_need(encode(need).body), need);
}

TEST(NeedMessage, OfHowMuchItHasIsBounded) {
  const auto decode = [](const std::string& have) {
    return decode_need(R"({"generation":"1.1","have":)" + have + R"(,"sections":[]})");
  };
  const auto entry = [](const std::string& bytes) {
    return "{\"" + Digest::of("a").hex() + "\":" + bytes + "}";
  };
  EXPECT_TRUE(decode("{}"));
  EXPECT_TRUE(decode(entry("\"8388608\"")));
  for (const auto* bad : {"\"8388609\"", "\"0\"", "\"-1\"", "\"x\"", "7", "{}"})
    EXPECT_FALSE(decode(entry(bad))) << bad;
  EXPECT_FALSE(decode("[]"));
  EXPECT_FALSE(decode(R"({"abc":"1"})"));
  std::string many = "{";
  for (std::size_t i = 0; i <= limits::kSectionsPerNodeMax; ++i)
    many += (i > 0 ? ",\"" : "\"") + Digest::of(std::to_string(i)).hex() + "\":\"1\"";
  EXPECT_EQ(decode(many + "}").error().code(), Code::kLimit);
}

TEST(StateBaseName, ReadsBackWhatItWrote) {
  const StateBase base{"12345678", {{0, true}, {3, false}, {255, true}}};
  EXPECT_EQ(decode_state_base(encode_state_base(base)), base);
  EXPECT_EQ(encode_state_base({"12345678", {{3, true}}}), std::string("12345678\x03\x80"));
}

TEST(StateBaseName, IsStrict) {
  EXPECT_TRUE(decode_state_base("12345678"));
  EXPECT_FALSE(decode_state_base("1234567"));
  EXPECT_FALSE(decode_state_base("12345678\x01"));
  EXPECT_FALSE(decode_state_base(std::string("12345678\x01\0\x01\0", 12))) << "twice";
  EXPECT_FALSE(decode_state_base(std::string("12345678\x02\0\x01\0", 12))) << "not in order";
  EXPECT_FALSE(decode_state_base(std::string("12345678\0\x01", 10))) << "there are no more than 256 sections";
  StateBase full{"12345678", {}};
  for (std::uint16_t i = 0; i < kStateBaseSectionsMax; ++i) full.sections.push_back({i, true});
  EXPECT_LE(encode_state_base(full).size(), 255U);
}

TEST(StateBaseBytes, AreWhatBothSidesHold) {
  SignedHeader header;
  header.bytes = "{header}";
  const std::vector<SectionRef> refs(2);
  const auto body = [&](const SectionRef& ref) -> std::optional<std::string> {
    return &ref == &refs[0] ? "one" : "two";
  };
  const auto provenance = [](const SectionRef&) -> std::optional<std::string> { return "[p]"; };
  const auto nothing = [](const SectionRef&) -> std::optional<std::string> { return std::nullopt; };
  const std::string head = std::string(64, '\0') + "{header}";
  EXPECT_EQ(state_base_bytes({"12345678", {}}, header, refs, nothing, nothing), head);
  EXPECT_EQ(state_base_bytes({"12345678", {{0, false}, {1, true}}}, header, refs, body, provenance),
            head + "onetwo[p]");
  EXPECT_EQ(state_base_bytes({"12345678", {{1, false}}}, header, refs, body, nothing), head + "two");
  EXPECT_FALSE(state_base_bytes({"12345678", {{1, true}}}, header, refs, body, nothing));
  EXPECT_FALSE(state_base_bytes({"12345678", {{1, false}}}, header, refs, nothing, provenance));
  EXPECT_FALSE(state_base_bytes({"12345678", {{2, false}}}, header, refs, body, provenance));
  const auto huge = [](const SectionRef&) -> std::optional<std::string> {
    return std::string(limits::kDeltaBytesMax, 'x');
  };
  EXPECT_FALSE(state_base_bytes({"12345678", {{0, false}}}, header, refs, huge, provenance));
}

}  // namespace
}  // namespace holdfast::sync
