// SPDX-License-Identifier: Apache-2.0
// State and Need.
#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "base/limits/model.hpp"
#include "sync/wire/bytes.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::Digest;
namespace limits = base::limits;

State state() {
  base::FakeRandom random(1);
  const auto key = base::SigningKey::generate(random);
  const DesiredHeader header{FleetId("f"), NodeUid("n"), {1, 1}, kDesiredSchema, {}, {}};
  return {sign_header(header, key),
          {{Digest::of("section one"), "section one", "[]"}, {Digest::of("two"), "two", ""}}};
}

TEST(StateMessage, ReadsBackWhatItWrote) {
  const auto again = decode_state(encode(state()).body);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->header.bytes, state().header.bytes);
  EXPECT_EQ(again->header.signature, state().header.signature);
  ASSERT_EQ(again->bodies.size(), 2U);
  EXPECT_EQ(again->bodies[0].digest, Digest::of("section one"));
  EXPECT_EQ(again->bodies[0].bytes, "section one");
  EXPECT_EQ(again->bodies[0].provenance, "[]");
  EXPECT_EQ(again->bodies[1].provenance, "");
}

TEST(StateMessage, EveryCutAndAnyTailAreRefused) {
  const std::string body = encode(state()).body;
  for (std::size_t i = 0; i < body.size(); ++i)
    EXPECT_FALSE(decode_state(std::string_view(body).substr(0, i))) << i;
  EXPECT_EQ(decode_state(body + "x").error().message(), "the state message has bytes after its end");
}

TEST(StateMessage, BodyThatIsNotWhatItsDigestSaysIsCorrupt) {
  State bad = state();
  bad.bodies[0].bytes = "another";
  const auto decoded = decode_state(encode(bad).body);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code(), Code::kCorrupt);
  EXPECT_EQ(decoded.error().message(),
            "section " + Digest::of("section one").brief() + " does not have the digest it claims");
}

TEST(StateMessage, IsBoundedInSections) {
  State many = state();
  many.bodies.assign(limits::kSectionsPerNodeMax, many.bodies[1]);
  EXPECT_TRUE(decode_state(encode(many).body));
  const std::string over =
      ByteWriter().zeros(64).block("").u32(limits::kSectionsPerNodeMax + 1).zeros(64).take();
  EXPECT_EQ(decode_state(over).error().code(), Code::kLimit);
}

TEST(StateMessage, IsBoundedInBytesOfASection) {
  State large = state();
  large.bodies[0].bytes = std::string(limits::kSectionBytesMax, 'x');
  large.bodies[0].digest = Digest::of(large.bodies[0].bytes);
  EXPECT_TRUE(decode_state(encode(large).body));
  large.bodies[0].bytes += 'x';
  EXPECT_EQ(decode_state(encode(large).body).error().code(), Code::kLimit);
}

TEST(NeedMessage, ReadsBackWhatItWrote) {
  const Need need{{3, 17}, {Digest::of("a"), Digest::of("b")}};
  EXPECT_EQ(decode_need(encode(need).body), need);
}

TEST(NeedMessage, IsBoundedAndStrictInItsDigests) {
  EXPECT_TRUE(decode_need(encode(Need{{1, 1}, std::vector<Digest>(limits::kSectionsPerNodeMax)}).body));
  EXPECT_EQ(decode_need(encode(Need{{1, 1}, std::vector<Digest>(limits::kSectionsPerNodeMax + 1)}).body)
                .error()
                .code(),
            Code::kLimit);
  EXPECT_FALSE(decode_need(R"({"generation":"1.1","sections":["abc"]})"));
  EXPECT_FALSE(decode_need(R"({"sections":[]})"));
  EXPECT_FALSE(decode_need("\xff\xff"));
}

}  // namespace
}  // namespace holdfast::sync
