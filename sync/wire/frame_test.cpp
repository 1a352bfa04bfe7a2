// SPDX-License-Identifier: Apache-2.0
// Frames: what goes in comes out, small, and nothing hostile gets further.
#include "sync/wire/frame.hpp"

#include <gtest/gtest.h>
#include <zstd.h>

#include "base/limits/wire.hpp"
#include "sync/wire/bytes.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
namespace limits = base::limits;

std::string head(std::string_view magic, std::uint8_t version, std::uint8_t type, std::uint8_t encoding,
                 std::uint32_t length) {
  return ByteWriter().raw(magic).u8(version).u8(type).u8(encoding).zeros(3).u32(length).take();
}

std::string delta() {
  std::string digits;
  for (int i = 0; i < 500; ++i) digits += std::to_string(i * i);
  return encode_frame({FrameType::kState, digits}, {"base", digits});
}

std::string packed(const std::string& body) {
  std::string out(ZSTD_compressBound(body.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), body.data(), body.size(), 1));
  return out;
}

TEST(Frame, ReadsBackWhatItWrote) {
  for (const auto type : {FrameType::kHello, FrameType::kNeed, FrameType::kState, FrameType::kReport}) {
    for (const std::size_t size : {0U, 1U, 63U, 64U, 100'000U}) {
      const auto frame = decode_frame(encode_frame({type, std::string(size, 'x')}));
      ASSERT_TRUE(frame) << frame.error().message();
      EXPECT_EQ(frame->type, type);
      EXPECT_EQ(frame->body, std::string(size, 'x'));
    }
  }
}

TEST(Frame, CompressesWhenThatIsSmaller) {
  EXPECT_LT(encode_frame({FrameType::kState, std::string(10'000, 'x')}).size(), 100U);
}

TEST(Frame, LeavesWhatDoesNotCompressAsItIs) {
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 1'000; ++i) noise += static_cast<char>((state = state * 1664525 + 1013904223) >> 24U);
  EXPECT_EQ(encode_frame({FrameType::kState, noise}).size(), noise.size() + 12);
}

TEST(Frame, OfTheLargestBodyIsRead) {
  const std::string body(limits::kFrameBytesMax, 'x');
  EXPECT_EQ(decode_frame(encode_frame({FrameType::kState, body}))->body.size(), limits::kFrameBytesMax);
}

struct BadFrame {
  const char* name;
  std::string bytes;
  Code code;
  const char* message;
};
class FrameRefuses : public testing::TestWithParam<BadFrame> {};

TEST_P(FrameRefuses, AndSaysWhy) {
  const auto frame = decode_frame(GetParam().bytes);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code(), GetParam().code);
  EXPECT_EQ(frame.error().message(), GetParam().message);
}

constexpr const char* kLengthMessage = "the compressed body does not have the length that the frame says";

INSTANTIATE_TEST_SUITE_P(
    Table, FrameRefuses,
    testing::Values(
        BadFrame{"Empty", "", Code::kCorrupt, "not a frame of Holdfast"},
        BadFrame{"Foreign", R"({"hello": "world"})", Code::kCorrupt, "not a frame of Holdfast"},
        BadFrame{"CutInTheHead", head("HF", 1, 1, 0, 0).substr(0, 11), Code::kCorrupt,
                 "not a frame of Holdfast"},
        BadFrame{"OtherMagic", head("HG", 1, 1, 0, 0), Code::kCorrupt, "not a frame of Holdfast"},
        BadFrame{"NewerVersion", head("HF", 2, 1, 0, 0), Code::kTooNew,
                 "a frame of version 2; this program reads 1 and must be updated"},
        BadFrame{"NewerVersionWithAnUnknownHead", head("HF", 2, 200, 9, 7), Code::kTooNew,
                 "a frame of version 2; this program reads 1 and must be updated"},
        BadFrame{"VersionZero", head("HF", 0, 1, 0, 0), Code::kCorrupt, "the frame's head is damaged"},
        BadFrame{"ReservedIsSet", std::string("HF\1\1\0\0\1\0\0\0\0\0", 12), Code::kCorrupt,
                 "the frame's head is damaged"},
        BadFrame{"UnknownType", head("HF", 1, 15, 0, 0), Code::kCorrupt, "a frame of unknown type 15"},
        BadFrame{"UnknownEncoding", head("HF", 1, 1, 3, 0), Code::kCorrupt, "a frame of unknown encoding 3"},
        BadFrame{"Delta", delta(), Code::kUnsupported, "a delta, and no base is known here"},
        BadFrame{"DeltaWithoutAName", head("HF", 1, 16, 2, 0), Code::kCorrupt,
                 "the head of a delta is damaged"},
        BadFrame{"DeltaCutInItsHead", head("HF", 1, 16, 2, 0) + "\4base1234567", Code::kCorrupt,
                 "the head of a delta is damaged"},
        BadFrame{"DeltaOfAnotherLength",
                 head("HF", 1, 16, 2, 10) + "\4base12345678" + packed(std::string(99, 'x')), Code::kCorrupt,
                 "the delta does not have the length that the frame says"},
        BadFrame{"TooLarge", head("HF", 1, 16, 0, limits::kFrameBytesMax + 1), Code::kCorrupt,
                 "a frame of 25165825 bytes; at most 25165824 are allowed"},
        BadFrame{"BodyCut", head("HF", 1, 1, 0, 4) + "abc", Code::kCorrupt, "the frame is cut or too long"},
        BadFrame{"BodyTooLong", head("HF", 1, 1, 0, 2) + "abc", Code::kCorrupt,
                 "the frame is cut or too long"},
        BadFrame{"NotZstd", head("HF", 1, 1, 1, 4) + "abcd", Code::kCorrupt, kLengthMessage},
        BadFrame{"ZstdOfNothing", head("HF", 1, 1, 1, 4), Code::kCorrupt, kLengthMessage},
        BadFrame{"BombWithASmallLength", head("HF", 1, 1, 1, 10) + packed(std::string(1'000'000, 'x')),
                 Code::kCorrupt, kLengthMessage},
        BadFrame{"ShorterThanItSays", head("HF", 1, 1, 1, 1'000) + packed(std::string(10, 'x')),
                 Code::kCorrupt, kLengthMessage},
        BadFrame{"ZstdCut", head("HF", 1, 1, 1, 1'000) + packed(std::string(1'000, 'x')).substr(0, 12),
                 Code::kCorrupt, "the compressed body is damaged"},
        BadFrame{"ZstdWithATail", head("HF", 1, 1, 1, 1'000) + packed(std::string(1'000, 'x')) + "tail",
                 Code::kCorrupt, "the compressed body is damaged"}),
    [](const auto& row) { return row.param.name; });

TEST(Frame, OfABodyThatNobodyReadsNeverLooksAsIfItFitted) {
  const Frame frame{FrameType::kSnapshot, std::string(base::limits::kFrameBytesMax + 1, 'x')};
  const auto bytes = encode_frame(frame);
  EXPECT_GT(bytes.size(), base::limits::kPacketBytesMax);
  EXPECT_FALSE(decode_frame(bytes));
}

TEST(Frame, EveryCutIsRefused) {
  const std::string bytes = encode_frame({FrameType::kState, std::string(500, 'x') + "end"});
  for (std::size_t i = 0; i < bytes.size(); ++i)
    EXPECT_FALSE(decode_frame(std::string_view(bytes).substr(0, i))) << i;
}

}  // namespace
}  // namespace holdfast::sync
