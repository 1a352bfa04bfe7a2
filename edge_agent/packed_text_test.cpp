// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/packed_text.hpp"

#include <gtest/gtest.h>
#include <zstd.h>

#include "base/limits/wire.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Code;

std::string json(std::size_t items) {
  std::string out = "[";
  for (std::size_t i = 0; i < items; ++i)
    out += R"({"commit":"ddc9e55f954d59c46bbaa6b6","line":)" + std::to_string(i) + "},";
  out.back() = ']';
  return out;
}

std::string frame_of(std::size_t size) {
  const std::string zeros(size, '\0');
  std::string out(ZSTD_compressBound(size), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), zeros.data(), zeros.size(), 1));
  return out;
}

TEST(PackedText, IsReadAsItWasWritten) {
  for (const auto& text : {std::string(), std::string("{}"), json(3), json(1'000)}) {
    EXPECT_EQ(unpack_text(pack_text(text)).value(), text);
  }
}

TEST(PackedText, IsMuchSmallerWhereTheSameIsSaidAgainAndNeverLarger) {
  EXPECT_LT(pack_text(json(1'000)).size() * 5, json(1'000).size());
  for (std::size_t items = 1; items < 20; ++items)
    EXPECT_LE(pack_text(json(items)).size(), json(items).size());
}

TEST(PackedText, OfEarlierReleasesIsReadAsItStands) {
  EXPECT_EQ(unpack_text(json(1'000)).value(), json(1'000));
}

TEST(PackedText, DamagedIsSaidToBe) {
  const auto packed = pack_text(json(1'000));
  EXPECT_EQ(unpack_text(packed.substr(0, packed.size() - 1)).error().code(), Code::kCorrupt);
  EXPECT_EQ(unpack_text(packed.substr(0, 4)).error().code(), Code::kCorrupt);
  EXPECT_EQ(unpack_text(packed + "x").error().code(), Code::kCorrupt);
}

TEST(PackedText, OfTheLargestSizeIsReadAndOneByteMoreIsNot) {
  EXPECT_EQ(unpack_text(frame_of(base::limits::kFrameBytesMax)).value().size(), base::limits::kFrameBytesMax);
  EXPECT_EQ(unpack_text(frame_of(base::limits::kFrameBytesMax + 1)).error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace holdfast::edge_agent
