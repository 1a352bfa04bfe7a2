// SPDX-License-Identifier: Apache-2.0
#include "base/engine/log_lines.hpp"

#include <gtest/gtest.h>

#include "base/limits/engine.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;

constexpr const char* kSecond = "2026-01-31T08:05:09.042999999Z ";
const WallTime kTime = WallTime(milliseconds(1769846709042));

struct Fed {
  explicit Fed(const LogOptions& options = {}) : lines(options) {}
  Fed& frame(const std::string& text, OutputStream stream = OutputStream::kOutput) {
    lines.feed(stream, text, true);
    return *this;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (auto& line : lines.take().lines) out.push_back(line.text);
    return out;
  }
  LogLines lines;
};
using Texts = std::vector<std::string>;

TEST(LogLines, TellTimeStreamAndText) {
  Fed fed;
  fed.frame(kSecond + std::string("hello world\n"))
      .frame(kSecond + std::string("bad\n"), OutputStream::kError);
  const auto log = fed.lines.take();
  ASSERT_EQ(log.lines.size(), 2U);
  EXPECT_EQ(log.lines[0], (ContainerLine{kTime, false, "hello world"}));
  EXPECT_EQ(log.lines[1], (ContainerLine{kTime, true, "bad"}));
  EXPECT_FALSE(log.is_cut);
}

TEST(LogLines, AFrameComesInAnyPieces) {
  Fed fed;
  const std::string whole = kSecond + std::string("in pieces\n");
  for (std::size_t i = 0; i < whole.size(); ++i)
    fed.lines.feed(OutputStream::kOutput, whole.substr(i, 1), i + 1 == whole.size());
  EXPECT_EQ(fed.texts(), Texts{"in pieces"});
}

TEST(LogLines, WhatHasNoTimeIsOfTheTimeBeforeIt) {
  Fed fed;
  fed.frame("early\n").frame(kSecond + std::string("a\nb\n")).frame("2026 is no time\n").frame("");
  const auto log = fed.lines.take();
  ASSERT_EQ(log.lines.size(), 5U);
  EXPECT_EQ(log.lines[0], (ContainerLine{WallTime{}, false, "early"}));
  EXPECT_EQ(log.lines[2], (ContainerLine{kTime, false, "b"}));
  EXPECT_EQ(log.lines[3], (ContainerLine{kTime, false, "2026 is no time"}));
}

TEST(LogLines, TheNewestAreKept) {
  EXPECT_EQ(Fed({.bytes_max = 4}).frame("a\n").frame("b\n").frame("c\n").texts(), (Texts{"b", "c"}));
  EXPECT_EQ(Fed({.lines_max = 1}).frame("a\n").frame("b\n").texts(), Texts{"b"});
  EXPECT_EQ(Fed({.lines_max = 0}).frame("a\n").texts(), Texts{});
  EXPECT_EQ(Fed({.since = kTime}).frame("a\n").frame(kSecond + std::string("b\n")).texts(), Texts{"b"});
}

TEST(LogLines, ALineWithoutEndIsCut) {
  Fed fed;
  const std::string much(10'000, 'x');
  for (int i = 0; i < 1'000; ++i) fed.lines.feed(OutputStream::kOutput, much, i == 999);
  const auto log = fed.lines.take();
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0].text.size(), limits::kEngineLogLineBytesMax);
  EXPECT_TRUE(log.is_cut);
}

}  // namespace
}  // namespace holdfast::base
