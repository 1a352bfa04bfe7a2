// SPDX-License-Identifier: Apache-2.0
// Delta frames: small, and never taken on another base than the one that they were made on.
#include <gtest/gtest.h>

#include <string>

#include "base/limits/wire.hpp"
#include "sync/wire/frame.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
namespace limits = base::limits;

std::string noise(std::size_t size, std::uint32_t seed = 1) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i)
    out += static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24U);
  return out;
}

FindBase holds(const FrameBase& base) {
  return [base](FrameType, std::string_view name) -> std::optional<std::string> {
    if (name == base.name) return base.bytes;
    return std::nullopt;
  };
}

TEST(Delta, GivesTheBodyOnItsBase) {
  const FrameBase base{"one", noise(3'000)};
  const std::string body = base.bytes.substr(0, 1'000) + "changed" + base.bytes.substr(1'000);
  const std::string bytes = encode_frame({FrameType::kState, body}, base);
  EXPECT_TRUE(is_delta(bytes));
  EXPECT_LT(bytes.size(), 80U);
  const auto decoded = decode_frame(bytes, holds(base));
  ASSERT_TRUE(decoded) << decoded.error().message();
  ASSERT_TRUE(std::holds_alternative<Frame>(*decoded));
  EXPECT_EQ(std::get<Frame>(*decoded).type, FrameType::kState);
  EXPECT_EQ(std::get<Frame>(*decoded).body, body);
}

TEST(Delta, OfALargeBaseFindsItsBeginningToo) {
  const FrameBase base{"large", noise(limits::kDeltaBytesMax / 2)};
  std::string body = base.bytes;
  body[10] = static_cast<char>(body[10] + 1);
  body[body.size() - 10] = static_cast<char>(body[body.size() - 10] + 1);
  const std::string bytes = encode_frame({FrameType::kState, body}, base);
  EXPECT_LT(bytes.size(), 400U);
  const auto decoded = decode_frame(bytes, holds(base));
  ASSERT_TRUE(decoded && std::holds_alternative<Frame>(*decoded));
  EXPECT_EQ(std::get<Frame>(*decoded).body, body);
}

TEST(Delta, ABaseThatIsNotHeldIsNoCorruption) {
  const FrameBase base{std::string("\0\xff name", 7), noise(1'000)};
  const auto decoded =
      decode_frame(encode_frame({FrameType::kSnapshot, base.bytes + "x"}, base), holds({"another", ""}));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(std::get<BaseLost>(*decoded), (BaseLost{FrameType::kSnapshot, base.name}));
}

TEST(Delta, AnotherBaseOfTheSameNameIsNoticed) {
  const FrameBase base{"one", noise(1'000)};
  const std::string bytes = encode_frame({FrameType::kState, base.bytes + "x"}, base);
  for (const auto& wrong : {noise(1'000, 2), noise(999), std::string(), base.bytes + "x"}) {
    const auto decoded = decode_frame(bytes, holds({"one", wrong}));
    ASSERT_TRUE(decoded) << decoded.error().message();
    EXPECT_TRUE(std::holds_alternative<BaseLost>(*decoded));
  }
}

TEST(Delta, IsWholeWhereNothingIsGained) {
  const FrameBase strange{"strange", noise(1'000, 2)};
  const std::string body = noise(1'000);
  EXPECT_EQ(encode_frame({FrameType::kState, body}, strange), encode_frame({FrameType::kState, body}));
  EXPECT_FALSE(is_delta(encode_frame({FrameType::kState, "short"}, {"base", "short"})));
  EXPECT_FALSE(is_delta(encode_frame({FrameType::kState, body}, {"", body}))) << "nobody could find it";
  EXPECT_FALSE(is_delta(encode_frame({FrameType::kState, body}, {std::string(256, 'n'), body})));
  EXPECT_TRUE(is_delta(encode_frame({FrameType::kState, body}, {std::string(255, 'n'), body})));
}

TEST(Delta, IsBoundedOnBothSides) {
  const std::string body(1'000, 'x');
  const FrameBase largest{"base", noise(limits::kDeltaBytesMax - body.size() - 1) + "x"};
  FrameBase larger = largest;
  larger.bytes += 'x';
  EXPECT_FALSE(is_delta(encode_frame({FrameType::kState, noise(1'001)}, largest)));
  // What no writer makes, a reader refuses before it allocates.
  const FrameBase small{"base", noise(2'000)};
  const auto decoded =
      decode_frame(encode_frame({FrameType::kState, noise(1'000)}, small), holds({"base", larger.bytes}));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code(), Code::kCorrupt);
}

TEST(Delta, EveryCutIsRefused) {
  const FrameBase base{"one", noise(1'000)};
  const std::string bytes = encode_frame({FrameType::kState, base.bytes + "x"}, base);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto decoded = decode_frame(std::string_view(bytes).substr(0, i), holds(base));
    EXPECT_FALSE(decoded && std::holds_alternative<Frame>(*decoded)) << i;
  }
}

}  // namespace
}  // namespace holdfast::sync
