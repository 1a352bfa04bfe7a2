// SPDX-License-Identifier: Apache-2.0
#include "base/engine/output_frames.hpp"

#include <gtest/gtest.h>

#include <string>

namespace holdfast::base {
namespace {

std::string frame(char stream, std::string_view bytes) {
  std::string out{stream, 0, 0, 0};
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(bytes.size() >> shift & 0xffU);
  return out.append(bytes);
}

TEST(OutputFrames, AreReadInPiecesOfAnySize) {
  const std::string bytes =
      frame(1, "out\n") + frame(2, "err\n") + frame(1, "") + frame(3, std::string(300, 'x'));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, bytes.size()}) {
    std::string out;
    std::string err;
    std::string engine;
    OutputFrames frames([&](OutputStream stream, std::string_view part) {
      (stream == OutputStream::kOutput ? out : stream == OutputStream::kError ? err : engine) += part;
    });
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      ASSERT_TRUE(frames.feed(std::string_view(bytes).substr(at, piece)));
    }
    EXPECT_EQ(out, "out\n");
    EXPECT_EQ(err, "err\n");
    EXPECT_EQ(engine, std::string(300, 'x'));
    EXPECT_TRUE(frames.is_whole());
  }
}

TEST(OutputFrames, OneThatIsCutOffIsNotWhole) {
  OutputFrames frames([](OutputStream, std::string_view) {});
  ASSERT_TRUE(frames.feed(frame(1, "abc").substr(0, 9)));
  EXPECT_FALSE(frames.is_whole());
}

TEST(OutputFrames, WhatIsNoneIsRefused) {
  for (const std::string& bytes :
       {std::string("plain text"), frame(4, "x"), std::string("\1\0\1\0\0\0\0\1", 8)}) {
    OutputFrames frames([](OutputStream, std::string_view) {});
    const auto fed = frames.feed(bytes);
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().code(), Code::kCorrupt);
  }
}

}  // namespace
}  // namespace holdfast::base
